// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <vitscape/backend/cuda/kernels/attention_operands.hpp>

/// Tiles of 16 own rows x 32 streamed rows without tensor cores. Lane l holds own rows 4 (l/8) to
/// 4 (l/8) + 3; of the scores the streamed rows l%8, l%8 + 8, ..., of the results the columns 4 (l%8) to
/// 4 (l%8) + 3 of each 32. Each register then serves four products, and eight lanes read from different banks.
namespace vitscape::detail {

/// Copies own rows to the warp's shared memory, zero beyond the end; must be followed by sync_warp().
template <int W, class Block>
VITSCAPE_DEVICE void copy_tile(Block& block, float* to, const HeadRows<const float>& from, int first) {
    for (int i = block.lane(); i < attention_tile * W / 4; i += 32) {
        const int row = i / (W / 4), column = i % (W / 4) * 4;
        *reinterpret_cast<Floats*>(to + row * attention_pitch<float>(W) + column) =
            first + row < from.count ? *reinterpret_cast<const Floats*>(from.row(first + row) + column)
                                     : Floats{};
    }
}

/// scores = own (16, W) times rows^T of 32 streamed rows.
template <int W, class Block>
VITSCAPE_DEVICE void multiply_rows(Block& block, const float* own, const float* rows, float (&scores)[4][4]) {
    constexpr int pitch = attention_pitch<float>(W);
    const float *left = own + block.lane() / 8 * 4 * pitch, *right = rows + block.lane() % 8 * pitch;
    VITSCAPE_UNROLL
    for (int i = 0; i < 4; ++i) VITSCAPE_UNROLL
    for (int j = 0; j < 4; ++j) scores[i][j] = 0;
    for (int k = 0; k < W; k += 4) {
        Floats a[4], b[4];
        VITSCAPE_UNROLL
        for (int i = 0; i < 4; ++i) {
            a[i] = *reinterpret_cast<const Floats*>(left + i * pitch + k);
            b[i] = *reinterpret_cast<const Floats*>(right + 8 * i * pitch + k);
        }
        VITSCAPE_UNROLL
        for (int i = 0; i < 4; ++i) VITSCAPE_UNROLL
        for (int j = 0; j < 4; ++j) VITSCAPE_UNROLL
        for (int n = 0; n < 4; ++n) scores[i][j] += a[i].at[n] * b[j].at[n];
    }
}

/// Stores weights as (streamed row, own row) in the warp's shared memory; must be followed by sync_warp().
template <class Block>
VITSCAPE_DEVICE void put_weights(Block& block, const float (&weights)[4][4], float* to) {
    VITSCAPE_UNROLL
    for (int j = 0; j < 4; ++j) {
        const Floats column{{weights[0][j], weights[1][j], weights[2][j], weights[3][j]}};
        float* at = to + (block.lane() % 8 + 8 * j) * attention_weight_pitch + block.lane() / 8 * 4;
        *reinterpret_cast<Floats*>(at) = column;
    }
}

/// sums[own row][column] += weights^T times 32 streamed rows.
template <int W, class Block>
VITSCAPE_DEVICE void accumulate_rows(Block& block, const float* weights, const float* rows,
                                     float (&sums)[4][W / 8]) {
    const float* left = weights + block.lane() / 8 * 4;
    const float* right = rows + block.lane() % 8 * 4;
    for (int r = 0; r < attention_step<float>; ++r) {
        const auto w = *reinterpret_cast<const Floats*>(left + r * attention_weight_pitch);
        VITSCAPE_UNROLL
        for (int c = 0; c < W / 32; ++c) {
            const auto x = *reinterpret_cast<const Floats*>(right + r * attention_pitch<float>(W) + 32 * c);
            VITSCAPE_UNROLL
            for (int i = 0; i < 4; ++i) VITSCAPE_UNROLL
            for (int n = 0; n < 4; ++n) sums[i][4 * c + n] += w.at[i] * x.at[n];
        }
    }
}

template <int W>
VITSCAPE_DEVICE void clear_sums(float (&sums)[4][W]) {
    VITSCAPE_UNROLL
    for (int i = 0; i < 4; ++i) VITSCAPE_UNROLL
    for (int n = 0; n < W; ++n) sums[i][n] = 0;
}

/// Results times a factor per own row; only existing rows.
template <int W, class Block>
VITSCAPE_DEVICE void store_tile(Block& block, const float (&sums)[4][W / 8], const float (&factor)[4],
                                const HeadRows<float>& to, int first) {
    VITSCAPE_UNROLL
    for (int i = 0; i < 4; ++i) {
        const int row = first + block.lane() / 8 * 4 + i;
        if (row >= to.count) continue;
        VITSCAPE_UNROLL
        for (int c = 0; c < W / 32; ++c) {
            Floats x;
            VITSCAPE_UNROLL
            for (int n = 0; n < 4; ++n) x.at[n] = sums[i][4 * c + n] * factor[i];
            *reinterpret_cast<Floats*>(to.row(row) + 32 * c + block.lane() % 8 * 4) = x;
        }
    }
}

/// Sum over the eight lanes that hold one own row.
template <class Block>
VITSCAPE_DEVICE float sum_eight(Block& block, float x) {
    VITSCAPE_UNROLL
    for (int mask = 1; mask < 8; mask *= 2) x += block.shuffle_xor(x, mask);
    return x;
}

template <class Block>
VITSCAPE_DEVICE float maximum_eight(Block& block, float x) {
    VITSCAPE_UNROLL
    for (int mask = 1; mask < 8; mask *= 2) x = fmaxf(x, block.shuffle_xor(x, mask));
    return x;
}

}  // namespace vitscape::detail
