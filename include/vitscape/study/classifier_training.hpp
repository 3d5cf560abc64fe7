// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include <vitscape/data/dataset.hpp>
#include <vitscape/methods/recipe.hpp>
#include <vitscape/probe/evaluate.hpp>
#include <vitscape/study/plan.hpp>
#include <vitscape/train/trainer.hpp>

namespace vitscape {

/// An epoch of `count` images made of the chosen ones, again and again.
[[nodiscard]] inline AnyDataset repeated(const AnyDataset& images, const std::vector<std::size_t>& chosen,
                                         std::size_t count) {
    std::vector<std::size_t> indices(count);
    for (std::size_t i = 0; i < count; ++i) indices[i] = chosen[i % chosen.size()];
    return images.subset(std::move(indices));
}

/// Supervised training of a whole classifier, encoder and head, beside a study's trainings: with their batches, augmentation and
/// AdamW, a peak learning rate of its own, and a tenth of the epochs (at most 40) as warm-up.
template <Backend B>
struct ClassifierTraining {
    using P = Master<B>;
    B backend;
    const VitClassifier& classifier;
    const ComparisonPlan& plan;
    std::uint64_t seed;  ///< of the order of the images
    std::function<void(std::int64_t done, std::int64_t all, const char* unit)>
        progress;  ///< may throw to stop

    struct Result {
        Vector<P> theta;     ///< (classifier.layout().size())
        double seconds = 0;  ///< of all epochs
    };

    /// @param start        the parameters before training
    /// @param layer_decay  in (0, 1]: see `LayerDecay`; 1: all layers learn alike
    [[nodiscard]] Result fit(const AnyDataset& images, const std::vector<double>& start, std::uint32_t epochs,
                             double peak, double layer_decay) const {
        const WarmupCosine schedule{
            .peak = peak, .warmup_epochs = usual_warmup(epochs), .floor = plan.schedule.floor};
        const Regularized<> method(classifier, {.layer_decay = layer_decay});
        Trainer trainer{backend, method, plan.optimizer, schedule, seed};
        trainer.state().theta = Vector<P>(master(backend), start);
        TrainOptions options = plan.training;
        options.epochs = epochs;
        Watch watch{progress};
        trainer.fit(images, options, watch);
        return {trainer.theta(), watch.seconds};
    }
    /// Top-1 accuracy, without augmentation.
    [[nodiscard]] double top1(const Vector<P>& theta, const AnyDataset& images) const {
        // a stop waits for that many
        const std::size_t at_once = std::max<std::size_t>(1024, images_at_once(backend, classifier));
        std::int64_t correct = 0;
        for (std::size_t first = 0; first < images.size(); first += at_once) {
            std::vector<std::size_t> part(std::min(at_once, images.size() - first));
            std::iota(part.begin(), part.end(), first);
            const double share =
                evaluate(backend, classifier, theta, images.subset(part), plan.training.transform).accuracy;
            correct += std::llround(share * static_cast<double>(part.size()));
            if (progress && images.size() > at_once)
                progress(static_cast<std::int64_t>(first + part.size()),
                         static_cast<std::int64_t>(images.size()), "images");
        }
        return static_cast<double>(correct) / static_cast<double>(images.size());
    }

  private:
    /// Callback: shows the steps and sums the seconds of the epochs.
    struct Watch {
        const std::function<void(std::int64_t, std::int64_t, const char*)>& progress;
        double seconds = 0;
        template <class T>
        void on_step(T&, const StepRecord& step) const {
            const auto batches = static_cast<std::int64_t>(step.batches);
            if (progress)
                progress(step.epoch * batches + static_cast<std::int64_t>(step.batch), step.epochs * batches,
                         "batches");
        }
        template <class T>
        void on_epoch(T&, const EpochRecord& record) {
            seconds += record.seconds;
        }
    };
};

}  // namespace vitscape
