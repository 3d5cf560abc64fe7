// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <vitscape/study/probing.hpp>
#include <vitscape/study/setting.hpp>
#include <vitscape/study/store.hpp>

namespace vitscape {

/// Baselines of the probes: the same probe on an untrained encoder, for each seed, and on the pixels.
/// The contestant provides the encoder. @throws Interrupted if the user asked to stop
template <Backend B, class M>
void probe_baselines(const ComparisonSetting<B>& setting, const Contestant<M>& contestant, double expected,
                     WorkMeter& meter) {
    ResultStore store(setting.out / "baselines.json");
    if (store.has("raw pixels") && store.has("random encoder")) return meter.skip(expected);
    meter.part("probes of random encoders and of raw pixels", expected, [&] {
        const auto& layout = contestant.method.layout();
        const VitClassifier classifier =
            classifier_of<B>(contestant.method, setting.classes(), setting.plan.pooling);
        const FrozenEncoder<B> encoder{setting.backend, classifier, setting.plan.training.transform};
        nlohmann::json top1 = nlohmann::json::array();
        for (const std::uint64_t seed : setting.plan.seeds) {
            const auto values =
                classifier_values(contestant.method, initial_values(layout, seed), classifier);
            LinearProbeOptions options = setting.plan.probe;
            options.seed = seed;
            top1.push_back(TrainedProbe(master(setting.backend),
                                        encoder.features(values, setting.images, setting.test, {}), options)
                               .result.top1);
            WorkMeter::stop_if_interrupted();
        }
        store.put("random encoder", top1);
        LinearProbeOptions options = setting.plan.probe;
        options.seed = setting.plan.seeds.front();
        const Accuracy result = TrainedProbe(master(setting.backend),
                                             {pixel_features(setting.images, setting.plan.training.transform),
                                              pixel_features(setting.test, setting.plan.training.transform)},
                                             options)
                                    .result;
        store.put("raw pixels", {{"top1", result.top1}, {"standard_error", result.standard_error()}});
    });
}

}  // namespace vitscape
