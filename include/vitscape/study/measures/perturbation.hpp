// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/fields.hpp>
#include <vitscape/landscape/flatness.hpp>
#include <vitscape/landscape/weight_noise.hpp>
#include <vitscape/study/loss_around.hpp>
#include <vitscape/study/rows.hpp>
#include <vitscape/study/time.hpp>

namespace vitscape {

/// The rise of a loss when Gaussian noise is added to each filter, relative to its norm.
struct WeightNoiseMeasure {
    static constexpr std::string_view key = "weight_noise";
    std::size_t images = 256;
    std::vector<double> deviations{0.1, 0.25, 0.5};  ///< relative to each filter's norm
    Index draws = 8;
    std::uint64_t direction_seed = 1;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "images", "training images that the loss is the mean over",
              Range::count(2, 4294967295.0));
        visit("deviations", self.deviations, "", "of the noise, relative to each filter's norm",
              Range::above(0));
        visit("draws", self.draws, "", "of the noise", Range::count(2, 1e6));
        visit("direction_seed", self.direction_seed, "direction-seed", "of the noise", Range::seed());
    }
    void check() const { check_ranges(*this); }
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        return speed.value * static_cast<double>(images) * static_cast<double>(draws) *
               static_cast<double>(deviations.size());
    }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around) const {
        O& loss = around.loss(images);
        const double centre = loss.value(around.theta());
        nlohmann::json list = nlohmann::json::array();
        for (const NoiseRise& rise : weight_noise(loss, loss.layout(), around.theta(), deviations, draws,
                                                  direction_seed, around.work_control()))
            list.push_back({{"deviation", rise.deviation},
                            {"mean", rise.mean},
                            {"standard_error", rise.standard_error}});
        return {{"centre_loss", centre},
                {"trivial_loss", json_number(around.trivial_loss(images))},
                {"rises", list}};
    }
    void rows(Rows& rows) const {
        for (std::size_t i = 0; i < deviations.size(); ++i) {
            const std::string deviation = plain_number(deviations[i]);
            rows.add({.key = message("weight_noise_", deviation),
                      .group = "robustness",
                      .name = message("rise under weight noise of ", deviation, ", share of the gain"),
                      .better = Better::lower,
                      .invariant_to = gain_scale,
                      .flatness = true},
                     [i](const JsonValue& n) {
                         const double gain = gain_of(n);
                         const JsonValue rise = n.at("rises").at(i);
                         return MeasuredValue{rise.at("mean").number_or_nan() / gain,
                                              rise.at("standard_error").number_or_nan() / gain};
                     });
        }
    }
};

/// The rise of a loss after a step along its gradient (`sam_sharpness`).
struct SharpnessMeasure {
    static constexpr std::string_view key = "sharpness";
    std::size_t images = 256;
    double radius = 0.05;  ///< length of the step in parameter space

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "images", "training images that the loss is the mean over",
              Range::count(2, 4294967295.0));
        visit("radius", self.radius, "", "the step's length, in parameters", Range::above(0));
    }
    void check() const { check_ranges(*this); }
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        return 5 * speed.value * static_cast<double>(images);
    }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around) const {
        O& loss = around.loss(images);
        return {{"centre_loss", loss.value(around.theta())},
                {"trivial_loss", json_number(around.trivial_loss(images))},
                {"rise", sam_sharpness(loss, around.theta(), radius)}};
    }
    void rows(Rows& rows) const {
        rows.add({.key = "sharpness",
                  .group = "flatness",
                  .name = "sharpness: rise along the gradient, share of the gain",
                  .meaning = "after a step of fixed length in parameter space",
                  .better = Better::lower,
                  .invariant_to = "scale of the loss and constants added to it",
                  .flatness = true},
                 [](const JsonValue& s) {
                     return MeasuredValue{.value = s.at("rise").number_or_nan() / gain_of(s)};
                 });
    }
};

}  // namespace vitscape
