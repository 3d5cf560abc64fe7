// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/io/checkpoint.hpp>
#include <vitscape/methods/description.hpp>
#include <vitscape/optim/adamw.hpp>
#include <vitscape/optim/schedule.hpp>
#include <vitscape/optim/sgd.hpp>
#include <vitscape/train/callbacks.hpp>
#include <vitscape/train/trainer.hpp>

namespace vitscape {

/// The normalization of the images that a model was trained with. @throws IoError if it is missing.
inline ImageTransform transform_from(const JsonValue& d) {
    ImageTransform transform;
    transform.side = d.at("side").to<Index>();
    transform.mean = d.at("mean").to<std::array<float, 3>>();
    transform.standard_deviation = d.at("standard_deviation").to<std::array<float, 3>>();
    return transform;
}

namespace detail {
/// The description of a method, an optimizer or a schedule in a checkpoint.
template <class Part>
nlohmann::json description_of(const Part& part) {
    static_assert(
        requires { describe(part); },
        "a checkpoint cannot describe a method, an optimizer or a schedule: it has neither fields "
        "(core/fields.hpp; "
        "a method also a Card) nor, beside it, nlohmann::json describe(const Mine&)");
    if constexpr (requires { describe(part); })
        return describe(part);
    else
        return {};
}
}  // namespace detail

/// All settings that determine the rest of a training, apart from the parameters; they must be the same when it is
/// resumed.
template <class T>
nlohmann::json describe_training(const T& trainer, const TrainOptions& options, std::size_t images) {
    nlohmann::json description = {{"optimizer", detail::description_of(trainer.optimizer())},
                                  {"schedule", detail::description_of(trainer.schedule())},
                                  {"seed", trainer.seed()},
                                  {"epochs", options.epochs},
                                  {"batch", options.batch},
                                  {"accumulate", options.accumulate},
                                  {"clip_norm", options.clip_norm},
                                  {"images", images},
                                  {"transform", describe(options.transform)}};
    if constexpr (requires { describe_recipe(trainer.method()); })
        if (const nlohmann::json recipe = describe_recipe(trainer.method()); !recipe.empty())
            description["recipe"] = recipe;
    using B = std::remove_cvref_t<decltype(std::declval<T&>().backend())>;
    if (std::is_same_v<typename B::Storage, bfloat16>) description["precision"] = "bf16";
    if (options.parts > 0) description["parts"] = options.parts;
    return description;
}

/// Writes the trainer's whole state to `path` (io/checkpoint.hpp): the model under the reference's names, the
/// teacher under "teacher.<parameter>", the optimizer's vectors under "optimizer.<vector>.<parameter>", and the
/// description of all options.
template <class T>
void save_training(const std::filesystem::path& path, T& trainer, const nlohmann::json& training,
                   const nlohmann::json& data) {
    using Storage = typename std::remove_cvref_t<decltype(trainer.theta().backend())>::Storage;
    auto& state = trainer.state();
    std::vector<std::vector<Storage>> host;
    std::vector<std::string> prefixes;
    const auto fetch = [&](const auto& vector, std::string prefix) {
        host.emplace_back(static_cast<std::size_t>(vector.size()));
        vector.backend().download(vector.size(), vector.data(), host.back().data());
        prefixes.push_back(std::move(prefix));
    };
    fetch(state.theta, "");
    if (state.teacher.size() > 0) fetch(state.teacher, "teacher.");
    for (const auto& [name, vector] : state.optimizer.vectors())
        fetch(*vector, message("optimizer.", name, "."));
    std::vector<CheckpointVector<Storage>> vectors;
    for (std::size_t i = 0; i < host.size(); ++i) vectors.push_back({prefixes[i], host[i]});
    nlohmann::json description = {{"format", 1},
                                  {"model", detail::description_of(trainer.method())},
                                  {"training", training},
                                  {"data", data},
                                  {"state",
                                   {{"epoch", state.epoch},
                                    {"batch", state.batch},
                                    {"loss_sum", state.loss_sum},
                                    {"loss_count", state.loss_count},
                                    {"optimizer_steps", state.optimizer.steps}}}};
    if constexpr (requires { trainer.backend().product_choices(); })
        description["products"] = trainer.backend().product_choices();
    write_checkpoint(path, trainer.method().layout(), trainer.method().fixed_tensors(), vectors, description);
}

/// The prefix in a checkpoint of the parameters that are tested and measured, `Trainer::solution()`: "teacher." or none.
template <class M>
[[nodiscard]] std::string solution_prefix(const M& method) {
    return evaluated_weights(method) == EvaluatedWeights::teacher ? "teacher." : "";
}

/// Restores a trainer from a checkpoint, so that `fit` continues bit-exactly.
/// @throws ConfigError naming the first option that differs; ShapeError, IoError for a file of another
/// architecture.
template <class T>
void resume_training(const Checkpoint& checkpoint, T& trainer, const nlohmann::json& training) {
    using Storage = typename std::remove_cvref_t<decltype(trainer.theta().backend())>::Storage;
    using V = std::remove_cvref_t<decltype(trainer.theta())>;
    const nlohmann::json& description = checkpoint.description();
    const std::string& origin = checkpoint.tensors().origin();
    const std::vector<Storage> theta = checkpoint.vector<Storage>(trainer.method().layout());
    const auto compare = [&](const char* part, const nlohmann::json& now) {
        const nlohmann::json before = description.value(part, nlohmann::json::object());
        if (const auto difference = first_difference(before, now))
            throw ConfigError(message(origin, " cannot be resumed with other options: ", part, *difference,
                                      "; give the same options or choose another output folder"));
    };
    compare("model", detail::description_of(trainer.method()));
    compare("training", training);
    const JsonValue reached = checkpoint.described().at("state");
    constexpr Index most = std::numeric_limits<Index>::max();
    auto state = trainer.state();
    state.theta = V(trainer.theta().backend(), theta);
    if (state.teacher.size() > 0)
        state.teacher =
            V(trainer.theta().backend(), checkpoint.vector<Storage>(trainer.method().layout(), "teacher."));
    for (const auto& [name, vector] : state.optimizer.vectors())
        *vector = V(trainer.theta().backend(),
                    checkpoint.vector<Storage>(trainer.method().layout(), message("optimizer.", name, ".")));
    state.epoch = reached.at("epoch").to<std::uint32_t>();
    state.batch = reached.at("batch").to<std::size_t>();
    state.loss_sum = reached.at("loss_sum").to<double>();
    state.loss_count = reached.at("loss_count").number<Index>(0, most);
    state.optimizer.steps = reached.at("optimizer_steps").number<Index>(0, most);
    if constexpr (requires { trainer.backend().product_choices(); })
        if (const JsonValue described = checkpoint.described(); described.contains("products"))
            trainer.backend().use_product_choices(
                described.at("products").template to<std::vector<std::string>>());
    trainer.state() = std::move(state);
}

/// As above, from the file `path`. The description next to it is written again: it is that of an older state if the program
/// was killed after it had replaced the checkpoint, and a training that had come to its end would not save again.
/// @throws IoError also if the description cannot be written.
template <class T>
void resume_training(const std::filesystem::path& path, T& trainer, const nlohmann::json& training) {
    const Checkpoint checkpoint = Checkpoint::load(path);
    resume_training(checkpoint, trainer, training);
    write_description(path, checkpoint.description());
}

/// The file of a training's folder that keeps its state after an epoch: "epochs/epoch-00010.safetensors".
[[nodiscard]] inline std::filesystem::path kept_checkpoint(const std::filesystem::path& folder,
                                                           std::uint32_t epoch) {
    const std::string number = std::to_string(epoch);
    return folder / "epochs" /
           ("epoch-" + std::string(number.size() < 5 ? 5 - number.size() : 0, '0') + number + ".safetensors");
}

/// Callback: keeps the states that a training passes through, for its trajectory: after every n-th epoch, at the start and at the
/// end, each as a checkpoint of its own (`kept_checkpoint`), from which a training can go on.
class KeepEvery {
  public:
    /// @param epochs  between two of them; 0: none is kept  @param training, data  as those of `SaveEvery`
    KeepEvery(std::uint32_t epochs, std::filesystem::path folder, nlohmann::json training,
              nlohmann::json data)
        : epochs_(epochs),
          folder_(std::move(folder)),
          training_(std::move(training)),
          data_(std::move(data)) {}

