// SPDX-License-Identifier: Apache-2.0
//
// Trainings of methods with mask tokens on a device, without and with a teacher.
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/methods/data2vec.hpp>
#include <vitscape/methods/simmim.hpp>

#include "training.hpp"

namespace training_masked_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

template <class M>
void check_training(const M& method) {
    const Training recorded = train(Cuda<float>(), 1, method),
                   plain = train(Cuda<float>({.graphs = false}), 1, method),
                   cpu = train(Cpu<float>(2), 1, method);
    REQUIRE(cpu.losses.size() == 20);
    CHECK(bool(recorded.theta == plain.theta));
    CHECK(bool(recorded.teacher == plain.teacher));
    CHECK(bool(recorded.losses == plain.losses));
    CHECK(worst(recorded.losses, cpu.losses) < 1e-3);
    CHECK(recorded.at_end == recorded.after_three);
}

}  // namespace

TEST_CASE("device training of SimMIM: the same bits with and without graphs, the processor's losses",
          "[cuda]") {
    check_training(SimMim<>({.encoder = small_autoencoder().encoder}));
}

TEST_CASE("device training of data2vec: the same bits with and without graphs, the processor's losses",
          "[cuda]") {
    check_training(Data2Vec<>({.encoder = small_autoencoder().encoder, .target_blocks = 2}));
}

}  // namespace training_masked_test
