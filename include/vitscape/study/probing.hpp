// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include <vitscape/probe/accuracy.hpp>
#include <vitscape/probe/nearest_neighbours.hpp>
#include <vitscape/study/contestant.hpp>
#include <vitscape/study/plan.hpp>
#include <vitscape/study/work.hpp>
#include <vitscape/train/trainer.hpp>

namespace vitscape {

/// Features of the images that a probe learns from and of those that it is tested on.
struct FeaturePair {
    Features known, queries;
};

/// Encodes images with the encoder of a classifier.
template <Backend B>
struct FrozenEncoder {
    B backend;
    const VitClassifier& classifier;
    ImageTransform transform;

    /// @param values  the classifier's parameters.  @param progress  (done, total), may be empty
    [[nodiscard]] FeaturePair features(const std::vector<double>& values, const AnyDataset& known,
                                       const AnyDataset& queries,
                                       const std::function<void(std::size_t, std::size_t)>& progress) const {
        const Vector<Master<B>> theta(master(backend), values);
        const std::size_t all = known.size() + queries.size();
        const auto encode = [&](const AnyDataset& images, std::size_t before) {
            return encode_features(backend, classifier, theta, images, transform,
                                   {.progress = [&](std::size_t done) {
                                       if (progress) progress(before + done, all);
                                   }});
        };
        return {encode(known, 0), encode(queries, known.size())};
    }
};

/// A trained probe and its accuracy on held-out images.
template <Backend P>
struct TrainedProbe {
    LinearProbe<P> probe;
    Accuracy result;
    /// @param classes  of the images; labels may lack some of them
    TrainedProbe(const P& backend, const FeaturePair& features, Index classes,
                 const LinearProbeOptions& options)
        : probe(backend, static_cast<Index>(features.known.width), classes, options) {
        probe.fit(features.known);
        result = accuracy(probe.head().logits(features.queries.rows()), features.queries.labels);
    }
};

/// The logits of a classifier for images in memory: (images, classes), row by row.
template <Backend B>
[[nodiscard]] std::vector<double> logits_of(B backend, const VitClassifier& classifier,
                                            const Vector<Master<B>>& theta, const Batch& images) {
    Weights<B> weights(backend);
    Eval<B> eval(backend, weights.of(theta));
    VitClassifier::Inputs<B> inputs;
    classifier.prepare_images(backend, images.images, inputs);
    return download(backend, classifier.logits(eval, inputs).value.view());
}
/// Top-1 and top-5 accuracy of a classifier.
template <Backend B>
[[nodiscard]] Accuracy classify(const B& backend, const VitClassifier& classifier,
                                const Vector<Master<B>>& theta, const Batch& images) {
    return accuracy(logits_of(backend, classifier, theta, images),
                    std::span(images.labels.data(), images.labels.size()));
}

/// Callback: after every n-th epoch and the last one, the accuracy of nearest neighbours (`knn_accuracy`) and of a linear
/// probe (`probe_accuracy`) on a subset of the images, and after every epoch the `reconstruction_loss` on test images of
/// a method that reconstructs: by that method's own error, so it compares MAE with RC-MAE (squared) but not with SimMIM
/// (absolute). All are of the trainer's `solution()`.
class ProbeEvery {
  public:
    ProbeEvery(const ComparisonPlan& plan, const VitClassifier& classifier, const TrainingImages& images,
               const AnyDataset& test)
        : plan_(plan), classifier_(classifier), known_(images.some(plan.probe_images)), test_(test) {}

    template <class T>
    void on_epoch(T& trainer, EpochRecord& record) {
        using B = std::remove_cvref_t<decltype(trainer.backend())>;
        if constexpr (ReconstructingMethod<std::remove_cvref_t<decltype(trainer.method())>, B>) {
            const MaskKey key{plan_.mask_seed, 0};
            const auto& method = evaluated(trainer.method()).reconstruction();
            record.metrics.emplace_back("reconstruction_loss",
                                        evaluate(trainer.backend(), method, trainer.solution(), test_,
                                                 plan_.training.transform, 0, key)
                                            .loss);
        }
        if (known_.classes().empty()) return;
        if (record.epoch % plan_.probe_every != 0 && record.epoch != record.epochs) return;
        const auto values = classifier_values(trainer.method(), trainer.solution().to_host(), classifier_);
        const FrozenEncoder<B> encoder{trainer.backend(), classifier_, plan_.training.transform};
        const FeaturePair features = encoder.features(values, known_, test_, {});
        record.metrics.emplace_back("knn_accuracy",
                                    nearest_neighbour_accuracy(features.known, features.queries));
        record.metrics.emplace_back("probe_accuracy", TrainedProbe(master(trainer.backend()), features,
                                                                   classifier_.config().classes, plan_.probe)
                                                          .result.top1);
    }

  private:
    const ComparisonPlan& plan_;
    const VitClassifier& classifier_;
    AnyDataset known_, test_;
};

/// Callback: shows the progress of a training with a `WorkMeter`.
struct ShowTraining {
    WorkMeter* meter;
    template <class T>
    void on_step(T&, const StepRecord& step) const {
        const auto batches = static_cast<std::int64_t>(step.batches);
        // interrupts are left to the trainer, which saves
        meter->show(step.epoch * batches + static_cast<std::int64_t>(step.batch), step.epochs * batches,
                    "batches");
    }
};

}  // namespace vitscape
