// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>

#include <vitscape/core/error.hpp>
#include <vitscape/core/student.hpp>

namespace vitscape {

/// What a t-test compares: runs in pairs (the same seed under both methods), or two independent groups of runs.
enum class Design { paired, independent };

namespace detail {

/// P(|T| > t) for t > 0, where T = (Z + noncentrality) / s has the noncentral t distribution: Z is standard normal and
/// degrees s^2 is chi-squared with `degrees` degrees of freedom. The mean over x = log s of P(|Z + noncentrality| > t e^x),
/// by the trapezoidal rule, which converges exponentially for a smooth integrand that vanishes at both ends.
inline double noncentral_student_tail(double t, double degrees, double noncentrality) {
    const double half = 0.5 * degrees, spread = 1 / std::sqrt(2 * degrees);  // that of log s
    const double scale = std::log(2.0) + half * std::log(half) - std::lgamma(half);
    const auto density = [&](double x) {
        return std::exp(scale + degrees * x - half * std::exp(2 * x));  // of log s
    };
    const auto outside = [&](double limit) {
        return 0.5 * (std::erfc((limit - noncentrality) / std::numbers::sqrt2) +
                      std::erfc((limit + noncentrality) / std::numbers::sqrt2));
    };
    // Beyond these ends the density is below 1e-13 of its maximum.
    const double low = -(40 / degrees + 12 * spread), high = std::min(2.5, 12 * spread);
    // Half of the narrowest feature: the density's spread, the step of `outside` (1 / noncentrality), and the exponentials
    const double narrow = std::min({0.2, spread, 1 / std::max(1.0, std::abs(noncentrality))});
    const double step = std::max(0.5 * narrow, 1e-3);
    double sum = 0, weights = 0;  // divided by the same rule's integral of the density, 1 up to rounding
    for (auto k = static_cast<std::int64_t>(std::floor(low / step)); static_cast<double>(k) * step <= high;
         ++k) {
        const double x = static_cast<double>(k) * step, weight = density(x);
        sum += weight * outside(t * std::exp(x));
        weights += weight;
    }
    return std::min(1.0, sum / weights);
}

}  // namespace detail

/// The power of the two-sided t-test at level `alpha` with n pairs, or with n runs in each of two groups: the probability of a
/// p-value below alpha if the true effect is `effect`. From the noncentral t distribution, not its normal
/// approximation, which promises too much for a handful of runs. To 7 digits or more up to effect sqrt(n) = 500.
/// @param effect  paired: mean / standard deviation of the differences of pairs (Cohen's d_z), noncentrality
///                effect sqrt(n), n - 1 degrees of freedom; independent: difference of the means / the standard deviation in
///                each group (Cohen's d), noncentrality effect sqrt(n / 2), 2 n - 2 degrees of freedom. Of either sign.
/// @param n       at least 2
/// @throws ConfigError for an effect that is not finite, n below 2 or alpha outside (0, 1).
[[nodiscard]] inline double t_test_power(double effect, std::int64_t n, double alpha = 0.05,
                                         Design design = Design::paired) {
    if (!std::isfinite(effect))
        throw ConfigError(message("a standardized effect must be a finite number, not ", effect));
    if (n < 2) throw ConfigError(message("a t-test needs two or more runs, not ", n));
    if (!(alpha > 0 && alpha < 1))
        throw ConfigError(message("the level of a test lies between 0 and 1, not at ", alpha));
    const auto runs = static_cast<double>(n);
    const double degrees = design == Design::paired ? runs - 1 : 2 * runs - 2;
    const double noncentrality = std::abs(effect) * std::sqrt(design == Design::paired ? runs : runs / 2);
    return detail::noncentral_student_tail(student_quantile(1 - 0.5 * alpha, degrees), degrees,
                                           noncentrality);
}

/// The smallest number of seeds, 2 to `most`, with which the two-sided t-test at level `alpha` finds the effect with
/// probability `power` or more: pairs, or runs in each of two groups. Nothing if `most` are not enough, as for no effect.
/// @param effect  the standardized effect, as in `t_test_power`
/// @throws ConfigError for an effect that is not finite, alpha or power outside (0, 1), or most below 2.
[[nodiscard]] inline std::optional<std::int64_t> seeds_for_power(double effect, double alpha = 0.05,
                                                                 double power = 0.8,
                                                                 Design design = Design::paired,
                                                                 std::int64_t most = 10000) {
    if (!(power > 0 && power < 1))
        throw ConfigError(message("the power of a test lies between 0 and 1, not at ", power));
    const auto enough = [&](std::int64_t n) { return t_test_power(effect, n, alpha, design) >= power; };
    if (!enough(most)) return std::nullopt;
    // The power grows with n.
    std::int64_t few = 1, many = 2;  // too few, and perhaps enough
    while (!enough(many)) {
        few = many;
        many = std::min(2 * many, most);
    }
    while (many - few > 1) {
        const std::int64_t middle = few + (many - few) / 2;
        (enough(middle) ? many : few) = middle;
    }
    return many;
}

}  // namespace vitscape
