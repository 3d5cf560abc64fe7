// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <vitscape/backend/concept.hpp>
#include <vitscape/nn/parameter_layout.hpp>

namespace vitscape {

/// Groups of a layout: weight decay for parameters of two or more dimensions only; neighbours that are
/// treated alike are one group.
inline std::vector<ParameterGroup> parameter_groups(const ParameterLayout& layout) {
    std::vector<ParameterGroup> groups;
    for (const ParameterInfo& parameter : layout.parameters()) {
        const double decay = parameter.decays() ? 1 : 0;
        if (!groups.empty() && groups.back().weight_decay_scale == decay)
            groups.back().count += parameter.size();
        else
            groups.push_back({parameter.slot.offset, parameter.size(), decay, 1});
    }
    return groups;
}

}  // namespace vitscape
