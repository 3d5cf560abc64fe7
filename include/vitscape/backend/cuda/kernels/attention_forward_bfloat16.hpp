// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/attention_fragments.hpp>

namespace vitscape::detail {

/// 16 queries of a warp on tensor cores; the softmax is rescaled online (Milakov & Gimelshein
/// 2018, arXiv 1805.02867, algorithm 3). Weights are rounded to bfloat16 for the product with v, their sum is
/// not.
template <int W>
struct ForwardTile<bfloat16, W> {
    using Scalar = bfloat16;
    using Operands = ForwardOperands<bfloat16>;
    static constexpr int head_width = W, warp_bytes = attention_warp_bytes<bfloat16>(W, 1, 1);
    static constexpr bool owns_queries = true, has_row_numbers = false;

    LeftFragments<W> query;
    float sums[W / 8][4];
    float maximum[2], weight[2];  // of rows l/4 and l/4 + 8; weight: this lane's part of the sum

    template <class Block>
    VITSCAPE_DEVICE void begin(Block& block, const Operands& operands, int first, bfloat16* /*scratch*/) {
        load_tile<W>(block, query, operands.query, first);
        VITSCAPE_UNROLL
        for (int n = 0; n < W / 8; ++n) VITSCAPE_UNROLL
        for (int i = 0; i < 4; ++i) sums[n][i] = 0;
        VITSCAPE_UNROLL
        for (int half = 0; half < 2; ++half) {
            maximum[half] = no_score();
            weight[half] = 0;
        }
    }

    template <class Block>
    VITSCAPE_DEVICE void absorb(Block& block, const SharedRows<bfloat16, W>& shared, int existing) {
        int row = 0;
        for (; row + 48 < existing; row += 64) take<4>(block, shared, row, existing - row);
        for (; row + 16 < existing; row += 32) take<2>(block, shared, row, existing - row);
        for (; row < existing; row += 16) take<1>(block, shared, row, existing - row);
    }

    template <class Block>
    VITSCAPE_DEVICE void finish(Block& block, const Operands& operands, int first) {
        const float upper = sum_quad(block, weight[0]), lower = sum_quad(block, weight[1]);
        store_tile<W>(block, sums, 1 / upper, 1 / lower, operands.out, first);
        const int row = first + block.lane() / 4;
        if (block.lane() % 4 != 0) return;
        if (row < operands.query.count) operands.log_sum[row] = maximum[0] * attention_scale<W> + logf(upper);
        if (row + 8 < operands.query.count)
            operands.log_sum[row + 8] = maximum[1] * attention_scale<W> + logf(lower);
    }

  private:
    template <int Pieces, class Block>
    VITSCAPE_DEVICE void take(Block& block, const SharedRows<bfloat16, W>& shared, int row, int existing) {
        constexpr float unit = attention_scale<W> * log_sum_unit<bfloat16>;
        float scores[2 * Pieces][4] = {};
        multiply_rows<W, Pieces>(block, query, shared.a + row * shared.pitch, scores);
        mask_columns<Pieces>(block, scores, existing);
        VITSCAPE_UNROLL
        for (int half = 0; half < 2; ++half) {
            float largest = maximum[half];
            VITSCAPE_UNROLL
            for (int j = 0; j < 2 * Pieces; ++j)
                largest = fmaxf(largest, fmaxf(scores[j][2 * half], scores[j][2 * half + 1]));
            largest = maximum_quad(block, largest);
            const float shrink = power_of_2((maximum[half] - largest) * unit), offset = largest * unit;
            maximum[half] = largest;
            weight[half] *= shrink;
            VITSCAPE_UNROLL
            for (int j = 0; j < 2 * Pieces; ++j) VITSCAPE_UNROLL
            for (int i = 2 * half; i < 2 * half + 2; ++i) {
                scores[j][i] = power_of_2(scores[j][i] * unit - offset);
                weight[half] += scores[j][i];
            }
            VITSCAPE_UNROLL
            for (int n = 0; n < W / 8; ++n) {
                sums[n][2 * half] *= shrink;
                sums[n][2 * half + 1] *= shrink;
            }
        }
        accumulate_rows<W, Pieces>(block, scores, shared.b + row * shared.pitch, sums);
    }
};

}  // namespace vitscape::detail
