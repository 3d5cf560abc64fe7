// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include <xtensor/xbuilder.hpp>
#include <xtensor/xtensor.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/landscape/surface.hpp>

namespace vitscape {

namespace detail {

/// A Gauss point of a cell of the grid, u and v of its width and height from its lower left corner, where the loss, bilinear
/// between the corners, has the slopes (along_x, along_y).
struct CellSlope {
    std::size_t row, column;
    double width, height, u, v, along_x, along_y;
    double weight;  ///< the part of the cell's area that it stands for
};

/// Calls `work` at the 3 x 3 Gauss points of each cell whose corners have finite losses. Returns the area of these cells.
template <class Work>
double for_each_slope(const Surface& surface, const Work& work) {
    if (surface.x.size() < 2 || surface.y.size() < 2)
        throw ConfigError(message("a total variation needs a surface of at least 2 x 2 points, this has ",
                                  surface.rows(), " x ", surface.columns()));
    const double outer = 0.5 * std::sqrt(0.6);
    const std::array<double, 3> places = {0.5 - outer, 0.5, 0.5 + outer},
                                weights = {5.0 / 18, 8.0 / 18, 5.0 / 18};
    double area = 0;
    for (std::size_t row = 0; row + 1 < surface.y.size(); ++row)
        for (std::size_t column = 0; column + 1 < surface.x.size(); ++column) {
            const double low_left = surface.loss(row, column), low_right = surface.loss(row, column + 1);
            const double high_left = surface.loss(row + 1, column),
                         high_right = surface.loss(row + 1, column + 1);
            if (!std::isfinite(low_left + low_right + high_left + high_right)) continue;
            const double width = surface.x[column + 1] - surface.x[column];
            const double height = surface.y[row + 1] - surface.y[row];
            for (std::size_t i = 0; i < 3; ++i)
                for (std::size_t j = 0; j < 3; ++j)
                    work(
                        CellSlope{row, column, width, height, places[i], places[j],
                                  std::lerp(low_right - low_left, high_right - high_left, places[j]) / width,
                                  std::lerp(high_left - low_left, high_right - low_right, places[i]) / height,
                                  weights[i] * weights[j] * width * height});
            area += width * height;
        }
    return area;
}

}  // namespace detail

/// Mean slope of the surface, |(dL/dalpha, dL/dbeta)|, over the plane: the total variation divided by the area of the plane,
/// so that it grows neither with the grid nor with its range. In units of the loss. The loss is bilinear between points, and
/// the mean slope of a cell is computed with 3 x 3 Gauss points. Cells with a corner without a finite loss are excluded;
/// NaN if no cell remains.
/// @throws ConfigError for a line.
[[nodiscard]] inline double total_variation(const Surface& surface) {
    double variation = 0;
    const double area = detail::for_each_slope(surface, [&](const detail::CellSlope& s) {
        variation += s.weight * std::hypot(s.along_x, s.along_y);
    });
    return area > 0 ? variation / area : std::numeric_limits<double>::quiet_NaN();
}

/// Upper bound of the standard error of `total_variation`, to first order: it is a sum of the losses with the weights
/// w = d(total variation)/d(loss), and a standard deviation obeys the triangle inequality, so its error is at most the sum of |w|
/// times `difference_standard_error`. Errors larger than the differences between neighbours raise the mean slope itself, which
/// is not in it. NaN if the surface has no errors.
/// @throws ConfigError for a line.
[[nodiscard]] inline double bound_of_total_variation_error(const Surface& surface) {
    xt::xtensor<double, 2> weights = xt::zeros<double>({surface.y.size(), surface.x.size()});
    const double area = detail::for_each_slope(surface, [&](const detail::CellSlope& s) {
        const double slope = std::hypot(s.along_x, s.along_y);
        if (!(slope > 0)) return;
        const double x = s.weight * s.along_x / slope / s.width, y = s.weight * s.along_y / slope / s.height;
        weights(s.row, s.column) -= (1 - s.v) * x + (1 - s.u) * y;
        weights(s.row, s.column + 1) += (1 - s.v) * x - s.u * y;
        weights(s.row + 1, s.column) += (1 - s.u) * y - s.v * x;
        weights(s.row + 1, s.column + 1) += s.v * x + s.u * y;
    });
    double bound = 0;
    for (std::size_t row = 0; row < surface.y.size(); ++row)
        for (std::size_t column = 0; column < surface.x.size(); ++column)
            if (weights(row, column) != 0)
                bound +=
                    std::abs(weights(row, column)) * surface.difference_standard_error(row, column) / area;
    return area > 0 ? bound : std::numeric_limits<double>::quiet_NaN();
}

/// Number of local minima of a surface.
struct LocalMinima {
    Index interior = 0;   ///< points lower than all 8 neighbours
    Index border = 0;     ///< points of the grid's border lower than all their neighbours
    Index undecided = 0;  ///< candidates with a neighbour that is not yet computed
};

/// Counts the strict local minima among the points of a surface, each compared with its up to 8 neighbours (2 on a line,
/// whose border consists of its two ends). Points without a finite loss are not minima; as computed neighbours they count as
/// higher (the loss diverges there). A noisy loss has minima of its noise: compare counts only on the same grid.
[[nodiscard]] inline LocalMinima local_minima(const Surface& surface) {
    LocalMinima minima;
    const std::size_t rows = surface.y.size(), columns = surface.x.size();
    for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t column = 0; column < columns; ++column) {
            const double here = surface.loss(row, column);
            if (!std::isfinite(here)) continue;
            bool lowest = true, unknown = false;
            Index neighbours = 0;
            for (std::size_t r = row > 0 ? row - 1 : 0; r < rows && r <= row + 1; ++r)
                for (std::size_t c = column > 0 ? column - 1 : 0; c < columns && c <= column + 1; ++c) {
                    if (r == row && c == column) continue;
                    ++neighbours;
                    if (surface.computed(r, c) == 0)
                        unknown = true;
                    else if (std::isfinite(surface.loss(r, c)) && !(here < surface.loss(r, c)))
                        lowest = false;
                }
            if (!lowest || neighbours == 0) continue;
            const bool border = (rows > 1 && (row == 0 || row + 1 == rows)) ||
                                (columns > 1 && (column == 0 || column + 1 == columns));
            ++(unknown ? minima.undecided : border ? minima.border : minima.interior);
        }
    return minima;
}

}  // namespace vitscape
