// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <vitscape/core/error.hpp>
#include <vitscape/landscape/grid.hpp>

namespace vitscape {

/// The coordinates of a volume: alpha along x, beta along y, gamma along z.
struct VolumeGrid {
    Grid x, y, z;
    VolumeGrid() = default;
    VolumeGrid(const Grid& all)
        : x(all), y(all), z(all) {}  // NOLINT: the same range for all is the common case
    VolumeGrid(const Grid& along_x, const Grid& along_y, const Grid& along_z)
        : x(along_x), y(along_y), z(along_z) {}
    friend bool operator==(const VolumeGrid&, const VolumeGrid&) = default;
};

/// Whether a grid's text names a third axis.
[[nodiscard]] inline bool names_third_axis(std::string_view text) {
    return text.starts_with("z:") || text.find(",z:") != text.npos;
}

/// Reads "FROM:TO:STEPS" (all axes) or "x:FROM:TO:STEPS,y:FROM:TO:STEPS,z:FROM:TO:STEPS", in any order.
/// @throws ConfigError naming the part that cannot be parsed.
[[nodiscard]] inline VolumeGrid parse_volume_grid(std::string_view text) {
    constexpr std::string_view names = "xyz";
    if (text.size() < 2 || text[1] != ':' || names.find(text[0]) == names.npos)
        return detail::parse_axis(text, text);
    std::optional<Grid> axes[3];
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view axis = rest.substr(0, rest.find(','));
        rest.remove_prefix(axis.size() < rest.size() ? axis.size() + 1 : rest.size());
        const std::size_t which = axis.size() > 1 && axis[1] == ':' ? names.find(axis[0]) : names.npos;
        if (which == names.npos || axes[which])
            throw ConfigError(
                message("'", axis, "' in the grid '", text,
                        "' must name another axis: x:FROM:TO:STEPS,y:FROM:TO:STEPS,z:FROM:TO:STEPS"));
        axes[which] = detail::parse_axis(axis.substr(2), text);
    }
    for (std::size_t i = 0; i < 3; ++i)
        if (!axes[i])
            throw ConfigError(message("the grid '", text, "' of a volume names no ", names.substr(i, 1),
                                      "; write x:FROM:TO:STEPS,y:FROM:TO:STEPS,z:FROM:TO:STEPS"));
    return {*axes[0], *axes[1], *axes[2]};
}

}  // namespace vitscape
