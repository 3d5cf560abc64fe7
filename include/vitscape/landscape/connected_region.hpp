// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// Extent of a connected part of a plane, in the coordinates of the plane.
struct RegionExtent {
    double area = 0;    ///< within the grid; in units of alpha times beta
    double radius = 0;  ///< from the centre to the nearest point outside; the grid's border counts as outside
    bool reaches_border = false;  ///< if so, the grid may truncate the region
};

namespace detail {

/// Index of the coordinate 0, that of the centre.
inline std::size_t centre_index(const std::vector<double>& coordinates, const char* axis) {
    const auto found = std::find(coordinates.begin(), coordinates.end(), 0.0);
    if (coordinates.size() < 2 || found == coordinates.end())
        throw ConfigError(
            message("a region around the centre needs a grid of at least 2 x 2 points with the "
                    "centre, 0, among its coordinates; ",
                    axis, " has ", coordinates.size(),
                    " without it; take an odd number of steps over a symmetric range"));
    return static_cast<std::size_t>(found - coordinates.begin());
}

/// The part of {f >= 0}, connected to the centre, of a function that is sampled on a grid and bilinear (or composed of
/// bilinear functions) in its cells. The grid is refined by `subdivisions`; a flood fill from the centre node visits neighbours
/// as long as they belong to the part, so the function is evaluated only on the part and its boundary.
class ConnectedRegion {
  public:
    static constexpr std::size_t subdivisions = 8;

    /// A node of the fine grid: in the cell that starts at coarse point (column, row), at the fractions (u, v).
    struct Node {
        std::size_t column, row;
        double u, v;
        /// Bilinear interpolation; calls `at(column, row)` only for corners with a non-zero weight.
        template <class At>
        [[nodiscard]] double interpolate(const At& at) const {
            const auto along_x = [&](std::size_t r) {
                const double left = at(column, r);
                return u == 0 ? left : (1 - u) * left + u * at(column + 1, r);
            };
            const double low = along_x(row);
            return v == 0 ? low : (1 - v) * low + v * along_x(row + 1);
        }
    };

    /// @param f  f(node): a double; NaN counts as outside
    template <class Function>
    ConnectedRegion(const std::vector<double>& x, const std::vector<double>& y, const Function& f)
        : x_(x),
          y_(y),
          columns_((x.size() - 1) * subdivisions + 1),
          rows_((y.size() - 1) * subdivisions + 1),
          values_(columns_ * rows_),
          states_(columns_ * rows_, State::unknown) {
        const std::size_t column = centre_index(x, "x") * subdivisions,
                          row = centre_index(y, "y") * subdivisions;
        fill(column, row, f);
        if (states_[row * columns_ + column] == State::inside) measure(column, row);
    }

    [[nodiscard]] const RegionExtent& extent() const { return extent_; }

  private:
    enum class State : std::uint8_t { unknown, outside, inside };
    /// Value used for NaN: so far below zero that the boundary lies at the last finite node.
    static constexpr double far_outside = -1e300;

    template <class Function>
    void fill(std::size_t centre_column, std::size_t centre_row, const Function& f) {
        std::deque<std::pair<std::size_t, std::size_t>> waiting;
        const auto look = [&](std::size_t column, std::size_t row) {
            const std::size_t i = row * columns_ + column;
            if (states_[i] != State::unknown) return;
            const Node node{column / subdivisions, row / subdivisions,
                            static_cast<double>(column % subdivisions) / subdivisions,
                            static_cast<double>(row % subdivisions) / subdivisions};
            const double value = f(node);
            values_[i] = std::isnan(value) ? far_outside : std::max(value, far_outside);
            states_[i] = State::outside;
        };
        const auto enter = [&](std::size_t column, std::size_t row) {
            const std::size_t i = row * columns_ + column;
            if (states_[i] != State::outside || !(values_[i] >= 0)) return;
            states_[i] = State::inside;
            waiting.emplace_back(column, row);
        };
        look(centre_column, centre_row);
        enter(centre_column, centre_row);
        while (!waiting.empty()) {
            const auto [column, row] = waiting.front();
            waiting.pop_front();
            const std::size_t left = column > 0 ? column - 1 : column,
                              right = std::min(column + 1, columns_ - 1);
            const std::size_t below = row > 0 ? row - 1 : row, above = std::min(row + 1, rows_ - 1);
            if (left == column || right == column || below == row || above == row)
                extent_.reaches_border = true;
            for (std::size_t r = below; r <= above; ++r)  // corners too: `measure` needs whole fine cells
                for (std::size_t c = left; c <= right; ++c) look(c, r);
            enter(left, row);
            enter(right, row);
            enter(column, below);
            enter(column, above);
        }
    }

