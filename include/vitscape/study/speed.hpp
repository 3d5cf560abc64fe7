// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include <vitscape/data/balanced.hpp>
#include <vitscape/methods/recipe.hpp>
#include <vitscape/study/pace.hpp>

namespace vitscape {

namespace detail {

/// Seconds per image of each kind of evaluation: the second of two rounds.
template <Backend B, class O>
LossSpeed loss_speed(O& objective, const Vector<B>& theta) {
    const auto seconds = [](const auto& work) {
        work();
        const auto start = std::chrono::steady_clock::now();
        work();
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    Vector<B> product = theta;
    std::vector<PlaneJet<double>> jets(static_cast<std::size_t>(objective.samples()));
    const double images = static_cast<double>(objective.samples());
    return {seconds([&] { (void)objective.value(theta); }) / images,
            seconds([&] { objective.hessian_vector(theta, theta, product); }) / images,
            seconds([&] { objective.sample_jets(theta, theta, theta, jets); }) / images};
}

}  // namespace detail

/// Times a method on a few batches, as the basis of a plan. @param tuning  whether to time the training of a classifier
template <Backend B, class M>
[[nodiscard]] MethodSpeed measure_speed(const ComparisonSetting<B>& setting, const Contestant<M>& contestant,
                                        bool tuning) {
    MethodSpeed speed;
    const Pace pace = measure_pace(setting, contestant, tuning);
    speed.training = pace.training, speed.tuning = pace.tuning;
    const Trainer trainer{setting.backend, contestant.method, setting.plan.optimizer, setting.plan.schedule,
                          0};
    const Batch batch = load_all(
        setting.images.subset(balanced(setting.images, std::min<std::size_t>(64, setting.images.size()))),
        setting.plan.training.transform);
    auto loss =
        frozen_loss(setting.backend, contestant.method, trainer.teacher(), batch, setting.plan.mask_seed);
    speed.loss = detail::loss_speed(loss, trainer.theta());
    const VitClassifier classifier =
        classifier_of<B>(contestant.method, setting.classes(), setting.plan.pooling);
    Batch answers = batch;
    if (!setting.labelled()) answers.labels.fill(0);  // a classifier takes as long whatever its answers are
    auto classification = frozen_loss(setting.backend, classifier, {}, answers, 0);
    speed.classification = detail::loss_speed(
        classification,
        Vector<Master<B>>(master(setting.backend),
                          classifier_values(contestant.method, trainer.theta().to_host(), classifier)));
    speed.encoding = speed.classification.value;
    return speed;
}

}  // namespace vitscape
