// SPDX-License-Identifier: Apache-2.0
#include "../../benchmarks/support/model_step.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/methods/rc_mae.hpp>

#include "support/catch.hpp"

namespace model_step_test {

using namespace vitscape;
using namespace vitscape::benchmarks;

namespace {

using Step = ModelStep<Cpu<double>, MaskedAutoencoder<>>;

Step step(Work work, Images source) {
    const MaskedAutoencoder<> method({.encoder = {16, 4, {16, 1, 2}}, .decoder = {8, 1, 2}});
    return {Cpu<double>(1), method, random_images(6, 16), work, source};
}

}  // namespace

TEST_CASE("a benchmark's training step trains, its evaluation does not") {
    Step training = step(Work::training, Images::resident),
         evaluation = step(Work::evaluation, Images::resident);
    training.run();
    evaluation.run();
    const double first = training.loss();
    CHECK(first == evaluation.loss());
    for (int i = 0; i < 20; ++i) training.run();
    evaluation.run();
    CHECK(training.loss() < first);
    CHECK(evaluation.loss() == first);
}

TEST_CASE("a benchmark's step that brings its images has new masks each time") {
    Step resident = step(Work::evaluation, Images::resident),
         moved = step(Work::evaluation, Images::from_host);
    resident.run();
    moved.run();
    CHECK(moved.loss() == resident.loss());  // both prepared the first masks at their construction
    moved.run();
    CHECK(moved.loss() != resident.loss());
}

TEST_CASE("a benchmark's step runs the teacher and updates it") {
    // Losses of the training steps with that momentum.
    const auto losses = [](double momentum) {
        const RcMae<> method({.encoder = {16, 4, {16, 1, 2}},
                              .decoder = {8, 1, 2},
                              .teacher = {{.from = momentum, .to = momentum}}});
        ModelStep<Cpu<double>, RcMae<>> taught(Cpu<double>(1), method, random_images(6, 16), Work::training,
                                               Images::resident);
        std::vector<double> all;
        for (int i = 0; i < 20; ++i) {
            taught.run();
            all.push_back(taught.loss());
        }
        return all;
    };
    Step alone = step(Work::training, Images::resident);
    const std::vector<double> same = losses(0), behind = losses(0.9), still = losses(1);
    for (std::size_t i = 0; i < 20; ++i) {  // what is the student itself has nothing to say
        INFO("step " << i);
        alone.run();
        CHECK(same[i] == Approx(alone.loss()).epsilon(1e-12));
    }
    CHECK(behind[0] == Approx(same[0]).epsilon(1e-12));  // all start as copies
    CHECK(still[0] == Approx(same[0]).epsilon(1e-12));
    CHECK(behind[19] > same[19] * (1 + 1e-6));
    CHECK(still[19] > behind[19] * (1 + 1e-6));
}

TEST_CASE("random pictures are the same for the same seed and spread over their range") {
    const Batch images = random_images(4, 8, 3), same = random_images(4, 8, 3),
                other = random_images(4, 8, 4);
    CHECK(images.images == same.images);
    CHECK_FALSE(images.images == other.images);
    double sum = 0, least = 1, most = -1;
    for (const float pixel : images.images) {
        sum += static_cast<double>(pixel);
        least = std::min(least, static_cast<double>(pixel));
        most = std::max(most, static_cast<double>(pixel));
    }
    CHECK(std::abs(sum / static_cast<double>(images.images.size())) < 0.05);  // 768 numbers of deviation 0.29
    CHECK(least < -0.48);
    CHECK(most > 0.48);
    CHECK(least >= -0.5);
    CHECK(most < 0.5);
}

}  // namespace model_step_test
