// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/landscape/connected_region.hpp>
#include <vitscape/landscape/grid.hpp>
#include <vitscape/landscape/plane.hpp>

namespace vitscape {

/// The second derivatives of L(theta + alpha delta + beta eta) in (alpha, beta): xx is the one in alpha.
struct PlaneCurvature {
    double xx = 0, xy = 0, yy = 0;

    /// The smaller and the larger eigenvalue of [xx, xy; xy, yy].
    [[nodiscard]] double smallest() const { return 0.5 * (xx + yy) - distance(); }
    [[nodiscard]] double largest() const { return 0.5 * (xx + yy) + distance(); }
    /// The largest absolute entry.
    [[nodiscard]] double scale() const {
        return std::max(std::max(std::abs(xx), std::abs(xy)), std::abs(yy));
    }

    [[nodiscard]] bool finite() const { return std::isfinite(xx) && std::isfinite(xy) && std::isfinite(yy); }

  private:
    [[nodiscard]] double distance() const { return std::hypot(0.5 * (xx - yy), xy); }
};

/// Curvature of the surface at one point of a plane from two products with the Hessian H there, exact up to rounding:
/// xx = delta . H delta, yy = eta . H eta, xy the mean of delta . H eta and eta . H delta.
/// @param point, product  scratch memory of the plane's size
template <Backend B, class O>
[[nodiscard]] PlaneCurvature plane_curvature(O&& objective, const Plane<B>& plane, double alpha, double beta,
                                             Vector<B>& point, Vector<B>& product) {
    static_assert(require_twice_differentiable<O, B>());
    plane.point(alpha, beta, point);
    PlaneCurvature curvature;
    objective.hessian_vector(point, plane.delta(), product);
    curvature.xx = dot(plane.delta(), product);
    curvature.xy = 0.5 * dot(plane.eta(), product);
    objective.hessian_vector(point, plane.eta(), product);
    curvature.xy += 0.5 * dot(plane.delta(), product);
    curvature.yy = dot(plane.eta(), product);
    return curvature;
}

/// The same with its own scratch memory.
template <Backend B, class O>
[[nodiscard]] PlaneCurvature plane_curvature(O&& objective, const Plane<B>& plane, double alpha,
                                             double beta) {
    Vector<B> point(plane.theta().backend(), plane.size()), product = point;
    return plane_curvature(objective, plane, alpha, beta, point, product);
}

/// The part of a plane, connected to its centre, where the surface is convex. Rows of the tables follow y.
struct ConvexRegion {
    static constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

    std::vector<double> x, y;
    xt::xtensor<double, 2> xx, xy, yy;      // (y, x); NaN if not evaluated or not finite
    xt::xtensor<std::uint8_t, 2> computed;  // (y, x), 1 or 0
    xt::xtensor<std::uint8_t, 2> inside;    // (y, x), 1 for points of the region; 0 until it is complete
    PlaneGeometry geometry;
    double tolerance = nothing;  ///< eigenvalues down to -tolerance count as not negative
    /// Area of the region within the grid, in units of alpha times beta; NaN until it is complete. A lower bound if
    /// `reaches_border`.
    double area = nothing;
    /// Distance in (alpha, beta) from the centre to the nearest point outside the region, at most that to the border of
    /// the grid; NaN until it is complete.
    double radius = nothing;
    bool reaches_border = false;
    Index evaluated = 0;  ///< points evaluated, with two Hessian-vector products each

