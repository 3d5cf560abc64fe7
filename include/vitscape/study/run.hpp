// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/data/balanced.hpp>
#include <vitscape/study/contestant.hpp>
#include <vitscape/study/corruption.hpp>
#include <vitscape/study/cost.hpp>
#include <vitscape/study/landscape_measures.hpp>
#include <vitscape/study/probing.hpp>
#include <vitscape/study/setting.hpp>
#include <vitscape/study/time.hpp>
#include <vitscape/train/checkpointing.hpp>

namespace vitscape {

/// One method trained from one seed, then probed and looked at. Every part is kept in `folder` when it is done.
template <Backend B, class M>
class ComparisonRun {
    using P = Master<B>;
    static constexpr int inference_rounds = 9;
    static constexpr bool taught = TaughtMethod<Evaluated<M>, B>;

  public:
    /// Setting and contestant must outlive the run.
    ComparisonRun(const ComparisonSetting<B>& setting, const Contestant<M>& contestant, std::uint64_t seed)
        : backend_(setting.backend),
          contestant_(contestant),
          plan_(setting.plan),
          seed_(seed),
          images_(setting.images),
          test_(setting.test),
          folder_(setting.out / contestant.name / message("seed-", seed)),
          classifier_(classifier_of(contestant.method, setting.classes(), setting.plan.pooling)) {}

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] std::filesystem::path results() const { return folder_ / "results.json"; }
    [[nodiscard]] std::string who() const { return message(contestant_.title, ", seed ", seed_); }

    /// What `work` is expected to take.
    [[nodiscard]] ExpectedTime expected(const MethodSpeed& speed) const {
        double rest = probe_seconds(speed) + inference_seconds(speed) + robustness_seconds(speed) +
                      landscape_seconds(plan_.measure, speed.loss);
        if (!is_classifier<M>) rest += landscape_seconds(plan_.measure, speed.classification);
        return {training_seconds(speed), rest};
    }

    /// Does what is not done yet. @throws Interrupted after saving where the user asked to stop
    void work(const MethodSpeed& speed, WorkMeter& meter) {
        std::filesystem::create_directories(folder_);
        ResultStore store(results());
        train(speed, store, meter);
        const Checkpoint checkpoint = Checkpoint::load(folder_ / "checkpoint.safetensors");
        const auto& layout = contestant_.method.layout();
        theta_ = Vector<P>(master(backend_), checkpoint.vector<float>(layout));
        if constexpr (taught)
            teacher_ = Vector<P>(master(backend_), checkpoint.vector<float>(layout, "teacher."));
        probe(speed, store, meter);
        const Checkpoint probed = Checkpoint::load(classifier_file());
        const Vector<P> classifier_theta(master(backend_), probed.vector<float>(classifier_.layout()));

        const MeasurePlan& m = plan_.measure;
        const auto around = [&](const char* loss, const Vector<P>& theta, const LossSpeed& loss_speed,
                                const auto& make) {
            auto many = make(some(m.images)), few = make(some(m.curvature_images)),
                 fewest = make(some(m.convex_images));
            measure_landscape(many, few, fewest, theta, m, loss_speed, folder_, loss, who(), store, meter);
        };
        around("training", theta_, speed.loss, [&](Batch batch) {
            return frozen_loss(backend_, contestant_.method, teacher_, std::move(batch), m.mask_seed);
        });
        if (!is_classifier<M>)
            around("classification", classifier_theta, speed.classification, [&](Batch batch) {
                return frozen_loss(backend_, classifier_, {}, std::move(batch), m.mask_seed);
            });
        inference(speed, classifier_theta, store, meter);
        robustness(speed, classifier_theta, store, meter);
    }

  private:
    Batch some(std::size_t count) const {
        return load_all(images_.subset(balanced(images_, std::min(count, images_.size()))),
                        plan_.training.transform);
    }

    /// The epochs, and the looks at probe and neighbours between them.
    [[nodiscard]] double training_seconds(const MethodSpeed& speed) const {
        const double known = static_cast<double>(std::min(plan_.probe_images, images_.size()));
        const double looks = std::ceil(static_cast<double>(plan_.training.epochs) / plan_.probe_every);
        return plan_.training.epochs * static_cast<double>(images_.size()) * speed.training +
               looks * 1.5 * (known + static_cast<double>(test_.size())) * speed.encoding;
    }
    void train(const MethodSpeed& speed, ResultStore& store, WorkMeter& meter) {
        const double expected_seconds = training_seconds(speed);
        if (store.has("training")) return meter.skip(expected_seconds);
        meter.part(
            message(who(), ": training for ", plan_.training.epochs, " epochs"), expected_seconds, [&] {
                TrainingMemory memory(backend_);
                Trainer trainer{backend_, contestant_.method, plan_.optimizer, plan_.schedule, seed_};
                const nlohmann::json description = describe_training(trainer, plan_.training, images_.size());
                const auto file = folder_ / "checkpoint.safetensors";
                if (std::filesystem::exists(file))
                    resume_training(Checkpoint::load(file), trainer, description);
                SaveEvery save(folder_, description, {{"classes", images_.classes()}},
                               {.epochs = 1, .minutes = 2});
                ProbeEvery look(plan_, classifier_, images_, test_);
                const auto show = Shown{&meter};
                trainer.fit(images_, plan_.training, memory, look, show, JsonLog{folder_}, save);
                nlohmann::json curve;
                for (const nlohmann::json& line : load_json_lines(folder_ / "log.jsonl"))
                    for (const char* name : {"epoch", "loss", "seconds", "knn_accuracy", "probe_accuracy",
                                             "reconstruction_loss"})
                        curve[name].push_back(line.value(name, nlohmann::json()));
                store.put("cost", training_cost(trainer, classifier_, memory));
                store.put("training", curve);
            });
    }

