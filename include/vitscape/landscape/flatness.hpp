// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <span>
#include <type_traits>
#include <vector>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/landscape/connected_region.hpp>
#include <vitscape/landscape/plane.hpp>
#include <vitscape/landscape/rise_evaluator.hpp>
#include <vitscape/landscape/surface.hpp>

namespace vitscape {

/// Rise of the loss over that at the centre on a circle around it: L(point) - L(centre), in units of the loss. A
/// point with a non-finite loss counts as infinitely high.
struct RadialRise {
    double radius = 0;
    double mean = 0;   ///< over the points of the circle
    double worst = 0;  ///< the largest
};

/// Rises on circles of the given radii in a plane: the loss at theta + radius (cos t delta + sin t eta), t = 2 pi k / directions
/// for k = 0, ..., directions - 1. Evaluated, not interpolated: `directions` evaluations per radius and one for the centre.
/// @throws ConfigError for a radius that is not positive and finite or fewer than 1 directions, ShapeError if sizes do not
///         match, NumericError if the loss at the centre is not finite; Interrupted after `control.interrupted`.
template <Backend B, class O>
[[nodiscard]] std::vector<RadialRise> radial_rises(O&& objective, const Plane<B>& plane,
                                                   std::span<const double> radii, Index directions = 16,
                                                   const WorkControl& control = {}) {
    static_assert(require_evaluable<O, B>());
    if (directions < 1) throw ConfigError(message("a circle of ", directions, " points was requested"));
    for (const double radius : radii)
        if (!(radius > 0 && std::isfinite(radius)))
            throw ConfigError(message("radii must be positive and finite, ", radius, " was given"));
    using Plain = std::remove_reference_t<O>;
    detail::RiseEvaluator<Plain, Vector<B>> rise(objective, plane.theta(),
                                                 directions * static_cast<Index>(radii.size()), control);
    Vector<B> point(plane.theta().backend(), plane.size());
    std::vector<RadialRise> rises;
    for (const double radius : radii) {
        RadialRise here{radius, 0, -std::numeric_limits<double>::infinity()};
        for (Index k = 0; k < directions; ++k) {
            const double angle =
                2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(directions);
            const double height = rise([&]() -> const Vector<B>& {
                plane.point(radius * std::cos(angle), radius * std::sin(angle), point);
                return point;
            });
            here.mean += height / static_cast<double>(directions);
            here.worst = std::max(here.worst, height);
        }
        rises.push_back(here);
    }
    return rises;
}

/// The part of the plane, connected to the centre, where the loss, bilinear between the points of the surface, is at most
/// `level` (a loss, not a rise). Points without a finite loss are outside. The area is 0 if the centre itself is higher.
/// @throws ConfigError if the surface is a line or its centre, (0, 0), is not one of its points; NumericError for a level
///         that is NaN.
[[nodiscard]] inline RegionExtent area_below(const Surface& surface, double level) {
    if (std::isnan(level)) throw NumericError("the level of an area must not be NaN");
    const detail::ConnectedRegion part(surface.x, surface.y, [&](const detail::ConnectedRegion::Node& node) {
        return level - node.interpolate(
                           [&](std::size_t column, std::size_t row) { return surface.loss(row, column); });
    });
    return part.extent();
}

/// The rise of the loss after a step of length rho in the direction of steepest ascent, L(theta + rho g / |g|) - L(theta) with
/// the gradient g at theta (Foret et al. 2021, "Sharpness-aware minimization", arXiv 2010.01412, equation 2 for p = 2),
/// in units of the loss; rho is in units of the parameters. If the gradient is zero there is no such step, and the rise is 0.
/// @throws ConfigError for a rho that is not positive and finite, ShapeError if sizes do not match, NumericError if the loss
///         or the gradient at theta is not finite. A non-finite loss after the step gives infinity.
template <Backend B, class O>
[[nodiscard]] double sam_sharpness(O&& objective, const Vector<B>& theta, double rho) {
    static_assert(require_objective<O, B>());
    if (!(rho > 0 && std::isfinite(rho)))
        throw ConfigError(message("the length of a step must be positive and finite, ", rho, " was given"));
    if (static_cast<Index>(objective.layout().size()) != theta.size())
        throw ShapeError(message("the objective has ", objective.layout().size(),
                                 " parameters, the centre has ", theta.size()));
    Vector<B> step(theta.backend(), theta.size());
    const double loss = static_cast<double>(objective.gradient(theta, step));
    const double length = norm(step);
    if (!std::isfinite(loss) || !std::isfinite(length))
        throw NumericError(message("the loss at the centre is ", loss, " and its gradient's norm ", length,
                                   "; a sharpness needs finite ones"));
    if (length == 0) return 0;
    axpby(1, theta, rho / length, step);
    const double there = static_cast<double>(objective.value(step));
    // both from `value`, whose order of summation may differ from that of `gradient`
    return std::isfinite(there) ? there - static_cast<double>(objective.value(theta))
                                : std::numeric_limits<double>::infinity();
}

}  // namespace vitscape
