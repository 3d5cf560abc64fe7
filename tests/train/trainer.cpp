// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/train/checkpointing.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/stop_at.hpp"
#include "support/temporary_folder.hpp"

namespace trainer_test {

using namespace vitscape;
using vitscape::test::TemporaryFolder;

namespace {

using B = Cpu<float>;
using Pretraining = Trainer<B, MaskedAutoencoder<>, AdamW, WarmupCosine>;

MaskedAutoencoder<> small_model(Index width = 16) {
    return MaskedAutoencoder<>(
        {.encoder = {16, 4, {width, 1, 2}}, .decoder = {.width = 8, .depth = 1, .heads = 2}});
}
Pretraining small_trainer(int threads = 1, double peak = 1e-3, Index width = 16) {
    return {B(threads), small_model(width), AdamW{}, WarmupCosine{.peak = peak, .warmup_epochs = 1}, 3};
}
TrainOptions small_options() {
    TrainOptions options{.epochs = 3, .batch = 16};
    options.transform = {.side = 16, .crop = Crop::random_resized, .flip = true};
    return options;
}
const Synthetic& images() {
    static const Synthetic set(70, 16);
    return set;
}
std::vector<double> trained(int threads, const TrainOptions& options) {
    Pretraining trainer = small_trainer(threads);
    trainer.fit(images(), options);
    return trainer.theta().to_host();
}

}  // namespace

TEST_CASE("a training does not depend on threads or workers") {
    TrainOptions options = small_options();
    const std::vector<double> one = trained(1, options);
    CHECK(trained(2, options) == one);
    options.workers = 3;
    CHECK(trained(3, options) == one);
}

TEST_CASE("checkpoints of blocks do not change a training") {
    TrainOptions options = small_options();
    const std::vector<double> plain = trained(1, options);
    options.checkpoint_blocks = true;
    CHECK(trained(1, options) == plain);
}

TEST_CASE("a device's choices of algorithms are kept in the checkpoint and used again") {
    /// Stands for a device: what it chose, and what it was told to use.
    struct Choosing : Cpu<float> {
        using Cpu<float>::Cpu;
        std::vector<std::string>* used = nullptr;
        [[nodiscard]] std::vector<std::string> product_choices() const { return {"a device", "1 : 2"}; }
        void use_product_choices(std::span<const std::string> lines) {
            used->assign(lines.begin(), lines.end());
        }
    };
    const TemporaryFolder folder;
    const auto file = folder.path() / "checkpoint.safetensors";
    std::vector<std::string> used;
    Choosing backend(1);
    backend.used = &used;
    Trainer trainer{backend, small_model(), AdamW{}, WarmupCosine{}, 3};
    const auto training = describe_training(trainer, small_options(), images().size());
    save_training(file, trainer, training, {});
    CHECK(used.empty());
    resume_training(file, trainer, training);
    CHECK(used == backend.product_choices());
    used.clear();
    Pretraining elsewhere =
        small_trainer();  // on processors they mean nothing, and a checkpoint from there has none
    save_training(file, elsewhere, training, {});
    resume_training(file, trainer, training);
    CHECK(used.empty());
}

TEST_CASE("accumulated batches give the gradient of the joint batch") {
    TrainOptions joint = small_options(), split = small_options();
    joint.batch = 32;
    split.batch = 16;
    split.accumulate = 2;
    joint.epochs = split.epochs = 1;
    const auto a = trained(1, joint), b = trained(1, split);
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference += (a[i] - b[i]) * (a[i] - b[i]), norm += a[i] * a[i];
    CHECK(std::sqrt(difference / norm) < 1e-4);
    CHECK(difference > 0);  // other sums, so not the same bits
}

TEST_CASE("a training that was stopped and resumed ends with the same bytes") {
    const TemporaryFolder undisturbed, disturbed;
    const TrainOptions options = small_options();
    const auto run = [&](const std::filesystem::path& folder, auto... stop) {
        Pretraining trainer = small_trainer();
        const auto training = describe_training(trainer, options, images().size());
        const auto file = folder / "checkpoint.safetensors";
        if (std::filesystem::exists(file)) resume_training(file, trainer, training);
        // saves after every step, so that it also goes on inside an epoch
        SaveEvery save(folder, training, {}, {.epochs = 1, .minutes = 0});
        trainer.fit(images(), options, JsonLog{folder}, save, stop...);
    };
    run(undisturbed.path());
    CHECK_THROWS_AS(run(disturbed.path(), test::StopAt{0, 3}), std::runtime_error);
    CHECK_THROWS_AS(run(disturbed.path(), test::StopAt{1, 4}), std::runtime_error);
    CHECK_THROWS_AS(run(disturbed.path(), test::StopAt{2, 1}), std::runtime_error);
    run(disturbed.path());
    CHECK(read_bytes(undisturbed.path() / "checkpoint.safetensors") ==
          read_bytes(disturbed.path() / "checkpoint.safetensors"));
    const auto log = load_json_lines(disturbed.path() / "log.jsonl");
    const auto reference = load_json_lines(undisturbed.path() / "log.jsonl");
    REQUIRE(log.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(log[i].at("epoch") == i + 1);
        CHECK(log[i].at("loss") == reference[i].at("loss"));
        CHECK(log[i].at("learning_rate") == reference[i].at("learning_rate"));
        CHECK(log[i].at("images_per_second").get<double>() > 0);
    }
}

TEST_CASE("a description that a kill left behind its checkpoint is written again on resuming") {
    const TemporaryFolder folder;
    const TrainOptions options = small_options();
    Pretraining trainer = small_trainer();
    const auto training = describe_training(trainer, options, images().size());
    const auto file = folder.path() / "checkpoint.safetensors", described = folder.path() / "checkpoint.json";
    save_training(file, trainer, training, {});
    const auto bytes = read_bytes(described);
    nlohmann::json older = load_json(described);
    older.at("state")["epoch"] = 7;
    write_json(described, older);
    REQUIRE(read_bytes(described) != bytes);
    resume_training(file, trainer, training);
    CHECK(read_bytes(described) == bytes);
}

TEST_CASE("a checkpoint is refused by another model, other options, and a file without state") {
    const TemporaryFolder folder;
    const TrainOptions options = small_options();
    Pretraining trainer = small_trainer();
    const auto training = describe_training(trainer, options, images().size());
    const auto file = folder.path() / "checkpoint.safetensors";
    save_training(file, trainer, training, {});
    const Checkpoint checkpoint = Checkpoint::load(file);

    Pretraining wider = small_trainer(1, 1e-3, 24);
    const std::string shapes =
        test::error_text<ShapeError>([&] { resume_training(checkpoint, wider, training); });
    CHECK(shapes.find("cls_token") != std::string::npos);
    CHECK(shapes.find("(1, 1, 16)") != std::string::npos);
    CHECK(shapes.find("(1, 1, 24)") != std::string::npos);

    Pretraining faster = small_trainer(1, 2e-3);
    const std::string changed = test::error_text<ConfigError>(
        [&] { resume_training(checkpoint, faster, describe_training(faster, options, images().size())); });
    CHECK(changed.find("peak") != std::string::npos);
    CHECK(changed.find("0.002") != std::string::npos);
}

TEST_CASE("a loss that is not finite stops the training and keeps the last good checkpoint") {
    const TemporaryFolder folder;
    TrainOptions options = small_options();
    options.epochs = 50;
    Pretraining trainer = small_trainer(1, 1e25);  // no model survives this
    SaveEvery save(folder.path(), describe_training(trainer, options, images().size()), {},
                   {.epochs = 1, .minutes = 0});
    const std::string text = test::error_text<NumericError>([&] { trainer.fit(images(), options, save); });
    CHECK(text.find("step") != std::string::npos);
    CHECK(text.find("the parameters before this step were finite") != std::string::npos);
    const Checkpoint kept = Checkpoint::load(save.path());
    for (const float value : kept.vector<float>(trainer.method().layout())) REQUIRE(std::isfinite(value));
}

TEST_CASE("a loss that is not finite because the parameters are not says so") {
    Pretraining trainer = small_trainer();
    std::vector<double> values = trainer.theta().to_host();
    values.front() = std::nan("");
    trainer.state().theta = {trainer.theta().backend(), values};
    CHECK(test::error_text<NumericError>([&] {
              trainer.fit(images(), small_options());
          }).find("the parameters before this step were not finite") != std::string::npos);
}

TEST_CASE("a checkpoint whose parameters are not finite is refused and the parameter named") {
    const TemporaryFolder folder;
    const TrainOptions options = small_options();
    Pretraining trainer = small_trainer();
    const auto training = describe_training(trainer, options, images().size());
    const auto file = folder.path() / "checkpoint.safetensors";
    std::vector<double> values = trainer.theta().to_host();
    values[static_cast<std::size_t>(trainer.method().layout().find("norm.weight")->slot.offset)] =
        std::nan("");
    trainer.state().theta = {trainer.theta().backend(), values};
    save_training(file, trainer, training, {});
    Pretraining other = small_trainer();
    const std::string text =
        test::error_text<IoError>([&] { resume_training(Checkpoint::load(file), other, training); });
    CHECK(text.find(file.string()) != std::string::npos);
    CHECK(text.find("norm.weight has numbers that are not finite") != std::string::npos);
    CHECK(text.find("Use an earlier checkpoint") != std::string::npos);
}

TEST_CASE("a step of more batches than an epoch has, and a rate that is no number, are refused") {
    Pretraining trainer = small_trainer();
    TrainOptions options = small_options();
    options.batch = 16;
    options.accumulate = 5;  // 70 images
    CHECK(test::error_text<ConfigError>([&] { trainer.fit(images(), options); }).find("epoch of 4") !=
          std::string::npos);
    Pretraining without_rate = small_trainer(1, std::nan(""));
    CHECK(test::error_text<ConfigError>([&] { without_rate.fit(images(), small_options()); }).find("peak") !=
          std::string::npos);
}

TEST_CASE("trainings that cannot work fail before any step") {
    Pretraining trainer = small_trainer();
    TrainOptions options = small_options();
    options.batch = 71;
    CHECK(test::error_text<ConfigError>([&] { trainer.fit(images(), options); }).find("70") !=
          std::string::npos);
    options = small_options();
    options.transform.side = 32;
    CHECK_THROWS_AS(trainer.fit(images(), options), ConfigError);
    options = small_options();
    options.epochs = 0;
    CHECK_THROWS_AS(trainer.fit(images(), options), ConfigError);
    CHECK(trainer.state().epoch == 0);
}

}  // namespace trainer_test
