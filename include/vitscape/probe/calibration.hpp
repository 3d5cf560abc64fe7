// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <span>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/probe/accuracy.hpp>

namespace vitscape {

/// How far a classifier's confidences are from its accuracy.
struct Calibration {
    /// The expected calibration error; see `calibration`. Biased upwards: `noise` says how far.
    double error = std::numeric_limits<double>::quiet_NaN();
    /// Of `error` over the images, by the jackknife: NaN for fewer than two. Near `noise` it is too large, since what raises and
    /// what lowers a bin's difference both raise its size.
    double standard_error = std::numeric_limits<double>::quiet_NaN();
    /// What `error` would be in the mean of a classifier with these very confidences that is perfectly calibrated, on as many
    /// images: an error that does not exceed it says nothing.
    double noise = std::numeric_limits<double>::quiet_NaN();
};

namespace detail {

/// E|h - E h| of the number h of hits among independent trials with these probabilities, exact to rounding: by their
/// distribution, or where its variance is above 400 by the normal one, wrong by less than 0.1 %. Consumes `hits`.
inline double mean_absolute_deviation(std::vector<double> hits) {
    double mean = 0, variance = 0;
    for (const double p : hits) mean += p, variance += p * (1 - p);
    if (variance > 400) return std::sqrt(2 * variance / std::numbers::pi);
    if (2 * mean >
        static_cast<double>(hits.size())) {  // the misses lie as far from their mean, and are fewer
        for (double& p : hits) p = 1 - p;
        mean = static_cast<double>(hits.size()) - mean;
    }
    std::vector<double> probability{1};  // of as many hits, so far
    for (const double p : hits) {
        probability.push_back(0);
        for (std::size_t k = probability.size(); k-- > 1;)
            probability[k] = (1 - p) * probability[k] + p * probability[k - 1];
        probability.front() *= 1 - p;
        while (probability.size() > 1 && probability.back() < 1e-20) probability.pop_back();
    }
    double deviation = 0;
    for (std::size_t k = 0; k < probability.size(); ++k)
        deviation += probability[k] * std::abs(static_cast<double>(k) - mean);
    return deviation;
}

}  // namespace detail

/// The expected calibration error (Guo et al. 2017, arXiv 1706.04599, equation 5): the mean over images of
/// |accuracy - mean confidence| of the image's bin, where the confidence is the largest softmax of the logits and bins divide
/// [0, 1] evenly. All of it is NaN if a logit is not finite.
///
/// A mean of sizes: chance raises it, the more the fewer images a bin has (Roelofs et al. 2022, arXiv 2012.08668), so that it
/// comes with what chance alone would give.
/// @param logits  (images, classes), row by row
/// @throws ShapeError if the sizes do not match, DataError for a label outside the classes, ConfigError without bins
[[nodiscard]] inline Calibration calibration(std::span<const double> logits,
                                             std::span<const std::int64_t> labels, std::size_t bins = 15) {
    if (bins == 0) throw ConfigError("a calibration error needs at least one bin");
    (void)detail::count_labels(logits, labels);  // checks
    const std::size_t classes = logits.size() / labels.size();
    std::vector<double> excess(bins, 0);                 // hits minus confidences
    std::vector<std::vector<double>> confidences(bins);  // of each bin's images
    std::vector<std::pair<std::size_t, double>> images;  // bin, hit minus confidence
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const auto row = logits.subspan(i * classes, classes);
        const auto largest = std::max_element(row.begin(), row.end());
        double sum = 0;
        for (const double logit : row) sum += std::exp(logit - *largest);
        const double sure = 1 / sum;
        if (!std::isfinite(sure)) return {};
        const std::size_t bin =
            std::min(bins - 1, static_cast<std::size_t>(sure * static_cast<double>(bins)));
        const double difference = (largest - row.begin() == labels[i] ? 1 : 0) - sure;
        confidences[bin].push_back(sure);
        excess[bin] += difference;
        images.emplace_back(bin, difference);
    }
    const auto count = static_cast<double>(images.size());
    Calibration result;
    double sum = 0, noise = 0;
    for (std::size_t bin = 0; bin < bins; ++bin) {
        sum += std::abs(excess[bin]);
        noise += detail::mean_absolute_deviation(std::move(confidences[bin]));
    }
    result.error = sum / count;
    result.noise = noise / count;
    if (images.size() < 2) return result;
    std::vector<double> without;  // one of the images each
    double mean = 0, squares = 0;
    for (const auto& [bin, difference] : images) {
        without.push_back((sum - std::abs(excess[bin]) + std::abs(excess[bin] - difference)) / (count - 1));
        mean += without.back() / count;
    }
    for (const double error : without) squares += (error - mean) * (error - mean);
    result.standard_error = std::sqrt((count - 1) / count * squares);
    return result;
}

}  // namespace vitscape
