// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

#include <vitscape/landscape/surface.hpp>

namespace vitscape::test {

/// A surface of four columns and three rows, its losses 10 * row + column + 0.5: of the last row, the loss at x = 1 is not
/// finite, and that at x = 2 has not been computed.
inline Surface holed_surface() {
    Surface surface({-1, 0, 1, 2}, {0, 0.25, 0.5});
    for (std::size_t row = 0; row < 3; ++row)
        for (std::size_t column = 0; column < 4; ++column) {
            surface.loss(row, column) = 10.0 * static_cast<double>(row) + static_cast<double>(column) + 0.5;
            surface.standard_error(row, column) = 0.1 * static_cast<double>(row + 1);
            surface.difference_standard_error(row, column) = 0.01 * static_cast<double>(column);
            surface.computed(row, column) = 1;
        }
    const double nothing = std::numeric_limits<double>::quiet_NaN();
    surface.loss(2, 2) = surface.loss(2, 3) = surface.standard_error(2, 3) =
        surface.difference_standard_error(2, 3) = nothing;
    surface.computed(2, 3) = 0;
    surface.centre_loss = 1.5;
    surface.centre_standard_error = 0.1;
    surface.geometry = {.theta_norm = 3,
                        .delta_norm = 2,
                        .eta_norm = 1,
                        .theta_dot_delta = 0.5,
                        .theta_dot_eta = -0.5,
                        .delta_dot_eta = 0.25};
    surface.samples = 7;
    return surface;
}

/// A line of three points, the middle one not computed.
inline Surface holed_line() {
    Surface line({-1, 0, 1}, {0});
    line.loss(0, 0) = 3;
    line.loss(0, 2) = 4;
    line.computed(0, 0) = line.computed(0, 2) = 1;
    return line;
}

/// Whether two tables hold the same numbers, NaN where the other has NaN.
template <class Table>
bool same_numbers(const Table& a, const Table& b) {
    if (a.shape() != b.shape()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (std::isnan(a.data()[i]) ? !std::isnan(b.data()[i]) : a.data()[i] != b.data()[i]) return false;
    return true;
}

}  // namespace vitscape::test
