// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>

#include <vitscape/backend/eigen/bfloat16/onednn.hpp>
#include <vitscape/backend/eigen/bfloat16/rows.hpp>
#include <vitscape/backend/eigen/gemm.hpp>
#include <vitscape/backend/eigen/thread_scratch.hpp>

namespace vitscape {

/// Whether this processor multiplies matrices of bfloat16 (AVX512_BF16 or AMX, by oneDNN). Elsewhere `Cpu<bfloat16>` gives the same to
/// rounding but multiplies in float, which is slower than `Cpu<float>`.
[[nodiscard]] inline bool multiplies_bfloat16() {
#if defined(VITSCAPE_HAS_ONEDNN)
    static const bool found =
        (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
    return found;
#else
    return false;
#endif
}

/// Whether products of bfloat16 take less time here than those of float: with AMX, and by AVX512_BF16 on AMD's processors, which
/// multiply twice as many numbers by it as in float. Intel's without AMX multiply as many: a training step of a small model took 1.5
/// times as long as in float on one of them.
[[nodiscard]] inline bool bfloat16_is_faster() {
#if defined(VITSCAPE_HAS_ONEDNN) && (defined(__x86_64__) || defined(__i386__))
    static const bool amx =
        (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_amx) == dnnl_cpu_isa_avx512_core_amx;
    return multiplies_bfloat16() && (amx || __builtin_cpu_is("amd"));
#else
    return multiplies_bfloat16();
#endif
}

namespace detail {

/// The rows of a bfloat16 matrix as float, one behind the other.
inline void widen_matrix(Index rows, Index columns, const bfloat16* from, Index stride, float* to) {
    for (Index r = 0; r < rows; ++r) widen(columns, from + r * stride, to + r * columns);
}

/// `MatrixProduct` of bfloat16 matrices on the calling thread by widening them to float. It and what calls it are templates, so that who
/// does not multiply in bfloat16 does not compile Eigen's products of float.
template <std::same_as<bfloat16> H>
void gemm_as_float(const MatrixProduct& p, const H* a, const H* b, float* c) {
    struct OfA;
    struct OfB;
    MatrixProduct wide = p;
    wide.stride_a = p.transpose_a ? p.m : p.k;
    wide.stride_b = p.transpose_b ? p.k : p.n;
    float* const wide_a = thread_scratch<OfA, float>(p.m * p.k);
    float* const wide_b = thread_scratch<OfB, float>(p.k * p.n);
    widen_matrix(p.transpose_a ? p.k : p.m, wide.stride_a, a, p.stride_a, wide_a);
    widen_matrix(p.transpose_b ? p.n : p.k, wide.stride_b, b, p.stride_b, wide_b);
    gemm(wide, wide_a, wide_b, c);
}

/// alpha op(A) op(B) + beta C by `product`, which gives sums in float; rounded once.
template <class Product>
void rounded_gemm(const MatrixProduct& p, const bfloat16* a, const bfloat16* b, bfloat16* c,
                  const Product& product) {
    struct Sums;
    MatrixProduct sums = p;
    sums.stride_c = p.n;
    sums.beta = 0;
    float* const result = thread_scratch<Sums, float>(p.m * p.n);
    product(sums, a, b, result);
    const float beta = static_cast<float>(p.beta);
    for (Index r = 0; r < p.m; ++r) {
        float* const row = result + r * p.n;
        bfloat16* const target = c + r * p.stride_c;
        if (p.beta != 0)
            for (Index j = 0; j < p.n; ++j) row[j] += beta * static_cast<float>(target[j]);
        narrow(p.n, row, target);
    }
}
template <std::same_as<bfloat16> H>
void gemm_as_float(const MatrixProduct& p, const H* a, const H* b, H* c) {
    rounded_gemm(p, a, b, c, [](const MatrixProduct& sums, const bfloat16* x, const bfloat16* y, float* to) {
        gemm_as_float(sums, x, y, to);
    });
}

/// A batch of products on the calling thread, of bfloat16 matrices with sums and results in float. Results lie one behind the other
/// without gaps, whatever stride_c and the batch's distances of C say.
template <std::same_as<bfloat16> H>
void dense_gemm(const MatrixProduct& p, const ProductBatch& batch, const H* a, const H* b, float* c) {
    if (p.m == 0 || p.n == 0) return;
#if defined(VITSCAPE_HAS_ONEDNN)
    if (p.k > 0 && p.alpha == 1 && multiplies_bfloat16())
        return OneDnnProducts::of_this_thread().run(p, batch, a, b, c);
#endif
    MatrixProduct one = p;
    one.stride_c = p.n;
    for (Index i = 0; i < batch.outer; ++i)
        for (Index j = 0; j < batch.inner; ++j, c += p.m * p.n)
            gemm_as_float(one, a + i * batch.outer_a + j * batch.inner_a,
                          b + i * batch.outer_b + j * batch.inner_b, c);
}

/// `MatrixProduct` of bfloat16 matrices on the calling thread, with sums in float: oneDNN's where this processor has such products.
template <std::same_as<bfloat16> H>
void gemm(const MatrixProduct& p, const H* a, const H* b, float* c) {
    if (p.stride_c == p.n || p.m <= 1) return dense_gemm(p, {}, a, b, c);
    struct Sums;
    MatrixProduct sums = p;
    sums.beta = 0;
    float* const result = thread_scratch<Sums, float>(p.m * p.n);
    dense_gemm(sums, {}, a, b, result);
    for (Index r = 0; r < p.m; ++r)
        for (Index j = 0; j < p.n; ++j) {
            float& target = c[r * p.stride_c + j];
            target = result[r * p.n + j] + (p.beta == 0 ? 0.F : static_cast<float>(p.beta) * target);
        }
}
template <std::same_as<bfloat16> H>
void gemm(const MatrixProduct& p, const H* a, const H* b, H* c) {
    rounded_gemm(p, a, b, c, [](const MatrixProduct& sums, const bfloat16* x, const bfloat16* y, float* to) {
        gemm(sums, x, y, to);
    });
}
template <std::same_as<bfloat16> H, class C>
void head_gemm(const MatrixProduct& p, const H* a, const H* b, C* c) {
    gemm(p, a, b, c);
}

}  // namespace detail
}  // namespace vitscape
