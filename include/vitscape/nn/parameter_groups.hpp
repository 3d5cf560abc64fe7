// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

#include <vitscape/backend/concept.hpp>
#include <vitscape/nn/parameter_layout.hpp>

namespace vitscape {

/// Layer-wise learning-rate decay of fine-tuning (Bao et al. 2021, arXiv 2106.08254, section 3.1; Clark et al. 2020,
/// arXiv 2003.10555): the rate of a layer is scaled by rate^(depth + 1 - layer). Class token, registers,
/// positions and patch embedding are layer 0, block i is layer i + 1, all others (last norm and head) are layer depth + 1.
struct LayerDecay {
    double rate = 1;  ///< in (0, 1]; 1 disables it
    Index depth = 0;  ///< blocks of the encoder

    /// @throws ConfigError for a rate outside (0, 1].
    void check() const {
        if (!(rate > 0 && rate <= 1))
            throw ConfigError(message("the layer-wise decay of the learning rate must lie in (0, 1]; ", rate,
                                      " was given"));
    }
    [[nodiscard]] Index layer_of(std::string_view name) const {
        constexpr std::string_view blocks = "blocks.";
        if (name == "cls_token" || name == "register_tokens" || name == "pos_embed" ||
            name.starts_with("patch_embed."))
            return 0;
        if (!name.starts_with(blocks)) return depth + 1;
        Index block = 0;
        const std::string_view number = name.substr(blocks.size());
        std::from_chars(number.data(), number.data() + number.size(), block);
        return block + 1;
    }
    /// Factor of the learning rate of the parameter `name`.
    [[nodiscard]] double scale_of(std::string_view name) const {
        return rate == 1 ? 1.0 : std::pow(rate, static_cast<double>(depth + 1 - layer_of(name)));
    }
};

/// Groups of a layout: weight decay only for parameters of two or more dimensions, learning rates by layer;
/// neighbours with the same settings form one group.
inline std::vector<ParameterGroup> parameter_groups(const ParameterLayout& layout,
                                                    const LayerDecay& layers = {}) {
    layers.check();
    std::vector<ParameterGroup> groups;
    for (const ParameterInfo& parameter : layout.parameters()) {
        const double decay = parameter.decays() ? 1 : 0, rate = layers.scale_of(parameter.name);
        if (!groups.empty() && groups.back().weight_decay_scale == decay &&
            groups.back().learning_rate_scale == rate)
            groups.back().count += parameter.size();
        else
            groups.push_back({parameter.slot.offset, parameter.size(), decay, rate});
    }
    return groups;
}

/// The groups that a method defines by a member `parameter_groups()`, otherwise those of its layout.
template <class M>
std::vector<ParameterGroup> parameter_groups_of(const M& method) {
    if constexpr (requires { method.parameter_groups(); })
        return method.parameter_groups();
    else
        return parameter_groups(method.layout());
}

}  // namespace vitscape
