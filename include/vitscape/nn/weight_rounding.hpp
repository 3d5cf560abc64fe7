// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <vitscape/core/bfloat16.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/nn/parameter_layout.hpp>

// Parameters as they are after a model was stored in fewer bits: noise on the weights that deployment adds.

namespace vitscape {

/// Every parameter rounded to the nearest bfloat16 (8 significant bits).
[[nodiscard]] inline std::vector<double> rounded_to_bfloat16(std::vector<double> values) {
    for (double& value : values) value = static_cast<float>(bfloat16(static_cast<float>(value)));
    return values;
}

/// Weights rounded to 8-bit integers times a scale of each filter (an output unit): round(127 w / m) m / 127 with the filter's
/// largest absolute weight m, as symmetric per-channel quantization stores them. Biases, norms, tokens and positions stay.
/// @param values  (layout.size()).  @throws ShapeError if the sizes differ
[[nodiscard]] inline std::vector<double> rounded_to_int8(const ParameterLayout& layout,
                                                         std::vector<double> values) {
    if (static_cast<Index>(values.size()) != layout.size())
        throw ShapeError(
            message("the layout has ", layout.size(), " parameters, ", values.size(), " values were given"));
    for (const ParameterInfo& parameter : layout.parameters()) {
        if (parameter.kind != ParameterKind::weight || parameter.filters() == 0) continue;
        const auto filters = static_cast<std::size_t>(parameter.filters()),
                   width = static_cast<std::size_t>(parameter.size()) / filters,
                   first = static_cast<std::size_t>(parameter.slot.offset);
        for (std::size_t filter = 0; filter < filters; ++filter) {
            const std::span<double> row(values.data() + first + filter * width, width);
            double largest = 0;
            for (const double weight : row) largest = std::max(largest, std::abs(weight));
            if (largest == 0) continue;
            for (double& weight : row) weight = std::round(127 * weight / largest) * largest / 127;
        }
    }
    return values;
}

}  // namespace vitscape
