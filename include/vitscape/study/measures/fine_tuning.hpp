// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/fields.hpp>
#include <vitscape/data/balanced.hpp>
#include <vitscape/methods/description.hpp>
#include <vitscape/study/classifier_training.hpp>
#include <vitscape/study/contestant.hpp>
#include <vitscape/study/rows.hpp>
#include <vitscape/study/store.hpp>
#include <vitscape/study/time.hpp>
#include <vitscape/study/trained_run.hpp>

namespace vitscape {

/// What pre-training is worth: held-out accuracy of the whole network, encoder and a new head, fine-tuned with shares of the
/// labels (He et al. 2022, arXiv 2111.06377, section 4), beside the same network trained with these labels from scratch
///
/// - for as many steps as the fine-tuning, and
/// - for as much time as pre-training and fine-tuning take together, in epochs by the run's `Pace`; not beside a given model, whose
///   pre-training took nobody knows how long.
///
/// Every share has the same number of steps of the same batch, those of `epochs` over all images: with few labels an epoch
/// repeats their images, so that the number of labels alone distinguishes the shares, and few labels are not learned in too few
/// steps. Fine-tuning uses layer-wise learning-rate decay, training from scratch the study's peak learning rate without it.
///
/// From scratch depends on seed, labels and length alone, not on the method: what was trained once is kept in the study's
/// from_scratch.json for all. A classifier, which has learned all labels, is not fine-tuned and has no numbers here: its own head's
/// accuracy is another measure. Without classes there are no numbers.
struct FineTuningMeasure {
    static constexpr std::string_view key = "fine_tuning";
    std::uint32_t epochs = 0;  ///< 0: nothing is fine-tuned
    std::vector<double> shares{0.01, 0.1,
                               1.0};  ///< of the labels of each class, ascending; at least one label each
    double learning_rate = 0;         ///< peak; 0: that of the study's trainings
    double layer_decay = 0.75;        ///< a block's learning rate over the next one's; 1: all learn alike

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("epochs", self.epochs, "tune-epochs",
              "fine-tune for so many epochs, and train from scratch beside it, which takes as long as "
              "pre-training for each share; 0: do not",
              Range::count(0, 1e7));
        visit("shares", self.shares, "tune-shares", "shares of the labels to fine-tune with, ascending",
              Range::positive_share());
        visit("learning_rate", self.learning_rate, "tune-lr",
              "peak learning rate of fine-tuning; 0: that of training", Range::rate());
        visit("layer_decay", self.layer_decay, "tune-layer-decay",
              "fine-tuning: each block's learning rate over the next one's; 1: off", Range::positive_share());
    }
    void check() const {
        check_ranges(*this);
        if (shares.empty()) throw ConfigError("fine-tuning needs at least one share of the labels");
        for (std::size_t i = 1; i < shares.size(); ++i)
            if (!(shares[i] > shares[i - 1]))
                throw ConfigError(message("the shares of labels must ascend; ", shares[i], " stands behind ",
                                          shares[i - 1]));
    }
    /// For a budget: without the smallest share, then half of the epochs as well, then with the largest share alone.
    [[nodiscard]] FineTuningMeasure coarser(int level) const {
        FineTuningMeasure cheap = *this;
        const auto left =
            static_cast<std::ptrdiff_t>(level < 3 ? std::max<std::size_t>(2, shares.size() - 1) : 1);
        if (static_cast<std::ptrdiff_t>(shares.size()) > left)
            cheap.shares.erase(cheap.shares.begin(), cheap.shares.end() - left);
        if (level >= 2) cheap.epochs = (epochs + 1) / 2;
        return cheap;
    }
    /// A share each.
    [[nodiscard]] std::uint32_t parts() const {
        return epochs == 0 ? 0 : static_cast<std::uint32_t>(shares.size());
    }
    [[nodiscard]] bool trains_classifiers() const { return parts() > 0; }
    /// Of the fine-tuning and of both trainings from scratch, also where one of them is there already.
    [[nodiscard]] double seconds(const RunSpeed& speed, std::uint32_t) const {
        if (!speed.labelled || speed.classifies) return 0;
        const double images = static_cast<double>(speed.images),
                     tests = static_cast<double>(speed.test_images),
                     seen = static_cast<double>(speed.probe_images);
        return 3 * epochs * images * speed.method.tuning + speed.training +
               (seen + 3 * tests) * speed.method.encoding;
    }
    template <Backend B, class M>
    [[nodiscard]] nlohmann::json compute(const TrainedRun<B, M>& run, std::uint32_t part) const {
        const double share = shares.at(part);
        nlohmann::json found = {{"share", share},
                                {"labels", nullptr},
                                {"epochs", nullptr},
                                {"seconds", nullptr},
                                {"top1", nullptr},
                                {"training_top1", nullptr},
                                {"scratch_at_steps", nullptr},
                                {"scratch_at_time", nullptr}};
        if (!run.labelled) return found;
        if constexpr (!ClassifyingMethod<M, B>) {
            const ClassifierTraining<B> training{run.backend, run.classifier, run.plan, run.seed,
                                                 run.progress};
            const AnyDataset seen = run.training.some(run.plan.probe_images);
            const AnyDataset& all = run.training.images;
            std::vector<std::int64_t> labels(all.size());  // the true ones: the same images whatever is wrong
            for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = run.training.clean.label(i);
            const auto chosen = part_of_each_class(std::span<const std::int64_t>(labels), share, run.seed);
            const AnyDataset images = repeated(all, chosen, all.size());
            const auto tuned = training.fit(
                images, classifier_values(run.method, run.theta.to_host(), run.classifier, run.seed), epochs,
                learning_rate > 0 ? learning_rate : run.plan.schedule.peak, layer_decay);
            found["labels"] = chosen.size();
            found["epochs"] = epochs;
            found["seconds"] = tuned.seconds;
            found["top1"] = training.top1(tuned.theta, run.test);
            found["training_top1"] = training.top1(tuned.theta, share == 1 ? seen : all.subset(chosen));
            if (!(run.tuning_epoch_seconds > 0))
                throw ConfigError("fine-tuning needs the time of an epoch of it (TrainedRun)");
            found["scratch_at_steps"] = from_scratch(run, training, images, share, epochs);
            if (std::isnan(run.training_seconds)) return found;
            const double more = std::min(1e7, run.training_seconds / run.tuning_epoch_seconds);
            found["scratch_at_time"] = from_scratch(run, training, images, share,
                                                    epochs + static_cast<std::uint32_t>(std::llround(more)));
        }
        return found;
    }
    void rows(Rows& rows) const {
        for (std::uint32_t part = 0; part < parts(); ++part) add_share(rows, part);
        if (parts() == 0 || shares.back() != 1) return;
        const std::uint32_t all = parts() - 1;
        rows.add(
            {.key = "training_top1",
             .group = "fine-tuning",
             .name = "fine-tuned with all labels, top-1 on the training images",
             .unit = "fraction",
             .meaning = "by the labels that were learned",
             .better = Better::higher},
            [](const JsonValue& r) { return number_of(r.at("training_top1")); }, PartRange{all});
        rows.add(
            {.key = "generalization_gap",
             .group = "fine-tuning",
             .name = "generalization gap after fine-tuning with all labels",
             .unit = "fraction",
             .meaning = "top-1 on training images minus held-out images",
             .better = Better::lower,
             .range = ValueRange::real,
             .outcome = true},
            [](const JsonValue& r) {
                return MeasuredValue{.value = r.at("training_top1").number_or_nan() -
                                              r.at("top1").number_or_nan()};
            },
            PartRange{all});
    }

