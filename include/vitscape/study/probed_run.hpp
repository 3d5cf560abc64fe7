// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/study/contestant.hpp>
#include <vitscape/study/probing.hpp>
#include <vitscape/study/setting.hpp>

namespace vitscape {

/// The probes of a trained contestant: the result "probe" of a run, and the parameters of a classifier with its encoder.
struct ProbedRun {
    nlohmann::json result{};
    std::vector<double> probe{};  ///< with the head of the probe that learned from all labels
    std::vector<double> own{};    ///< of a classifier: with its own head; otherwise empty
    std::vector<std::int32_t>
        predictions{};  ///< of held-out images by the probe that learned from all labels; empty without classes
};

namespace detail {

/// The result of probing images without classes.
[[nodiscard]] inline nlohmann::json no_probe(const ComparisonPlan& plan) {
    nlohmann::json found = {{"knn", nullptr}, {"training_top1", nullptr}};
    for (const double share : plan.probe_shares)
        found["shares"].push_back(
            {{"share", share}, {"top1", nullptr}, {"top5", nullptr}, {"standard_error", nullptr}});
    return found;
}

}  // namespace detail

/// Linear probes from shares of the labels, nearest neighbours, a classifier's own head, and a probe of the teacher. Of images
/// without classes the numbers are null and the head is untrained.
/// @param training  what the contestant learned from.  @param progress  (images encoded, all); may throw to stop
template <Backend B, class M>
[[nodiscard]] ProbedRun probe_run(const ComparisonSetting<B>& setting, const M& method,
                                  const TrainingImages& training, const VitClassifier& classifier,
                                  const Vector<Master<B>>& theta, const Vector<Master<B>>& teacher,
                                  std::uint64_t seed,
                                  const std::function<void(std::size_t, std::size_t)>& progress) {
    const ComparisonPlan& plan = setting.plan;
    const AnyDataset &images = training.images, &test = setting.test;
    ProbedRun run{.probe = classifier_values(method, theta.to_host(), classifier)};
    if constexpr (ClassifyingMethod<M, B>) run.own = run.probe;
    if (!setting.labelled()) {
        run.result = detail::no_probe(plan);
        return run;
    }
    const FrozenEncoder<B> encoder{setting.backend, classifier, plan.training.transform};
    const FeaturePair features = encoder.features(run.probe, images, test, progress);
    for (const double share : plan.probe_shares) {
        LinearProbeOptions options = plan.probe;
        options.seed = seed;
        const TrainedProbe trained(master(setting.backend),
                                   {part_of_each_class(features.known, share, seed), features.queries},
                                   classifier.config().classes, options);
        const Accuracy& result = trained.result;
        run.result["shares"].push_back({{"share", share},
                                        {"top1", result.top1},
                                        {"top5", result.top5},
                                        {"standard_error", result.standard_error()}});
        if (share != 1) continue;
        run.predictions = predicted_classes(trained.probe.head().logits(features.queries.rows()),
                                            features.queries.labels.size());
        trained.probe.put_into(classifier.layout(), run.probe);
        run.result["training_top1"] =
            accuracy(trained.probe.head().logits(features.known.rows()), features.known.labels).top1;
    }
    run.result["knn"] = nearest_neighbour_accuracy(features.known, features.queries);
    if constexpr (ClassifyingMethod<M, B>) {
        const auto own = [&](const AnyDataset& of) {
            return evaluate(setting.backend, classifier, theta, of, plan.training.transform).accuracy;
        };
        run.result["own_head"] = {{"top1", own(test)},
                                  {"training_top1", own(training.some(plan.probe_images))}};
    }
    if constexpr (TaughtMethod<Evaluated<M>, B>) {
        const std::vector<double> other = classifier_values(method, teacher.to_host(), classifier);
        const TrainedProbe trained(master(setting.backend), encoder.features(other, images, test, {}),
                                   classifier.config().classes, plan.probe);
        run.result["teacher"] = trained.result.top1;
    }
    return run;
}

}  // namespace vitscape
