// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <vitscape/backend/concept.hpp>
#include <vitscape/core/dual_number.hpp>

namespace vitscape {

/// A backend of dual numbers over a backend of plain numbers. It offers no refinements, so
/// every op falls back to the primitives; running the gradient code on it gives exact Hessian-vector products
/// (forward over reverse, Pearlmutter 1994, "Fast exact multiplication by the Hessian").
template <Backend B>
class Dual {
    using Sums = DualPointer<Real<typename B::Storage>>;

  public:
    using Base = B;
    using Storage = typename B::Storage;
    using Scalar = DualNumber<Real<Storage>>;
    using Pointer = DualPointer<Storage>;
    using MasterBackend = Dual<Master<B>>;

    explicit Dual(B base) : base_(std::move(base)) {}
    [[nodiscard]] B& base() { return base_; }
    [[nodiscard]] MasterBackend master() const { return MasterBackend(vitscape::master(base_)); }

    Pointer allocate(Index n) { return {base_.allocate(n), base_.allocate(n)}; }
    void release(Pointer p, Index n) {
        base_.release(p.value, n);
        base_.release(p.tangent, n);
    }
    std::int32_t* allocate_indices(Index n) { return base_.allocate_indices(n); }
    void release_indices(std::int32_t* p, Index n) { base_.release_indices(p, n); }

    void copy(Index n, Pointer from, Pointer to) {
        base_.copy(n, from.value, to.value);
        base_.copy(n, from.tangent, to.tangent);
    }
    /// Constants have no tangent.
    void fill(Index n, double number, Pointer to) {
        base_.fill(n, number, to.value);
        base_.fill(n, 0, to.tangent);
    }
    template <class U>
    void upload(Index n, const U* host, Pointer to) {
        base_.upload(n, host, to.value);
        base_.fill(n, 0, to.tangent);
    }
    /// The values; the tangents are read from `from.tangent` with the base backend.
    template <class U>
    void download(Index n, Pointer from, U* host) const {
        base_.download(n, from.value, host);
    }
    void upload_indices(Index n, const std::int32_t* host, std::int32_t* to) {
        base_.upload_indices(n, host, to);
    }
    void synchronize() { base_.synchronize(); }
    [[nodiscard]] decltype(auto) memory() const { return base_.memory(); }
    void forget_peak_memory() const { base_.forget_peak_memory(); }

    template <class F, class Out, class... In>
    void map(Index rows, Index columns, const F& f, const Out& out, const In&... in) {
        base_.map(rows, columns, f, out, in...);
    }
    template <class F, class... In>
    void reduce_rows(Index rows, Index columns, const F& f, Sums out, const In&... in) {
        reduce_rows_into(rows, columns, f, operand::Matrix<Sums>{out, 1}, in...);
    }
    template <class F, class... In>
    void reduce_columns(Index rows, Index columns, const F& f, double beta, Sums out, const In&... in) {
        reduce_columns_into(rows, columns, f, beta, operand::Matrix<Sums>{out, columns}, in...);
    }
    template <class F, class Out, class... In>
    void reduce_rows_into(Index rows, Index columns, const F& f, const Out& out, const In&... in) {
        base_.reduce_rows_into(rows, columns, f, out, in...);
    }
    template <class F, class Out, class... In>
    void reduce_columns_into(Index rows, Index columns, const F& f, double beta, const Out& out,
                             const In&... in) {
        base_.reduce_columns_into(rows, columns, f, beta, out, in...);
    }
    template <class In>
    void row_maximum(Index rows, Index columns, const In& in, Sums out) {
        base_.row_maximum(rows, columns, in, out.value);
        vitscape::master(base_).fill(rows, 0, out.tangent);
    }
    [[nodiscard]] DualNumber<double> dot(Index n, Pointer x, Pointer y) const {
        return {base_.dot(n, x.value, y.value),
                base_.dot(n, x.value, y.tangent) + base_.dot(n, x.tangent, y.value)};
    }

    /// d(A B) = dA B + A dB.
    template <class C>
    void multiply(const MatrixProduct& product, Pointer a, Pointer b, DualPointer<C> c) {
        MatrixProduct added = product;
        added.beta = 1;
        base_.multiply(product, a.value, b.value, c.value);
        base_.multiply(product, a.tangent, b.value, c.tangent);
        base_.multiply(added, a.value, b.tangent, c.tangent);
    }
    template <class C>
    void multiply_batch(const MatrixProduct& product, const ProductBatch& batch, Pointer a, Pointer b,
                        DualPointer<C> c) {
        MatrixProduct added = product;
        added.beta = 1;
        base_.multiply_batch(product, batch, a.value, b.value, c.value);
        base_.multiply_batch(product, batch, a.tangent, b.value, c.tangent);
        base_.multiply_batch(added, batch, a.value, b.tangent, c.tangent);
    }

    void fill_uniform(const RandomKey& key, Index n, Pointer to) {
        base_.fill_uniform(key, n, to.value);
        base_.fill(n, 0, to.tangent);
    }
    void fill_normal(const RandomKey& key, Index n, Pointer to) {
        base_.fill_normal(key, n, to.value);
        base_.fill(n, 0, to.tangent);
    }

  private:
    B base_;
};

}  // namespace vitscape
