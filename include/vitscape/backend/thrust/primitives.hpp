// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <type_traits>
#include <utility>

#include <cuda/std/tuple>

#include <vitscape/backend/concept.hpp>
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/backend/thrust/execution.hpp>
#include <vitscape/core/bfloat16.hpp>

namespace vitscape {

namespace detail {

/// f(in(r, c)...) of some operands, as a function of (r, c) that can be passed to a kernel.
template <class F, class... In>
struct Term {
    F f;
    ::cuda::std::tuple<In...> in;

    struct At {
        const F& f;
        Index r, c;
        VITSCAPE_HOST_DEVICE auto operator()(const In&... operands) const { return f(operands.row(r)[c]...); }
    };
    VITSCAPE_HOST_DEVICE auto operator()(Index r, Index c) const {
        return ::cuda::std::apply(At{f, r, c}, in);
    }
};
/// out(r, c) = term(r, c)
template <class Term, class Out>
struct Assign {
    Term term;
    Out out;
    VITSCAPE_HOST_DEVICE void operator()(Index r, Index c) const { out.row(r).set(c, term(r, c)); }
};
/// out(r) = sum
template <class Out>
struct StoreRow {
    Out out;
    template <class S>
    VITSCAPE_HOST_DEVICE void operator()(Index r, S sum) const {
        out.row(r).set(0, sum);
    }
};
struct ValueOf {
    template <class S>
    VITSCAPE_HOST_DEVICE auto operator()(S x) const {
        return value_of(x);
    }
};
struct Larger {
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S a, S b) const {
        return a < b ? b : a;
    }
};
/// sums(block, c) = the sum of term(r, c) over the rows of a block
template <class Term, class S>
struct SumOfBlock {
    Term term;
    S* sums;
    Blocks blocks;
    Index columns;
    VITSCAPE_HOST_DEVICE void operator()(Index block, Index c) const {
        S sum(0);
        for (Index r = blocks.begin(block); r < blocks.end(block); ++r) sum = sum + term(r, c);
        sums[block * columns + c] = sum;
    }
};
/// out(0, c) = beta out(0, c) + the sum of the blocks' sums
template <class S, class T, class Out>
struct SumOfBlocks {
    const S* sums;
    Index blocks, columns;
    T beta;
    Out out;
    VITSCAPE_HOST_DEVICE void operator()(Index, Index c) const {
        S sum = beta == T(0) ? S(0) : S(beta) * S(out.row(0)[c]);
        for (Index block = 0; block < blocks; ++block) sum = sum + sums[block * columns + c];
        out.row(0).set(c, sum);
    }
};
template <class T>
struct Product {
    const T *x, *y;
    VITSCAPE_HOST_DEVICE double operator()(Index i) const {
        return static_cast<double>(x[i]) * static_cast<double>(y[i]);
    }
};
template <class T>
struct FillElement {
    T* to;
    T number;
    VITSCAPE_HOST_DEVICE void operator()(Index, Index i) const { to[i] = number; }
};
template <class T>
struct UniformElement {
    RandomKey key;
    T* to;
    VITSCAPE_HOST_DEVICE void operator()(Index, Index i) const {
        to[i] = static_cast<T>(random_uniform(key, static_cast<std::uint64_t>(i)));
    }
};
template <class T>
struct NormalElement {
    RandomKey key;
    T* to;
    VITSCAPE_HOST_DEVICE void operator()(Index, Index i) const {
        to[i] = static_cast<T>(random_normal(key, static_cast<std::uint64_t>(i)));
    }
};

}  // namespace detail

/// The primitives of concept.hpp by Thrust's algorithms, for one of its systems and T of double, float or
/// bfloat16. bfloat16 is a storage type only: functors see float, and sums, row indices and parameters belong to
/// the float counterpart, `Master`. Serves as the reference that the fused kernels of `Thrust` are tested against.
template <class System, class T>
class ThrustPrimitives {
    using R = Real<T>;

  public:
    using Scalar = R;
    using Storage = T;
    using Pointer = T*;
    using Execution = detail::Execution<System>;

    /// @param place  number of processor threads, 0 for all; on CUDA the device number.
    explicit ThrustPrimitives(int place = 0) : execution_(place) {}
    /// Another view of the same memory pool and stream.
    explicit ThrustPrimitives(Execution execution) : execution_(std::move(execution)) {}

    /// Memory pool, order of work and transfers; shared by copies.
    [[nodiscard]] Execution& execution() const { return execution_; }
    [[nodiscard]] int threads() const { return execution_.threads(); }
    [[nodiscard]] decltype(auto) memory() const { return execution_.memory(); }
    void forget_peak_memory() const { execution_.forget_peak_memory(); }

    Pointer allocate(Index n) { return static_cast<T*>(execution_.allocate(bytes<T>(n))); }
    void release(Pointer p, Index n) { execution_.release(p, bytes<T>(n)); }
    std::int32_t* allocate_indices(Index n) {
        return static_cast<std::int32_t*>(execution_.allocate(bytes<std::int32_t>(n)));
    }
    void release_indices(std::int32_t* p, Index n) { execution_.release(p, bytes<std::int32_t>(n)); }

