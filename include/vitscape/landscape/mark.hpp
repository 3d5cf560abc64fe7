// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <vitscape/landscape/grid.hpp>

namespace vitscape {

/// A point of a line or plane that has a name, such as a model: at theta + x delta + y eta.
struct Mark {
    std::string name;
    double x = 0, y = 0;
    std::string source = {};  ///< the file that it was read from, if any
};

/// What the figures of a surface show beside the loss.
struct SurfaceMarks {
    std::vector<Mark> points;  ///< each with its name
    std::vector<Mark> path;    ///< joined in this order; the first and the last with their names

    [[nodiscard]] bool empty() const { return points.empty() && path.empty(); }
};

namespace detail {
/// From the smallest to the largest coordinate of the marks and of the centre, and a quarter of that beyond each.
inline Grid grid_around(const SurfaceMarks& marks, double Mark::*coordinate, Index steps) {
    double low = 0, high = 0;
    for (const auto* list : {&marks.points, &marks.path})
        for (const Mark& mark : *list) {
            low = std::min(low, mark.*coordinate);
            high = std::max(high, mark.*coordinate);
        }
    const double margin = 0.25 * (high - low);
    if (!(margin > 0)) return {.from = -1, .to = 1, .steps = steps};
    return {.from = low - margin, .to = high + margin, .steps = steps};
}
/// Widens `grid` on both sides where it is less than half as long as `other`.
inline void widen(Grid& grid, const Grid& other) {
    const double missing = 0.5 * (other.to - other.from) - (grid.to - grid.from);
    if (!(missing > 0)) return;
    grid.from -= missing / 2;
    grid.to += missing / 2;
}
}  // namespace detail

/// A grid that shows the centre and all marks, with a quarter of their extent beyond them; -1 to 1 along an axis on which
/// they do not differ, and no axis is less than half as long as the other, so that a figure can have equal units along both. Two models at
/// x = 0 and 1 give -0.25 to 1.25.
[[nodiscard]] inline PlaneGrid grid_around(const SurfaceMarks& marks, Index steps = 25) {
    PlaneGrid grid(detail::grid_around(marks, &Mark::x, steps), detail::grid_around(marks, &Mark::y, steps));
    detail::widen(grid.x, grid.y);
    detail::widen(grid.y, grid.x);
    return grid;
}

}  // namespace vitscape
