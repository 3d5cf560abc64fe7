// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <vitscape/core/error.hpp>

namespace vitscape {

/// Classification accuracy over a set of images.
struct Accuracy {
    double top1 = 0;  ///< fraction of the images whose label has the largest logit
    double top5 = 0;  ///< fraction whose label is among the five largest
    std::size_t images = 0;
    /// Of `top1`, the mean over as many independent images.
    [[nodiscard]] double standard_error() const {
        return std::sqrt(top1 * (1 - top1) / static_cast<double>(images));
    }
};

namespace detail {

/// Number of images whose label has the largest logit, or one of the five largest.
struct LabelCounts {
    std::size_t first = 0, among_five = 0;
};

/// @param logits  (images, classes), row by row
inline LabelCounts count_labels(std::span<const double> logits, std::span<const std::int64_t> labels) {
    if (labels.empty() || logits.size() % labels.size() != 0)
        throw ShapeError(message(logits.size(), " logits do not fit ", labels.size(), " labels"));
    const std::size_t classes = logits.size() / labels.size();
    LabelCounts counts;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (labels[i] < 0 || static_cast<std::size_t>(labels[i]) >= classes)
            throw DataError(message("the label ", labels[i], " does not fit ", classes, " classes"));
        const auto row = logits.subspan(i * classes, classes);
        const auto label = static_cast<std::size_t>(labels[i]);
        std::size_t larger = 0;
        for (std::size_t c = 0; c < classes; ++c)
            larger += !(row[c] <= row[label]) || (row[c] == row[label] && c < label) ? 1 : 0;
        counts.first += larger < 1 ? 1 : 0;
        counts.among_five += larger < 5 ? 1 : 0;
    }
    return counts;
}

}  // namespace detail

/// Counts labels among the largest logits; among equal logits the lower class counts as larger, and a row with a logit
/// that is not a number never counts.
/// @param logits  (images, classes), row by row
/// @throws ShapeError if the sizes do not match, DataError for a label outside the classes
inline Accuracy accuracy(std::span<const double> logits, std::span<const std::int64_t> labels) {
    const detail::LabelCounts counts = detail::count_labels(logits, labels);
    const auto images = static_cast<double>(labels.size());
    return {static_cast<double>(counts.first) / images, static_cast<double>(counts.among_five) / images,
            labels.size()};
}

/// The class with the largest logit of each image, the lowest of equal ones; -1 for a row with a logit that is not a number.
/// @param logits  (images, classes), row by row
/// @throws ShapeError if the sizes do not match
[[nodiscard]] inline std::vector<std::int32_t> predicted_classes(std::span<const double> logits,
                                                                 std::size_t images) {
    if (images == 0 || logits.size() % images != 0)
        throw ShapeError(message(logits.size(), " logits do not fit ", images, " images"));
    const std::size_t classes = logits.size() / images;
    std::vector<std::int32_t> predicted;
    for (std::size_t i = 0; i < images; ++i) {
        const auto row = logits.subspan(i * classes, classes);
        const bool numbers = std::none_of(row.begin(), row.end(), [](double x) { return std::isnan(x); });
        predicted.push_back(
            numbers ? static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin()) : -1);
    }
    return predicted;
}

}  // namespace vitscape