    void copy(Index n, const T* from, T* to) { execution_.copy(bytes<T>(n), from, to); }
    void fill(Index n, double number, T* to) {
        execution_.for_each(1, n, detail::FillElement<T>{to, static_cast<T>(number)});
    }
    template <class U>
    void upload(Index n, const U* host, T* to) {
        execution_.upload(n, host, to);
    }
    template <class U>
    void download(Index n, const T* from, U* host) const {
        execution_.download(n, from, host);
    }
    void upload_indices(Index n, const std::int32_t* host, std::int32_t* to) {
        execution_.upload(n, host, to);
    }
    void synchronize() { execution_.synchronize(); }

    template <class F, class Out, class... In>
    void map(Index rows, Index columns, const F& f, const Out& out, const In&... in) {
        using Term = detail::Term<F, In...>;
        execution_.for_each(rows, columns, detail::Assign<Term, Out>{Term{f, {in...}}, out});
    }
    template <class F, class... In>
    void reduce_rows(Index rows, Index columns, const F& f, R* out, const In&... in) {
        reduce_rows_into(rows, columns, f, operand::Matrix<R*>{out, 1}, in...);
    }
    template <class F, class... In>
    void reduce_columns(Index rows, Index columns, const F& f, double beta, R* out, const In&... in) {
        reduce_columns_into(rows, columns, f, beta, operand::Matrix<R*>{out, columns}, in...);
    }
    template <class In>
    void row_maximum(Index rows, Index columns, const In& in, R* out) {
        using Out = operand::Matrix<R*>;
        execution_.reduce_rows(rows, columns, detail::Term<detail::ValueOf, In>{{}, {in}}, detail::Larger{},
                               -std::numeric_limits<R>::infinity(), detail::StoreRow<Out>{Out{out, 1}});
    }
    [[nodiscard]] double dot(Index n, const T* x, const T* y) const {
        return execution_.sum(n, detail::Product<T>{x, y});
    }

    /// C stores T or the type of the sums.
    template <class C>
    void multiply(const MatrixProduct& product, const T* a, const T* b, C* c) {
        if (empty_sum(product)) return scale_result(product, c);
        execution_.multiply(product, a, b, c);
    }
    template <class C>
    void multiply_batch(const MatrixProduct& product, const ProductBatch& batch, const T* a, const T* b,
                        C* c) {
        if (empty_sum(product)) {
            for (Index outer = 0; outer < batch.outer; ++outer)
                for (Index inner = 0; inner < batch.inner; ++inner)
                    scale_result(product, c + outer * batch.outer_c + inner * batch.inner_c);
            return;
        }
        execution_.multiply_batch(product, batch, a, b, c);
    }

    void fill_uniform(const RandomKey& key, Index n, T* to) {
        execution_.for_each(1, n, detail::UniformElement<T>{key, to});
    }
    void fill_normal(const RandomKey& key, Index n, T* to) {
        if constexpr (HostSystem<System>) {
            execution_.for_each(1, n, detail::NormalElement<T>{key, to});
        } else {  // a device's logarithm and cosine may differ in the last bit, but directions must not
            CpuPrimitives<R> host;
            R* const numbers = host.allocate(n);
            host.fill_normal(key, n, numbers);
            execution_.upload(n, numbers, to);
            host.release(numbers, n);
        }
    }

    /// `reduce_rows` into any operand, so that `Dual` can reduce values and tangents together.
    template <class F, class Out, class... In>
    void reduce_rows_into(Index rows, Index columns, const F& f, const Out& out, const In&... in) {
        using Term = detail::Term<F, In...>;
        using S = decltype(std::declval<Term>()(0, 0));
        execution_.reduce_rows(rows, columns, Term{f, {in...}}, functor::Add{}, S(0),
                               detail::StoreRow<Out>{out});
    }
    /// `reduce_columns` into any one-row operand: fixed groups of rows are summed separately, then the groups in
    /// order.
    template <class F, class Out, class... In>
    void reduce_columns_into(Index rows, Index columns, const F& f, double beta, const Out& out,
                             const In&... in) {
        using Term = detail::Term<F, In...>;
        using S = decltype(std::declval<Term>()(0, 0));
        const detail::Blocks blocks(rows, 16, 256);
        S* const sums = static_cast<S*>(execution_.allocate(bytes<S>(blocks.count * columns)));
        execution_.for_each(blocks.count, columns,
                            detail::SumOfBlock<Term, S>{Term{f, {in...}}, sums, blocks, columns});
        execution_.for_each(
            1, columns,
            detail::SumOfBlocks<S, R, Out>{sums, blocks.count, columns, static_cast<R>(beta), out});
        execution_.release(sums, bytes<S>(blocks.count * columns));
    }

  protected:
    template <class U>
    static std::size_t bytes(Index n) {
        return static_cast<std::size_t>(n) * sizeof(U);
    }

  private:
    /// C = beta C if there is nothing to sum, a case that cuBLASLt does not support but that needs no product.
    static bool empty_sum(const MatrixProduct& product) {
        return !HostSystem<System> && product.k == 0 && product.beta != 0 && product.beta != 1;
    }
    template <class C>
    void scale_result(const MatrixProduct& product, C* c) {
        const operand::Matrix<C*> result{c, product.stride_c};
        map(product.m, product.n, functor::Scale<R>{static_cast<R>(product.beta)}, result, result);
    }
    mutable Execution execution_;  // a handle
};

}  // namespace vitscape
