// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <vitscape/probe/accuracy.hpp>

#include "support/catch.hpp"

using namespace vitscape;

TEST_CASE("calibration error: the gap of accuracy and confidence, weighted by the images of a bin",
          "[probe]") {
    // two classes; confidences 0.9, 0.9, 0.9, 0.6, 0.6 with the hits 1, 1, 0, 1, 0
    const double sure = std::log(9), unsure = std::log(1.5);
    const std::vector<double> logits{sure, 0, sure, 0, sure, 0, 0, unsure, 0, unsure};
    const std::vector<std::int64_t> labels{0, 0, 1, 1, 0};
    const double expected = (std::abs(2 - 2.7) + std::abs(1 - 1.2)) / 5;
    CHECK(calibration_error(logits, labels) == Approx(expected));
    CHECK(calibration_error(logits, labels, 1) ==
          Approx(std::abs(3 - 3.9) / 5));  // one bin: they cancel in part
    // what is always right and sure is calibrated, what is always wrong and sure is off by its confidence
    CHECK(calibration_error(std::vector<double>{1000, 0, 0, 1000}, std::vector<std::int64_t>{0, 1}) == 0);
    CHECK(calibration_error(std::vector<double>{1000, 0, 0, 1000}, std::vector<std::int64_t>{1, 0}) == 1);
    // equal logits of 4 classes are answered by the first, at a confidence of 1/4
    CHECK(calibration_error(std::vector<double>(16, 0.0), std::vector<std::int64_t>{0, 1, 2, 3}) ==
          Approx(0));
    CHECK(std::isnan(calibration_error(std::vector<double>{std::nan(""), 0}, std::vector<std::int64_t>{0})));
    CHECK_THROWS_AS(calibration_error(logits, std::vector<std::int64_t>{0, 0, 1}), ShapeError);
    CHECK_THROWS_AS(calibration_error(logits, labels, 0), ConfigError);
    CHECK_THROWS_AS(calibration_error(logits, std::vector<std::int64_t>{0, 0, 1, 1, 7}), DataError);
}

TEST_CASE("predicted classes: the largest logit, the lower of equal ones, none where one is not a number") {
    const std::vector<double> logits{0, 2, 1, 3, 3, 0, 1, std::nan(""), 5};
    CHECK(predicted_classes(logits, 3) == std::vector<std::int32_t>{1, 0, -1});
    CHECK_THROWS_AS(predicted_classes(logits, 2), ShapeError);
}
