// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#include <vitscape/core/bfloat16.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape::detail {

/// to[i] = from[i]; exact.
inline void widen(Index n, const bfloat16* __restrict from, float* __restrict to) {
    for (Index i = 0; i < n; ++i) to[i] = from[i];
}

/// to[i] = from[i], rounded to nearest, ties to even. With AVX512_BF16 by its instruction, which takes numbers below the smallest normal
/// one (1.2e-38) for zero.
inline void narrow(Index n, const float* __restrict from, bfloat16* __restrict to) {
#if defined(__AVX512BF16__) && defined(__AVX512BW__) && defined(__AVX512VL__) && !defined(__CUDACC__)
    Index i = 0;
    for (; i + 16 <= n; i += 16)
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i),
                            std::bit_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_loadu_ps(from + i))));
    if (i < n) {
        const auto rest = static_cast<__mmask16>((1U << (n - i)) - 1U);
        _mm256_mask_storeu_epi16(
            to + i, rest, std::bit_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(rest, from + i))));
    }
#else
    for (Index i = 0; i < n; ++i) to[i] = bfloat16(from[i]);
#endif
}

}  // namespace vitscape::detail
