// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/core/student.hpp>

namespace vitscape {

/// A difference of two means with its uncertainty. What cannot be estimated is NaN.
struct MeanDifference {
    double difference = 0, standard_error = 0;
    double degrees = 0;  ///< degrees of freedom of Student's distribution; not an integer in general
    Interval interval;
    /// Of the hypothesis that the difference is zero: the probability of one at least as large in absolute value.
    double p_value = std::numeric_limits<double>::quiet_NaN();
};

namespace detail {

/// The same as `mean_and_error`, but without rounding if all samples are equal, so that "does not vary" is exact.
inline MeanAndError mean_and_exact_error(std::span<const double> samples) {
    if (samples.size() > 1 && std::isfinite(samples[0]) &&
        std::all_of(samples.begin(), samples.end(), [&](double x) { return x == samples[0]; }))
        return {samples[0], 0};
    return mean_and_error(samples);
}

/// Student's interval and t-test of an estimate with a standard error.
inline MeanDifference student_test(double difference, double standard_error, double degrees,
                                   double confidence) {
    const bool known = !std::isnan(standard_error) && !std::isnan(degrees) && degrees > 0;
    MeanDifference result{difference, standard_error, known ? degrees : standard_error, {}};
    const double t =
        student_quantile(0.5 + 0.5 * confidence, known ? degrees : 1.0);  // checks the confidence
    if (!known) return result;
    result.interval = {difference - t * standard_error, difference + t * standard_error};
    if (standard_error > 0)
        result.p_value = student_tail(difference / standard_error, degrees);
    else if (!std::isnan(difference))
        result.p_value = difference == 0 ? 1 : 0;
    return result;
}

}  // namespace detail

/// mean(a) - mean(b) of two independent samples whose variances need not be equal, with Welch's degrees of
/// freedom (Welch 1947) and the two-sided p-value of his test. Standard error, degrees, interval and p-value are NaN if a or b
/// has fewer than two values. If neither varies, the interval is the difference itself and the p-value is 1 if the
/// difference is zero and 0 otherwise.
/// @throws ConfigError for a confidence outside (0, 1).
[[nodiscard]] inline MeanDifference welch_difference(std::span<const double> a, std::span<const double> b,
                                                     double confidence = 0.95) {
    const MeanAndError first = detail::mean_and_exact_error(a), second = detail::mean_and_exact_error(b);
    const double p = first.standard_error * first.standard_error;
    const double q = second.standard_error * second.standard_error;
    const double freedom_a = static_cast<double>(a.size()) - 1, freedom_b = static_cast<double>(b.size()) - 1;
    // By shares of the variance, whose squares do not underflow.
    const double share = p / (p + q), rest = q / (p + q);
    const double degrees =
        p + q == 0 ? freedom_a + freedom_b : 1 / (share * share / freedom_a + rest * rest / freedom_b);
    return detail::student_test(first.mean - second.mean, std::sqrt(p + q), degrees, confidence);
}

/// mean(a_i - b_i) of measurements in pairs, such as two methods with the same seed, data order and split: Student's interval
/// and two-sided p-value of the paired t-test, with n - 1 degrees of freedom. It is narrower than `welch_difference` as far as
/// the two measurements of a pair vary together. Standard error, degrees, interval and p-value are NaN for fewer than two
/// pairs. If the difference is the same in all pairs, the interval is the difference itself and the p-value is 1 if the
/// difference is zero and 0 otherwise.
/// @throws ShapeError if the numbers of a and b differ; ConfigError for a confidence outside (0, 1).
[[nodiscard]] inline MeanDifference paired_difference(std::span<const double> a, std::span<const double> b,
                                                      double confidence = 0.95) {
    if (a.size() != b.size())
        throw ShapeError(
            message("a paired difference needs pairs; ", a.size(), " and ", b.size(), " numbers were given"));
    std::vector<double> differences(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) differences[i] = a[i] - b[i];
    const MeanAndError all = detail::mean_and_exact_error(differences);
    return detail::student_test(all.mean, all.standard_error, static_cast<double>(a.size()) - 1, confidence);
}

}  // namespace vitscape
