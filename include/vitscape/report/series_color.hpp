// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace vitscape {

namespace detail {
inline constexpr std::array<std::string_view, 7> series_colors = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                                  "#e69f00", "#56b4e9", "#404040"};
}  // namespace detail

/// Okabe & Ito's colours, which readers without full colour vision can distinguish, as "#rrggbb"; one for each curve or
/// method, by its number.
[[nodiscard]] inline std::string series_color(std::size_t series) {
    return std::string(detail::series_colors[series % detail::series_colors.size()]);
}
/// Whether the curve's colour is that of an earlier one, from which dashes then distinguish it.
[[nodiscard]] inline bool series_dashed(std::size_t series) { return series >= detail::series_colors.size(); }

}  // namespace vitscape
