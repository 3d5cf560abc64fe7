// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/eigen/linear.hpp>
#include <vitscape/backend/eigen/thread_scratch.hpp>

namespace vitscape::detail {

/// [residual +] X W^T + bias of bfloat16 matrices in float, block by block, each row of a block passed to finish(row, column, length,
/// floats) while it is in cache: what is stored is rounded once. X (rows, in), W (out, in); residual may be null.
template <class Finish>
void linear_in_float(int threads, Index rows, Index out, Index in, const bfloat16* x, const bfloat16* w,
                     const bfloat16* bias, const bfloat16* residual, const Finish& finish) {
    struct Sums;
    struct Start;
    for_product_blocks(threads, linear_product(rows, out, in, 0),
                       [&](MatrixProduct part, Index x_offset, Index w_offset, Index row, Index row_end,
                           Index column, Index column_end) {
                           const Index length = column_end - column;
                           float* const sums = thread_scratch<Sums, float>((row_end - row) * length);
                           float* const start = thread_scratch<Start, float>(length);
                           widen(length, bias + column, start);
                           part.stride_c = length;
                           gemm(part, x + x_offset, w + w_offset, sums);
                           for (Index r = row; r < row_end; ++r) {
                               float* const sum = sums + (r - row) * length;
                               if (residual != nullptr) {
                                   const bfloat16* const added = residual + r * out + column;
                                   for (Index c = 0; c < length; ++c)
                                       sum[c] += start[c] + static_cast<float>(added[c]);
                               } else {
                                   for (Index c = 0; c < length; ++c) sum[c] += start[c];
                               }
                               finish(r, column, length, sum);
                           }
                       });
}

}  // namespace vitscape::detail
