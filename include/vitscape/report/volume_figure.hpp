// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/number_text.hpp>
#include <vitscape/landscape/volume.hpp>
#include <vitscape/report/contour_figure.hpp>

namespace vitscape {

namespace detail {
/// Index of the coordinate closest to 0.
inline std::size_t central_index(const std::vector<double>& coordinates) {
    const auto nearest = std::min_element(coordinates.begin(), coordinates.end(),
                                          [](double a, double b) { return std::abs(a) < std::abs(b); });
    return static_cast<std::size_t>(nearest - coordinates.begin());
}
}  // namespace detail

/// Writes the three planes of a volume that are closest to its centre (.png, .svg or .pdf) as contours on one colour scale: along
/// x and y, x and z, y and z. A plane with fewer than 2 x 2 points is left out.
/// @throws as `write_contour`
inline void write_volume_slices(const std::filesystem::path& path, const Volume& volume,
                                const FigureOptions& options = {}, const std::string& z_label = "γ") {
    const std::size_t i = detail::central_index(volume.x), j = detail::central_index(volume.y),
                      k = detail::central_index(volume.z);
    const Surface planes[] = {volume.slice(k), volume.slice_along_z(j), volume.slice_across(i)};
    const auto at = [](const char* axis, double coordinate) {
        return message("at ", axis, " = ", short_number(coordinate));
    };
    std::vector<FigurePanel> panels{{.title = at("γ", volume.z[k]),
                                     .surface = &planes[0],
                                     .x_label = options.x_label,
                                     .y_label = options.y_label},
                                    {.title = at("β", volume.y[j]),
                                     .surface = &planes[1],
                                     .x_label = options.x_label,
                                     .y_label = z_label},
                                    {.title = at("α", volume.x[i]),
                                     .surface = &planes[2],
                                     .x_label = options.y_label,
                                     .y_label = z_label}};
    std::erase_if(panels, [](const FigurePanel& panel) {
        return panel.surface->rows() < 2 || panel.surface->columns() < 2;
    });
    write_contour(path, panels, options);
}

}  // namespace vitscape