    ConvexRegion() = default;
    /// A region without any evaluated point.
    ConvexRegion(std::vector<double> along_x, std::vector<double> along_y)
        : x(std::move(along_x)), y(std::move(along_y)) {
        const std::array<std::size_t, 2> shape = {y.size(), x.size()};
        xx = xy = yy = xt::xtensor<double, 2>(shape, nothing);
        computed = inside = xt::xtensor<std::uint8_t, 2>(shape, 0);
    }
    [[nodiscard]] bool complete() const { return !std::isnan(area); }
    /// Curvature at a point of the grid; NaN if it is not known.
    [[nodiscard]] PlaneCurvature at(std::size_t row, std::size_t column) const {
        return {xx(row, column), xy(row, column), yy(row, column)};
    }
};

/// Options of the evaluation of a convex region; all are optional.
struct ConvexRegionOptions {
    /// An earlier region of the same objective, plane and grid, complete or not: its points are not evaluated again.
    const ConvexRegion* resume = nullptr;
    /// Rounding in float can give a zero eigenvalue either sign; eigenvalues down to minus this times the largest
    /// absolute entry of the centre's 2 x 2 Hessian count as not negative.
    double relative_tolerance = 1e-6;
    /// Called after each evaluated point, and before `Interrupted` is thrown: for saving.
    std::function<void(const ConvexRegion&)> after_point = {};
    /// Checked before and after each evaluated point; the total is that of the grid, of which most regions need only a part.
    WorkControl work = {};
};

namespace detail {

inline void resume_region(const ConvexRegion& earlier, ConvexRegion& region) {
    if (earlier.evaluated == 0) return;
    if (earlier.x != region.x || earlier.y != region.y)
        throw ConfigError(message("the convex region to resume has ", earlier.y.size(), " x ",
                                  earlier.x.size(), " points, the requested grid has ", region.y.size(),
                                  " x ", region.x.size(),
                                  ", or other coordinates; request the same grid or start again"));
    if (!region.geometry.matches(earlier.geometry))
        throw ConfigError(
            "the convex region to resume lies in another plane; use the same seed and normalization, or "
            "the directions that were saved with it");
    region.xx = earlier.xx;
    region.xy = earlier.xy;
    region.yy = earlier.yy;
    region.computed = earlier.computed;
    region.evaluated = earlier.evaluated;
}

/// The part of the plane inside the region. `need(row, column)` is called before a point's curvature is read.
template <class Need>
ConnectedRegion connected_part(const ConvexRegion& region, const Need& need) {
    return {region.x, region.y, [&](const ConnectedRegion::Node& node) {
                const auto entry = [&](const xt::xtensor<double, 2>& table) {
                    return node.interpolate([&](std::size_t column, std::size_t row) {
                        need(row, column);
                        return table(row, column);
                    });
                };
                const double xx = entry(region.xx), xy = entry(region.xy), yy = entry(region.yy);
                return PlaneCurvature{xx, xy, yy}.smallest() + region.tolerance;
            }};
}

}  // namespace detail

/// The part of a plane, connected to the centre theta, where the surface's 2 x 2 Hessian in (alpha, beta) has no negative
/// eigenvalue. Its entries are interpolated bilinearly between grid points, so area and radius are finer than the grid.
/// Evaluation proceeds outward from the centre and stops at the boundary of the region: only points that the interpolation
/// needs are evaluated, with two Hessian-vector products each. Points with non-finite products are outside. If the
/// centre itself is not convex, area and radius are 0.
/// @throws ConfigError if the centre is no grid point or `resume` belongs to something else, ShapeError if sizes do
///         not match, NumericError if the centre's curvature is not finite; Interrupted after `options.work.interrupted`.
template <Backend B, class O>
[[nodiscard]] ConvexRegion convex_region(O&& objective, const Plane<B>& plane, const PlaneGrid& grid,
                                         const ConvexRegionOptions& options = {}) {
    static_assert(require_twice_differentiable<O, B>());
    grid.x.check();
    grid.y.check();
    if (static_cast<Index>(objective.layout().size()) != plane.size())
        throw ShapeError(message("the objective has ", objective.layout().size(),
                                 " parameters, the centre has ", plane.size()));
    ConvexRegion region(grid.x.coordinates(), grid.y.coordinates());
    const std::size_t centre_column = detail::centre_index(region.x, "x");
    const std::size_t centre_row = detail::centre_index(region.y, "y");
    region.geometry = plane.geometry();
    if (options.resume != nullptr) detail::resume_region(*options.resume, region);

    Vector<B> point(plane.theta().backend(), plane.size()), product = point;
    const auto need = [&](std::size_t row, std::size_t column) {
        if (region.computed(row, column) != 0) return;
        if (options.work.must_stop()) {
            if (options.after_point) options.after_point(region);
            throw Interrupted(message("stopped after ", region.evaluated, " points of the convex region"));
        }
        const PlaneCurvature here =
            plane_curvature(objective, plane, region.x[column], region.y[row], point, product);
        if (here.finite()) {
            region.xx(row, column) = here.xx;
            region.xy(row, column) = here.xy;
            region.yy(row, column) = here.yy;
        }
        region.computed(row, column) = 1;
        ++region.evaluated;
        if (options.after_point) options.after_point(region);
        options.work.report(region.evaluated, static_cast<Index>(region.x.size() * region.y.size()));
    };
    const bool resumed = region.evaluated > 0;
    need(centre_row, centre_column);
    const PlaneCurvature centre = region.at(centre_row, centre_column);
    if (!centre.finite())
        throw NumericError(
            "the second derivatives of the loss at the centre are not finite; a convex region "
            "around such a point is meaningless");
    if (resumed) {
        const PlaneCurvature here = plane_curvature(objective, plane, 0, 0, point, product);
        const PlaneCurvature change{here.xx - centre.xx, here.xy - centre.xy, here.yy - centre.yy};
        if (!change.finite() || !(change.scale() <= 1e-3 * centre.scale()))
            throw ConfigError(message(
                "the convex region to resume belongs to another model, images or masks: at its centre the "
                "second derivatives are ",
                centre.xx, ", ", centre.xy, ", ", centre.yy, ", here they are ", here.xx, ", ", here.xy, ", ",
                here.yy));
    }
    region.tolerance = options.relative_tolerance * centre.scale();

    const detail::ConnectedRegion part = detail::connected_part(region, need);
    for (std::size_t row = 0; row < region.y.size(); ++row)
        for (std::size_t column = 0; column < region.x.size(); ++column)
            region.inside(row, column) = part.holds(column, row) ? 1 : 0;
    region.area = part.extent().area;
    region.radius = part.extent().radius;
    region.reaches_border = part.extent().reaches_border;
    return region;
}

/// A complete convex region as its area was measured, for drawing: on a grid with cells a quarter as wide.
[[nodiscard]] inline RegionMap region_map(const ConvexRegion& region) {
    return detail::connected_part(region, [](std::size_t, std::size_t) {}).map(4);
}

}  // namespace vitscape
