// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/landscape/plane.hpp>

namespace vitscape {

/// Where the loss along a ray theta + r d, r > 0, first reaches a level.
struct LevelRadius {
    double radius =
        0;  ///< in units of the direction's length; `longest` if the level is not reached up to there
    bool reached = false;  ///< false: `radius` is a lower bound
    double slope =
        0;  ///< of the loss at the radius, per unit of it; infinite next to a loss that is not finite
    /// One loss per sample at the radius, for a `SampledObjective`; otherwise empty.
    std::vector<double> sample_losses{};
};

struct LevelRadiusOptions {
    double first = 0.0625;    ///< the smallest radius that is tried
    double growth = 1.5;      ///< from one radius to the next, greater than 1, until the level is reached
    double longest = 8;       ///< the largest one
    double precision = 0.01;  ///< relative width of the last interval of the bisection
    WorkControl work = {};    ///< checked before each evaluation
};

namespace detail {

/// The loss at points of a ray, with one loss per sample where the objective has samples.
template <Backend B, class O>
class RayLoss {
  public:
    struct Point {
        double radius = 0, loss = 0;
        std::vector<double> samples{};
        [[nodiscard]] bool reaches(double level) const { return !(loss < level); }  // NaN reaches any
    };
    RayLoss(O& objective, const Vector<B>& theta, const Vector<B>& direction, const WorkControl& work)
        : objective_(objective), ray_(theta, direction), work_(work), point_(theta) {}

    Point operator()(double radius) {
        if (work_.must_stop()) throw Interrupted("stopped while the radius of a level was sought");
        ray_.point(radius, 0, point_);
        Point here{.radius = radius};
        if constexpr (SampledObjective<O, B>) {
            here.samples.resize(static_cast<std::size_t>(objective_.samples()));
            objective_.sample_losses(point_, std::span<double>(here.samples));
            for (const double loss : here.samples) here.loss += loss;
            here.loss /= static_cast<double>(here.samples.size());
        } else {
            here.loss = static_cast<double>(objective_.value(point_));
        }
        return here;
    }

  private:
    O& objective_;
    Line<B> ray_;
    const WorkControl& work_;
    Vector<B> point_;
};

}  // namespace detail

/// The radius at which the loss along theta + r d first reaches `level`: the first of the radii first * growth^k whose loss is
/// not below it, then bisection between that and the one before, then linear interpolation. Between two radii of the first
/// series the loss may reach the level and fall again unseen. If the level is reached at r = 0 already, the radius is 0. A loss
/// that is not finite is above any level.
/// @throws ConfigError for a level that is NaN or options out of range, ShapeError if sizes do not match; Interrupted after
///         `options.work.interrupted`.
template <Backend B, class O>
[[nodiscard]] LevelRadius level_radius(O&& objective, const Vector<B>& theta, const Vector<B>& direction,
                                       double level, const LevelRadiusOptions& options = {}) {
    static_assert(require_evaluable<O, B>());
    if (std::isnan(level)) throw ConfigError("the level that a loss should reach must not be NaN");
    if (!(options.first > 0 && options.growth > 1 && options.longest >= options.first &&
          options.precision > 0 && std::isfinite(options.longest)))
        throw ConfigError(message("a level is sought at radii from ", options.first, " to ", options.longest,
                                  " that grow by ", options.growth, " and are bisected to ",
                                  options.precision,
                                  "; they must be positive, and the growth greater than 1"));
    using Plain = std::remove_reference_t<O>;
    detail::RayLoss<B, Plain> loss_at(objective, theta, direction, options.work);
    auto below = loss_at(0);
    if (below.reaches(level))
        return {.radius = 0, .reached = true, .slope = 0, .sample_losses = std::move(below.samples)};
    auto above = below;
    for (double radius = options.first;; radius = std::min(options.growth * radius, options.longest)) {
        above = loss_at(radius);
        if (above.reaches(level)) break;
        below = std::move(above);
        if (radius >= options.longest)
            return {.radius = options.longest, .reached = false, .sample_losses = std::move(below.samples)};
    }
    while (above.radius - below.radius > options.precision * above.radius) {
        auto middle = loss_at(0.5 * (below.radius + above.radius));
        (middle.reaches(level) ? above : below) = std::move(middle);
    }
    LevelRadius found{
        .radius = above.radius, .reached = true, .slope = std::numeric_limits<double>::infinity()};
    found.sample_losses = below.samples;
    if (!std::isfinite(above.loss)) return found;
    found.slope = (above.loss - below.loss) / (above.radius - below.radius);
    const double part = (level - below.loss) / (above.loss - below.loss);
    found.radius = below.radius + part * (above.radius - below.radius);
    for (std::size_t i = 0; i < found.sample_losses.size(); ++i)
        found.sample_losses[i] += part * (above.samples[i] - below.samples[i]);
    return found;
}

}  // namespace vitscape
