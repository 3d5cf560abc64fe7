// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/attention_fragments.hpp>

namespace vitscape::detail {

template <int Rows>
VITSCAPE_DEVICE void clear(float (&sums)[Rows][4]) {
    VITSCAPE_UNROLL
    for (int n = 0; n < Rows; ++n) VITSCAPE_UNROLL
    for (int i = 0; i < 4; ++i) sums[n][i] = 0;
}

/// dq of 16 queries of a warp: the streamed rows are k and v.
template <int W>
struct QueryGradientTile<bfloat16, W> {
    using Scalar = bfloat16;
    using Operands = QueryGradientOperands<bfloat16>;
    static constexpr int head_width = W, warp_bytes = 0;
    static constexpr bool owns_queries = true, has_row_numbers = false;

    LeftFragments<W> query, dout;
    float sums[W / 8][4];
    float log_sum[2], projection[2];  // of rows l/4 and l/4 + 8

    template <class Block>
    VITSCAPE_DEVICE void begin(Block& block, const Operands& operands, int first, bfloat16* /*scratch*/) {
        load_tile<W>(block, query, operands.query, first);
        load_tile<W>(block, dout, operands.dout, first);
        clear(sums);
        VITSCAPE_UNROLL
        for (int half = 0; half < 2; ++half) {
            const int row = first + block.lane() / 4 + 8 * half;
            const bool exists = row < operands.query.count;
            log_sum[half] = exists ? operands.log_sum[row] * log_sum_unit<bfloat16> : 0;
            float sum = 0;
            for (int column = block.lane() % 4 * 8; exists && column < W; column += 32)
                sum += dot_piece(operands.out.row(row) + column, operands.dout.row(row) + column);
            projection[half] = sum_quad(block, sum);
        }
    }

    template <class Block>
    VITSCAPE_DEVICE void absorb(Block& block, const SharedRows<bfloat16, W>& shared, int existing) {
        int row = 0;
        for (; row + 16 < existing; row += 32) take<2>(block, shared, row, existing - row);
        for (; row < existing; row += 16) take<1>(block, shared, row, existing - row);
    }

    template <class Block>
    VITSCAPE_DEVICE void finish(Block& block, const Operands& operands, int first) {
        store_tile<W>(block, sums, attention_scale<W>, attention_scale<W>, operands.dquery, first);
    }

  private:
    template <int Pieces, class Block>
    VITSCAPE_DEVICE void take(Block& block, const SharedRows<bfloat16, W>& shared, int row, int existing) {
        constexpr float unit = attention_scale<W> * log_sum_unit<bfloat16>;
        const bfloat16* keys = shared.a + row * shared.pitch;
        float scores[2 * Pieces][4] = {}, dweights[2 * Pieces][4] = {};
        multiply_rows<W, Pieces>(block, query, keys, scores);
        multiply_rows<W, Pieces>(block, dout, shared.b + row * shared.pitch, dweights);
        mask_columns<Pieces>(block, scores, existing);
        VITSCAPE_UNROLL
        for (int j = 0; j < 2 * Pieces; ++j) VITSCAPE_UNROLL
        for (int i = 0; i < 4; ++i)
            scores[j][i] =
                power_of_2(scores[j][i] * unit - log_sum[i / 2]) * (dweights[j][i] - projection[i / 2]);
        accumulate_rows<W, Pieces>(block, scores, keys, sums);
    }
};

/// dk and dv of 16 keys of a warp: the streamed rows are q and dout, the scores are transposed.
template <int W>
struct KeyGradientTile<bfloat16, W> {
    using Scalar = bfloat16;
    using Operands = KeyGradientOperands<bfloat16>;
    static constexpr int head_width = W, warp_bytes = 0;
    static constexpr bool owns_queries = false, has_row_numbers = true;

    LeftFragments<W> key, value;
    float dkey[W / 8][4], dvalue[W / 8][4];

    template <class Block>
    VITSCAPE_DEVICE void begin(Block& block, const Operands& operands, int first, bfloat16* /*scratch*/) {
        load_tile<W>(block, key, operands.key, first);
        load_tile<W>(block, value, operands.value, first);
        clear(dkey);
        clear(dvalue);
    }

    template <class Block>
    VITSCAPE_DEVICE void absorb(Block& block, const SharedRows<bfloat16, W>& shared, int existing) {
        for (int row = 0; row < existing; row += 16) take(block, shared, row);
    }

    template <class Block>
    VITSCAPE_DEVICE void finish(Block& block, const Operands& operands, int first) {
        store_tile<W>(block, dkey, attention_scale<W>, attention_scale<W>, operands.dkey, first);
        store_tile<W>(block, dvalue, 1, 1, operands.dvalue, first);
    }

  private:
    /// Queries beyond the end are zero, and so is their contribution to the sums.
    template <class Block>
    VITSCAPE_DEVICE void take(Block& block, const SharedRows<bfloat16, W>& shared, int row) {
        constexpr float unit = attention_scale<W> * log_sum_unit<bfloat16>;
        const bfloat16 *queries = shared.a + row * shared.pitch, *dout = shared.b + row * shared.pitch;
        float weights[2][4] = {}, dweights[2][4] = {};
        multiply_rows<W, 1>(block, key, queries, weights);
        multiply_rows<W, 1>(block, value, dout, dweights);
        VITSCAPE_UNROLL
        for (int j = 0; j < 2; ++j) {
            const int query = row + 8 * j + block.lane() % 4 * 2;
            const auto log_sum = *reinterpret_cast<const FloatPair*>(shared.log_sum + query);
            const auto projection = *reinterpret_cast<const FloatPair*>(shared.projection + query);
            VITSCAPE_UNROLL
            for (int i = 0; i < 4; ++i) {
                weights[j][i] = power_of_2(weights[j][i] * unit - log_sum.at[i % 2]);
                dweights[j][i] = weights[j][i] * (dweights[j][i] - projection.at[i % 2]);
            }
        }
        accumulate_rows<W, 1>(block, weights, dout, dvalue);
        accumulate_rows<W, 1>(block, dweights, queries, dkey);
    }
};

}  // namespace vitscape::detail