    template <class T>
    void on_start(T& trainer, const TrainOptions&) {
        if (epochs_ == 0) return;
        require_writable_folder(folder_ / "epochs");
        if (trainer.state().epoch == 0 && trainer.state().batch == 0) keep(trainer, 0);
    }
    template <class T>
    void on_epoch(T& trainer, const EpochRecord& record) {
        if (epochs_ > 0 && (record.epoch % epochs_ == 0 || record.epoch == record.epochs))
            keep(trainer, record.epoch);
    }

  private:
    template <class T>
    void keep(T& trainer, std::uint32_t epoch) {
        save_training(kept_checkpoint(folder_, epoch), trainer, training_, data_);
    }

    std::uint32_t epochs_;
    std::filesystem::path folder_;
    nlohmann::json training_, data_;
};

/// Callback: saves `folder/checkpoint.safetensors` at the given intervals of epochs and minutes, at the end, and when
/// the user stops the training. A kill at any time leaves the last complete file intact.
class SaveEvery {
  public:
    struct Options {
        std::uint32_t epochs = 1;  ///< between two checkpoints
        double minutes = 10;       ///< between two checkpoints, also within an epoch
    };
    /// @param training  from `describe_training`.  @param data  user-defined description of the images.
    SaveEvery(const std::filesystem::path& folder, nlohmann::json training, nlohmann::json data,
              Options options)
        : path_(folder / "checkpoint.safetensors"),
          training_(std::move(training)),
          data_(std::move(data)),
          options_(options) {}
    SaveEvery(const std::filesystem::path& folder, nlohmann::json training, nlohmann::json data)
        : SaveEvery(folder, std::move(training), std::move(data), Options{}) {}

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    template <class T>
    void on_start(T&, const TrainOptions&) {
        require_writable_folder(detail::folder_of(path_));
    }
    template <class T>
    void on_step(T& trainer, const StepRecord& step) {
        const std::chrono::duration<double, std::ratio<60>> passed = std::chrono::steady_clock::now() - last_;
        if (passed.count() >= options_.minutes && step.batch < step.batches) save(trainer);
    }
    template <class T>
    void on_epoch(T& trainer, const EpochRecord& record) {
        if (record.epoch % std::max<std::uint32_t>(1, options_.epochs) == 0 || record.epoch == record.epochs)
            save(trainer);
    }
    template <class T>
    void on_interrupt(T& trainer) {
        save(trainer);
    }

