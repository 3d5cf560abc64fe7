// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/study/contestant.hpp>
#include <vitscape/study/cost.hpp>
#include <vitscape/study/probing.hpp>
#include <vitscape/study/setting.hpp>
#include <vitscape/study/store.hpp>
#include <vitscape/study/training_curve.hpp>
#include <vitscape/study/training_folder.hpp>
#include <vitscape/study/work.hpp>
#include <vitscape/train/checkpointing.hpp>

namespace vitscape {

/// Seconds of an epoch of a run by its pace. @param what  "training" or "tuning"
[[nodiscard]] inline double epoch_seconds(const ResultStore& results, const std::string& what) {
    const JsonValue pace = results.checked("pace");
    return pace.at("epoch_images").to<double>() * pace.at(what).number_or_nan();
}

/// How a run gets its weights: each way writes a checkpoint into the run's folder and gives the results "cost" and "training".
template <Backend B, class M>
class RunTraining {
  public:
    /// All must outlive it. @param folder  of the run
    RunTraining(const ComparisonSetting<B>& setting, const Contestant<M>& contestant, std::uint64_t seed,
                const TrainingImages& images, const VitClassifier& classifier, std::filesystem::path folder)
        : setting_(setting),
          backend_(setting.backend),
          contestant_(contestant),
          plan_(setting.plan),
          seed_(seed),
          images_(images),
          test_(setting.test),
          folder_(std::move(folder)),
          classifier_(classifier) {}

    /// Trains, or goes on where a stop or a kill left it. @param known  with the run's pace
    /// @throws Interrupted after saving if the user asked to stop
    [[nodiscard]] nlohmann::json train(const ResultStore& known, WorkMeter& meter) const {
        const TrainingFolder place(folder_, setting_.worker);
        TrainingMemory memory(backend_);
        Trainer trainer{backend_, contestant_.method, plan_.optimizer, plan_.schedule, seed_};
        const nlohmann::json description = describe_training(trainer, plan_.training, images_.images.size());
        const auto file = place.path() / "checkpoint.safetensors";
        if (std::filesystem::exists(file)) resume_training(file, trainer, description);
        SaveEvery save(place.path(), description, {{"classes", images_.images.classes()}},
                       {.epochs = 1, .minutes = 2});
        ProbeEvery look(plan_, classifier_, images_, test_);
        const auto show = ShowTraining{&meter};
        trainer.fit(images_.images, plan_.training, memory, look, show, JsonLog{place.path()}, save);
        const nlohmann::json curve =
            training_curve(load_json_lines(place.path() / "log.jsonl"), epoch_seconds(known, "training"));
        place.publish();
        return {{"cost", training_cost(trainer, classifier_, memory)}, {"training", curve}};
    }

    /// A control: the initial values, and a curve without epochs.
    [[nodiscard]] nlohmann::json keep_untrained() const {
        std::filesystem::create_directories(folder_);
        Trainer trainer{backend_, contestant_.method, plan_.optimizer, plan_.schedule, seed_};
        save_training(folder_ / "checkpoint.safetensors", trainer,
                      describe_training(trainer, plan_.training, images_.images.size()),
                      {{"classes", images_.images.classes()}});
        const nlohmann::json cost = {{"parameters", contestant_.method.layout().size()}};
        return {{"cost", cost}, {"training", training_curve({}, 0)}};
    }

    /// A given model: its weights as a checkpoint like others, and a curve without epochs.
    [[nodiscard]] nlohmann::json keep_given() const {
        std::filesystem::create_directories(folder_);
        const GivenModel& given = *contestant_.given;
        const Checkpoint file = given.open();
        const ParameterLayout& layout = contestant_.method.layout();
        const std::vector<float> theta = given.weights(file, layout);
        std::vector<float> teacher;
        std::vector<CheckpointVector<float>> vectors{{"", theta}};
        nlohmann::json cost = {{"parameters", layout.size()}};
        if constexpr (TaughtMethod<Evaluated<M>, B>) {
            teacher = given.weights(file, layout, "teacher.");
            vectors.push_back({"teacher.", teacher});
            cost["teacher_parameters"] = layout.size();
        }
        if constexpr (requires { operation_count(classifier_.config()); })
            cost["inference_operations"] = operation_count(classifier_.config()).forward;
        write_checkpoint(folder_ / "checkpoint.safetensors", layout, contestant_.method.fixed_tensors(),
                         vectors,
                         {{"format", 1},
                          {"model", describe(contestant_.method)},
                          {"training", {{"transform", describe(plan_.training.transform)}}},
                          {"data", {{"classes", images_.images.classes()}}},
                          {"given", describe(given)}});
        return {{"cost", cost}, {"training", training_curve({}, 0)}};
    }

  private:
    const ComparisonSetting<B>& setting_;
    B backend_;
    const Contestant<M>& contestant_;
    const ComparisonPlan& plan_;
    std::uint64_t seed_;
    const TrainingImages& images_;
    const AnyDataset& test_;
    std::filesystem::path folder_;
    const VitClassifier& classifier_;
};

}  // namespace vitscape
