// SPDX-License-Identifier: Apache-2.0
//
// Where workers train the same run: none writes into another's files, and each goes on from the furthest state.
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/io/checkpoint.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/study/shared_training.hpp>
#include <vitscape/study/training_folder.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

namespace training_folder_test {

using namespace vitscape;

namespace {

const MaskedAutoencoder<> mae({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}},
                               .decoder = {.width = 8, .depth = 1, .heads = 2}});

/// What a training leaves after some epochs and batches.
void train(const std::filesystem::path& folder, int epoch, int batch) {
    std::filesystem::create_directories(folder);
    const std::vector<float> values(static_cast<std::size_t>(mae.layout().size()), static_cast<float>(epoch));
    write_checkpoint(folder / "checkpoint.safetensors", mae.layout(), mae.fixed_tensors(),
                     std::vector<CheckpointVector<float>>{{"", values}},
                     {{"format", 1}, {"state", {{"epoch", epoch}, {"batch", batch}}}});
    write_atomically(folder / "log.jsonl", message("epoch ", epoch, "\n"));
}
int epoch_in(const std::filesystem::path& folder) {
    return Checkpoint::load(folder / "checkpoint.safetensors").described().at("state").at("epoch").to<int>();
}

}  // namespace

TEST_CASE("one process trains in the run's folder", "[compare]") {
    const test::TemporaryFolder folder;
    const TrainingFolder place(folder / "run", "");
    CHECK(place.path() == folder / "run");
    train(place.path(), 2, 0);
    place.publish();
    CHECK(epoch_in(folder / "run") == 2);
}

TEST_CASE("a worker goes on from the furthest state of others, and their files stay theirs", "[compare]") {
    const test::TemporaryFolder folder;
    const std::filesystem::path run = folder / "run";
    const TrainingFolder first(run, "first");
    CHECK(std::filesystem::is_empty(first.path()));
    train(first.path(), 3, 5);
    const TrainingFolder second(run, "second");
    CHECK(epoch_in(second.path()) == 3);
    CHECK(read_text(second.path() / "log.jsonl") == "epoch 3\n");
    train(second.path(), 4, 0);
    train(first.path(), 3, 7);
    CHECK(epoch_in(second.path()) == 4);
    CHECK(epoch_in(TrainingFolder(run, "third").path()) == 4);

    // a damaged one counts for nothing, and its own is kept where it is the furthest
    std::string bytes = read_text(second.path() / "checkpoint.safetensors");
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    write_atomically(second.path() / "checkpoint.safetensors", bytes);
    std::filesystem::remove_all(run / "unfinished.third");
    CHECK(epoch_in(TrainingFolder(run, "fourth").path()) == 3);
    CHECK(epoch_in(TrainingFolder(run, "first").path()) == 3);

    train(first.path(), 9, 0);
    first.publish();
    CHECK(epoch_in(run) == 9);
    CHECK_FALSE(std::filesystem::exists(run / "unfinished.first"));
    CHECK(epoch_in(TrainingFolder(run, "fifth").path()) == 9);
    TrainingFolder::remove_unfinished(run);
    std::vector<std::string> left;
    for (const auto& entry : std::filesystem::directory_iterator(run))
        left.push_back(entry.path().filename().string());
    CHECK(left.size() == 3);
    CHECK(epoch_in(run) == 9);
}

TEST_CASE("a run takes the training of another one, and of its numbers those that need no labels",
          "[compare]") {
    const test::TemporaryFolder folder;
    train(folder / "from", 2, 0);
    write_atomically(folder / "from/training-surface-0.npy", "surface");
    write_atomically(folder / "from/classification-surface-0.npy", "other");
    const nlohmann::json source = {
        {"training", {{"epoch", {1, 2}}, {"knn_accuracy", {0.5, 0.6}}, {"probe_accuracy", {nullptr, 0.7}}}},
        {"cost", {{"parameters", 7}}},
        {"solution", {{"loss", 0.25}}},
        {"pace", {{"training", 0.125}}},
        {"training.surface-0", 1},
        {"total.surface-0", 2},
        {"classification.surface-0", 3},
        {"probe", 4}};
    const nlohmann::json taken = take_training(folder / "from", folder / "to", source);
    std::vector<std::string> names;
    for (const auto& [name, result] : taken.items()) names.push_back(name);
    CHECK(names ==
          std::vector<std::string>{"cost", "solution", "total.surface-0", "training", "training.surface-0"});
    CHECK(taken.at("training").at("epoch") == source.at("training").at("epoch"));
    CHECK(taken.at("training").at("knn_accuracy") == nlohmann::json{nullptr, nullptr});
    CHECK(epoch_in(folder / "to") == 2);
    CHECK(read_text(folder / "to/training-surface-0.npy") == "surface");
    CHECK_FALSE(std::filesystem::exists(folder / "to/classification-surface-0.npy"));
    CHECK_THROWS_AS((void)take_training(folder / "from", folder / "to", nlohmann::json::object()), IoError);
}

}  // namespace training_folder_test
