// SPDX-License-Identifier: Apache-2.0
//
// What a classifier's logits say at the points of a surface: measures that `project` takes (landscape/point_measure.hpp).
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/measured_number.hpp>
#include <vitscape/probe/accuracy.hpp>
#include <vitscape/probe/calibration.hpp>

namespace vitscape {

/// The shares of the images whose class has the largest logit, and one of the five largest, as `accuracy_top1` and
/// `accuracy_top5`; each with the standard error of a mean over images, sqrt(p (1 - p) / (n - 1)), which is zero where all or
/// none are right. Needs a `ClassifyingObjective`.
struct PointAccuracy {
    [[nodiscard]] static std::vector<NumberCard> numbers() {
        return {{.name = "accuracy_top1",
                 .label = "accuracy (top-1)",
                 .meaning = "share of the images whose class has the largest logit",
                 .error = NumberError::standard_error},
                {.name = "accuracy_top5",
                 .label = "accuracy (top-5)",
                 .meaning = "share of the images whose class has one of the five largest logits",
                 .error = NumberError::standard_error}};
    }
    template <class Point>
    requires requires(Point& point) { point.logits(); }
    void measure(Point& point, std::span<MeasuredNumber> out) const {
        const Accuracy found = accuracy(point.logits(), point.objective().labels());
        const auto number = [&](double share) {
            return MeasuredNumber{share,
                                  std::sqrt(share * (1 - share) / (static_cast<double>(found.images) - 1))};
        };
        out[0] = number(found.top1);
        out[1] = number(found.top5);
    }
};

/// The expected calibration error with its standard error as `calibration_error`, and what a perfectly calibrated classifier
/// with the same confidences would show on as many images, which is how far the former is biased, as `calibration_noise`
/// (`calibration`). Needs a `ClassifyingObjective`.
struct PointCalibration {
    std::size_t bins = 15;

    /// @throws ConfigError without bins
    [[nodiscard]] std::vector<NumberCard> numbers() const {
        if (bins == 0) throw ConfigError("a calibration error needs at least one bin");
        return {{.name = "calibration_error",
                 .label = "expected calibration error",
                 .meaning = message("expected calibration error of ", bins,
                                    " equal bins of confidence; biased upwards, as calibration_noise says"),
                 .error = NumberError::standard_error},
                {.name = "calibration_noise",
                 .label = "calibration error of a calibrated classifier",
                 .meaning = message("mean of the same number, of ", bins,
                                    " bins, for a perfectly calibrated classifier with the same confidences"),
                 .error = NumberError::none}};
    }
    template <class Point>
    requires requires(Point& point) { point.logits(); }
    void measure(Point& point, std::span<MeasuredNumber> out) const {
        const Calibration found = calibration(point.logits(), point.objective().labels(), bins);
        out[0] = {found.error, found.standard_error};
        out[1].value = found.noise;
    }
};

}  // namespace vitscape
