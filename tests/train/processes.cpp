// SPDX-License-Identifier: Apache-2.0
//
// Trainings by several processes, which are threads here; tests/distributed/processes and tests/programs/processes.sh have real ones.
#include <mutex>
#include <string>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/all.hpp>
#include <vitscape/train/checkpointing.hpp>
#include <vitscape/train/shared_state.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/model.hpp"
#include "support/thread_processes.hpp"

namespace processes_test {

using namespace vitscape;
using test::Threads;

namespace {

/// What a training leaves behind, in process 0; the others must have the same parameters.
struct Trained {
    std::vector<double> theta, losses, tests;
    bool alike = true;
};

struct Record {
    Trained* trained;
    template <class T>
    void on_step(T&, const StepRecord& step) const {
        trained->losses.push_back(step.loss);
        trained->losses.push_back(step.gradient_norm);
    }
    template <class T>
    void on_epoch(T&, const EpochRecord& epoch) const {
        for (const auto& [name, value] : epoch.metrics) trained->tests.push_back(value);
    }
};

RcMae<> autoencoder() { return RcMae<>({.encoder = {16, 4, {16, 1, 2}}, .decoder = {8, 1, 2}}); }
Regularized<RandomErasing, MixupOrCutmix> mixed() {
    return Regularized<RandomErasing, MixupOrCutmix>(
        VitClassifier({.encoder = {16, 4, {16, 2, 2}}, .classes = 10}), {.drop_path = {0.3}},
        RandomErasing{.probability = 0.5}, MixupOrCutmix{});
}
/// Batches that the processes do not share evenly, and cannot divide into equal parts.
TrainOptions options(std::size_t parts, std::size_t accumulate) {
    TrainOptions o{.epochs = 2, .batch = 27, .accumulate = accumulate, .clip_norm = 0.5, .parts = parts};
    o.transform = {.side = 16, .crop = Crop::random_resized, .flip = true};
    return o;
}

template <class B, class M>
Trained train(const M& method, int processes, const TrainOptions& o) {
    Trained result;
    std::vector<std::vector<double>> all(static_cast<std::size_t>(processes));
    test::run_processes(processes, [&](Threads process) {
        Trainer trainer{B(1), method, AdamW{}, WarmupCosine{.peak = 1e-2, .warmup_epochs = 1}, 3, process};
        EvaluateEvery evaluation(1, Synthetic(50, 16), o.transform, 16);  // 4 batches, the last one smaller
        trainer.fit(Synthetic(90, 16), o, evaluation, Record{&result});
        all[static_cast<std::size_t>(process.rank())] = trainer.theta().to_host();
    });
    for (const auto& theta : all) result.alike = result.alike && theta == all.front();
    result.theta = all.front();
    return result;
}

template <class M>
void same_bytes(const M& method, std::size_t accumulate) {
    const Trained one = train<Cpu<float>>(method, 1, options(12, accumulate));
    CHECK(one.losses.size() == 2 * 2 * (accumulate == 1 ? 3 : 2));
    for (const int processes : {2, 3, 4}) {
        INFO(processes << " processes");
        const Trained several = train<Cpu<float>>(method, processes, options(12, accumulate));
        CHECK(several.alike);
        CHECK(bool(several.theta == one.theta));
        CHECK(bool(several.losses == one.losses));
        CHECK(bool(several.tests == one.tests));
    }
    CHECK_FALSE(bool(train<Cpu<float>>(method, 1, options(0, accumulate)).theta == one.theta));
}

}  // namespace

TEST_CASE("with parts a training has the same bytes for any number of processes", "[train][processes]") {
    same_bytes(autoencoder(), 1);
    same_bytes(mixed(), 2);
}

TEST_CASE("several processes train to the parameters of one", "[train][processes]") {
    const auto compare = [](const auto& method, std::size_t accumulate) {
        const Trained one = train<Cpu<double>>(method, 1, options(0, accumulate));
        for (const auto& [processes, parts] : {std::pair<int, std::size_t>{2, 0}, {3, 0}, {4, 0}, {3, 9}}) {
            INFO(processes << " processes, " << parts << " parts");
            const Trained several = train<Cpu<double>>(method, processes, options(parts, accumulate));
            CHECK(several.alike);
            CHECK(test::relative_difference(several.theta, one.theta) < 1e-10);
            CHECK(test::relative_difference(several.losses, one.losses) < 1e-10);
            CHECK(test::relative_difference(several.tests, one.tests) < 1e-10);
        }
    };
    compare(autoencoder(), 1);
    compare(mixed(), 2);
}

TEST_CASE("a state that one process has is shared", "[train][processes]") {
    std::vector<std::vector<double>> thetas(3);
    std::vector<std::size_t> batches(3);
    test::run_processes(3, [&](Threads process) {
        const auto rank = static_cast<std::size_t>(process.rank());
        Trainer trainer{Cpu<float>(1), autoencoder(), AdamW{}, WarmupCosine{}, 3 + rank, process};
        if (rank == 0) trainer.state().batch = 5;
        trainer.state().epoch = static_cast<std::uint32_t>(rank);
        share_state(trainer);
        thetas[rank] = trainer.theta().to_host();
        batches[rank] = trainer.state().batch + 10 * trainer.state().epoch;
    });
    CHECK(bool(thetas[1] == thetas[0]));
    CHECK(bool(thetas[2] == thetas[0]));
    CHECK(bool(batches == std::vector<std::size_t>{5, 5, 5}));
}

TEST_CASE("parts that cannot be shared are refused before any work", "[train][processes]") {
    const auto refused = [](std::size_t parts, std::size_t batch) {
        Trainer trainer{Cpu<float>(1), autoencoder(), AdamW{}, WarmupCosine{}, 3};
        TrainOptions o = options(parts, 1);
        o.batch = batch;
        return test::error_text<ConfigError>([&] { trainer.fit(Synthetic(90, 16), o); });
    };
    CHECK(test::contains(refused(30, 27), "a batch of 27 images has no 30 parts"));
    CHECK(test::contains(test::error_text<ConfigError>(
                             [] { ReproduciblePass<Cpu<float>, RcMae<>, Threads>::check(6, 60, 4); }),
                         "6 parts of a batch (--reproducible) cannot be shared evenly by 4 processes"));
    const RcMae<> sharing({.encoder = {16, 4, {16, 1, 2}}, .decoder = {8, 1, 2}, .teacher_share = 0.5});
    Trainer whole{Cpu<float>(1), sharing, AdamW{}, WarmupCosine{}, 3};
    CHECK(test::contains(test::error_text<ConfigError>([&] { whole.fit(Synthetic(90, 16), options(3, 1)); }),
                         "the teacher sees a share of 0.5 of each batch"));
    Trainer trainer{Cpu<float>(1), autoencoder(), AdamW{}, WarmupCosine{}, 3};
    CHECK(describe_training(trainer, options(12, 1), 90).at("parts") == 12);
    CHECK_FALSE(describe_training(trainer, options(0, 1), 90).contains("parts"));
}

}  // namespace processes_test
