// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/landscape/weight_noise.hpp>

namespace vitscape {

/// How a perturbation relative to the weights is measured: Euclidean norm, or the largest element.
enum class PerturbationNorm { euclidean, maximum };
constexpr std::array<std::pair<std::string_view, PerturbationNorm>, 2> enumerators(PerturbationNorm) {
    return {{{"euclidean", PerturbationNorm::euclidean}, {"maximum", PerturbationNorm::maximum}}};
}

struct WorstCaseOptions {
    PerturbationNorm norm = PerturbationNorm::euclidean;
    Index steps = 20;    ///< of gradient ascent in each start, one gradient and one loss each
    Index restarts = 2;  ///< random starts after the first one, which is the centre
    /// Number of the first start: 0, or another for a part of the starts, which others may compute. Number 0 is the centre.
    Index first = 0;
    std::uint64_t seed = 0;  ///< start k is a function of (seed, k)
    WorkControl work = {};   ///< checked before and after each step
};

/// A lower bound of a largest rise of the loss: the best that was found.
struct WorstCaseRise {
    double rise = 0;  ///< the largest over all steps of all starts, at least 0
    std::vector<double> starts =
        {};  ///< the largest of each start; how far apart they are tells how far to trust it
};

/// First direction numbers of the random starts, apart from those of planes and of `weight_noise`.
inline constexpr std::uint32_t first_worst_case_start = first_noise_direction + (1u << 20);

namespace detail {

inline void require_perturbation_size(double rho) {
    if (!(rho > 0 && std::isfinite(rho)))
        throw ConfigError(
            message("the size of a perturbation must be positive and finite, ", rho, " was given"));
}

/// @throws ConfigError for a rho that is not positive and finite, fewer than 1 step or a negative number of restarts
inline void require_ascent(double rho, const WorstCaseOptions& options) {
    require_perturbation_size(rho);
    if (options.steps < 1 || options.restarts < 0 || options.first < 0)
        throw ConfigError(
            message("an ascent needs at least 1 step, 0 restarts and a first start of number 0, ",
                    options.steps, ", ", options.restarts, " and ", options.first, " were given"));
}
/// Projected gradient ascent in a ball of radius rho, from its centre and from random starts on its rim, with steps that fall linearly from
/// rho to 0. `Ball` stands at a point of it:
///
/// | member | meaning |
/// | --- | --- |
/// | `reset()`, `draw(start)` | goes to the centre; to the rim, a function of the options' seed and `start` |
/// | `uphill()` | computes the gradient here and returns its length |
/// | `ascend(step, length)` | goes `step` uphill along the gradient of that length, and back into the ball |
/// | `rise()` | the loss here minus that at the centre |
template <class Ball>
WorstCaseRise worst_case_in(Ball& ball, double rho, const WorstCaseOptions& options) {
    WorstCaseRise result;
    for (Index start = options.first; start <= options.first + options.restarts; ++start) {
        double best = 0;
        ball.reset();
        if (start > 0) ball.draw(start);
        for (Index step = 0; step < options.steps; ++step) {
            const double length = ball.uphill();
            if (!std::isfinite(length)) break;  // the loss there counts as infinite already
            if (length == 0) {                  // a stationary point: nothing shows the way from here
                if (step > 0 || start > 0) break;
                ball.draw(0);
            } else {
                const double share =
                    static_cast<double>(options.steps - step) / static_cast<double>(options.steps);
                ball.ascend(share * rho, length);
            }
            best = std::max(best, ball.rise());
        }
        result.starts.push_back(best);
        result.rise = std::max(result.rise, best);
    }
    return result;
}

}  // namespace detail
}  // namespace vitscape