  private:
    template <class T>
    void save(T& trainer) {
        save_training(path_, trainer, training_, data_);
        last_ = std::chrono::steady_clock::now();
    }

    std::filesystem::path path_;
    nlohmann::json training_, data_;
    Options options_;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// Callback: one line per epoch in `folder/log.jsonl`: epoch, loss, learning_rate, images_per_second, seconds
/// and the metrics. A resumed training drops the lines of the epochs that it repeats; list
/// it before `SaveEvery`, so that no checkpoint is ahead of its log.
class JsonLog {
  public:
    explicit JsonLog(const std::filesystem::path& folder) : path_(folder / "log.jsonl") {}

    template <class T>
    void on_start(T& trainer, const TrainOptions&) {
        std::string kept;
        if (std::filesystem::exists(path_)) {
            std::istringstream lines(
                read_text(path_));  // kept verbatim: parsing would sort the keys of an object
            std::string line;
            std::size_t number = 0;
            for (const nlohmann::json& entry : load_json_lines(path_)) {
                const JsonValue checked(entry, message(path_.string(), ":", ++number));
                if (std::getline(lines, line) &&
                    checked.at("epoch").to<std::uint32_t>() <= trainer.state().epoch)
                    kept += line + "\n";
            }
        }
        write_atomically(path_, kept);
    }
    template <class T>
    void on_epoch(T&, const EpochRecord& record) {
        nlohmann::ordered_json line = {{"epoch", record.epoch},
                                       {"loss", record.loss},
                                       {"learning_rate", record.learning_rate},
                                       {"images_per_second", record.images_per_second},
                                       {"seconds", record.seconds}};
        for (const auto& [name, value] : record.metrics) line[name] = value;
        append_json_line(path_, line);
    }

  private:
    std::filesystem::path path_;
};

}  // namespace vitscape
