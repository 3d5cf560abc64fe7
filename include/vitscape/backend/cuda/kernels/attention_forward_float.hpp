// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/attention_register_tiles.hpp>

namespace vitscape::detail {

/// 16 queries of a warp in float; the softmax is rescaled online.
template <int W>
struct ForwardTile<float, W> {
    using Scalar = float;
    using Operands = ForwardOperands<float>;
    static constexpr int head_width = W, warp_bytes = attention_warp_bytes<float>(W, 1, 1);
    static constexpr bool owns_queries = true, has_row_numbers = false;

    float *query, *weights;
    float sums[4][W / 8];
    float maximum[4], weight[4];  // weight: this lane's part of the sum

    template <class Block>
    VITSCAPE_DEVICE void begin(Block& block, const Operands& operands, int first, float* scratch) {
        query = scratch;
        weights = scratch + attention_tile * attention_pitch<float>(W);
        copy_tile<W>(block, query, operands.query, first);
        block.sync_warp();
        clear_sums(sums);
        VITSCAPE_UNROLL
        for (int i = 0; i < 4; ++i) {
            maximum[i] = no_score();
            weight[i] = 0;
        }
    }

    template <class Block>
    VITSCAPE_DEVICE void absorb(Block& block, const SharedRows<float, W>& shared, int existing) {
        for (int row = 0; row < existing; row += attention_step<float>) {
            float scores[4][4];
            multiply_rows<W>(block, query, shared.a + row * shared.pitch, scores);
            VITSCAPE_UNROLL
            for (int i = 0; i < 4; ++i) {
                float largest = maximum[i];
                VITSCAPE_UNROLL
                for (int j = 0; j < 4; ++j) {
                    scores[i][j] = row + block.lane() % 8 + 8 * j < existing
                                       ? scores[i][j] * attention_scale<W>
                                       : no_score();
                    largest = fmaxf(largest, scores[i][j]);
                }
                largest = maximum_eight(block, largest);
                const float shrink = expf(maximum[i] - largest);
                maximum[i] = largest;
                weight[i] *= shrink;
                VITSCAPE_UNROLL
                for (int j = 0; j < 4; ++j) {
                    scores[i][j] = expf(scores[i][j] - largest);
                    weight[i] += scores[i][j];
                }
                VITSCAPE_UNROLL
                for (int n = 0; n < W / 8; ++n) sums[i][n] *= shrink;
            }
            put_weights(block, scores, weights);
            block.sync_warp();
            accumulate_rows<W>(block, weights, shared.b + row * shared.pitch, sums);
            block.sync_warp();
        }
    }

    template <class Block>
    VITSCAPE_DEVICE void finish(Block& block, const Operands& operands, int first) {
        float inverse[4];
        VITSCAPE_UNROLL
        for (int i = 0; i < 4; ++i) {
            const float sum = sum_eight(block, weight[i]);
            const int row = first + block.lane() / 8 * 4 + i;
            if (block.lane() % 8 == 0 && row < operands.query.count)
                operands.log_sum[row] = maximum[i] + logf(sum);
            inverse[i] = 1 / sum;
        }
        store_tile<W>(block, sums, inverse, operands.out, first);
    }
};

}  // namespace vitscape::detail
