// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <utility>

#include <vitscape/data/balanced.hpp>
#include <vitscape/study/contestant.hpp>
#include <vitscape/study/heads.hpp>
#include <vitscape/study/plan.hpp>

namespace vitscape {

/// A contestant that was trained from one seed, or given, and probed: the input of a measure of runs.
template <Backend B, class M>
struct TrainedRun {
    using P = Master<B>;
    B backend;
    const M& method;
    const Vector<P>&theta,
        &teacher;  ///< (layout().size()): the solution (`evaluated_weights`); empty without a teacher
    const VitClassifier& classifier;  ///< the contestant's encoder and a head
    /// (classifier.layout().size()): with the contestant's own head; of one that has none with the probe's
    const Vector<P>& classifier_theta;
    const Vector<P>& probe_theta;  ///< (classifier.layout().size()): with the head of the probe of all labels
    const TrainingImages& training;  ///< images that it learned from
    const AnyDataset& test;          ///< held-out images
    bool labelled;                   ///< whether they have classes; if not, the head is untrained
    const ComparisonPlan& plan;
    std::uint64_t seed;
    double training_seconds;      ///< of all epochs, without evaluations (`Pace`); NaN of a given model
    double tuning_epoch_seconds;  ///< of an epoch of encoder and head; 0 if no measure trains them
    std::filesystem::path study;  ///< the study's folder, for files that runs share
    std::function<void(std::int64_t done, std::int64_t all, const char* unit)>
        progress;  ///< may throw to stop

    /// At most `count` held-out images, balanced over the classes; all of the first class if they have none, so that a
    /// classifier's cost can be measured.
    [[nodiscard]] Batch test_batch(std::size_t count) const {
        Batch batch =
            load_all(test.subset(balanced(test, std::min(count, test.size()))), plan.training.transform);
        if (!labelled) batch.labels.fill(0);
        return batch;
    }
    /// The loss by which methods are compared (`compared_loss`) on images, with the masks of the plan.
    /// @param clean  the images that should be predicted, if the given ones are changed
    [[nodiscard]] auto loss(const Batch& batch, const Batch* clean = nullptr) const {
        return compared_loss(backend, method, teacher, batch, plan.mask_seed, clean);
    }
    /// Calls `work(head, parameters of the classifier with it)` for each head; not at all without classes.
    template <class Work>
    void for_each_head(const Work& work) const {
        if (!labelled) return;
        work(probe_head, probe_theta);
        if constexpr (ClassifyingMethod<M, B>) work(own_head, classifier_theta);
    }
    /// The cross entropy of the classifier.
    [[nodiscard]] auto classification(const Batch& batch) const {
        return frozen_loss(backend, classifier, {}, batch, 0);
    }
};

}  // namespace vitscape
