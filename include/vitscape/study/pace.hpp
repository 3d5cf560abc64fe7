// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <vitscape/data/balanced.hpp>
#include <vitscape/methods/recipe.hpp>
#include <vitscape/study/contestant.hpp>
#include <vitscape/study/probing.hpp>
#include <vitscape/study/setting.hpp>
#include <vitscape/study/time.hpp>

namespace vitscape {

namespace detail {

/// Callback: the time between the end of the first step and the end of the latest, and the images in between.
struct StepTimes {
    std::chrono::steady_clock::time_point first{}, latest{};
    std::size_t steps = 0, images = 0;

    template <class T>
    void on_step(T&, const StepRecord& step) {
        latest = std::chrono::steady_clock::now();
        if (steps++ == 0)
            first = latest;  // of a new trainer; it allocates
        else
            images += step.images;
    }
    [[nodiscard]] double seconds_per_image() const {
        return std::chrono::duration<double>(latest - first).count() / static_cast<double>(images);
    }
};

inline constexpr std::size_t timed_steps = 4;  // the first of them is not timed

/// Seconds per image of a trainer's steps, with loading of images.
template <Backend B, class T>
[[nodiscard]] double step_pace(const ComparisonSetting<B>& setting, T&& trainer) {
    TrainOptions training = setting.plan.training;
    const std::size_t images =
        std::min(setting.images.size(), timed_steps * training.batch * training.accumulate);
    const std::size_t batches = images / training.batch,
                      steps = (batches + training.accumulate - 1) / training.accumulate;
    training.epochs = static_cast<std::uint32_t>((timed_steps + steps - 1) / steps);
    StepTimes times;
    trainer.fit(setting.images.subset(balanced(setting.images, images)), training, times);
    return times.seconds_per_image();
}

/// Seconds per image of a classifier on held-out images in memory.
template <Backend B>
[[nodiscard]] double classification_pace(const ComparisonSetting<B>& setting,
                                         const VitClassifier& classifier) {
    const std::size_t images = std::min(setting.test.size(), setting.plan.training.batch);
    const Batch batch =
        load_all(setting.test.subset(balanced(setting.test, images)), setting.plan.training.transform);
    const Vector<Master<B>> theta(master(setting.backend), initial_values(classifier.layout(), 0));
    (void)logits_of(setting.backend, classifier, theta, batch);
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 1; i < timed_steps; ++i) (void)logits_of(setting.backend, classifier, theta, batch);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() /
           static_cast<double>((timed_steps - 1) * images);
}

}  // namespace detail

/// One round of a few steps of each kind; of training only if the contestant is trained. @param tuning  whether to time steps of the encoder with a classifier's head as well
template <Backend B, class M>
[[nodiscard]] Pace measure_pace(const ComparisonSetting<B>& setting, const Contestant<M>& contestant,
                                bool tuning) {
    const WarmupCosine still{.peak = 1e-6, .warmup_epochs = 0};
    const VitClassifier classifier =
        classifier_of<B>(contestant.method, setting.classes(), setting.plan.pooling);
    Pace pace;
    pace.classifying = detail::classification_pace(setting, classifier);
    if (contestant.origin == Origin::trained)
        pace.training = detail::step_pace(
            setting, Trainer{setting.backend, contestant.method, setting.plan.optimizer, still, 0});
    if constexpr (ClassifyingMethod<M, B>)
        pace.tuning = pace.training;
    else if (tuning && setting.labelled())
        pace.tuning = detail::step_pace(
            setting, Trainer{setting.backend, Regularized<>(classifier), setting.plan.optimizer, still, 0});
    return pace;
}

}  // namespace vitscape
