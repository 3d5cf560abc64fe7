// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>

namespace vitscape {

/// Mean and its standard error (sample standard deviation / sqrt(n); NaN for n < 2).
struct MeanAndError {
    double mean = 0, standard_error = 0;
};

/// Over all samples, in order. A non-finite sample makes the mean NaN or infinite; without samples the mean
/// is NaN.
[[nodiscard]] inline MeanAndError mean_and_error(std::span<const double> samples) {
    const double count = static_cast<double>(samples.size());
    double sum = 0;
    for (const double sample : samples) sum += sample;
    const double mean = sum / count;
    double square = 0;
    for (const double sample : samples) square += (sample - mean) * (sample - mean);
    // 0 / 0 for one sample is NaN, as it should be.
    return {mean, std::sqrt(square / (count - 1) / count)};
}

/// The median: the middle sample in ascending order, or the mean of the two middle ones; NaN without samples.
[[nodiscard]] inline double median(std::vector<double> samples) {
    if (samples.empty()) return std::numeric_limits<double>::quiet_NaN();
    std::sort(samples.begin(), samples.end());
    const std::size_t half = samples.size() / 2;
    return samples.size() % 2 == 1 ? samples[half] : (samples[half - 1] + samples[half]) / 2;
}

/// A range of numbers, both ends included; NaN if undefined.
struct Interval {
    double low = std::numeric_limits<double>::quiet_NaN(), high = std::numeric_limits<double>::quiet_NaN();
};

/// A difference of two means with its uncertainty.
struct MeanDifference {
    double difference = 0, standard_error = 0;
    double degrees = 0;  ///< degrees of freedom of Student's distribution; not an integer in general
    Interval interval;
};

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
        t = detail::solve_decreasing(
            [&](double x) {
                const double square = x * x;
                return detail::incomplete_beta(degrees / (degrees + square),
                                               square >= 1e300 ? 1.0 : square / (degrees + square),
                                               0.5 * degrees, 0.5);
            },
            outside);
    } else {  // Fisher's expansion around the normal quantile (Abramowitz & Stegun 26.7.5)
        const double z =
            detail::solve_decreasing([](double x) { return std::erfc(x / std::numbers::sqrt2); }, outside);
        const double s = z * z;
        t = z * (1 + (s + 1) / (4 * degrees) + ((5 * s + 16) * s + 3) / (96 * degrees * degrees) +
                 (((3 * s + 19) * s + 17) * s - 15) / (384 * degrees * degrees * degrees));
    }
    return probability < 0.5 ? -t : t;
}

/// The confidence interval of the mean of the distribution that the values are drawn from, by Student's
/// distribution: mean -+ t standard errors. NaN for fewer than two values.
/// @throws ConfigError for a confidence outside (0, 1).
[[nodiscard]] inline Interval confidence_interval(std::span<const double> values, double confidence = 0.95) {
    const double t =
        student_quantile(0.5 + 0.5 * confidence, std::max(1.0, static_cast<double>(values.size()) - 1));
    const MeanAndError all = mean_and_error(values);
    if (values.size() < 2) return {};
    return {all.mean - t * all.standard_error, all.mean + t * all.standard_error};
}

/// mean(a) - mean(b) of two independent samples whose variances need not be equal, with Welch's degrees of
/// freedom (Welch 1947). Standard error, degrees and interval are NaN if a or b has fewer than two values; if
/// neither varies, the interval is the difference itself.
/// @throws ConfigError for a confidence outside (0, 1).
[[nodiscard]] inline MeanDifference welch_difference(std::span<const double> a, std::span<const double> b,
                                                     double confidence = 0.95) {
    const MeanAndError first = mean_and_error(a), second = mean_and_error(b);
    const double p = first.standard_error * first.standard_error;
    const double q = second.standard_error * second.standard_error;
    const double freedom_a = static_cast<double>(a.size()) - 1, freedom_b = static_cast<double>(b.size()) - 1;
    MeanDifference result{first.mean - second.mean, std::sqrt(p + q), freedom_a + freedom_b, {}};
    if (p + q > 0) result.degrees = (p + q) * (p + q) / (p * p / freedom_a + q * q / freedom_b);
    if (std::isnan(p + q)) result.degrees = p + q;
    const double t =
        student_quantile(0.5 + 0.5 * confidence, std::isnan(result.degrees) ? 1.0 : result.degrees);
    if (!std::isnan(p + q))
        result.interval = {result.difference - t * result.standard_error,
                           result.difference + t * result.standard_error};
    return result;
}

/// Spearman's rank correlation and the probability of one at least as large by chance.
struct RankCorrelation {
    double coefficient = std::numeric_limits<double>::quiet_NaN();  ///< -1 to 1
    double p_value = std::numeric_limits<double>::quiet_NaN();      ///< two-sided
    bool exact = false;  ///< whether all permutations were enumerated
};

namespace detail {

/// Ranks of the values, as twice their distance from the middle rank: integers that sum to zero. Equal values
/// share the mean of their ranks.
inline std::vector<double> centred_ranks(std::span<const double> values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
    std::vector<double> ranks(values.size());
    for (std::size_t first = 0, end = 0; first < order.size(); first = end) {
        while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
        for (std::size_t i = first; i < end; ++i)
            ranks[order[i]] =
                static_cast<double>(first + end) - static_cast<double>(values.size());  // 2 rank - (n + 1)
    }
    return ranks;
}

}  // namespace detail

/// Spearman's rank correlation (Pearson's of the ranks, ties by their mean rank) and its two-sided permutation p-value:
/// the fraction of all permutations of y whose correlation is at least as large in absolute value. Up to 9 pairs all
/// permutations are enumerated; beyond, it is (1 + hits) / (1 + 99999) of that many random ones, a function of `seed`. Both are
/// NaN if x or y is constant.
/// @throws ShapeError if the numbers of x and y differ; NumericError for one that is not finite.
[[nodiscard]] inline RankCorrelation spearman(std::span<const double> x, std::span<const double> y,
                                              std::uint64_t seed = 0) {
    if (x.size() != y.size())
        throw ShapeError(
            message("a correlation needs pairs; ", x.size(), " and ", y.size(), " numbers were given"));
    for (const auto values : {x, y})
        for (const double value : values)
            if (!std::isfinite(value))
                throw NumericError(message("a rank correlation needs finite numbers, one is ", value));
    const std::vector<double> a = detail::centred_ranks(x);
    std::vector<double> b = detail::centred_ranks(y);
    // of integers, hence without rounding: ties are recognized as such
    const auto product = [&] { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); };
    const double square_a = std::inner_product(a.begin(), a.end(), a.begin(), 0.0);
    const double square_b = std::inner_product(b.begin(), b.end(), b.begin(), 0.0);
    RankCorrelation result;
    if (square_a == 0 || square_b == 0) return result;
    const double seen = product();
    result.coefficient = seen / std::sqrt(square_a * square_b);
    result.exact = x.size() <= 9;
    double hits = 0, orders = 0;
    if (result.exact) {
        std::sort(b.begin(), b.end());
        do {  // distinct orders only: each represents equally many permutations
            hits += std::abs(product()) >= std::abs(seen) ? 1 : 0;
            ++orders;
        } while (std::next_permutation(b.begin(), b.end()));
    } else {
        RandomSequence random({.seed = seed, .purpose = Purpose::permutation});
        hits = orders = 1;  // the observed order
        while (orders < 1e5) {
            random.shuffle(std::span<double>(b));
            hits += std::abs(product()) >= std::abs(seen) ? 1 : 0;
            ++orders;
        }
    }
    result.p_value = hits / orders;
    return result;
}

}  // namespace vitscape
