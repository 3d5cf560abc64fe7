// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <span>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/landscape/plane_curvature.hpp>

namespace vitscape {

/// How far the surface stays convex along one ray of a plane.
struct ConvexRay {
    double angle = 0;      ///< in radians from delta towards eta
    double radius = 0;     ///< to the nearest point that is not convex, in units of alpha and beta
    bool reached = false;  ///< false: no such point up to `longest`, which is the radius, a lower bound
    /// The radius that each group of samples would have by itself, to first order; empty if the objective does not tell samples
    /// apart or the edge was not reached.
    std::vector<double> groups{};
};

/// The part of a plane around its centre where the surface is convex, as far as it is seen from the centre: its edge along
/// rays at equal angles.
struct ConvexRegion {
    std::vector<ConvexRay> rays{};
    double tolerance = 0;  ///< eigenvalues down to -tolerance count as not negative
    Index evaluated = 0;   ///< points

    /// Mean over the rays.
    [[nodiscard]] double radius() const {
        return mean([](double r) { return r; });
    }
    /// In units of alpha times beta: pi times the mean of the squared radii.
    [[nodiscard]] double area() const {
        return std::numbers::pi * mean([](double r) { return r * r; });
    }
    [[nodiscard]] double smallest_radius() const {
        double smallest = std::numeric_limits<double>::infinity();
        for (const ConvexRay& ray : rays) smallest = std::min(smallest, ray.radius);
        return smallest;
    }
    /// The fraction of rays on which no edge was found: if any, radius and area are lower bounds.
    [[nodiscard]] double open_share() const {
        const auto open =
            std::count_if(rays.begin(), rays.end(), [](const auto& ray) { return !ray.reached; });
        return static_cast<double>(open) / static_cast<double>(rays.size());
    }

  private:
    template <class F>
    [[nodiscard]] double mean(const F& f) const {
        double sum = 0;
        for (const ConvexRay& ray : rays) sum += f(ray.radius);
        return sum / static_cast<double>(rays.size());
    }
};

struct ConvexRegionOptions {
    Index rays = 32;
    double first = 0.0625;    ///< the smallest radius that is tried
    double growth = 1.4;      ///< from one radius to the next, greater than 1, until a point is not convex
    double longest = 4;       ///< the largest one
    double precision = 0.01;  ///< of a radius, relative to it or to `first` if that is longer
    std::size_t groups = 8;   ///< of samples, for the error over samples
    /// A region of the same plane on fewer samples: rays are tried first where it ends. Null: from the centre outwards.
    const ConvexRegion* guess = nullptr;
    /// Rounding in float can give a zero eigenvalue either sign; eigenvalues down to minus this times the largest absolute
    /// entry of the centre's 2 x 2 Hessian count as not negative.
    double relative_tolerance = 1e-6;
    WorkControl work = {};  ///< checked before each evaluation; progress in rays

    /// @throws ConfigError for options out of range
    void check() const {
        if (rays < 1 || !(first > 0 && growth > 1 && longest >= first && precision > 0 && precision < 1) ||
            groups < 1 || !(relative_tolerance >= 0))
            throw ConfigError(
                message("a convex region needs rays >= 1, 0 < first <= longest, growth > 1, 0 < "
                        "precision < 1, groups >= 1 and a tolerance >= 0; given are ",
                        rays, ", ", first, ", ", longest, ", ", growth, ", ", precision, ", ", groups,
                        " and ", relative_tolerance));
        if (guess != nullptr && guess->rays.size() != static_cast<std::size_t>(rays))
            throw ConfigError(message("the region to start from has ", guess->rays.size(), " rays, ", rays,
                                      " are requested"));
    }
};

namespace detail {

/// The search for the edge of a convex region along rays.
template <Backend B, class O>
class ConvexSearch {
  public:
    ConvexSearch(O& objective, const Plane<B>& plane, const ConvexRegionOptions& options)
        : curvatures_(objective, plane), options_(options) {}

    ConvexRegion run() {
        const PlaneCurvature centre = evaluate(0);
        if (!centre.finite())
            throw NumericError(
                "the second derivatives of the loss at the centre are not finite; a convex region "
                "around such a point is meaningless");
        region_.tolerance = options_.relative_tolerance * centre.scale();
        const double at_centre = height(centre);
        for (Index i = 0; i < options_.rays; ++i) {
            angle_ = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(options_.rays);
            if (at_centre < 0)
                region_.rays.push_back({.angle = angle_, .reached = true});
            else
                region_.rays.push_back(edge({0, at_centre}, static_cast<std::size_t>(i)));
            options_.work.report(i + 1, options_.rays);
        }
        return std::move(region_);
    }

