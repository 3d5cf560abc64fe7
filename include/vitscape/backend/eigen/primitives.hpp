// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include <vitscape/backend/concept.hpp>
#include <vitscape/backend/eigen/memory_pool.hpp>
#include <vitscape/backend/eigen/parallel_gemm.hpp>
#include <vitscape/backend/eigen/small_gemm.hpp>

namespace vitscape {

/// The primitives of the CPU backend (concept.hpp) and nothing else: plain loops and Eigen's products, on OpenMP
/// threads. `Cpu<T>` adds the fused refinements; this class is the reference that they are tested
/// against. bfloat16 is a storage type only: functors see float, and sums and parameters belong to the float counterpart, `Master`.
template <class T>
class CpuPrimitives {
    using R = Real<T>;

  public:
    using Scalar = R;
    using Storage = T;
    using Pointer = T*;
    using MasterBackend = CpuPrimitives<R>;
    /// Tokens of the samples that a thread computes losses of at once, half as many for second derivatives: activations then stay in
    /// its caches (measured on small models: 5 to 25 % faster than many at once, and no slower on large ones).
    static constexpr Index tokens_in_cache = 1024;
    static constexpr bool host_memory = true;  ///< `HostMemory`

    /// @param threads  number of OpenMP threads, 0 for `available_threads()`. Eigen's own threading is disabled
    ///                 process-wide, since two thread pools on one processor slow each other down.
    explicit CpuPrimitives(int threads = 0)
        : pool_(std::make_shared<MemoryPool>()), threads_(threads > 0 ? threads : available_threads()) {}
    /// Another view of the same memory.
    CpuPrimitives(std::shared_ptr<MemoryPool> pool, int threads)
        : pool_(std::move(pool)), threads_(threads) {}
    /// The float counterpart of a bfloat16 backend, on the same memory; a copy of itself otherwise.
    [[nodiscard]] MasterBackend master() const { return {pool_, threads_}; }

    [[nodiscard]] int threads() const { return threads_; }
    /// The same on one thread, with memory of its own (`ThreadedBackend`).
    [[nodiscard]] CpuPrimitives on_one_thread() const { return CpuPrimitives(1); }
    [[nodiscard]] const MemoryPool& memory() const { return *pool_; }
    void forget_peak_memory() const { pool_->forget_peak(); }

    Pointer allocate(Index n) {
        return static_cast<T*>(pool_->allocate(static_cast<std::size_t>(n) * sizeof(T)));
    }
    void release(Pointer p, Index n) { pool_->release(p, static_cast<std::size_t>(n) * sizeof(T)); }
    std::int32_t* allocate_indices(Index n) {
        return static_cast<std::int32_t*>(
            pool_->allocate(static_cast<std::size_t>(n) * sizeof(std::int32_t)));
    }
    void release_indices(std::int32_t* p, Index n) {
        pool_->release(p, static_cast<std::size_t>(n) * sizeof(std::int32_t));
    }

    void copy(Index n, const T* from, T* to) {
        for_elements(n, [=](Index begin, Index end) { std::copy(from + begin, from + end, to + begin); });
    }
    void fill(Index n, double number, T* to) {
        for_elements(
            n, [=](Index begin, Index end) { std::fill(to + begin, to + end, static_cast<T>(number)); });
    }
    template <class U>
    void upload(Index n, const U* host, T* to) {
        for (Index i = 0; i < n; ++i) to[i] = static_cast<T>(host[i]);
    }
    template <class U>
    void download(Index n, const T* from, U* host) const {
        for (Index i = 0; i < n; ++i) host[i] = static_cast<U>(from[i]);
    }
    void upload_indices(Index n, const std::int32_t* host, std::int32_t* to) {
        std::copy(host, host + n, to);
    }
    void synchronize() {}

    template <class F, class Out, class... In>
    void map(Index rows, Index columns, const F& f, const Out& out, const In&... in) {
        if (rows == 1) {  // a flat vector: threads divide its columns
            for_elements(columns, [&](Index begin, Index end) { map_row(0, begin, end, f, out, in...); });
            return;
        }
        const detail::Blocks blocks(rows, smallest_work / std::max<Index>(columns, 1), 64);
        detail::parallel_for(threads_, blocks.count, [&](Index block) {
            for (Index r = blocks.begin(block); r < blocks.end(block); ++r)
                map_row(r, 0, columns, f, out, in...);
        });
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
        for_rows(rows, columns, [&](Index r) {
            const auto row = in.row(r);
            R largest = -std::numeric_limits<R>::infinity();
            for (Index c = 0; c < columns; ++c) largest = std::max<R>(largest, value_of(row[c]));
            out[r] = largest;
        });
    }

    [[nodiscard]] double dot(Index n, const T* x, const T* y) const {
        const detail::Blocks blocks(n, smallest_work, 256);
        double partial[256] = {};
        detail::parallel_for(threads_, blocks.count, [&](Index block) {
            double lanes[8] = {};
            Index i = blocks.begin(block);
            const Index end = blocks.end(block);
            for (; i + 8 <= end; i += 8)
                for (Index lane = 0; lane < 8; ++lane)
                    lanes[lane] += static_cast<double>(x[i + lane]) * static_cast<double>(y[i + lane]);
            for (; i < end; ++i) lanes[0] += static_cast<double>(x[i]) * static_cast<double>(y[i]);
            for (const double lane : lanes) partial[block] += lane;
        });
        double sum = 0;
        for (Index block = 0; block < blocks.count; ++block) sum += partial[block];
        return sum;
    }

