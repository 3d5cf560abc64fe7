// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <type_traits>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/core/statistics.hpp>

namespace vitscape {

/// A statistic of some of n groups: of the groups with these indices, in which one can occur several times.
template <class T>
concept GroupStatistic = std::is_invocable_r_v<double, T&, std::span<const std::size_t>>;

namespace detail {

/// The quantile of numbers in ascending order, between two of them by linear interpolation: that of the k-th of n is
/// k / (n - 1), from k = 0.
inline double sorted_quantile(std::span<const double> sorted, double probability) {
    const double place = probability * (static_cast<double>(sorted.size()) - 1);
    const auto below = std::min(static_cast<std::size_t>(std::max(0.0, place)), sorted.size() - 1);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    const double part = place - static_cast<double>(below);
    return part > 0 ? sorted[below] + part * (sorted[above] - sorted[below]) : sorted[below];
}

}  // namespace detail

/// The percentile bootstrap's confidence interval of a statistic of n groups, such as seeds or methods, that are taken to be
/// independent (Efron 1979): groups, with all that belongs to them, are drawn n times with replacement, and the
/// interval holds the middle `confidence` of what the statistic is of `draws` such samples. It is too short for few groups, by
/// sqrt((n - 1) / n) and by what Student's distribution has beyond the normal one, and no number of draws mends that: 95 %
/// intervals of the mean of a normal distribution hold it 74, 84, 90, 92 and 94 times in 100 with 3, 5, 10, 20 and 50 groups
/// (2000 simulations of each). Draw k is a function of (seed, k). Samples of which the statistic is NaN, such as a correlation
/// of one group drawn n times, are left out. NaN if these are half or more, and for fewer than two groups.
/// @param n  the number of groups
/// @param statistic  called with n indices below n
/// @throws ConfigError for a confidence outside (0, 1) or draws of which less than one would lie on either side.
template <GroupStatistic Statistic>
[[nodiscard]] Interval bootstrap_interval(std::size_t n, Statistic&& statistic, std::int64_t draws = 10000,
                                          std::uint64_t seed = 0, double confidence = 0.95) {
    if (!(confidence > 0 && confidence < 1))
        throw ConfigError(message("a confidence lies between 0 and 1, not at ", confidence));
    const double outside = 0.5 * (1 - confidence);
    if (!(static_cast<double>(draws) * outside >= 1 - 1e-9))  // 0.5 (1 - 0.95) 40 is below 1 by rounding
        throw ConfigError(message("a bootstrap interval of confidence ", confidence, " needs ",
                                  std::ceil(1 / outside - 1e-9), " draws or more, not ", draws));
    if (n < 2) return {};
    std::vector<std::size_t> indices(n);
    std::vector<double> outcomes;
    for (std::int64_t draw = 0; draw < draws; ++draw) {
        RandomSequence random(
            {.seed = seed, .purpose = Purpose::bootstrap, .sample = static_cast<std::uint32_t>(draw)});
        for (std::size_t& index : indices)
            index = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(n)));
        const double outcome = std::invoke(statistic, std::span<const std::size_t>(indices));
        if (!std::isnan(outcome)) outcomes.push_back(outcome);
    }
    if (2 * outcomes.size() <= static_cast<std::size_t>(draws)) return {};
    std::sort(outcomes.begin(), outcomes.end());
    return {detail::sorted_quantile(outcomes, outside), detail::sorted_quantile(outcomes, 1 - outside)};
}

}  // namespace vitscape
