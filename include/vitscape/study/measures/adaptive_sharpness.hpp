// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <vitscape/landscape/adaptive_sharpness.hpp>
#include <vitscape/landscape/critical_sharpness.hpp>
#include <vitscape/study/measure.hpp>

namespace vitscape {

/// Sharpness that does not change if weights are rescaled: the rise of the loss under the worst and the average perturbation
/// of each parameter relative to its size (Kwon et al. 2021, arXiv 2102.11600; Andriushchenko et al. 2023, arXiv 2302.07011),
/// and critical sharpness, 2 / the largest step along the negative gradient that does not raise the loss.
struct AdaptiveSharpnessMeasure {
    static constexpr std::string_view key = "adaptive_sharpness";
    std::size_t images = 256;
    double radius = 0.5;     ///< Euclidean norm of the perturbation relative to the parameters
    double deviation = 0.1;  ///< of the noise, relative to each parameter
    Index steps = 10;        ///< of ascent, in each of two starts
    Index draws = 8;
    std::uint64_t seed = 0;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "images", "training images that surfaces and rises are the mean over",
              Range::count(2, 4294967295.0));
        visit("radius", self.radius, "", "norm of the worst perturbation, relative to the parameters",
              Range::above(0));
        visit("deviation", self.deviation, "", "of the noise, relative to each parameter", Range::above(0));
        visit("steps", self.steps, "ascent-steps", "of the search for the worst perturbation",
              Range::count(1, 1e6));
        visit("draws", self.draws, "", "of the noise", Range::count(2, 1e6));
        visit("seed", self.seed, "", "of starts and noise", Range::seed());
    }
    void check() const { check_ranges(*this); }
    [[nodiscard]] AdaptiveSharpnessMeasure coarser(int level) const {
        AdaptiveSharpnessMeasure cheap = *this;
        cheap.steps = std::min<Index>(steps, level == 1 ? 8 : 5);
        return cheap;
    }
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        const auto evaluations = static_cast<double>(2 * steps * 4 + draws + 25);
        return speed.value * static_cast<double>(images) * evaluations;
    }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around) const {
        O& loss = around.loss(images);
        const Vector<B>& theta = around.theta();
        const WorstCaseRise worst =
            worst_case_adaptive_sharpness(loss, theta, radius, {.steps = steps, .restarts = 1, .seed = seed});
        const NoiseRise mean =
            average_case_adaptive_sharpness(loss, theta, deviation, {.draws = draws, .seed = seed});
        const CriticalSharpness critical = critical_sharpness(loss, theta);
        return {{"centre_loss", loss.value(theta)},
                {"trivial_loss", json_number(around.trivial_loss(images))},
                {"worst", worst.rise},
                {"worst_of_starts", worst.starts},
                {"mean", mean.mean},
                {"mean_standard_error", json_number(mean.standard_error)},
                {"critical", json_number(critical.sharpness)}};
    }
    void rows(Rows& rows) const {
        const std::string scale = "scale of the loss, constants added to it and the scale of each parameter";
        rows.add({.key = "worst_adaptive_sharpness",
                  .group = "flatness",
                  .name = "adaptive sharpness, worst case, share of the gain",
                  .meaning = message("the largest rise that was found within a radius of ",
                                     plain_number(radius), " relative to the parameters: a lower bound"),
                  .better = Better::lower,
                  .invariant_to = scale,
                  .flatness = true},
                 [](const JsonValue& s) {
                     return MeasuredValue{.value = s.at("worst").number_or_nan() / gain_of(s)};
                 });
        rows.add(
            {.key = "mean_adaptive_sharpness",
             .group = "flatness",
             .name = "adaptive sharpness, mean, share of the gain",
             .meaning = message("under noise of ", plain_number(deviation), " relative to each parameter"),
             .better = Better::lower,
             .invariant_to = scale,
             .flatness = true},
            [](const JsonValue& s) {
                const double gain = gain_of(s);
                return MeasuredValue{.value = s.at("mean").number_or_nan() / gain,
                                     .standard_error = s.at("mean_standard_error").number_or_nan() / gain};
            });
        rows.add(
            {.key = "critical_sharpness",
             .group = "curvature",
             .name = "critical sharpness",
             .meaning =
                 "2 / the largest step along the negative gradient that does not raise the loss, in units "
                 "of the loss per squared parameter",
             .better = Better::lower,
             .range = ValueRange::positive,
             .flatness = true},
            [](const JsonValue& s) { return number_of(s.at("critical")); });
    }
};

}  // namespace vitscape
