// SPDX-License-Identifier: Apache-2.0
//
// How much memory a model takes at least: what is refused before a layout is made. Counted in floating point, so that no size
// overflows.
#pragma once

#include <algorithm>

#include <vitscape/nn/vit.hpp>

namespace vitscape {

/// Numbers, of whatever type the backend has; a lower bound, without scratch memory.
struct MemoryNeed {
    double parameters = 0;   ///< numbers in the flat vector
    double fixed = 0;        ///< tables of positions
    double activations = 0;  ///< kept of one image for the backward pass
    double checkpoints = 0;  ///< the same if only the input of each block is kept
    double block = 0;        ///< the largest part that is then computed again at once
    double image = 0;        ///< one image as the model reads it

    /// Bytes of training: parameters and gradient, the optimizer's vectors and a teacher's, and one batch.
    /// @param vectors  of the size of the parameters, 2 for parameters and gradient alone
    /// @param bytes    of a number of an activation, 4 or 2; of bfloat16 there is a copy of the parameters too
    [[nodiscard]] double training(double batch, double vectors, double bytes = 4,
                                  bool checkpoint_blocks = false) const {
        const double of_image = checkpoint_blocks ? checkpoints + block : activations;
        return (4 * vectors + (bytes < 4 ? bytes : 0)) * parameters +
               bytes * (fixed + batch * (of_image + image));
    }
};

namespace detail {
/// The blocks over `tokens` tokens. What one keeps for the backward pass: input of both norms, queries, keys and values, the
/// attention's output, and the MLP's hidden layer.
inline void add_transformer(const TransformerShape& shape, double tokens, MemoryNeed& need) {
    const auto width = static_cast<double>(shape.width), depth = static_cast<double>(shape.depth);
    const double hidden = width * shape.mlp_ratio;
    need.parameters += depth * width * (4 * width + 2 * hidden);
    need.activations += (depth - 0.5) * tokens * (6 * width + hidden);  // the last may run for some tokens
    need.checkpoints += depth * tokens * width;
    need.block = std::max(need.block, (depth > 1 ? 1 : 0.5) * tokens * (5 * width + hidden));
}
}  // namespace detail

/// Of a method's configuration, which has an encoder, and may have a decoder; then the encoder sees visible patches only.
/// @throws ConfigError where the encoder's sizes are outside their ranges
template <class Config>
[[nodiscard]] MemoryNeed memory_need(const Config& config) {
    const PatchGrid grid = config.encoder.grid();
    config.encoder.check();
    const auto width = static_cast<double>(config.encoder.transformer.width);
    const auto patches = static_cast<double>(grid.count());
    MemoryNeed need;
    need.image = 3.0 * static_cast<double>(grid.image) * static_cast<double>(grid.image);
    need.parameters = width * static_cast<double>(grid.size());
    need.fixed = width * patches;
    double visible = patches;
    if constexpr (requires { config.decoder; }) {
        config.decoder.check("decoder");
        const auto decoder = static_cast<double>(config.decoder.width);
        need.parameters += decoder * (width + static_cast<double>(grid.size()));
        need.fixed += decoder * patches;
        if constexpr (requires { config.masking.visible(grid); })
            visible = static_cast<double>(config.masking.visible(grid));
        detail::add_transformer(config.decoder, patches, need);
    }
    detail::add_transformer(config.encoder.transformer, visible, need);
    return need;
}

}  // namespace vitscape
