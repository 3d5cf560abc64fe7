// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <vitscape/core/error.hpp>

namespace vitscape {

namespace detail {

/// The regularized incomplete beta function I_x(a, b); `rest` is 1 - x, passed because its digits matter if
/// x is close to 1. By the continued fraction of NIST's Digital Library of Mathematical Functions, 8.17.22,
/// evaluated backwards.
inline double incomplete_beta(double x, double rest, double a, double b) {
    if (x <= 0) return 0;
    if (rest <= 0) return 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(rest, x, b, a);  // where it converges quickly
    const double factor =
        std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log(rest));
    const int terms = 100 + static_cast<int>(4 * std::sqrt(std::max(a, b)));
    double fraction = 1;
    for (int m = terms; m >= 0; --m) {
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        fraction = 1 + odd / fraction;
        if (m == 0) break;
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        fraction = 1 + even / fraction;
    }
    return factor / (a * fraction);
}

/// The x > 0 at which a decreasing function falls to `wanted`, by bisection of log x.
template <class Function>
double solve_decreasing(const Function& function, double wanted) {
    double low = -700, high = 700;
    for (int round = 0; round < 200 && low < high; ++round) {
        const double middle = 0.5 * (low + high);
        if (middle <= low || middle >= high) break;
        (function(std::exp(middle)) > wanted ? low : high) = middle;
    }
    return std::exp(0.5 * (low + high));
}

}  // namespace detail

/// The probability that a variable of Student's distribution with `degrees` > 0 degrees of freedom (any real number) is at
/// least |t| from zero, on either side: the two-sided p-value of t, I_x(degrees / 2, 1 / 2) with x = degrees / (degrees + t^2).
/// Between 0 and 1, to 9 digits or more; infinitely many degrees give the normal distribution; NaN for a t that is NaN.
/// @throws ConfigError for degrees that are not positive.
[[nodiscard]] inline double student_tail(double t, double degrees) {
    if (!(degrees > 0))
        throw ConfigError(message("Student's distribution needs positive degrees of freedom, not ", degrees));
    if (std::isnan(t)) return t;
    const double square = t * t;
    if (degrees < 1e4)
        return detail::incomplete_beta(degrees / (degrees + square),
                                       square >= 1e300 ? 1.0 : square / (degrees + square), 0.5 * degrees,
                                       0.5);
    // The normal variable that is exceeded as often, to a part in degrees^4 (Hill 1970, algorithm 395).
    double z = std::abs(t);
    if (std::isfinite(degrees) && std::isfinite(z)) {
        const double w = std::sqrt((degrees - 0.5) * std::log1p(square / degrees));
        z = w + (w * w + 3) * w / (48 * (degrees - 0.5) * (degrees - 0.5));
    }
    return std::erfc(z / std::numbers::sqrt2);
}

/// The quantile of Student's distribution with `degrees` > 0 degrees of freedom (any real number) at `probability`,
/// to 9 digits or more. Infinitely many degrees give the normal distribution.
/// @throws ConfigError for a probability outside (0, 1) or degrees that are not positive.
[[nodiscard]] inline double student_quantile(double probability, double degrees) {
    if (!(probability > 0 && probability < 1))
        throw ConfigError(message("a quantile needs a probability between 0 and 1, not ", probability));
    if (!(degrees > 0))
        throw ConfigError(message("Student's distribution needs positive degrees of freedom, not ", degrees));
    if (probability == 0.5) return 0;
    const double outside = 2 * std::min(probability, 1 - probability);  // P(|T| > t)
    double t = 0;
    if (degrees < 1e4) {
        t = detail::solve_decreasing([&](double x) { return student_tail(x, degrees); }, outside);
    } else {  // Fisher's expansion around the normal quantile (Abramowitz & Stegun 26.7.5)
        const double z =
            detail::solve_decreasing([](double x) { return std::erfc(x / std::numbers::sqrt2); }, outside);
        const double s = z * z;
        t = z * (1 + (s + 1) / (4 * degrees) + ((5 * s + 16) * s + 3) / (96 * degrees * degrees) +
                 (((3 * s + 19) * s + 17) * s - 15) / (384 * degrees * degrees * degrees));
    }
    return probability < 0.5 ? -t : t;
}

}  // namespace vitscape
