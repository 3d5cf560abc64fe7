// SPDX-License-Identifier: Apache-2.0
//
// A training with a teacher on a device, whose predictions are a part of the recorded work.
#include <utility>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/methods/rc_mae.hpp>

#include "training.hpp"

namespace training_teacher_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("device training with a teacher: the same bits with and without graphs, the processor's losses",
          "[cuda]") {
    for (const auto& [other_mask, share] : {std::pair{false, 1.0}, {true, 1.0}, {false, 0.5}, {true, 0.5}}) {
        INFO("other mask " << other_mask << ", of the images it sees " << share);
        const auto config = small_autoencoder();
        const RcMae<> method({.encoder = config.encoder,
                              .decoder = config.decoder,
                              .other_mask = other_mask,
                              .teacher_share = share});
        const Training recorded = train(Cuda<float>(), 1, method),
                       plain = train(Cuda<float>({.graphs = false}), 1, method),
                       cpu = train(Cpu<float>(2), 1, method);
        REQUIRE(cpu.losses.size() == 20);
        REQUIRE(cpu.teacher.size() == cpu.theta.size());
        CHECK(bool(recorded.theta == plain.theta));
        CHECK(bool(recorded.teacher == plain.teacher));
        CHECK(bool(recorded.losses == plain.losses));
        CHECK(worst(recorded.losses, cpu.losses) < 1e-3);
        CHECK(distance(recorded.teacher, cpu.teacher) < 1e-4);
        CHECK(recorded.at_end == recorded.after_three);
    }
}

}  // namespace training_teacher_test
