// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/curvature/block.hpp>
#include <vitscape/io/nearest_names.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/tensor/vector.hpp>

#include <fnmatch.h>

namespace vitscape {

namespace detail {
/// Whether a parameter belongs to a decoder: its name begins with "decoder_", or it is the mask token that a decoder of its
/// own reads (without one, the encoder reads it).
inline bool belongs_to_decoder(const ParameterLayout& layout, const std::string& name) {
    return name.starts_with("decoder_") ||
           (name == "mask_token" && layout.find("decoder_embed.weight") != nullptr);
}
inline bool is_in_part(const ParameterLayout& layout, const std::string& part, const std::string& name) {
    if (part == "decoder") return belongs_to_decoder(layout, name);
    if (part == "encoder") return !belongs_to_decoder(layout, name) && !name.starts_with("head.");
    return ::fnmatch(part.c_str(), name.c_str(), 0) == 0;
}
}  // namespace detail

/// All parameters of a layout.
[[nodiscard]] inline ParameterBlock all_parameters(const ParameterLayout& layout) {
    ParameterBlock all("all");
    all.add({0, layout.size()});
    return all;
}

/// The parameters that one of the parts names, all of them where no part is given. A part is "encoder" (all that is neither
/// decoder nor head), "decoder", or a pattern of names as a shell's, with *, ? and [...]: "blocks.0.*".
/// @throws ConfigError for a part without parameters, with the names that are nearest to it.
[[nodiscard]] inline ParameterBlock parameters_of(const ParameterLayout& layout,
                                                  std::span<const std::string> parts) {
    if (parts.empty()) return all_parameters(layout);
    for (const std::string& part : parts) {
        std::vector<std::string> names;
        for (const ParameterInfo& parameter : layout.parameters()) names.push_back(parameter.name);
        if (std::none_of(names.begin(), names.end(),
                         [&](const std::string& name) { return detail::is_in_part(layout, part, name); }))
            throw ConfigError(message("no parameter of the model is called '", part, "'",
                                      nearest_names(part, names),
                                      "; give a pattern such as blocks.0.*, or encoder or decoder"));
    }
    ParameterBlock chosen("chosen");
    for (const ParameterInfo& parameter : layout.parameters())
        if (std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
                return detail::is_in_part(layout, part, parameter.name);
            }))
            chosen.add({parameter.slot.offset, parameter.size()});
    return chosen;
}

/// Sets all elements of `direction` outside `part` to zero, so that the other parameters stay as they are.
/// @throws ShapeError if the part reaches beyond the direction.
template <Backend B>
void keep_only(const ParameterBlock& part, Vector<B>& direction) {
    const auto& ranges = part.ranges();
    if (!ranges.empty() && ranges.back().offset + ranges.back().size > direction.size())
        throw ShapeError(message("the part ends at ", ranges.back().offset + ranges.back().size,
                                 ", the direction has ", direction.size(), " elements"));
    Index end = 0;  // of what has been looked at
    const auto clear_to = [&](Index begin) {
        if (begin > end) direction.backend().fill(begin - end, 0, direction.data() + end);
    };
    for (const ParameterRange& range : ranges) {
        clear_to(range.offset);
        end = range.offset + range.size;
    }
    clear_to(direction.size());
}

}  // namespace vitscape
