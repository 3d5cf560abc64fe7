// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <vitscape/backend/cuda/kernels/attention_operands.hpp>

/// Tiles of 16 rows in the registers of a warp, in the layout of the tensor cores (PTX ISA, mma.m16n8k16): of rows l/4
/// and l/4 + 8, lane l holds columns 2 (l%4) and 2 (l%4) + 1 of every 8 columns.
namespace vitscape::detail {

/// 2^x to 2 ulp, 0 for minus infinity.
VITSCAPE_DEVICE inline float power_of_2(float x) {
#if defined(__CUDA_ARCH__)
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
#else
    return exp2f(x);
#endif
}

/// Two numbers rounded to bfloat16, the first in the lower half.
VITSCAPE_DEVICE inline std::uint32_t pack(float low, float high) {
#if defined(__CUDA_ARCH__)
    std::uint32_t word;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
    return word;
#else
    return bfloat16(low).bits | static_cast<std::uint32_t>(bfloat16(high).bits) << 16;
#endif
}

/// Transposes the 4 x 4 words of four neighbouring lanes: lane t gets word t of each.
template <class Block>
VITSCAPE_DEVICE void transpose_quad(Block& block, std::uint32_t (&w)[4]) {
    VITSCAPE_UNROLL
    for (int mask = 1; mask <= 2; mask *= 2) {
        const bool upper = (block.lane() & mask) != 0;
        VITSCAPE_UNROLL
        for (int pair = 0; pair < 2; ++pair) {
            const int low = mask == 1 ? 2 * pair : pair, high = low + mask;
            const std::uint32_t got = block.shuffle_xor(upper ? w[low] : w[high], mask);
            if (upper)
                w[low] = got;
            else
                w[high] = got;
        }
    }
}

/// 16 rows x W columns as left operand, [k step][part].
template <int W>
struct LeftFragments {
    std::uint32_t at[W / 16][4];
};

/// Rows first to first + 15, zero beyond the end.
template <int W, class Block>
VITSCAPE_DEVICE void load_tile(Block& block, LeftFragments<W>& to, const HeadRows<const bfloat16>& from,
                               int first) {
    VITSCAPE_UNROLL
    for (int half = 0; half < 2; ++half) {
        const int row = first + block.lane() / 4 + 8 * half;
        VITSCAPE_UNROLL
        for (int c = 0; c < W / 32; ++c) {
            Words w{};
            if (row < from.count)
                w = *reinterpret_cast<const Words*>(from.row(row) + 32 * c + block.lane() % 4 * 8);
            transpose_quad(block, w.at);
            VITSCAPE_UNROLL
            for (int i = 0; i < 4; ++i) to.at[2 * c + i / 2][i % 2 * 2 + half] = w.at[i];
        }
    }
}

/// Accumulators [8 columns][row l/4: 0, 1; row l/4 + 8: 2, 3] times a factor per row; only existing rows.
template <int W, class Block>
VITSCAPE_DEVICE void store_tile(Block& block, const float (&sums)[W / 8][4], float upper, float lower,
                                const HeadRows<bfloat16>& to, int first) {
    VITSCAPE_UNROLL
    for (int half = 0; half < 2; ++half) {
        const int row = first + block.lane() / 4 + 8 * half;
        const float factor = half == 0 ? upper : lower;
        VITSCAPE_UNROLL
        for (int c = 0; c < W / 32; ++c) {
            Words w;
            VITSCAPE_UNROLL
            for (int i = 0; i < 4; ++i)
                w.at[i] = pack(sums[4 * c + i][2 * half] * factor, sums[4 * c + i][2 * half + 1] * factor);
            transpose_quad(block, w.at);
            if (row < to.count) *reinterpret_cast<Words*>(to.row(row) + 32 * c + block.lane() % 4 * 8) = w;
        }
    }
}

/// scores[8 rows][4] += own (16, W) times rows^T of 16 * Pieces rows in shared memory.
template <int W, int Pieces, class Block>
VITSCAPE_DEVICE void multiply_rows(Block& block, const LeftFragments<W>& own, const bfloat16* rows,
                                   float (&scores)[2 * Pieces][4]) {
    const int lane = block.lane();
    const bfloat16* at = rows + (lane % 8 + lane / 16 * 8) * attention_pitch<bfloat16>(W) + lane / 8 % 2 * 8;
    VITSCAPE_UNROLL
    for (int k = 0; k < W / 16; ++k) {
        VITSCAPE_UNROLL
        for (int piece = 0; piece < Pieces; ++piece) {
            std::uint32_t r[4];
            block.load_matrix(r, at + 16 * piece * attention_pitch<bfloat16>(W) + 16 * k);
            const std::uint32_t first[2] = {r[0], r[1]}, second[2] = {r[2], r[3]};
            block.mma(scores[2 * piece], own.at[k], first);
            block.mma(scores[2 * piece + 1], own.at[k], second);
        }
    }
}

/// sums (16, W) += weights (16, 16 * Pieces), rounded to bfloat16, times rows in shared memory.
template <int W, int Pieces, class Block>
VITSCAPE_DEVICE void accumulate_rows(Block& block, const float (&weights)[2 * Pieces][4],
                                     const bfloat16* rows, float (&sums)[W / 8][4]) {
    const int lane = block.lane();
    const bfloat16* at = rows + lane % 16 * attention_pitch<bfloat16>(W) + lane / 16 * 8;
    VITSCAPE_UNROLL
    for (int piece = 0; piece < Pieces; ++piece) {
        const float(&left)[4] = weights[2 * piece], (&right)[4] = weights[2 * piece + 1];
        const std::uint32_t a[4] = {pack(left[0], left[1]), pack(left[2], left[3]), pack(right[0], right[1]),
                                    pack(right[2], right[3])};
        VITSCAPE_UNROLL
        for (int n = 0; n < W / 16; ++n) {
            std::uint32_t r[4];
            block.load_matrix_transposed(r, at + 16 * piece * attention_pitch<bfloat16>(W) + 16 * n);
            const std::uint32_t first[2] = {r[0], r[1]}, second[2] = {r[2], r[3]};
            block.mma(sums[2 * n], a, first);
            block.mma(sums[2 * n + 1], a, second);
        }
    }
}

/// Scores of rows beyond the end become minus infinity.
template <int Pieces, class Block>
VITSCAPE_DEVICE void mask_columns(Block& block, float (&scores)[2 * Pieces][4], int existing) {
    if (existing >= 16 * Pieces) return;
    VITSCAPE_UNROLL
    for (int j = 0; j < 2 * Pieces; ++j) VITSCAPE_UNROLL
    for (int i = 0; i < 4; ++i)
        if (8 * j + block.lane() % 4 * 2 + i % 2 >= existing) scores[j][i] = no_score();
}

/// Sum over the four lanes that hold one row.
template <class Block>
VITSCAPE_DEVICE float sum_quad(Block& block, float x) {
    x += block.shuffle_xor(x, 1);
    return x + block.shuffle_xor(x, 2);
}

template <class Block>
VITSCAPE_DEVICE float maximum_quad(Block& block, float x) {
    x = fmaxf(x, block.shuffle_xor(x, 1));
    return fmaxf(x, block.shuffle_xor(x, 2));
}

}  // namespace vitscape::detail
