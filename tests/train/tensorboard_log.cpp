// SPDX-License-Identifier: Apache-2.0
//
// The curves that a training writes for TensorBoard: what the log says, and a new file for each part of it.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/train/checkpointing.hpp>
#include <vitscape/train/tensorboard_log.hpp>

#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/python.hpp"
#include "support/stop_at.hpp"
#include "support/temporary_folder.hpp"

namespace tensorboard_log_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// Adds a metric, as a test does.
struct AddsMetric {
    template <class T>
    void on_epoch(T&, EpochRecord& record) {
        record.metrics.emplace_back("test_loss", 10.0 * record.epoch);
    }
};

/// Trains three epochs, from the checkpoint in the folder if there is one.
template <class... Stop>
void train(const std::filesystem::path& folder, Stop... stop) {
    const Synthetic images(40, 16);
    Trainer trainer{Cpu<float>(1),
                    MaskedAutoencoder<>(
                        {.encoder = {16, 4, {16, 1, 2}}, .decoder = {.width = 8, .depth = 1, .heads = 2}}),
                    AdamW{}, WarmupCosine{.peak = 1e-3, .warmup_epochs = 1}, 3};
    TrainOptions options{.epochs = 3, .batch = 16};
    options.transform = {.side = 16};
    const auto training = describe_training(trainer, options, images.size());
    if (std::filesystem::exists(folder / "checkpoint.safetensors"))
        resume_training(folder / "checkpoint.safetensors", trainer, training);
    SaveEvery save(folder, training, {});
    trainer.fit(images, options, AddsMetric{}, JsonLog{folder}, TensorBoardLog{folder}, save, stop...);
}

std::vector<std::filesystem::path> event_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().filename().string().starts_with("events.out.tfevents."))
            files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

TEST_CASE("a training's curves are the numbers of its log") {
    const TemporaryFolder folder;
    train(folder.path());
    const auto files = event_files(folder.path());
    REQUIRE(files.size() == 1);
    const auto events = read_events(read_text(files[0]));
    const auto log = load_json_lines(folder / "log.jsonl");
    REQUIRE(events.size() == 2 + 3);
    CHECK(events[0].version == "brain.Event:2");
    CHECK(events[1].session == 1);
    CHECK(events[1].step == 1);
    for (std::size_t i = 0; i < 3; ++i) {
        const ReadEvent& event = events[2 + i];
        CHECK(event.step == static_cast<std::int64_t>(i) + 1);
        CHECK(event.seconds > 1.7e9);
        REQUIRE(event.scalars.size() == 5);
        CHECK(log[i].size() == 1 + 5);
        for (const auto& [name, value] : event.scalars) CHECK(value == log[i].at(name).get<float>());
    }
}

TEST_CASE("a resumed training begins a file that comes after the others, and drops what is done again") {
    const TemporaryFolder folder;
    CHECK_THROWS_AS(train(folder.path(), StopAt{2, 1}), std::runtime_error);
    train(folder.path());
    train(folder.path());  // at its end
    const auto files = event_files(folder.path());
    REQUIRE(files.size() == 3);
    const auto first = read_events(read_text(files[0])), second = read_events(read_text(files[1])),
               third = read_events(read_text(files[2]));
    CHECK(first.back().step == 2);
    CHECK(second[1].session == 1);
    CHECK(second[1].step == 3);
    CHECK(second.back().step == 3);
    REQUIRE(third.size() == 2);
    CHECK(third[1].step == 4);
}

TEST_CASE("no folder, no curves") {
    TensorBoardLog none("");
    struct {
        struct {
            std::uint32_t epoch = 0;
        } reached;
        auto& state() { return reached; }
    } trainer;
    none.on_start(trainer, TrainOptions{});
    none.on_epoch(trainer, EpochRecord{});
    CHECK(none.path().empty());
}

TEST_CASE("TensorBoard reads the curves of a resumed training") {
    const std::string python = python_with("tensorboard.backend.event_processing.event_accumulator");
    if (python.empty()) return;
    const TemporaryFolder folder;
    CHECK_THROWS_AS(train(folder.path(), StopAt{2, 1}), std::runtime_error);
    // as if it had come further than its checkpoint: TensorBoard is to forget that
    append_durably(event_files(folder.path()).at(0),
                   event_of_scalars(1e9, 3, std::vector<std::pair<std::string, double>>{{"test_loss", -1}}));
    train(folder.path());
    CHECK(run_python(python, R"(import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
read = EventAccumulator(sys.argv[1])
read.Reload()
names = read.Tags()["scalars"]
assert sorted(names) == ["images_per_second", "learning_rate", "loss", "seconds", "test_loss"], names
assert [(e.step, e.value) for e in read.Scalars("test_loss")] == [(1, 10), (2, 20), (3, 30)], read.Scalars("test_loss")
assert all(e.value > 0 for e in read.Scalars("loss"))
)",
                     folder.path()));
}

}  // namespace tensorboard_log_test
