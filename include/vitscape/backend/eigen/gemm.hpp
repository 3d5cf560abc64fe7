// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>

#include <Eigen/Core>

#include <vitscape/backend/concept.hpp>

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
template <std::floating_point T>
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

}  // namespace vitscape::detail
