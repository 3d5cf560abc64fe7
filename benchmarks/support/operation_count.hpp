// SPDX-License-Identifier: Apache-2.0
//
// How many floating-point operations the matrix products of a model take: what a measured rate is a share of.
#pragma once

#include <vitscape/mae/masked_autoencoder.hpp>

namespace vitscape::benchmarks {

/// Floating-point operations of one image, two for each multiplication with its addition. Matrix products alone: what
/// norms, softmax, GELU and the optimizer do is left out, and so is what a kernel computes anew in the backward pass.
struct OperationCount {
    double forward = 0;   ///< the loss
    double training = 0;  ///< the loss and the gradient of the parameters
};

namespace detail {

/// Adds up products; the gradient of a product takes one product for each operand that wants one.
struct Products {
    OperationCount count;
    void add(Index m, Index n, Index k, int operands_with_gradient = 2) {
        const double operations =
            2 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
        count.forward += operations;
        count.training += (1 + operands_with_gradient) * operations;
    }
    /// A block over `tokens` tokens of which `queries` are computed.
    void add_block(const TransformerShape& shape, Index tokens, Index queries) {
        const Index width = shape.width, hidden = shape.hidden();
        add(tokens, 3 * width, width);  // queries, keys and values, of all tokens
        add(queries, tokens, width);    // scores, of all heads
        add(queries, width, tokens);    // weighted values
        add(queries, width, width);
        add(queries, hidden, width);
        add(queries, width, hidden);
    }
};

}  // namespace detail

/// The operations of one image in a masked autoencoder, as `MaskedAutoencoder` computes it: patches that are not visible
/// are never embedded, and the decoder's last block and the prediction run for masked tokens only. Images want no gradient.
template <MaskingPolicy Masking>
OperationCount operation_count(const MaskedAutoencoderConfig<Masking>& config) {
    const PatchGrid grid = config.encoder.grid();
    const TransformerShape &encoder = config.encoder.transformer, &decoder = config.decoder;
    const Index visible = config.masking.visible(grid), masked = grid.count() - visible;
    detail::Products products;
    products.add(visible, encoder.width, grid.size(), 1);
    for (Index i = 0; i < encoder.depth; ++i) products.add_block(encoder, 1 + visible, 1 + visible);
    products.add(1 + visible, decoder.width, encoder.width);
    for (Index i = 0; i < decoder.depth; ++i)
        products.add_block(decoder, 1 + grid.count(), i + 1 < decoder.depth ? 1 + grid.count() : masked);
    products.add(masked, grid.size(), decoder.width);
    return products.count;
}

}  // namespace vitscape::benchmarks
