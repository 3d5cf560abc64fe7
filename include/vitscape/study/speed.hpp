// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include <vitscape/data/balanced.hpp>
#include <vitscape/methods/recipe.hpp>
#include <vitscape/study/run.hpp>

namespace vitscape {

namespace detail {

/// Callback: duration of the last epoch.
struct EpochSeconds {
    double* seconds;
    template <class T>
    void on_epoch(T&, const EpochRecord& record) const {
        *seconds = record.seconds;
    }
};

/// Seconds per image of a training step: the second of two epochs of three batches.
template <Backend B, class T>
double training_speed(const ComparisonSetting<B>& setting, T& trainer) {
    TrainOptions training = setting.plan.training;
    training.epochs = 2;
    const std::size_t few = std::min(setting.images.size(), 3 * training.batch);
    double seconds = 0;
    trainer.fit(setting.images.subset(balanced(setting.images, few)), training, EpochSeconds{&seconds});
    const std::size_t used = few / training.batch * training.batch;
    return seconds / static_cast<double>(used);
}
/// The same of a classifier, encoder and head.
template <Backend B>
double tuning_speed(const ComparisonSetting<B>& setting, const VitClassifier& classifier) {
    Trainer trainer{setting.backend, Regularized<>(classifier), setting.plan.optimizer,
                    WarmupCosine{.peak = 1e-6, .warmup_epochs = 0}, 0};
    return training_speed(setting, trainer);
}

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
    Trainer trainer{setting.backend, contestant.method, setting.plan.optimizer,
                    WarmupCosine{.peak = 1e-6, .warmup_epochs = 0}, 0};
    speed.training = detail::training_speed(setting, trainer);
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
    if constexpr (ClassifyingMethod<M, B>)
        speed.tuning = speed.training;
    else if (tuning && setting.labelled())
        speed.tuning = detail::tuning_speed(setting, classifier);
    return speed;
}

}  // namespace vitscape
