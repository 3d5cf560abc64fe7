// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <xtensor/xtensor.hpp>

namespace vitscape {

/// Values on a rectangular grid, for drawing: `values(iy, ix)` at (x[ix], y[iy]); NaN where there is no value.
struct GridValues {
    std::vector<double> x, y;
    xt::xtensor<double, 2> values;  // (y, x)
};

namespace detail {

/// The cubic through b and c with neighbours a and d (Catmull & Rom 1974), at 0 <= t <= 1. A missing neighbour is
/// extrapolated linearly.
inline double interpolate(double a, double b, double c, double d, double t) {
    if (t == 0) return b;
    if (t == 1) return c;
    if (std::isnan(a)) a = 2 * b - c;
    if (std::isnan(d)) d = 2 * c - b;
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/// One axis of `refine`; `at(i)` is NaN outside.
template <class At>
double interpolate_at(const At& at, std::ptrdiff_t cell, double t) {
    return interpolate(at(cell - 1), at(cell), at(cell + 1), at(cell + 2), t);
}

inline std::vector<double> refine_axis(const std::vector<double>& axis, std::size_t factor) {
    std::vector<double> result;
    for (std::size_t i = 0; i + 1 < axis.size(); ++i)
        for (std::size_t k = 0; k < factor; ++k) {
            const double t = static_cast<double>(k) / static_cast<double>(factor);
            result.push_back((1 - t) * axis[i] + t * axis[i + 1]);
        }
    result.push_back(axis.back());
    return result;
}

}  // namespace detail

/// The same grid with `factor` steps in place of each, by bicubic interpolation through the given values. A
/// cell with a NaN corner remains empty.
[[nodiscard]] inline GridValues refine(const GridValues& grid, std::size_t factor) {
    const double nothing = std::nan("");
    const auto rows = static_cast<std::ptrdiff_t>(grid.y.size());
    const auto columns = static_cast<std::ptrdiff_t>(grid.x.size());
    const auto at = [&](std::ptrdiff_t row, std::ptrdiff_t column) {
        return row < 0 || row >= rows || column < 0 || column >= columns
                   ? nothing
                   : grid.values(static_cast<std::size_t>(row), static_cast<std::size_t>(column));
    };
    GridValues fine{detail::refine_axis(grid.x, factor), detail::refine_axis(grid.y, factor), {}};
    fine.values = xt::xtensor<double, 2>(std::array{fine.y.size(), fine.x.size()}, nothing);
    for (std::size_t j = 0; j < fine.y.size(); ++j)
        for (std::size_t i = 0; i < fine.x.size(); ++i) {
            const auto row = static_cast<std::ptrdiff_t>(j / factor);
            const auto column = static_cast<std::ptrdiff_t>(i / factor);
            const double down = static_cast<double>(j % factor) / static_cast<double>(factor);
            const double right = static_cast<double>(i % factor) / static_cast<double>(factor);
            fine.values(j, i) = detail::interpolate_at(
                [&](std::ptrdiff_t r) {
                    return detail::interpolate_at([&](std::ptrdiff_t c) { return at(r, c); }, column, right);
                },
                row, down);
        }
    return fine;
}

/// A line of constant value. A closed one ends where it begins.
struct ContourLine {
    double level = 0;
    std::vector<std::array<double, 2>> points;
};

/// The lines where bilinear values on the grid cross `level` (marching squares; a saddle cell is resolved by
/// its mean). Cells with a NaN corner contain no line.
[[nodiscard]] inline std::vector<ContourLine> contour_lines(const GridValues& grid, double level) {
    const std::size_t columns = grid.x.size(), rows = grid.y.size();
    if (columns < 2 || rows < 2) return {};
    // A line crosses edges of the grid: edge 2 n goes right from point n, edge 2 n + 1 goes down from it.
    // Each cell connects its crossed edges in pairs, so an edge has at most two neighbours, one from each side.
    constexpr std::size_t none = static_cast<std::size_t>(-1);
    std::vector<std::array<std::size_t, 2>> neighbours(2 * rows * columns, {none, none});
    const auto join = [&](std::size_t a, std::size_t b) {
        neighbours[a][neighbours[a][0] == none ? 0 : 1] = b;
        neighbours[b][neighbours[b][0] == none ? 0 : 1] = a;
    };
    for (std::size_t j = 0; j + 1 < rows; ++j)
        for (std::size_t i = 0; i + 1 < columns; ++i) {
            const std::array corner = {grid.values(j, i), grid.values(j, i + 1), grid.values(j + 1, i + 1),
                                       grid.values(j + 1, i)};
            if (std::any_of(corner.begin(), corner.end(), [](double v) { return !std::isfinite(v); }))
                continue;
            const std::size_t n = j * columns + i;
            const std::array edges = {2 * n, 2 * (n + 1) + 1, 2 * (n + columns), 2 * n + 1};
            std::array<std::size_t, 4> crossed{};  // sides 0 to 3 in their order around the cell
            std::size_t count = 0;
            for (std::size_t side = 0; side < 4; ++side)
                if ((corner[side] >= level) != (corner[(side + 1) % 4] >= level))
                    crossed[count++] = edges[side];
            if (count == 2) join(crossed[0], crossed[1]);
            if (count == 4) {
                const bool middle_above = (corner[0] + corner[1] + corner[2] + corner[3]) / 4 >= level;
                const bool first_apart = (corner[0] >= level) != middle_above;  // cut off corners 0 and 2
                join(crossed[0], crossed[first_apart ? 3 : 1]);
                join(crossed[2], crossed[first_apart ? 1 : 3]);
            }
        }

    const auto point = [&](std::size_t edge) {
        const std::size_t n = edge / 2, i = n % columns, j = n / columns;
        const std::size_t i2 = edge % 2 == 0 ? i + 1 : i, j2 = edge % 2 == 0 ? j : j + 1;
        const double a = grid.values(j, i), b = grid.values(j2, i2), t = (level - a) / (b - a);
        return std::array{(1 - t) * grid.x[i] + t * grid.x[i2], (1 - t) * grid.y[j] + t * grid.y[j2]};
    };
    std::vector<ContourLine> lines;
    std::vector<char> used(neighbours.size(), 0);
    const auto follow = [&](std::size_t start) {
        ContourLine line{level, {}};
        std::size_t edge = start;
        for (std::size_t next = edge; next != none;) {
            edge = next;
            used[edge] = 1;
            line.points.push_back(point(edge));
            next = none;
            for (const std::size_t neighbour : neighbours[edge])
                if (neighbour != none && used[neighbour] == 0) next = neighbour;
        }
        const auto& [a, b] = neighbours[edge];
        if (edge != start && b != none && (a == start || b == start)) line.points.push_back(point(start));
        lines.push_back(std::move(line));
    };
    for (const bool closed : {false, true})  // lines that end at a border first, then the remaining loops
        for (std::size_t edge = 0; edge < neighbours.size(); ++edge)
            if (used[edge] == 0 && neighbours[edge][0] != none && (closed || neighbours[edge][1] == none))
                follow(edge);
    return lines;
}

}  // namespace vitscape
