// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/probe/accuracy.hpp>
#include <vitscape/probe/calibration.hpp>

#include "support/catch.hpp"

namespace calibration_test {

using namespace vitscape;

TEST_CASE("calibration error: the gap of accuracy and confidence, weighted by the images of a bin",
          "[probe]") {
    // two classes; confidences 0.9, 0.9, 0.9, 0.6, 0.6 with the hits 1, 1, 0, 1, 0
    const double sure = std::log(9), unsure = std::log(1.5);
    const std::vector<double> logits{sure, 0, sure, 0, sure, 0, 0, unsure, 0, unsure};
    const std::vector<std::int64_t> labels{0, 0, 1, 1, 0};
    const double expected = (std::abs(2 - 2.7) + std::abs(1 - 1.2)) / 5;
    CHECK(calibration(logits, labels).error == Approx(expected));
    CHECK(calibration(logits, labels, 1).error ==
          Approx(std::abs(3 - 3.9) / 5));  // one bin: they cancel in part
    // what is always right and sure is calibrated, what is always wrong and sure is off by its confidence
    CHECK(calibration(std::vector<double>{1000, 0, 0, 1000}, std::vector<std::int64_t>{0, 1}).error == 0);
    CHECK(calibration(std::vector<double>{1000, 0, 0, 1000}, std::vector<std::int64_t>{1, 0}).error == 1);
    // equal logits of 4 classes are answered by the first, at a confidence of 1/4
    CHECK(calibration(std::vector<double>(16, 0.0), std::vector<std::int64_t>{0, 1, 2, 3}).error ==
          Approx(0));
    CHECK(std::isnan(calibration(std::vector<double>{std::nan(""), 0}, std::vector<std::int64_t>{0}).error));
    CHECK_THROWS_AS(calibration(logits, std::vector<std::int64_t>{0, 0, 1}).error, ShapeError);
    CHECK_THROWS_AS(calibration(logits, labels, 0).error, ConfigError);
    CHECK_THROWS_AS(calibration(logits, std::vector<std::int64_t>{0, 0, 1, 1, 7}).error, DataError);
}

TEST_CASE("calibration error: its standard error is the jackknife's", "[probe]") {
    RandomSequence random({.seed = 3, .purpose = Purpose::test});
    const std::size_t images = 25, classes = 3;
    std::vector<double> logits(images * classes);
    std::vector<std::int64_t> labels(images);
    for (double& logit : logits) logit = 2 * random.normal();
    for (std::int64_t& label : labels) label = random.below(3);
    double mean = 0, squares = 0;
    std::vector<double> without;
    for (std::size_t i = 0; i < images; ++i) {
        auto fewer = logits;
        auto fewer_labels = labels;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i * classes),
                    fewer.begin() + static_cast<std::ptrdiff_t>((i + 1) * classes));
        fewer_labels.erase(fewer_labels.begin() + static_cast<std::ptrdiff_t>(i));
        without.push_back(calibration(fewer, fewer_labels, 5).error);
        mean += without.back() / static_cast<double>(images);
    }
    for (const double one : without) squares += (one - mean) * (one - mean);
    const double n = static_cast<double>(images);
    CHECK(calibration(logits, labels, 5).standard_error == Approx(std::sqrt((n - 1) / n * squares)));
    CHECK(std::isnan(calibration(std::vector<double>{1, 2}, std::vector<std::int64_t>{0}, 5).standard_error));
}

TEST_CASE("calibration noise: the mean error of a calibrated classifier, by all outcomes", "[probe]") {
    // 2 classes, confidences in three of five bins; each outcome has the probability that the confidences give it
    const std::vector<double> sure{0.55, 0.58, 0.52, 0.7, 0.75, 0.79, 0.9, 0.99};
    std::vector<double> logits;
    for (const double p : sure) logits.insert(logits.end(), {std::log(p), std::log(1 - p)});
    double expected = 0;
    for (std::size_t outcome = 0; outcome < 256; ++outcome) {
        std::vector<std::int64_t> labels;
        double probability = 1;
        for (std::size_t i = 0; i < 8; ++i) {
            const bool hit = ((outcome >> i) & 1) != 0;
            labels.push_back(hit ? 0 : 1);
            probability *= hit ? sure[i] : 1 - sure[i];
        }
        expected += probability * calibration(logits, labels, 5).error;
    }
    const Calibration any = calibration(logits, std::vector<std::int64_t>(8, 1), 5);
    CHECK(any.noise == Approx(expected).epsilon(1e-12));  // whatever the labels are
    CHECK(any.error > any.noise);
}

TEST_CASE("mean absolute deviation of hits: exact for few, and the same by both ways for many", "[probe]") {
    CHECK(detail::mean_absolute_deviation({}) == 0);
    CHECK(detail::mean_absolute_deviation({0.3}) == Approx(2 * 0.3 * 0.7));
    CHECK(detail::mean_absolute_deviation({1, 1, 0}) == Approx(0).margin(1e-15));
    // of a binomial distribution: 2 k C(n, k) p^k (1-p)^(n-k+1) with k the first number above n p (de Moivre)
    for (const auto& [n, p] :
         {std::pair{7.0, 0.4}, {1000.0, 0.97}, {1590.0, 0.5}, {1610.0, 0.5}, {40000.0, 0.98}}) {
        const double k = std::floor(n * p) + 1;
        const double exact =
            2 * std::exp(std::log(k) + std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                         k * std::log(p) + (n - k + 1) * std::log(1 - p));
        const bool normal = n * p * (1 - p) > 400;
        CHECK(detail::mean_absolute_deviation(std::vector<double>(static_cast<std::size_t>(n), p)) ==
              Approx(exact).epsilon(normal ? 1e-3 : 1e-9));
    }
}

TEST_CASE("predicted classes: the largest logit, the lower of equal ones, none where one is not a number") {
    const std::vector<double> logits{0, 2, 1, 3, 3, 0, 1, std::nan(""), 5};
    CHECK(predicted_classes(logits, 3) == std::vector<std::int32_t>{1, 0, -1});
    CHECK_THROWS_AS(predicted_classes(logits, 2), ShapeError);
}

}  // namespace calibration_test