    [[nodiscard]] double probe_seconds(const MethodSpeed& speed) const {
        const double all = static_cast<double>(images_.size() + test_.size());
        // training a probe on features takes about as long as encoding a tenth of them
        return all * speed.encoding * (taught ? 2.2 : 1.2);
    }
    void probe(const MethodSpeed& speed, ResultStore& store, WorkMeter& meter) {
        if (store.has("probe") && std::filesystem::exists(classifier_file()))
            return meter.skip(probe_seconds(speed));
        meter.part(message(who(), ": linear probes"), probe_seconds(speed), [&] {
            const FrozenEncoder<B> encoder{backend_, classifier_, plan_.training.transform};
            const std::vector<double> values =
                classifier_values(contestant_.method, theta_.to_host(), classifier_);
            nlohmann::json found;
            const FeaturePair features =
                encoder.features(values, images_, test_, [&](std::size_t done, std::size_t all) {
                    meter.update(static_cast<std::int64_t>(done), static_cast<std::int64_t>(all), "images");
                });
            std::vector<double> whole = values;
            for (const double share : plan_.measure.shares) {
                LinearProbeOptions options = plan_.probe;
                options.seed = seed_;
                const TrainedProbe trained(master(backend_),
                                           {part_of_each_class(features.known, share, seed_), features.asked},
                                           options);
                const Accuracy& result = trained.result;
                found["shares"].push_back({{"share", share},
                                           {"top1", result.top1},
                                           {"top5", result.top5},
                                           {"standard_error", result.standard_error()}});
                if (share == 1 && !is_classifier<M>) trained.probe.put_into(classifier_.layout(), whole);
            }
            found["knn"] = nearest_neighbour_accuracy(features.known, features.asked);
            if constexpr (is_classifier<M>) {
                const Evaluation own =
                    evaluate(backend_, classifier_, theta_, test_, plan_.training.transform, 128);
                found["own_head"] = own.accuracy;
            }
            if constexpr (taught) {
                const std::vector<double> other =
                    classifier_values(contestant_.method, teacher_.to_host(), classifier_);
                const TrainedProbe trained(master(backend_), encoder.features(other, images_, test_, {}),
                                           plan_.probe);
                found["teacher"] = trained.result.top1;
            }
            save_classifier(whole);
            store.put("probe", found);
        });
    }
    [[nodiscard]] std::filesystem::path classifier_file() const { return folder_ / "classifier.safetensors"; }
    /// As a checkpoint of its own, for the other programs.
    void save_classifier(const std::vector<double>& values) const {
        const std::vector<float> numbers(values.begin(), values.end());
        write_checkpoint(
            classifier_file(), classifier_.layout(), classifier_.fixed_tensors(),
            std::vector<CheckpointVector<float>>{{"", numbers}},
            {{"format", 1},
             {"model", describe(classifier_)},
             {"training",
              {{"transform", describe(plan_.training.transform)}, {"probe_of", contestant_.name}}},
             {"data", {{"classes", images_.classes()}}}});
    }

    [[nodiscard]] std::size_t inference_batch() const { return std::min<std::size_t>(128, test_.size()); }
    [[nodiscard]] double inference_seconds(const MethodSpeed& speed) const {
        return inference_rounds * static_cast<double>(inference_batch()) * speed.classification.value;
    }
    void inference(const MethodSpeed& speed, const Vector<P>& classifier_theta, ResultStore& store,
                   WorkMeter& meter) {
        if (store.has("inference")) return meter.skip(inference_seconds(speed));
        meter.part(message(who(), ": cost of classifying"), inference_seconds(speed), [&] {
            const Batch batch =
                load_all(test_.subset(balanced(test_, inference_batch())), plan_.training.transform);
            store.put("inference",
                      inference_cost(backend_, classifier_, classifier_theta, batch, inference_rounds));
        });
    }

    [[nodiscard]] double robustness_seconds(const MethodSpeed& speed) const {
        const double images = static_cast<double>(std::min(plan_.measure.test_images, test_.size()));
        const double kinds =
            static_cast<double>(1 + plan_.measure.input_noise.size() + plan_.measure.blur.size());
        return kinds * images * (2 * speed.classification.value + speed.loss.value);
    }
    void robustness(const MethodSpeed& speed, const Vector<P>& classifier_theta, ResultStore& store,
                    WorkMeter& meter) {
        if (store.has("robustness")) return meter.skip(robustness_seconds(speed));
        meter.part(message(who(), ": noisy and blurred images"), robustness_seconds(speed), [&] {
            const auto& transform = plan_.training.transform;
            const Batch clean = load_all(
                test_.subset(balanced(test_, std::min(plan_.measure.test_images, test_.size()))), transform);
            const auto look = [&](const Batch& batch) -> nlohmann::json {
                WorkMeter::stop_if_interrupted();
                auto loss =
                    frozen_loss(backend_, contestant_.method, teacher_, batch, plan_.measure.mask_seed);
                auto classification = frozen_loss(backend_, classifier_, {}, batch, 0);
                return {{"training_loss", loss.value(theta_)},
                        {"classification_loss", classification.value(classifier_theta)},
                        {"top1", classify(backend_, classifier_, classifier_theta, batch).top1}};
            };
            store.put("robustness", under_corruption(clean, plan_.measure, transform, look));
        });
    }

    B backend_;
    const Contestant<M>& contestant_;
    const ComparisonPlan& plan_;
    std::uint64_t seed_;
    const AnyDataset &images_, &test_;
    std::filesystem::path folder_;
    VitClassifier classifier_;
    Vector<P> theta_, teacher_;
};

}  // namespace vitscape
