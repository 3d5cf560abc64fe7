// SPDX-License-Identifier: Apache-2.0
//
// How many floating-point operations the matrix products of a model take: what a measured rate is a share of.
#pragma once

#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/vit_classifier.hpp>

namespace vitscape {

/// Floating-point operations of one image, two for each multiplication with its addition. Matrix products alone: what
/// norms, softmax, GELU and the optimizer do is left out, and so is what a kernel computes anew in the backward pass.
struct OperationCount {
    double forward = 0;   ///< the loss
    double training = 0;  ///< the loss and the gradient of the parameters
    double point =
        0;  ///< the loss of prepared images at other parameters, as each point of a surface takes it
};

namespace detail {

/// Adds up products; the gradient of a product takes one product for each operand that wants one.
struct Products {
    OperationCount count;
    void add(Index m, Index n, Index k, int operands_with_gradient = 2) {
        const double operations =
            2 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
        count.forward += operations;
        count.point += operations;
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

/// A masked autoencoder, and its decoder's last block and prediction for `predicted` patches only.
template <class Config>
OperationCount autoencoder_operations(const Config& config, Index predicted) {
    const PatchGrid grid = config.encoder.grid();
    const TransformerShape &encoder = config.encoder.transformer, &decoder = config.decoder;
    const Index visible = config.masking.visible(grid);
    Products products;
    products.add(visible, encoder.width, grid.size(), 1);
    for (Index i = 0; i < encoder.depth; ++i) products.add_block(encoder, 1 + visible, 1 + visible);
    products.add(1 + visible, decoder.width, encoder.width);
    for (Index i = 0; i < decoder.depth; ++i)
        products.add_block(decoder, 1 + grid.count(), i + 1 < decoder.depth ? 1 + grid.count() : predicted);
    products.add(predicted, grid.size(), decoder.width);
    return products.count;
}

}  // namespace detail

/// The operations of one image in a masked autoencoder, as `MaskedAutoencoder` computes it: patches that are not visible
/// are never embedded, and the decoder's last block and the prediction run for masked tokens only. Images want no gradient.
template <MaskingPolicy Masking>
OperationCount operation_count(const MaskedAutoencoderConfig<Masking>& config) {
    const PatchGrid grid = config.encoder.grid();
    return detail::autoencoder_operations(config, grid.count() - config.masking.visible(grid));
}

/// The same with a teacher, which runs forward besides; with its own mask it predicts all patches. The points of a surface
/// share its predictions.
template <MaskingPolicy Masking, class Teacher>
OperationCount operation_count(const RcMaeConfig<Masking, Teacher>& config) {
    const PatchGrid grid = config.encoder.grid();
    const Index masked = grid.count() - config.masking.visible(grid);
    OperationCount count = detail::autoencoder_operations(config, masked);
    const double teacher =
        detail::autoencoder_operations(config, config.other_mask ? grid.count() : masked).forward;
    count.forward += teacher;
    count.training += teacher;
    return count;
}

/// A classifier, whose last block runs for the tokens that are read only.
inline OperationCount operation_count(const VitClassifierConfig& config) {
    const TransformerShape& encoder = config.encoder.transformer;
    const Index patches = config.encoder.grid().count();
    detail::Products products;
    products.add(patches, encoder.width, config.encoder.grid().size(), 1);
    for (Index i = 0; i < encoder.depth; ++i)
        products.add_block(encoder, 1 + patches,
                           i + 1 < encoder.depth                ? 1 + patches
                           : config.pooling == Pooling::average ? patches
                                                                : 1);
    products.add(1, encoder.width, config.pooling == Pooling::average ? patches : 1, 1);  // their mean
    products.add(1, config.classes, encoder.width);
    return products.count;
}

}  // namespace vitscape