    /// Coordinate of a fine node.
    static double coordinate(const std::vector<double>& axis, std::size_t i) {
        const std::size_t cell = i / subdivisions;
        const double fraction = static_cast<double>(i % subdivisions) / subdivisions;
        return fraction == 0 ? axis[cell] : axis[cell] + fraction * (axis[cell + 1] - axis[cell]);
    }
    /// The function, with nodes of other parts, which the region does not reach, outside.
    [[nodiscard]] double value(std::size_t column, std::size_t row) const {
        const std::size_t i = row * columns_ + column;
        return states_[i] == State::inside ? values_[i] : -std::abs(values_[i]);
    }
    /// Fraction of a triangle where the linear function of these corners is not negative.
    static double share(std::array<double, 3> corner) {
        std::sort(corner.begin(), corner.end());
        const auto [low, middle, high] = corner;
        if (low >= 0) return 1;
        if (high < 0) return 0;
        if (middle >= 0) return 1 - low / (low - middle) * (low / (low - high));
        return high / (high - low) * (high / (high - middle));
    }

    void measure(std::size_t centre_column, std::size_t centre_row) {
        for (std::size_t row = 0; row + 1 < rows_; ++row)
            for (std::size_t column = 0; column + 1 < columns_; ++column) {
                const auto inside = [&](std::size_t c, std::size_t r) {
                    return states_[r * columns_ + c] == State::inside;
                };
                if (!inside(column, row) && !inside(column + 1, row) && !inside(column, row + 1) &&
                    !inside(column + 1, row + 1))
                    continue;
                const std::array<double, 4> corners{value(column, row), value(column + 1, row),
                                                    value(column + 1, row + 1), value(column, row + 1)};
                // Four triangles around the middle, so that mirrored regions have the same area.
                const double middle =
                    0.25 * corners[0] + 0.25 * corners[1] + 0.25 * corners[2] + 0.25 * corners[3];
                double part = 0;
                for (std::size_t k = 0; k < 4; ++k)
                    part += 0.25 * share({corners[k], corners[(k + 1) % 4], middle});
                extent_.area += part * (coordinate(x_, column + 1) - coordinate(x_, column)) *
                                (coordinate(y_, row + 1) - coordinate(y_, row));
            }
        const double x0 = coordinate(x_, centre_column), y0 = coordinate(y_, centre_row);
        double radius =
            std::min(std::min(x0 - x_.front(), x_.back() - x0), std::min(y0 - y_.front(), y_.back() - y0));
        for (std::size_t row = 0; row < rows_; ++row)
            for (std::size_t column = 0; column < columns_; ++column) {
                if (states_[row * columns_ + column] != State::inside) continue;
                const double here = value(column, row);
                const double x = coordinate(x_, column) - x0, y = coordinate(y_, row) - y0;
                for (std::size_t r = row > 0 ? row - 1 : 0; r <= std::min(row + 1, rows_ - 1); ++r)
                    for (std::size_t c = column > 0 ? column - 1 : 0; c <= std::min(column + 1, columns_ - 1);
                         ++c) {
                        if (states_[r * columns_ + c] == State::inside) continue;
                        const double there = value(c, r);
                        const double step = there > far_outside && here > 0 ? here / (here - there) : 0.0;
                        radius = std::min(radius, std::hypot(x + step * (coordinate(x_, c) - x0 - x),
                                                             y + step * (coordinate(y_, r) - y0 - y)));
                    }
            }
        extent_.radius = radius;
    }

    const std::vector<double>&x_, &y_;
    std::size_t columns_, rows_;
    std::vector<double> values_;
    std::vector<State> states_;
    RegionExtent extent_;
};

}  // namespace detail

}  // namespace vitscape
