// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/nn/weight_rounding.hpp>
#include <vitscape/study/measure.hpp>
#include <vitscape/study/probing.hpp>
#include <vitscape/study/trained_run.hpp>

namespace vitscape {

/// What is lost if the weights are stored as bfloat16 or 8-bit integers: the rise of the loss on held-out images, and the
/// accuracy. Unlike random noise it is the change that deployment makes.
struct RoundingMeasure {
    static constexpr std::string_view key = "rounding";
    std::size_t images = 1000;  ///< maximum number of test images

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "test-images", "test images for noise and blur, at most",
              Range::count(2, 4294967295.0));
    }
    void check() const { check_ranges(*this); }
    [[nodiscard]] double seconds(const RunSpeed& speed) const {
        return 3 * static_cast<double>(std::min(images, speed.test_images)) *
               (speed.method.classification.value + speed.method.loss.value);
    }
    template <Backend B, class M>
    [[nodiscard]] nlohmann::json compute(const TrainedRun<B, M>& run) const {
        const Batch batch = run.test_batch(images);
        auto loss = run.loss(batch);
        const auto& layout = run.method.layout();
        const auto backend = master(run.backend);
        nlohmann::json found = nlohmann::json::object();
        // rounded: (layout, parameters) -> parameters
        const auto add = [&](const char* kind, const auto& rounded) {
            nlohmann::json here = {{"loss", loss.value({backend, rounded(layout, run.theta.to_host())})}};
            run.for_each_head([&](const Head& head, const auto& parameters) {
                here[std::string(head.key)] =
                    classify(run.backend, run.classifier,
                             {backend, rounded(run.classifier.layout(), parameters.to_host())}, batch)
                        .top1;
            });
            found[kind] = std::move(here);
        };
        using Parameters = std::vector<double>;
        add("none", [](const ParameterLayout&, const Parameters& p) { return p; });
        add("bfloat16", [](const ParameterLayout&, const Parameters& p) { return rounded_to_bfloat16(p); });
        add("int8", [](const ParameterLayout& of, const Parameters& p) { return rounded_to_int8(of, p); });
        found["trivial_loss"] = json_number(trivial_loss_or_nan(loss));
        return found;
    }
    void rows(Rows& rows) const {
        for (const auto& [kind, title] :
             {std::pair<std::string, std::string>{"bfloat16", "bfloat16"}, {"int8", "8-bit integers"}}) {
            rows.add({.key = "rounding_" + kind,
                      .group = "robustness",
                      .name = "rise of the loss if weights are rounded to " + title + ", share of the gain",
                      .meaning = "over held-out images",
                      .better = Better::lower,
                      .invariant_to = gain_scale,
                      .flatness = true},
                     [kind = kind](const JsonValue& r) {
                         const JsonValue still = r.at("none").at("loss");
                         const double rise = r.at(kind).at("loss").number_or_nan() - still.number_or_nan();
                         return MeasuredValue{.value = rise / gain_of(r.at("trivial_loss"), still)};
                     });
            for (const Head& head : heads)
                rows.add({.key = key_of(head, "top1_" + kind),
                          .group = "robustness",
                          .name = name_of(head, "top-1 if weights are rounded to " + title),
                          .unit = "fraction",
                          .better = Better::higher},
                         [kind = kind, head](const JsonValue& r) {
                             return number_of(r.at(kind).value(head.key));
                         });
        }
    }
};

}  // namespace vitscape