    /// C stores T or the type of the sums.
    template <class C>
    void multiply(const MatrixProduct& p, const T* a, const T* b, C* c) {
        detail::parallel_gemm(
            threads_, p, a, b, c, [](Index, Index, Index, Index) {}, [](Index, Index, Index, Index) {});
    }
    template <class C>
    void multiply_batch(const MatrixProduct& p, const ProductBatch& batch, const T* a, const T* b, C* c) {
        detail::parallel_for(threads_, batch.outer, [&](Index i) {
            for (Index j = 0; j < batch.inner; ++j)
                detail::head_gemm(p, a + i * batch.outer_a + j * batch.inner_a,
                                  b + i * batch.outer_b + j * batch.inner_b,
                                  c + i * batch.outer_c + j * batch.inner_c);
        });
    }

    void fill_uniform(const RandomKey& key, Index n, T* to) {
        for_elements(n, [&](Index begin, Index end) {
            for (Index i = begin; i < end; ++i)
                to[i] = static_cast<T>(random_uniform(key, static_cast<std::uint64_t>(i)));
        });
    }
    void fill_normal(const RandomKey& key, Index n, T* to) {
        for_elements(n, [&](Index begin, Index end) {
            for (Index i = begin; i < end; ++i)
                to[i] = static_cast<T>(random_normal(key, static_cast<std::uint64_t>(i)));
        });
    }

    /// `reduce_rows` into any operand, so that `Dual` can reduce values and tangents together.
    template <class F, class Out, class... In>
    void reduce_rows_into(Index rows, Index columns, const F& f, const Out& out, const In&... in) {
        for_rows(rows, columns, [&](Index r) { out.row(r).set(0, sum_row(columns, f, in.row(r)...)); });
    }
    /// `reduce_columns` into any one-row operand: fixed groups of rows are summed separately, then the groups in
    /// order.
    template <class F, class Out, class... In>
    void reduce_columns_into(Index rows, Index columns, const F& f, double beta, const Out& out,
                             const In&... in) {
        using S = decltype(f(in.row(0)[0]...));
        const detail::Blocks blocks(rows, std::max<Index>(16, smallest_work / std::max<Index>(columns, 1)),
                                    32);
        const std::size_t bytes = static_cast<std::size_t>(blocks.count * columns) * sizeof(S);
        S* const sums = static_cast<S*>(pool_->allocate(bytes));
        detail::parallel_for(threads_, blocks.count, [&](Index block) {
            S* const sum = sums + block * columns;
            std::fill(sum, sum + columns, S(0));
            for (Index r = blocks.begin(block); r < blocks.end(block); ++r)
                add_row(columns, f, sum, in.row(r)...);
        });
        const auto result = out.row(0);
        for (Index c = 0; c < columns; ++c) {
            S sum = beta == 0 ? S(0) : S(static_cast<R>(beta)) * S(result[c]);
            for (Index block = 0; block < blocks.count; ++block) sum += sums[block * columns + c];
            result.set(c, sum);
        }
        pool_->release(sums, bytes);
    }

  protected:
    [[nodiscard]] MemoryPool& pool() { return *pool_; }
    [[nodiscard]] const std::shared_ptr<MemoryPool>& shared_pool() const { return pool_; }

    /// Number of elements below which an additional thread does not pay off.
    static constexpr Index smallest_work = 8192;

    template <class F>
    void for_elements(Index n, const F& f) {
        const detail::Blocks blocks(n, smallest_work, 256);
        detail::parallel_for(threads_, blocks.count,
                             [&](Index block) { f(blocks.begin(block), blocks.end(block)); });
    }
    template <class F>
    void for_rows(Index rows, Index columns, const F& f) {
        const detail::Blocks blocks(rows, smallest_work / std::max<Index>(columns, 1), 64);
        detail::parallel_for(threads_, blocks.count, [&](Index block) {
            for (Index r = blocks.begin(block); r < blocks.end(block); ++r) f(r);
        });
    }

  private:
    template <class F, class Out, class... In>
    static void map_row(Index r, Index begin, Index end, const F& f, const Out& out, const In&... in) {
        map_columns(begin, end, f, out.row(r), in.row(r)...);
    }
    template <class F, class Out, class... In>
    static void map_columns(Index begin, Index end, const F& f, const Out out, const In... in) {
#if defined(__clang__)
#pragma clang loop vectorize(assume_safety)
#elif defined(__GNUC__)
#pragma GCC ivdep
#endif
        for (Index c = begin; c < end; ++c) out.set(c, f(in[c]...));
    }
    template <class F, class... In>
    static auto sum_row(Index columns, const F& f, const In... in) {
        using S = decltype(f(in[0]...));
        S lanes[8] = {};
        Index c = 0;
        for (; c + 8 <= columns; c += 8)
            for (Index lane = 0; lane < 8; ++lane) lanes[lane] += f(in[c + lane]...);
        for (; c < columns; ++c) lanes[0] += f(in[c]...);
        return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) +
               ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
    }
    template <class F, class S, class... In>
    static void add_row(Index columns, const F& f, S* sum, const In... in) {
        for (Index c = 0; c < columns; ++c) sum[c] += f(in[c]...);
    }

    std::shared_ptr<MemoryPool> pool_;
    int threads_;
};

}  // namespace vitscape
