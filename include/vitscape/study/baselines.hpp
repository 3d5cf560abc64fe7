// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <nlohmann/json.hpp>

#include <vitscape/study/learning.hpp>
#include <vitscape/study/probing.hpp>
#include <vitscape/study/setting.hpp>
#include <vitscape/study/work.hpp>

namespace vitscape {

/// Baselines of the probes: the same probe on an untrained encoder, for each seed, and on the pixels.
/// The contestant provides the encoder and the images. @returns what belongs in baselines.json
/// @throws Interrupted if the user asked to stop
template <Backend B, class M>
[[nodiscard]] nlohmann::json probe_baselines(const ComparisonSetting<B>& setting,
                                             const Contestant<M>& contestant) {
    const TrainingImages training = contestant.images_of(setting.images);
    const auto& layout = contestant.method.layout();
    const VitClassifier classifier =
        classifier_of<B>(contestant.method, setting.classes(), setting.plan.pooling);
    const FrozenEncoder<B> encoder{setting.backend, classifier, setting.plan.training.transform};
    nlohmann::json top1 = nlohmann::json::array();
    for (const std::uint64_t seed : setting.plan.seeds) {
        const auto values = classifier_values(contestant.method, initial_values(layout, seed), classifier);
        LinearProbeOptions options = setting.plan.probe;
        options.seed = seed;
        const FeaturePair features = encoder.features(values, training.images, setting.test, {});
        top1.push_back(
            TrainedProbe(master(setting.backend), features, setting.classes(), options).result.top1);
        WorkMeter::stop_if_interrupted();
    }
    LinearProbeOptions options = setting.plan.probe;
    options.seed = setting.plan.seeds.front();
    const Accuracy result = TrainedProbe(master(setting.backend),
                                         {pixel_features(training.images, setting.plan.training.transform),
                                          pixel_features(setting.test, setting.plan.training.transform)},
                                         setting.classes(), options)
                                .result;
    return {{random_encoder_of(training.variant), top1},
            {raw_pixels_of(training.variant),
             {{"top1", result.top1}, {"standard_error", result.standard_error()}}}};
}

}  // namespace vitscape
