// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/fields.hpp>
#include <vitscape/study/cost.hpp>
#include <vitscape/study/rows.hpp>
#include <vitscape/study/time.hpp>
#include <vitscape/study/trained_run.hpp>

namespace vitscape {

namespace detail {

/// A cost stored in a result under `stored`; none if it was not measured.
inline void add_cost(Rows& rows, std::string key, std::string stored, std::string name, std::string unit,
                     std::string meaning = "") {
    rows.add(
        {.key = std::move(key),
         .group = "cost",
         .name = std::move(name),
         .unit = std::move(unit),
         .meaning = std::move(meaning),
         .better = Better::lower},
        [stored = std::move(stored)](const JsonValue& result) { return number_of(result.value(stored)); });
}

}  // namespace detail

/// Time of training, per epoch and per optimizer step, and of classifying an image (`Pace`).
struct PaceMeasure {
    static constexpr std::string_view key = "pace";
    template <class Self, class Visitor>
    static void fields(Self&, Visitor&) {}
    void check() const {}
    void rows(Rows& rows) const {
        const std::string how =
            message("the median of ", pace_rounds, " rounds in which all methods took turns");
        rows.add({.key = "seconds_per_epoch",
                  .group = "cost",
                  .name = "training time per epoch",
                  .unit = "seconds",
                  .meaning = how,
                  .better = Better::lower,
                  .headline = true},
                 [](const JsonValue& pace) {
                     return MeasuredValue{.value = pace.at("epoch_images").to<double>() *
                                                   pace.at("training").number_or_nan()};
                 });
        const TrainOptions& options = rows.plan().training;
        const auto images = static_cast<double>(options.batch * options.accumulate);
        rows.add({.key = "seconds_per_step",
                  .group = "cost",
                  .name = "training time per optimizer step",
                  .unit = "seconds",
                  .meaning = message("a step takes ", images, " images; ", how),
                  .better = Better::lower},
                 [images](const JsonValue& pace) {
                     return MeasuredValue{.value = images * pace.at("training").number_or_nan()};
                 });
        rows.add({.key = "inference_seconds",
                  .group = "cost",
                  .name = message("time of classifying an image, in batches of ", options.batch),
                  .unit = "seconds",
                  .meaning = how,
                  .better = Better::lower},
                 [](const JsonValue& pace) { return number_of(pace.at("classifying")); });
    }
};

/// Memory of classifying a batch.
struct InferenceMeasure {
    static constexpr std::string_view key = "inference";
    std::size_t batch = 128;  ///< maximum number of test images

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("batch", self.batch, "", "test images classified at once, at most",
              Range::count(1, 4294967295.0));
    }
    void check() const { check_ranges(*this); }
    [[nodiscard]] double seconds(const RunSpeed& speed) const {
        return static_cast<double>(std::min(batch, speed.test_images)) * speed.method.classification.value;
    }
    template <Backend B, class M>
    [[nodiscard]] nlohmann::json compute(const TrainedRun<B, M>& run) const {
        return inference_cost(run.backend, run.classifier, run.classifier_theta, run.test_batch(batch));
    }
    void rows(Rows& rows) const {
        const auto done = rows.results();
        const std::size_t images = done.empty() ? batch : done.front().front().at("batch").to<std::size_t>();
        detail::add_cost(
            rows, "inference_memory", "peak_memory",
            message("classifying ", images, " images at once: parameters and activations at their peak"),
            "bytes");
    }
};

/// Costs of training besides time; recorded by the training.
struct TrainingCostMeasure {
    static constexpr std::string_view key = "cost";
    template <class Self, class Visitor>
    static void fields(Self&, Visitor&) {}
    void check() const {}
    void rows(Rows& rows) const {
        using detail::add_cost;
        add_cost(rows, "peak_memory", "peak_memory",
                 "training: parameters, optimizer, teacher and activations at their peak", "bytes");
        add_cost(rows, "training_operations", "training_operations",
                 "floating-point operations of a training step, per image (matrix products)", "");
        add_cost(rows, "inference_operations", "inference_operations",
                 "floating-point operations of classifying an image (matrix products)", "");
        add_cost(rows, "parameters", "parameters", "parameters", "");
        add_cost(rows, "teacher_parameters", "teacher_parameters", "parameters of the teacher", "");
    }
};

}  // namespace vitscape
