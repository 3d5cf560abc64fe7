// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system/cpp/execution_policy.h>
#if defined(_OPENMP)
#include <thrust/system/omp/execution_policy.h>
#endif

#include <vitscape/backend/eigen/memory_pool.hpp>
#include <vitscape/backend/eigen/parallel_gemm.hpp>
#include <vitscape/backend/thrust/system.hpp>
#include <vitscape/core/bfloat16.hpp>

namespace vitscape::detail {

/// The operations that `Thrust<System, T>` needs of a system, for the two host systems: memory, transfers, the
/// loops of its primitives, and matrix products. The device's counterpart is cuda/execution.hpp.
/// Copies share the memory pool.
template <class System>
class Execution {
    static_assert(HostSystem<System>, "system::cuda needs a CUDA compiler");

  public:
    /// @param threads  for `system::omp`, 0 for all processors; `system::cpp` has one.
    explicit Execution(int threads = 0)
        : pool_(std::make_shared<MemoryPool>()),
          threads_(std::same_as<System, system::cpp> ? 1
                   : threads > 0                     ? threads
                                                     : available_threads()) {}

    [[nodiscard]] int threads() const { return threads_; }
    [[nodiscard]] const MemoryPool& memory() const { return *pool_; }
    void forget_peak_memory() const { pool_->forget_peak(); }

    void* allocate(std::size_t bytes) { return pool_->allocate(bytes); }
    void release(void* memory, std::size_t bytes) { pool_->release(memory, bytes); }
    void copy(std::size_t bytes, const void* from, void* to) {
        if (bytes > 0) std::memmove(to, from, bytes);
    }
    template <class U, class T>
    void upload(Index n, const U* host, T* to) {
        for (Index i = 0; i < n; ++i) to[i] = static_cast<T>(host[i]);
    }
    template <class T, class U>
    void download(Index n, const T* from, U* host) const {
        for (Index i = 0; i < n; ++i) host[i] = static_cast<U>(from[i]);
    }
    void synchronize() {}

    /// element(r, c) for all r < rows, c < columns, in any order.
    template <class Element>
    void for_each(Index rows, Index columns, const Element& element) {
        if (rows <= 0 || columns <= 0) return;
        const Blocks row_blocks(rows, smallest_work / columns, 64);
        const Blocks column_blocks(columns, smallest_work, row_blocks.count > 1 ? 1 : 256);
        run(row_blocks.count * column_blocks.count, [&element, row_blocks, column_blocks](Index block) {
            const Index i = block / column_blocks.count, j = block % column_blocks.count;
            for (Index r = row_blocks.begin(i); r < row_blocks.end(i); ++r)
                for (Index c = column_blocks.begin(j); c < column_blocks.end(j); ++c) element(r, c);
        });
    }
    /// store(r, combine(... combine(initial, term(r, 0)) ..., term(r, columns - 1))) for all rows.
    template <class S, class Term, class Combine, class Store>
    void reduce_rows(Index rows, Index columns, const Term& term, const Combine& combine, S initial,
                     const Store& store) {
        const Blocks blocks(rows, smallest_work / std::max<Index>(columns, 1), 64);
        run(rows > 0 ? blocks.count : 0, [&, blocks](Index block) {
            for (Index r = blocks.begin(block); r < blocks.end(block); ++r) {
                constexpr Index lanes = 8;  // a fixed order that the compiler can vectorize
                S lane[lanes];
                std::fill(lane, lane + lanes, initial);
                for (Index c = 0; c < columns; ++c) lane[c % lanes] = combine(lane[c % lanes], term(r, c));
                for (Index width = lanes / 2; width > 0; width /= 2)
                    for (Index l = 0; l < width; ++l) lane[l] = combine(lane[l], lane[l + width]);
                store(r, lane[0]);
            }
        });
    }
    /// The sum of term(i) for all i < n.
    template <class Term>
    [[nodiscard]] double sum(Index n, const Term& term) const {
        const Blocks blocks(n, smallest_work, 256);
        double partial[256] = {};
        run(blocks.count, [&](Index block) {
            double sum = 0;
            for (Index i = blocks.begin(block); i < blocks.end(block); ++i) sum += term(i);
            partial[block] = sum;
        });
        double sum = 0;
        for (Index block = 0; block < blocks.count; ++block) sum += partial[block];
        return sum;
    }

    /// C may have the type of the sums. Products of bfloat16 are those of the widened matrices.
    template <class T, class C>
    void multiply(const MatrixProduct& p, const T* a, const T* b, C* c) {
        for_product_blocks(
            threads_, p,
            [=](const MatrixProduct& part, Index a_offset, Index b_offset, Index row, Index, Index column,
                Index) { one_product(part, a + a_offset, b + b_offset, c + row * p.stride_c + column); });
    }
    template <class T, class C>
    void multiply_batch(const MatrixProduct& p, const ProductBatch& batch, const T* a, const T* b, C* c) {
        run(batch.outer, [&](Index i) {
            const OneThread guard;
            for (Index j = 0; j < batch.inner; ++j)
                one_product(p, a + i * batch.outer_a + j * batch.inner_a,
                            b + i * batch.outer_b + j * batch.inner_b,
                            c + i * batch.outer_c + j * batch.inner_c);
        });
    }

  private:
    static constexpr Index smallest_work =
        8192;  // number of elements below which an additional thread does not pay off

    /// f(block) for all blocks by Thrust. No result depends on which thread runs which block.
    template <class F>
    void run(Index blocks, const F& f) const {
        const thrust::counting_iterator<Index> first(0);
#if defined(_OPENMP)
        if constexpr (std::same_as<System, system::omp>) {
            if (threads_ > 1 && blocks > 1) {
                const int before = omp_get_max_threads();
                omp_set_num_threads(threads_);
                thrust::for_each_n(thrust::omp::par, first, blocks, f);
                omp_set_num_threads(before);
                return;
            }
        }
#endif
        thrust::for_each_n(thrust::cpp::par, first, blocks, f);
    }

    template <class T, class C>
    static void one_product(const MatrixProduct& p, const T* a, const T* b, C* c) {
        if constexpr (std::is_same_v<T, bfloat16>)
            gemm_as_float(p, a, b, c);
        else
            gemm(p, a, b, c);
    }

    std::shared_ptr<MemoryPool> pool_;
    int threads_;
};

}  // namespace vitscape::detail
