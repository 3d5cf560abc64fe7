// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/fields.hpp>
#include <vitscape/probe/calibration.hpp>
#include <vitscape/study/corruption.hpp>
#include <vitscape/study/probing.hpp>
#include <vitscape/study/rows.hpp>
#include <vitscape/study/time.hpp>
#include <vitscape/study/trained_run.hpp>

namespace vitscape {

/// Effect of noise and blur of the test images on accuracy and losses. An autoencoder reads the changed images and should
/// predict the clean ones.
struct RobustnessMeasure {
    static constexpr std::string_view key = "robustness";
    std::size_t images = 1000;                  ///< maximum number of test images
    std::vector<double> noise{0.05, 0.1, 0.2};  ///< standard deviation, of pixels in [0, 1]
    std::vector<double> blur{0.5, 1.0, 2.0};    ///< standard deviation in pixels

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "test-images", "test images for noise and blur, at most",
              Range::count(2, 4294967295.0));
        visit("noise", self.noise, "", "standard deviations, of pixels in [0, 1]", Range::above(0));
        visit("blur", self.blur, "", "standard deviations in pixels", Range::above(0));
    }
    void check() const { check_ranges(*this); }
    [[nodiscard]] double seconds(const RunSpeed& speed) const {
        return static_cast<double>(1 + noise.size() + blur.size()) *
               static_cast<double>(std::min(images, speed.test_images)) *
               (2 * speed.method.classification.value + speed.method.loss.value);
    }
    template <Backend B, class M>
    [[nodiscard]] nlohmann::json compute(const TrainedRun<B, M>& run) const {
        const auto& transform = run.plan.training.transform;
        const std::uint64_t seed = run.plan.mask_seed;
        const Batch clean = run.test_batch(images);
        nlohmann::json found = nlohmann::json::array();
        const auto add = [&](const char* kind, double strength, const Batch& batch) {
            run.progress(static_cast<std::int64_t>(found.size()) + 1,
                         static_cast<std::int64_t>(1 + noise.size() + blur.size()), "kinds");
            auto loss = run.loss(batch, &clean);
            nlohmann::json here = {{"kind", kind},
                                   {"strength", strength},
                                   {"training_loss", loss.value(run.theta)},
                                   {"trivial_loss", json_number(trivial_loss_or_nan(loss))},
                                   {"classification_loss", nullptr}};
            if (run.labelled)
                here["classification_loss"] = run.classification(batch).value(run.classifier_theta);
            run.for_each_head([&](const Head& head, const auto& parameters) {
                const std::vector<double> logits = logits_of(run.backend, run.classifier, parameters, batch);
                const std::span labels(batch.labels.data(), batch.labels.size());
                here[std::string(head.key)] = {
                    {"top1", accuracy(logits, labels).top1},
                    {"calibration_error", json_number(calibration(logits, labels).error)}};
            });
            found.push_back(std::move(here));
        };
        add("none", 0, clean);
        for (const double deviation : noise)
            add("noise", deviation, with_noise(clean, deviation, transform, seed));
        for (const double deviation : blur) add("blur", deviation, with_blur(clean, deviation));
        return found;
    }
    void rows(Rows& rows) const {
        for (const Head& head : heads)
            rows.add({.key = key_of(head, "calibration_error"),
                      .group = "robustness",
                      .name = name_of(head, "expected calibration error on clean images"),
                      .unit = "fraction",
                      .meaning = "of its probabilities, in 15 bins of confidence",
                      .better = Better::lower,
                      .direction = "lower is better calibrated"},
                     [head](const JsonValue& r) { return of_head(r.at(0), head, "calibration_error"); });
        std::size_t at = 0;
        for (const double strength : noise)
            add(rows, ++at, "noise", strength, message("pixel noise of ", plain_number(strength)));
        for (const double strength : blur)
            add(rows, ++at, "blur", strength,
                message("a blur of ", plain_number(strength), strength == 1 ? " pixel" : " pixels"));
    }

  private:
    /// NaN where the contestant has no such head, or images no classes.
    [[nodiscard]] static MeasuredValue of_head(const JsonValue& here, const Head& head,
                                               std::string_view name) {
        return here.contains(head.key) ? number_of(here.at(head.key).at(name)) : MeasuredValue{};
    }
    static void add(Rows& rows, std::size_t at, const std::string& kind, double strength,
                    const std::string& what) {
        const std::string ending = message(kind, "_", plain_number(strength));
        for (const Head& head : heads) {
            rows.add({.key = key_of(head, "top1_" + ending),
                      .group = "robustness",
                      .name = name_of(head, "top-1 under " + what),
                      .unit = "fraction",
                      .better = Better::higher},
                     [at, head](const JsonValue& r) { return of_head(r.at(at), head, "top1"); });
            rows.add({.key = key_of(head, "relative_top1_" + ending),
                      .group = "robustness",
                      .name = name_of(head, "top-1 under " + what + ", relative to clean images"),
                      .better = Better::higher,
                      .range = ValueRange::positive},
                     [at, head](const JsonValue& r) {
                         return MeasuredValue{.value = of_head(r.at(at), head, "top1").value /
                                                       of_head(r.at(0), head, "top1").value};
                     });
        }
        rows.add({.key = "loss_" + ending,
                  .group = "robustness",
                  .name = "rise of the training loss under " + what + ", share of the gain",
                  .better = Better::lower,
                  .invariant_to = "scale of the loss and constants added to it"},
                 [at](const JsonValue& r) {
                     const JsonValue clean = r.at(0);
                     const double rise = r.at(at).at("training_loss").number_or_nan() -
                                         clean.at("training_loss").number_or_nan();
                     return MeasuredValue{
                         .value = rise / gain_of(clean.at("trivial_loss"), clean.at("training_loss"))};
                 });
    }
};

}  // namespace vitscape
