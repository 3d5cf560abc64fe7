// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include <vitscape/core/student.hpp>

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

}  // namespace vitscape
