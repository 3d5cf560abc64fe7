// SPDX-License-Identifier: Apache-2.0
//
// Runs in two processes at once, as mpi.cpp.
#include <cmath>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/optim/adamw.hpp>
#include <vitscape/optim/schedule.hpp>
#include <vitscape/train/trainer.hpp>

#include "distributed/processes/connection.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/model.hpp"

namespace training_test {

using namespace vitscape;
using test::mpi;

namespace {

struct Record {
    std::vector<double>* losses;
    template <class T>
    void on_step(T&, const StepRecord& step) const {
        losses->push_back(step.loss);
    }
};

/// Parameters and losses of a training on batches of 25, which two processes do not share evenly.
template <class C>
std::vector<double> train(C communicator, std::size_t accumulate, std::vector<double>& losses,
                          double peak = 1e-2) {
    const MaskedAutoencoder<> model({.encoder = {16, 4, {16, 1, 2}}, .decoder = {8, 1, 2}});
    Trainer trainer{Cpu<double>(1), model, AdamW{}, WarmupCosine{.peak = peak, .warmup_epochs = 1}, 3,
                    communicator};
    TrainOptions options{.epochs = 2, .batch = 25, .accumulate = accumulate, .clip_norm = 0.5};
    options.transform = {.side = 16, .crop = Crop::random_resized, .flip = true};
    trainer.fit(Synthetic(100, 16), options, Record{&losses});
    return trainer.theta().to_host();
}

}  // namespace

TEST_CASE("two processes train to the parameters of one with the joint batch", "[mpi]") {
    for (const std::size_t accumulate : {1, 3}) {
        std::vector<double> losses, joint_losses;
        const std::vector<double> shared = train(mpi(), accumulate, losses);
        const std::vector<double> joint = train(SingleProcess{}, accumulate, joint_losses);
        CHECK(test::relative_difference(shared, joint) < 1e-10);
        CHECK(losses.size() == (mpi().rank() == 0 ? joint_losses.size() : 0));  // callbacks run in process 0
        if (mpi().rank() == 0) CHECK(test::relative_difference(losses, joint_losses) < 1e-12);
        std::vector<double> other = shared;  // both have the same bits
        Cpu<double> backend(1);
        mpi().broadcast(backend, static_cast<Index>(other.size()), other.data(), 0);
        CHECK(bool(other == shared));
    }
}

TEST_CASE("too large steps end the training in both processes alike", "[mpi]") {
    std::vector<double> losses;
    REQUIRE_THROWS_AS(train(mpi(), 1, losses, 1e300), NumericError);
}

}  // namespace training_test
