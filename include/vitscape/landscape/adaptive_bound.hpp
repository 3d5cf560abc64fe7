// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/landscape/adaptive.hpp>
#include <vitscape/landscape/adaptive_surface.hpp>

namespace vitscape {

namespace detail {

/// The points of a surface, and those of earlier checks, which it does not use.
class KeptPoints {
  public:
    explicit KeptPoints(const AdaptiveSurface* resume) {
        if (resume != nullptr) all_ = *resume;
        has_ = resume != nullptr;
    }
    [[nodiscard]] const AdaptiveSurface* surface() const { return has_ ? &all_ : nullptr; }
    /// The surface with the earlier points behind its own, and the tolerance that was asked for.
    [[nodiscard]] AdaptiveSurface with_all(const AdaptiveSurface& now, double tolerance) const {
        AdaptiveSurface whole = now;
        whole.tolerance = tolerance;
        std::set<std::pair<double, double>> known;
        for (const AdaptivePoint& point : now.points) known.emplace(point.x, point.y);
        for (const AdaptivePoint& point : all_.points)
            if (known.emplace(point.x, point.y).second) whole.points.push_back(point);
        return whole;
    }
    void keep(AdaptiveSurface surface) {
        all_ = std::move(surface);
        has_ = true;
    }

  private:
    AdaptiveSurface all_{};
    bool has_ = false;
};

}  // namespace detail

/// `project_adaptively` until held-out points agree: where the largest error that they show exceeds the tolerance, cells are
/// refined to a smaller one, and the result is compared with other held-out points. It ends when a check finds no error above the
/// tolerance (`AdaptiveSurface::bounded`), when `most_points` are used up, when no smaller estimate adds points, or after `checks` checks, and
/// then states the error that it has.
///
/// What the last check says of other places holds for all that were tried: of places drawn uniformly, a share of at most
/// `InterpolationError::share` has a greater error than `largest`, with a probability of 95 % whichever check was the last, since
/// check k of them, from 0, may be wrong with probability 0.05 / 2^(k + 1) only.
/// @param range  a PlaneGrid of a plane, a Grid of a line or curve
/// @throws as `project_adaptively`; ConfigError without held-out points
template <class O, class Space, class Range>
[[nodiscard]] AdaptiveSurface project_to_bound(O& objective, const Space& space, const Range& range,
                                               const AdaptiveOptions& options, std::uint32_t checks = 8) {
    if (options.held_out < 1)
        throw ConfigError("an error that is to be bounded needs at least 1 held-out point");
    detail::KeptPoints kept(options.resume);
    const auto refine = [&](double aim, Index held_out, std::uint32_t check) {
        AdaptiveOptions once = options;
        once.tolerance = aim;
        once.held_out = held_out;
        once.check = check;
        once.resume = kept.surface();
        if (options.after_round)
            once.after_round = [&](const AdaptiveSurface& now) {
                options.after_round(kept.with_all(now, options.tolerance));
            };
        AdaptiveSurface surface = project_adaptively(objective, space, range, once);
        kept.keep(kept.with_all(surface, options.tolerance));
        return surface;
    };
    double aim = options.tolerance;
    std::size_t before = 0;  // points of the refinement at the last check
    std::optional<AdaptiveSurface> checked;
    for (std::uint32_t check = 0; check < checks; ++check) {
        AdaptiveSurface surface = refine(aim, 0, check);
        while (surface.points.size() == before && surface.refined && aim > 1e-6 * options.tolerance)
            surface = refine(aim *= 0.25, 0, check);
        if (surface.points.size() == before) break;
        before = surface.points.size();
        surface = refine(aim, options.held_out, check);
        InterpolationError& error = surface.error.value();
        if (error.points > 0)
            error.share =
                1 - std::pow(0.05 / std::pow(2.0, check + 1.0), 1 / static_cast<double>(error.points));
        surface.bounded = error.points > 0 && error.largest <= options.tolerance;
        checked = kept.with_all(surface, options.tolerance);
        if (options.after_round) options.after_round(*checked);
        if (surface.bounded || !surface.refined) break;
        aim *= error.points > 0 ? std::clamp(0.5 * options.tolerance / error.largest, 0.05, 0.5) : 0.25;
    }
    return *std::move(checked);
}

}  // namespace vitscape
