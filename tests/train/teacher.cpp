// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/optim/adamw.hpp>
#include <vitscape/optim/sgd.hpp>
#include <vitscape/probe/evaluate.hpp>
#include <vitscape/train/checkpointing.hpp>
#include <vitscape/train/trainer.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/model.hpp"
#include "support/stop_at.hpp"
#include "support/temporary_folder.hpp"

namespace teacher_test {

using namespace vitscape;
using test::relative_difference;
using test::TemporaryFolder;

namespace {

using B = Cpu<double>;

/// A user's own momentum schedule.
struct Constant {
    double momentum = 0.9;
    [[nodiscard]] double at(const StepCount&) const { return momentum; }
};

template <class Momentum>
RcMae<RandomMasking, EmaTeacher<Momentum>> model(Momentum momentum, bool other_mask = false) {
    return RcMae<RandomMasking, EmaTeacher<Momentum>>({.encoder = {16, 4, {16, 1, 2}},
                                                       .decoder = {8, 1, 2},
                                                       .teacher = {momentum},
                                                       .other_mask = other_mask});
}

/// Follows the student itself, step by step.
template <class Momentum>
struct Follow {
    Momentum momentum;
    double steps, per_epoch;
    std::vector<double> teacher;
    double worst = 0, done = 0;

    template <class T>
    void on_start(T& trainer, const TrainOptions&) {
        teacher = trainer.theta().to_host();
        worst = std::max(worst, relative_difference(trainer.teacher().to_host(), teacher));
    }
    template <class T>
    void on_step(T& trainer, const StepRecord&) {
        const double m = momentum.at({.step = done++, .steps = steps, .steps_per_epoch = per_epoch});
        const std::vector<double> student = trainer.theta().to_host();
        for (std::size_t i = 0; i < teacher.size(); ++i) teacher[i] = m * teacher[i] + (1 - m) * student[i];
        worst = std::max(worst, relative_difference(trainer.teacher().to_host(), teacher));
    }
};

template <class Momentum, class Optimizer>
double worst_difference_of_teachers(Momentum momentum, Optimizer optimizer, std::size_t accumulate) {
    TrainOptions options{.epochs = 3, .batch = 10, .accumulate = accumulate};
    options.transform = {.side = 16};
    Trainer trainer{B(1), model(momentum), optimizer, WarmupCosine{.peak = 1e-2, .warmup_epochs = 1}, 5};
    const double per_epoch = std::ceil(4.0 / static_cast<double>(accumulate));
    Follow<Momentum> follow{momentum, 3 * per_epoch, per_epoch, {}};
    trainer.fit(Synthetic(40, 16), options, follow);
    CHECK(relative_difference(trainer.teacher().to_host(), trainer.theta().to_host()) > 1e-6);
    return follow.worst;
}

Batch images() { return load_all(Synthetic(6, 16), ImageTransform{.side = 16}); }

}  // namespace

TEST_CASE("the teacher follows after each step", "[train]") {
    CHECK(worst_difference_of_teachers(PublishedMomentum{.from = 0.5}, AdamW{}, 1) < 1e-14);
    CHECK(worst_difference_of_teachers(ReleasedMomentum{.from = 0.5}, AdamW{}, 3) < 1e-14);
    CHECK(worst_difference_of_teachers(Constant{}, Sgd{.weight_decay = 0.1}, 1) < 1e-14);
}

TEST_CASE("the loss with a fixed teacher: gradient and Hessian are those of its value", "[train]") {
    for (const bool other_mask : {false, true}) {
        const auto method = model(Constant{}, other_mask);
        const B backend(1);
        const Vector<B> theta(backend, initial_values(method.layout(), 1)),
            teacher(backend, initial_values(method.layout(), 2));
        FrozenObjective objective{backend, method, teacher, images(), {.batch = 4, .mask_seed = 3}};
        Vector<B> gradient(backend, theta.size()), direction(backend, theta.size()),
            at(backend, theta.size()), product(backend, theta.size()), right(backend, theta.size()),
            left(backend, theta.size());
        B(backend).fill_normal({.seed = 4}, direction.size(), direction.data());
        scale(1 / norm(direction), direction);
        objective.gradient(theta, gradient);
        const auto moved = [&](double step) -> const Vector<B>& {
            at = theta;
            axpby(step, direction, 1, at);
            return at;
        };
        constexpr double step = 1e-4;
        const double slope = (objective.value(moved(step)) - objective.value(moved(-step))) / (2 * step);
        CHECK(slope == Approx(dot(gradient, direction)).epsilon(1e-6));
        objective.hessian_vector(theta, direction, product);
        objective.gradient(moved(step), right);
        objective.gradient(moved(-step), left);
        axpby(-1 / (2 * step), left, 1 / (2 * step), right);
        CHECK(relative_difference(right.to_host(), product.to_host()) < 1e-5);

        // at the teacher itself, with one mask, nothing is left but the reconstruction
        FrozenObjective plain{backend, method.student(), images(), {.batch = 4, .mask_seed = 3}};
        if (other_mask)
            CHECK(objective.value(teacher) > plain.value(teacher));
        else
            CHECK(objective.value(teacher) == Approx(plain.value(teacher)).epsilon(1e-13));
    }
}

TEST_CASE("a training with a teacher that was stopped and resumed ends with the same bytes", "[train]") {
    const Synthetic set(70, 16);
    TrainOptions options{.epochs = 2, .batch = 16};
    options.transform = {.side = 16, .crop = Crop::random_resized, .flip = true};
    for (const auto& [share, consistency, other_mask] :
         {std::tuple{0.5, 1.0, false}, {0.5, 1.0, true}, {1.0, 0.0, false}}) {
        INFO("share " << share << ", consistency " << consistency << ", other mask " << other_mask);
        const RcMae<> method({.encoder = {16, 4, {16, 1, 2}},
                              .decoder = {8, 1, 2},
                              .teacher = {{.from = 0.9}},
                              .consistency = consistency,
                              .other_mask = other_mask,
                              .teacher_share = share,
                              .evaluate = EvaluatedWeights::teacher});
        const TemporaryFolder undisturbed, disturbed;
        const auto run = [&](const std::filesystem::path& folder, auto... stop) {
            Trainer trainer{Cpu<float>(1), method, AdamW{}, WarmupCosine{.peak = 1e-3, .warmup_epochs = 1},
                            3};
            const auto training = describe_training(trainer, options, set.size());
            const auto file = folder / "checkpoint.safetensors";
            if (std::filesystem::exists(file)) resume_training(file, trainer, training);
            SaveEvery save(folder, training, {}, {.epochs = 1, .minutes = 0});
            trainer.fit(set, options, EvaluateEvery(1, set, options.transform), JsonLog{folder}, save,
                        stop...);
            return trainer.solution().to_host();
        };
        const auto solution = run(undisturbed.path());
        CHECK_THROWS_AS(run(disturbed.path(), test::StopAt{0, 3}), std::runtime_error);
        CHECK_THROWS_AS(run(disturbed.path(), test::StopAt{1, 2}), std::runtime_error);
        CHECK(run(disturbed.path()) == solution);
        const auto file = undisturbed.path() / "checkpoint.safetensors";
        CHECK(read_bytes(file) == read_bytes(disturbed.path() / "checkpoint.safetensors"));

        // the checkpoint names the solution, the teacher, and the log has its loss
        const Checkpoint checkpoint = Checkpoint::load(file);
        const auto kept = checkpoint.vector<float>(method.layout(), solution_prefix(method));
        CHECK(std::vector<double>(kept.begin(), kept.end()) == solution);
        CHECK(checkpoint.vector<float>(method.layout()) != kept);
        const Vector<Cpu<float>> theta(Cpu<float>(1), solution);
        CHECK(load_json_lines(undisturbed.path() / "log.jsonl").back().at("test_loss").get<double>() ==
              evaluate(Cpu<float>(1), method, theta, set, options.transform, 128, {3, 0}, &theta).loss);
        RcMaeConfig<> other = method.config();
        other.teacher_share = 0.25;
        Trainer changed{Cpu<float>(1), RcMae<>(other), AdamW{},
                        WarmupCosine{.peak = 1e-3, .warmup_epochs = 1}, 3};
        CHECK(test::error_text<ConfigError>([&] {
                  resume_training(checkpoint, changed, describe_training(changed, options, set.size()));
              }).find("/teacher_share") != std::string::npos);
    }
}

TEST_CASE("a teacher without consistency averages the training of a plain autoencoder", "[train]") {
    RcMae<RandomMasking, EmaTeacher<Constant>> averaged({.encoder = {16, 4, {16, 1, 2}},
                                                         .decoder = {8, 1, 2},
                                                         .consistency = 0,
                                                         .evaluate = EvaluatedWeights::teacher});
    TrainOptions options{.epochs = 3, .batch = 10};
    options.transform = {.side = 16};
    const auto trained = [&](const auto& method, auto... callbacks) {
        Trainer trainer{B(1), method, AdamW{}, WarmupCosine{.peak = 1e-2, .warmup_epochs = 1}, 5};
        trainer.fit(Synthetic(40, 16), options, callbacks...);
        return std::pair{trainer.theta().to_host(), trainer.solution().to_host()};
    };
    const auto [plain, same] = trained(averaged.student());
    const auto [theta, average] = trained(averaged);
    CHECK(plain == same);
    CHECK(theta == plain);
    Trainer trainer{B(1), averaged, AdamW{}, WarmupCosine{.peak = 1e-2, .warmup_epochs = 1}, 5};
    Follow<Constant> follow{Constant{}, 12, 4, {}};
    trainer.fit(Synthetic(40, 16), options, follow);
    CHECK(relative_difference(average, follow.teacher) < 1e-14);
    CHECK(relative_difference(average, plain) > 1e-3);
}

TEST_CASE("evaluation on other images asks for the teacher", "[train]") {
    const auto method = model(Constant{});
    const B backend(1);
    const Vector<B> theta(backend, initial_values(method.layout(), 1));
    const Synthetic data(20, 16);
    CHECK_THROWS_AS(evaluate(backend, method, theta, data, ImageTransform{.side = 16}), ConfigError);
    const double own = evaluate(backend, method, theta, data, ImageTransform{.side = 16}, 8, {}, &theta).loss;
    const double plain = evaluate(backend, method.student(), theta, data, ImageTransform{.side = 16}, 8).loss;
    CHECK(own == Approx(plain).epsilon(1e-13));
}

}  // namespace teacher_test