  private:
    /// A point of the ray and how far its smallest eigenvalue is above the tolerance: positive inside.
    struct Point {
        double radius = 0, height = 0;
        [[nodiscard]] bool inside() const { return height >= 0; }
    };
    /// Where a line through two points falls to zero; the middle where it cannot be told.
    static double crossing(const Point& in, const Point& out) {
        const double share = in.height / (in.height - out.height);
        return std::isfinite(share) && std::isfinite(out.height)
                   ? in.radius + share * (out.radius - in.radius)
                   : 0.5 * (in.radius + out.radius);
    }

    [[nodiscard]] double height(const PlaneCurvature& here) const {
        return here.finite() ? here.smallest() + region_.tolerance : -std::numeric_limits<double>::infinity();
    }
    PlaneCurvature evaluate(double radius) {
        if (options_.work.must_stop())
            throw Interrupted(message("stopped after ", region_.rays.size(), " rays of the convex region"));
        ++region_.evaluated;
        return curvatures_.at(radius * std::cos(angle_), radius * std::sin(angle_));
    }
    Point look(double radius) { return {radius, height(evaluate(radius))}; }

    /// Steps outwards while inside and inwards while outside, until the edge lies between two of them.
    ConvexRay edge(Point in, std::size_t number) {
        const bool guessed = options_.guess != nullptr;
        double growth = guessed ? 1.1 : options_.growth;
        Point here = look(std::clamp(guessed ? options_.guess->rays[number].radius : options_.first,
                                     options_.first, options_.longest));
        Point out;
        for (;;) {
            (here.inside() ? in : out) = here;
            if (here.inside() ? out.radius > 0 : in.radius > 0 || here.radius <= options_.first) break;
            if (here.radius >= options_.longest && here.inside())
                return {.angle = angle_, .radius = options_.longest, .reached = false};
            here = look(std::clamp(here.inside() ? here.radius * growth : here.radius / growth,
                                   options_.first, options_.longest));
            growth = std::min(growth * growth, options_.growth);  // a guess may be wrong
        }
        return refine(in, out);
    }

    /// Regula falsi, and every third time the middle, so that both ends move.
    ConvexRay refine(Point in, Point out) {
        for (int step = 1;; ++step) {
            const Point here = look(step % 3 == 0 ? 0.5 * (in.radius + out.radius) : crossing(in, out));
            const double falls_before = (in.height - here.height) / (here.radius - in.radius),
                         falls_after = (here.height - out.height) / (out.radius - here.radius);
            const double falls = std::min(falls_before, falls_after),
                         error = falls > 0 && std::isfinite(falls) ? std::abs(here.height) / falls
                                                                   : std::numeric_limits<double>::infinity();
            (here.inside() ? in : out) = here;
            const double radius = crossing(in, out);
            if (std::min(error, out.radius - in.radius) >
                options_.precision * std::max(radius, options_.first))
                continue;
            return {.angle = angle_, .radius = radius, .reached = true, .groups = of_groups(here, falls)};
        }
    }

    /// The radius of each group of samples, r + height_g(r) / falls, at the last point.
    /// @param falls  how much the height of all falls per unit of the radius
    [[nodiscard]] std::vector<double> of_groups(const Point& last, double falls) const {
        const auto samples = curvatures_.samples();
        std::vector<double> radii;
        if (samples.size() < 2 * options_.groups || !std::isfinite(falls) || !(falls > 0)) return radii;
        std::vector<std::vector<PlaneJet<double>>> members(options_.groups);
        for (std::size_t i = 0; i < samples.size(); ++i) members[i % options_.groups].push_back(samples[i]);
        for (const auto& group : members)
            radii.push_back(last.radius + height(mean_curvature(group)) / falls);
        return radii;
    }

    PlaneCurvatures<B, O> curvatures_;
    const ConvexRegionOptions& options_;
    ConvexRegion region_;
    double angle_ = 0;
};

}  // namespace detail

/// The part of a plane around the centre theta where the surface's 2 x 2 Hessian in (alpha, beta) has no negative eigenvalue:
/// along each ray the nearest point where it has one, found by steps outwards and regula falsi to `precision`. Between two steps
/// the surface may stop being convex and be convex again unseen. Points whose derivatives are not finite are outside. If the centre
/// itself is not convex, all radii are 0.
/// @throws ConfigError for invalid options, ShapeError if sizes do not match, NumericError if the centre's curvature is not
///         finite; Interrupted after `options.work.interrupted`.
template <Backend B, class O>
[[nodiscard]] ConvexRegion convex_region(O&& objective, const Plane<B>& plane,
                                         const ConvexRegionOptions& options = {}) {
    options.check();
    return detail::ConvexSearch<B, std::remove_reference_t<O>>(objective, plane, options).run();
}

}  // namespace vitscape
