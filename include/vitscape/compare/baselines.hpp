// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include <vitscape/compare/probing.hpp>
#include <vitscape/compare/store.hpp>

namespace vitscape {

/// What the probes are to beat: the same probe behind an encoder that nobody trained, for each seed, and on the pixels.
template <Backend B>
struct Baselines {
    B backend;
    const AnyDataset &images, &test;
    const ComparisonPlan& plan;
    std::filesystem::path out;

    template <class M>
    void work(const Contestant<M>& contestant, double expected, WorkMeter& meter) const {
        ResultStore store(out / "baselines.json");
        if (store.has("raw pixels") && store.has("random encoder")) return meter.skip(expected);
        meter.part("probes of random encoders and of raw pixels", expected, [&] {
            const auto& layout = contestant.method.layout();
            const VitClassifier classifier =
                classifier_of(contestant.method, static_cast<Index>(images.classes().size()), plan.pooling);
            const FrozenEncoder<B> encoder{backend, classifier, plan.training.transform};
            nlohmann::json top1 = nlohmann::json::array();
            for (const std::uint64_t seed : plan.seeds) {
                const auto values =
                    classifier_values(contestant.method, initial_values(layout, seed), classifier);
                LinearProbeOptions options = plan.probe;
                options.seed = seed;
                top1.push_back(
                    TrainedProbe(master(backend), encoder.features(values, images, test, {}), options)
                        .result.top1);
                WorkMeter::stop_if_interrupted();
            }
            store.put("random encoder", top1);
            LinearProbeOptions options = plan.probe;
            options.seed = plan.seeds.front();
            options.epochs /= 3, options.warmup_epochs /= 3;  // 30 times as many numbers in a row
            const Accuracy result = TrainedProbe(master(backend),
                                                 {pixel_features(images, plan.training.transform),
                                                  pixel_features(test, plan.training.transform)},
                                                 options)
                                        .result;
            store.put("raw pixels", {{"top1", result.top1}, {"standard_error", result.standard_error()}});
        });
    }
};

}  // namespace vitscape
