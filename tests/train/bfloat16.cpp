// SPDX-License-Identifier: Apache-2.0
//
// A training in bfloat16 on processors: the losses of float to rounding, the same bits for any number of threads and after a stop.
#include <cmath>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/optim/adamw.hpp>
#include <vitscape/optim/schedule.hpp>
#include <vitscape/train/checkpointing.hpp>
#include <vitscape/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/keep_losses.hpp"
#include "support/stop_at.hpp"
#include "support/temporary_folder.hpp"

namespace bfloat16_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

struct Trained {
    std::vector<double> theta, teacher, losses;
};

const Synthetic& images() {
    static const Synthetic set(70, 16);
    return set;
}
TrainOptions three_epochs() {
    TrainOptions options{.epochs = 3, .batch = 16};
    options.transform = {.side = 16, .crop = Crop::random_resized, .flip = true};
    return options;
}
template <class T>
auto trainer(int threads) {
    const RcMae<> model({.encoder = {16, 4, {24, 2, 3}}, .decoder = {.width = 16, .depth = 1, .heads = 2}});
    return Trainer{Cpu<T>(threads), model, AdamW{}, WarmupCosine{.peak = 1e-3, .warmup_epochs = 1}, 3};
}
template <class T>
Trained trained(int threads) {
    auto training = trainer<T>(threads);
    Trained result;
    training.fit(images(), three_epochs(), KeepLosses{&result.losses});
    result.theta = training.theta().to_host();
    result.teacher = training.state().teacher.to_host();
    return result;
}

}  // namespace

TEST_CASE("training in bfloat16: the losses of float to rounding, and no bit depends on threads",
          "[bfloat16]") {
    const Trained half = trained<bfloat16>(1), full = trained<float>(1);
    REQUIRE(half.losses.size() == 3);
    for (std::size_t epoch = 0; epoch < 3; ++epoch) {
        CHECK(std::abs(half.losses[epoch] - full.losses[epoch]) < 1e-2 * full.losses[epoch]);
        CHECK(half.losses[epoch] != full.losses[epoch]);
    }
    for (const int threads : {2, 3}) {
        const Trained again = trained<bfloat16>(threads);
        CHECK(again.theta == half.theta);
        CHECK(again.teacher == half.teacher);
    }
}

TEST_CASE("training in bfloat16: stopped and resumed, it ends with the same bytes", "[bfloat16]") {
    const TemporaryFolder undisturbed, disturbed;
    const auto run = [&](const std::filesystem::path& folder, auto... stop) {
        auto training = trainer<bfloat16>(1);
        const auto described = describe_training(training, three_epochs(), images().size());
        CHECK(described.at("precision") == "bf16");
        const auto file = folder / "checkpoint.safetensors";
        if (std::filesystem::exists(file)) resume_training(file, training, described);
        SaveEvery save(folder, described, {}, {.epochs = 1, .minutes = 0});  // after every step
        training.fit(images(), three_epochs(), save, stop...);
    };
    run(undisturbed.path());
    CHECK_THROWS_AS(run(disturbed.path(), StopAt{0, 3}), std::runtime_error);
    CHECK_THROWS_AS(run(disturbed.path(), StopAt{1, 2}), std::runtime_error);
    run(disturbed.path());
    CHECK(read_bytes(undisturbed.path() / "checkpoint.safetensors") ==
          read_bytes(disturbed.path() / "checkpoint.safetensors"));
}

}  // namespace bfloat16_test
