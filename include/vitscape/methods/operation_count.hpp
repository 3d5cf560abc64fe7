// SPDX-License-Identifier: Apache-2.0
//
// Floating-point operations of a model's matrix products: the reference for a measured rate.
#pragma once

#include <vitscape/nn/vit.hpp>

namespace vitscape {

/// Floating-point operations per image, two for each multiply-add. Matrix products only: norms, softmax, GELU and the
/// optimizer are not counted, nor is what a kernel recomputes in the backward pass.
struct OperationCount {
    double forward = 0;   ///< the loss
    double training = 0;  ///< the loss and the gradient of the parameters
    double point = 0;     ///< the loss of prepared images at new parameters, as for each point of a surface
};

namespace detail {

/// Sums matrix products; the gradient of a product takes one product for each operand that needs a gradient.
struct Products {
    OperationCount count;
    void add(Index m, Index n, Index k, int operands_with_gradient = 2) {
        const double operations =
            2 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
        count.forward += operations;
        count.point += operations;
        count.training += (1 + operands_with_gradient) * operations;
    }
    /// A block over `tokens` tokens, computed for `queries` of them.
    void add_block(const TransformerShape& shape, Index tokens, Index queries) {
        const Index width = shape.width, hidden = shape.hidden();
        add(tokens, 3 * width, width);  // queries, keys and values of all tokens
        add(queries, tokens, width);    // scores of all heads
        add(queries, width, tokens);    // weighted values
        add(queries, width, width);
        add(queries, hidden, width);
        add(queries, width, hidden);
    }
    /// An encoder that sees mask tokens in place of all but `visible` patches and computes its last block for these only.
    void add_masked_encoder(const VitShape& encoder, Index visible) {
        const Index patches = encoder.grid().count();
        add(visible, encoder.transformer.width, encoder.grid().size(), 1);
        for (Index i = 0; i < encoder.transformer.depth; ++i)
            add_block(encoder.transformer, 1 + patches,
                      i + 1 < encoder.transformer.depth ? 1 + patches : patches - visible);
    }
};

}  // namespace detail

}  // namespace vitscape
