// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <type_traits>

#include <Eigen/Core>

#include <vitscape/backend/concept.hpp>
#include <vitscape/backend/eigen/parallel.hpp>

#if defined(VITSCAPE_HAS_ONEDNN)
#include <dnnl.h>
#endif

namespace vitscape::detail {

/// `MatrixProduct` by Eigen on the calling thread.
template <class T>
void eigen_gemm(const MatrixProduct& p, const T* a, const T* b, T* c) {
    using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    using Map = Eigen::Map<Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;
    using ConstMap = Eigen::Map<const Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;
    const Eigen::OuterStride<> stride_a(p.stride_a), stride_b(p.stride_b), stride_c(p.stride_c);
    const ConstMap A(a, p.transpose_a ? p.k : p.m, p.transpose_a ? p.m : p.k, stride_a);
    const ConstMap B(b, p.transpose_b ? p.n : p.k, p.transpose_b ? p.k : p.n, stride_b);
    Map C(c, p.m, p.n, stride_c);
    if (p.beta == 0)
        C.setZero();
    else if (p.beta != 1)
        C *= static_cast<T>(p.beta);
    const T alpha = static_cast<T>(p.alpha);
    if (!p.transpose_a && !p.transpose_b) C.noalias() += alpha * A * B;
    if (!p.transpose_a && p.transpose_b) C.noalias() += alpha * A * B.transpose();
    if (p.transpose_a && !p.transpose_b) C.noalias() += alpha * A.transpose() * B;
    if (p.transpose_a && p.transpose_b) C.noalias() += alpha * A.transpose() * B.transpose();
}

/// `MatrixProduct` on the calling thread: oneDNN's blocked product for float if it was found, otherwise
/// Eigen.
template <class T>
void gemm(const MatrixProduct& p, const T* a, const T* b, T* c) {
    if (p.m == 0 || p.n == 0) return;
#if defined(VITSCAPE_HAS_ONEDNN)
    if constexpr (std::is_same_v<T, float>) {
        if (p.k > 0)
            dnnl_sgemm(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', p.m, p.n, p.k,
                       static_cast<float>(p.alpha), a, p.stride_a, b, p.stride_b, static_cast<float>(p.beta),
                       c, p.stride_c);
        else  // it does not scale C by beta for empty sums
            for (Index i = 0; i < p.m; ++i)
                for (Index j = 0; j < p.n; ++j) {
                    T& target = c[i * p.stride_c + j];
                    target = p.beta == 0 ? T(0) : static_cast<T>(p.beta) * target;
                }
        return;
    }
#endif
    eigen_gemm(p, a, b, c);
}

/// Multithreaded `gemm`: C is divided into a fixed grid of blocks. Before and after each block, `before` and `after` are
/// called with its row begin, row end, column begin and column end while it is in cache. Every call repacks its
/// parts of A and B: with 256 rows and 192 columns or more that costs below 8 % (measured with
/// oneDNN 2.6 on AVX-512), with 64 rows 15 to 50 %.
template <class T, class Before, class After>
void parallel_gemm(int threads, const MatrixProduct& p, const T* a, const T* b, T* c, const Before& before,
                   const After& after) {
    const Blocks rows(p.m, 256, 64);
    const Blocks columns(p.n, 192, std::max<Index>(1, 16 / rows.count));
    parallel_for(threads, rows.count * columns.count, [&](Index block) {
        const Index i = block / columns.count, j = block % columns.count;
        const Index row = rows.begin(i), column = columns.begin(j);
        MatrixProduct part = p;
        part.m = rows.length(i);
        part.n = columns.length(j);
        before(row, rows.end(i), column, columns.end(j));
        gemm(part, a + row * (p.transpose_a ? 1 : p.stride_a), b + column * (p.transpose_b ? p.stride_b : 1),
             c + row * p.stride_c + column);
        after(row, rows.end(i), column, columns.end(j));
    });
}

}  // namespace vitscape::detail