  private:
    /// The result of a training from scratch that all contestants with the same images share.
    template <Backend B, class M>
    [[nodiscard]] static nlohmann::json from_scratch(const TrainedRun<B, M>& run,
                                                     const ClassifierTraining<B>& training,
                                                     const AnyDataset& images, double share,
                                                     std::uint32_t length) {
        const nlohmann::json what = {{"model", describe(run.classifier)},
                                     {"images", describe(run.training.variant)},
                                     {"seed", run.seed},
                                     {"share", share},
                                     {"epochs", length}};
        const std::string name = what.dump();
        const std::filesystem::path file = run.study / "from_scratch.json";
        ResultStore store(file);
        if (!store.has(name)) {
            const auto trained = training.fit(images, initial_values(run.classifier.layout(), run.seed),
                                              length, run.plan.schedule.peak, 1);
            const nlohmann::json found = {{"epochs", length},
                                          {"seconds", trained.seconds},
                                          {"top1", training.top1(trained.theta, run.test)}};
            store = ResultStore(file);  // with what other workers have written meanwhile
            store.put(name, found);
        }
        return store.at(name);
    }

    void add_share(Rows& rows, std::uint32_t part) const {
        const bool all = shares[part] == 1;
        const std::string percent = plain_number(100 * shares[part]),
                          labels = all ? "all labels" : percent + " % of the labels";
        rows.add(
            {.key = "top1_" + percent,
             .group = "fine-tuning",
             .name = "fine-tuned with " + labels + ", top-1",
             .unit = "fraction",
             .better = Better::higher,
             .headline = all,
             .outcome = all},
            [](const JsonValue& r) { return number_of(r.at("top1")); }, PartRange{part});
        const auto beside = [&](const std::string& ending, const std::string& stored,
                                const std::string& what) {
            rows.add(
                {.key = "gain_" + percent + ending,
                 .group = "fine-tuning",
                 .name = "gain over training from scratch " + what + ", " + labels + ", top-1",
                 .unit = "fraction",
                 .meaning = "of the same seed",
                 .better = Better::higher,
                 .range = ValueRange::real},
                [stored](const JsonValue& r) {
                    return MeasuredValue{.value =
                                             r.at("top1").number_or_nan() - number_in(r.at(stored), "top1")};
                },
                PartRange{part});
        };
        beside("_at_steps", "scratch_at_steps", "in as many steps");
        beside("_at_time", "scratch_at_time", "in the time of pre-training and fine-tuning");
        rows.add(
            {.key = "scratch_epochs_" + percent + "_at_time",
             .group = "fine-tuning",
             .name = "epochs of training from scratch in that time, " + labels,
             .unit = "epochs",
             .meaning = message("fine-tuning has ", epochs),
             .direction = "higher: pre-training took longer, neither is better"},
            [](const JsonValue& r) {
                return MeasuredValue{.value = number_in(r.at("scratch_at_time"), "epochs")};
            },
            PartRange{part});
    }
    /// NaN of nothing.
    [[nodiscard]] static double number_in(const JsonValue& result, std::string_view name) {
        return result.json().is_null() ? std::numeric_limits<double>::quiet_NaN()
                                       : result.at(name).number_or_nan();
    }
};

}  // namespace vitscape
