// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/attention_register_tiles.hpp>

namespace vitscape::detail {

/// dq of 16 queries of a warp in float: the streamed rows are k and v.
template <int W>
struct QueryGradientTile<float, W> {
    using Scalar = float;
    using Operands = QueryGradientOperands<float>;
    static constexpr int head_width = W, warp_bytes = attention_warp_bytes<float>(W, 2, 2);
    static constexpr bool owns_queries = true, has_row_numbers = false;

    float *query, *dout, *weights;
    float sums[4][W / 8];
    float log_sum[4], projection[4];

    template <class Block>
    VITSCAPE_DEVICE void begin(Block& block, const Operands& operands, int first, float* scratch) {
        query = scratch;
        dout = query + attention_tile * attention_pitch<float>(W);
        weights = dout + attention_tile * attention_pitch<float>(W);
        copy_tile<W>(block, query, operands.query, first);
        copy_tile<W>(block, dout, operands.dout, first);
        block.sync_warp();
        clear_sums(sums);
        VITSCAPE_UNROLL
        for (int i = 0; i < 4; ++i) {
            const int row = first + block.lane() / 8 * 4 + i;
            const bool exists = row < operands.query.count;
            log_sum[i] = exists ? operands.log_sum[row] : 0;
            float sum = 0;
            for (int column = block.lane() % 8 * 4; exists && column < W; column += 32)
                sum += dot_piece(operands.out.row(row) + column, operands.dout.row(row) + column);
            projection[i] = sum_eight(block, sum);
        }
    }

    template <class Block>
    VITSCAPE_DEVICE void absorb(Block& block, const SharedRows<float, W>& shared, int existing) {
        for (int row = 0; row < existing; row += attention_step<float>) {
            float scores[4][4], dweights[4][4];
            multiply_rows<W>(block, query, shared.a + row * shared.pitch, scores);
            multiply_rows<W>(block, dout, shared.b + row * shared.pitch, dweights);
            VITSCAPE_UNROLL
            for (int i = 0; i < 4; ++i) VITSCAPE_UNROLL
            for (int j = 0; j < 4; ++j) {
                const bool exists = row + block.lane() % 8 + 8 * j < existing;
                const float p = expf((exists ? scores[i][j] * attention_scale<W> : no_score()) - log_sum[i]);
                scores[i][j] = p * (dweights[i][j] - projection[i]);
            }
            put_weights(block, scores, weights);
            block.sync_warp();
            accumulate_rows<W>(block, weights, shared.a + row * shared.pitch, sums);
            block.sync_warp();
        }
    }

    template <class Block>
    VITSCAPE_DEVICE void finish(Block& block, const Operands& operands, int first) {
        constexpr float s = attention_scale<W>;
        store_tile<W>(block, sums, {s, s, s, s}, operands.dquery, first);
    }
};

/// dk and dv of 16 keys of a warp in float: the streamed rows are q and dout, the scores are transposed.
template <int W>
struct KeyGradientTile<float, W> {
    using Scalar = float;
    using Operands = KeyGradientOperands<float>;
    static constexpr int head_width = W, warp_bytes = attention_warp_bytes<float>(W, 2, 2);
    static constexpr bool owns_queries = false, has_row_numbers = true;

    float *key, *value, *weights, *dscores;
    float dkey[4][W / 8], dvalue[4][W / 8];

    template <class Block>
    VITSCAPE_DEVICE void begin(Block& block, const Operands& operands, int first, float* scratch) {
        key = scratch;
        value = key + attention_tile * attention_pitch<float>(W);
        weights = value + attention_tile * attention_pitch<float>(W);
        dscores = weights + attention_step<float> * attention_weight_pitch;
        copy_tile<W>(block, key, operands.key, first);
        copy_tile<W>(block, value, operands.value, first);
        block.sync_warp();
        clear_sums(dkey);
        clear_sums(dvalue);
    }

    /// Queries beyond the end are zero, and so is their contribution to the sums.
    template <class Block>
    VITSCAPE_DEVICE void absorb(Block& block, const SharedRows<float, W>& shared, int existing) {
        for (int row = 0; row < existing; row += attention_step<float>) {
            const float *queries = shared.a + row * shared.pitch, *dout = shared.b + row * shared.pitch;
            float p[4][4], ds[4][4];
            multiply_rows<W>(block, key, queries, p);
            multiply_rows<W>(block, value, dout, ds);
            VITSCAPE_UNROLL
            for (int j = 0; j < 4; ++j) {
                const int query = row + block.lane() % 8 + 8 * j;
                const float log_sum = shared.log_sum[query], projection = shared.projection[query];
                VITSCAPE_UNROLL
                for (int i = 0; i < 4; ++i) {
                    p[i][j] = expf(p[i][j] * attention_scale<W> - log_sum);
                    ds[i][j] = p[i][j] * (ds[i][j] - projection);
                }
            }
            put_weights(block, p, weights);
            put_weights(block, ds, dscores);
            block.sync_warp();
            accumulate_rows<W>(block, weights, dout, dvalue);
            accumulate_rows<W>(block, dscores, queries, dkey);
            block.sync_warp();
        }
    }

    template <class Block>
    VITSCAPE_DEVICE void finish(Block& block, const Operands& operands, int first) {
        constexpr float s = attention_scale<W>;
        store_tile<W>(block, dkey, {s, s, s, s}, operands.dkey, first);
        store_tile<W>(block, dvalue, {1, 1, 1, 1}, operands.dvalue, first);
    }
};

}  // namespace vitscape::detail
