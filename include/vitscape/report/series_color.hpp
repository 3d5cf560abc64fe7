// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace vitscape {

/// Okabe & Ito's colours, which readers without full colour vision can distinguish, as "#rrggbb"; one for each curve or
/// method, by its number.
[[nodiscard]] inline std::string series_color(std::size_t series) {
    constexpr std::array<std::string_view, 7> colors = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                        "#e69f00", "#56b4e9", "#404040"};
    return std::string(colors[series % colors.size()]);
}

}  // namespace vitscape
