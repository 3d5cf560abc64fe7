// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/landscape/adaptive_cells.hpp>
#include <vitscape/landscape/grid.hpp>
#include <vitscape/landscape/surface.hpp>

namespace vitscape {

/// An evaluated point of an adaptive surface; the loss is NaN if it is not finite.
struct AdaptivePoint {
    double x = 0, y = 0, loss = 0, standard_error = 0, difference_standard_error = 0;
    bool held_out = false;  ///< no part of the interpolation, which is compared with it
};

/// What points that took no part in the refinement tell of the interpolation. Of places drawn like these, uniformly, a share of
/// at most `share` has a greater error than `largest` (with a probability of 95 %); of single places it says nothing.
struct InterpolationError {
    Index points = 0;    ///< held-out points with a finite loss and a finite interpolation
    double largest = 0;  ///< in units of the loss
    double root_mean_square = 0;
    double share = 1;  ///< 1 - 0.05^(1 / points), about 3 / points; of several checks see `project_to_bound`
    Index gaps = 0;    ///< held-out points where only one of the two is finite; not among `points`
};

/// An interpolation on a dense grid. Its losses are no evaluations except where `exact` is 1.
struct InterpolatedSurface {
    std::vector<double> x, y;
    xt::xtensor<double, 2> loss;         // (y, x); NaN beside losses that are not finite
    xt::xtensor<std::uint8_t, 2> exact;  // (y, x), 1: the objective was evaluated at this very point
};

/// A loss on a plane (or line) at points that lie closer where it bends.
struct AdaptiveSurface {
    Surface centre;                     ///< one point, theta: its loss, errors, samples and the geometry
    std::vector<AdaptivePoint> points;  ///< in the order of their evaluation
    double tolerance = 0;
    bool refined =
        false;  ///< each cell's estimated error is below the tolerance, except of those that cannot be divided further
    std::optional<InterpolationError>
        error;             ///< measured on the held-out points; none before all are evaluated
    bool bounded = false;  ///< `project_to_bound` alone: whether `error` is at most the tolerance

    /// @throws ConfigError if no error has been measured
    [[nodiscard]] const InterpolationError& measured_error() const {
        if (!error || error->points == 0)
            throw ConfigError(
                "the error of this surface's interpolation has not been measured: refine it to its end, with "
                "at "
                "least 1 held-out point");
        return *error;
    }
    /// The interpolation on a dense grid. Nothing is extrapolated.
    /// @throws ConfigError for a surface without cells (that was not refined yet) or a grid beyond its range
    [[nodiscard]] InterpolatedSurface to_surface(const PlaneGrid& grid) const;

    std::optional<detail::AdaptiveCells> cells;
    PlaneGrid range;  ///< whose steps do not matter
};

inline InterpolatedSurface AdaptiveSurface::to_surface(const PlaneGrid& grid) const {
    grid.x.check();
    grid.y.check();
    if (!cells)
        throw ConfigError("an adaptive surface can be interpolated after it was refined; it has points only");
    const auto inside = [](const Grid& part, const Grid& whole) {
        return part.from >= whole.from && part.to <= whole.to;
    };
    if (!inside(grid.x, range.x) || !inside(grid.y, range.y))
        throw ConfigError(message("an adaptive surface over ", range.x.from, ":", range.x.to, " and ",
                                  range.y.from, ":", range.y.to, " is not extrapolated to ", grid.x.from, ":",
                                  grid.x.to, " and ", grid.y.from, ":", grid.y.to));
    std::map<std::pair<double, double>, double> known;
    for (const AdaptivePoint& point : points) known[{point.x, point.y}] = point.loss;
    InterpolatedSurface dense{grid.x.coordinates(), grid.y.coordinates(), {}, {}};
    const std::array<std::size_t, 2> shape = {dense.y.size(), dense.x.size()};
    dense.loss = xt::xtensor<double, 2>(shape, 0.0);
    dense.exact = xt::xtensor<std::uint8_t, 2>(shape, 0);
    for (std::size_t row = 0; row < dense.y.size(); ++row)
        for (std::size_t column = 0; column < dense.x.size(); ++column) {
            const auto found = known.find({dense.x[column], dense.y[row]});
            dense.exact(row, column) = found != known.end() ? 1 : 0;
            dense.loss(row, column) =
                found != known.end() ? found->second : (*cells)(dense.x[column], dense.y[row]);
        }
    return dense;
}

}  // namespace vitscape
