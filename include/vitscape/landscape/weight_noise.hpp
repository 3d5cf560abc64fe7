// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/landscape/rise_evaluator.hpp>

namespace vitscape {

/// Rise of the loss under random noise on the weights, in units of the loss.
struct NoiseRise {
    double deviation = 0;       ///< size of the noise relative to the weights
    double mean = 0;            ///< of L(noisy) - L(theta) over the draws; infinite if one loss is not finite
    double standard_error = 0;  ///< of that mean; NaN for fewer than two draws, or if the mean is infinite
    std::vector<double> rises = {};  ///< one per draw
};

/// First direction number of the noise, apart from those of planes, so that one seed serves both.
inline constexpr std::uint32_t first_noise_direction = 1u << 20;

/// Rises of the loss at theta + deviation d_k for draws k = 0, ..., draws - 1: d_k is a Gaussian direction, normalized by
/// filter, so that the noise of each filter has `deviation` times its norm (biases, norms and position embeddings are not
/// perturbed; see `normalize`). All deviations use the same directions: direction number `first_noise_direction` + k of `seed`.
/// draws * deviations evaluations and one for the centre.
/// @throws ConfigError for fewer than 1 draws or a deviation that is not positive and finite, ShapeError if sizes do not
///         match, NumericError if the loss at theta is not finite; Interrupted after `control.interrupted`.
template <Backend B, class O>
[[nodiscard]] std::vector<NoiseRise> weight_noise(O&& objective, const ParameterLayout& layout,
                                                  const Vector<B>& theta, std::span<const double> deviations,
                                                  Index draws, std::uint64_t seed,
                                                  const WorkControl& control = {}) {
    static_assert(require_evaluable<O, B>());
    if (draws < 1) throw ConfigError(message("noise needs at least one draw, ", draws, " were requested"));
    for (const double deviation : deviations)
        if (!(deviation > 0 && std::isfinite(deviation)))
            throw ConfigError(
                message("the size of the noise must be positive and finite, ", deviation, " was given"));
    if (layout.size() != theta.size())
        throw ShapeError(
            message("the layout has ", layout.size(), " parameters, the point has ", theta.size()));
    std::vector<NoiseRise> result;
    for (const double deviation : deviations) result.push_back({.deviation = deviation});
    using Plain = std::remove_reference_t<O>;
    detail::RiseEvaluator<Plain, Vector<B>> rise(objective, theta,
                                                 draws * static_cast<Index>(deviations.size()), control);
    Vector<B> point(theta.backend(), theta.size());
    for (Index k = 0; k < draws; ++k) {
        Vector<B> direction = gaussian_direction(theta.backend(), layout, seed,
                                                 first_noise_direction + static_cast<std::uint32_t>(k));
        normalize(FilterNormalization{}, layout, theta, direction);
        for (NoiseRise& entry : result)
            entry.rises.push_back(rise([&]() -> const Vector<B>& {
                point = theta;
                axpby(entry.deviation, direction, 1, point);
                return point;
            }));
    }
    for (NoiseRise& entry : result) {
        const MeanAndError all = mean_and_error(entry.rises);
        entry.mean = all.mean;
        entry.standard_error = all.standard_error;
    }
    return result;
}

}  // namespace vitscape
