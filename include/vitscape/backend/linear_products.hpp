// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/concept.hpp>

// The three products of a linear layer y = x W^T with x (rows, in), W (out, in) and y (rows, out), used by every backend
// and by the op's primitive path. Each is added to `beta` times its destination.

namespace vitscape::detail {

/// x W^T, (rows, out).
inline MatrixProduct linear_product(Index rows, Index out, Index in, double beta) {
    return {.transpose_b = true,
            .m = rows,
            .n = out,
            .k = in,
            .stride_a = in,
            .stride_b = in,
            .stride_c = out,
            .beta = beta};
}

/// dy W, the gradient with respect to x, (rows, in).
inline MatrixProduct linear_input_gradient(Index rows, Index out, Index in, double beta) {
    return {.m = rows, .n = in, .k = out, .stride_a = out, .stride_b = in, .stride_c = in, .beta = beta};
}

/// dy^T x, the gradient with respect to W, (out, in).
inline MatrixProduct linear_weight_gradient(Index rows, Index out, Index in, double beta) {
    return {.transpose_a = true,
            .m = out,
            .n = in,
            .k = rows,
            .stride_a = out,
            .stride_b = in,
            .stride_c = in,
            .beta = beta};
}

}  // namespace vitscape::detail
