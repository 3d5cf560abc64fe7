// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/landscape/surface.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// How far the loss on a path between two models rises above the straight line between their losses.
struct LossBarrier {
    double height = 0;  ///< in units of the loss; negative where the path lies below that line; infinite
                        ///< where a loss is not finite
    /// Of the height at `at`, over the samples; what hard and easy ones contribute to all three points cancels. NaN if the
    /// objective has fewer than two samples.
    double standard_error = std::numeric_limits<double>::quiet_NaN();
    double at = 0;            ///< where, 0 < at < 1
    double from = 0, to = 0;  ///< the losses at the two ends
    /// Of each sample at `at`, whose mean is the height: so two barriers over the same samples can be compared in pairs. Empty
    /// where the height is infinite.
    std::vector<double> rises = {};
};

namespace detail {
/// The losses of all samples at a point of a path; the one loss of an objective without samples.
template <Backend B, class O, class Path>
std::vector<double> losses_at(O& objective, const Path& path, double x, Vector<B>& point) {
    path.point(x, 0, point);
    if constexpr (SampledObjective<O, B>) {
        std::vector<double> losses(static_cast<std::size_t>(objective.samples()));
        objective.sample_losses(point, std::span<double>(losses));
        return losses;
    } else {
        return {static_cast<double>(objective.value(point))};
    }
}
}  // namespace detail

/// The barrier on a path (a `Line`, or another that has `theta()` and `point(x, 0, out)`) from x = 0 to x = 1,
///
///     max over x of  L(x) - ((1 - x) L(0) + x L(1)),
///
/// the largest over the computed points of `along`, its surface, with 0 < x < 1: a finer grid may find a higher one
/// (Frankle et al. 2020, arXiv 1912.05671). Its standard error is of the mean of l_i(x) - (1 - x) l_i(0) - x l_i(1) over samples i at
/// that x; that the highest of several points was taken is not in it. Three evaluations.
/// @throws ConfigError if `along` has no point between 0 and 1; NumericError if a loss at an end is not finite.
template <Backend B, class O, class Path>
[[nodiscard]] LossBarrier loss_barrier(O& objective, const Path& path, const Surface& along) {
    static_assert(require_evaluable<O, B>());
    Vector<B> point(path.theta().backend(), path.theta().size());
    const std::vector<double> first = detail::losses_at<B>(objective, path, 0, point),
                              last = detail::losses_at<B>(objective, path, 1, point);
    LossBarrier barrier{.height = -std::numeric_limits<double>::infinity(),
                        .from = mean_and_error(first).mean,
                        .to = mean_and_error(last).mean};
    if (!std::isfinite(barrier.from) || !std::isfinite(barrier.to))
        throw NumericError(message("a barrier needs finite losses at both ends, they are ", barrier.from,
                                   " and ", barrier.to));
    for (std::size_t i = 0; i < along.x.size(); ++i) {
        const double x = along.x[i];
        if (!(x > 0 && x < 1) || along.computed(0, i) == 0) continue;
        const double rise = along.loss(0, i) - ((1 - x) * barrier.from + x * barrier.to);
        if (std::isnan(rise)) {
            barrier.at = x;
            barrier.height = std::numeric_limits<double>::infinity();
            return barrier;
        }
        if (rise <= barrier.height) continue;
        barrier.at = x;
        barrier.height = rise;
    }
    if (barrier.at == 0)
        throw ConfigError("a barrier needs points of the path between its ends, 0 < x < 1; there is none");
    barrier.rises = detail::losses_at<B>(objective, path, barrier.at, point);
    for (std::size_t i = 0; i < barrier.rises.size(); ++i)
        barrier.rises[i] -= (1 - barrier.at) * first[i] + barrier.at * last[i];
    const MeanAndError height = mean_and_error(barrier.rises);
    barrier.height = height.mean;
    barrier.standard_error = height.standard_error;
    return barrier;
}

}  // namespace vitscape
