// SPDX-License-Identifier: Apache-2.0
//
// A training in float on a device: recorded or not, its steps are the same to the bit, and the processor's to
// rounding.
#include <vitscape/backend/eigen/cpu.hpp>

#include "training.hpp"

namespace training_float_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("device training in float: the same bits with and without graphs, the processor's losses",
          "[cuda]") {
    for (const std::size_t accumulate : {1, 2}) {
        INFO(accumulate << " batches in a step");
        const Training recorded = train(Cuda<float>(), accumulate),
                       plain = train(Cuda<float>({.graphs = false}), accumulate);
        CHECK(bool(recorded.theta == plain.theta));
        CHECK(bool(recorded.losses == plain.losses));
        CHECK(bool(recorded.norms == plain.norms));
        // every batch is the same work, run once and recorded once
        CHECK(recorded.calls == 2);
        CHECK(plain.calls == 20 * static_cast<int>(accumulate));
        CHECK(recorded.after_three > 0);
        CHECK(recorded.at_end == recorded.after_three);
        CHECK(plain.at_end == plain.after_three);

        const Training cpu = train(Cpu<float>(2), accumulate);
        REQUIRE(cpu.losses.size() == 20);
        CHECK(worst(recorded.losses, cpu.losses) < 1e-3);
        CHECK(worst(recorded.norms, cpu.norms) < 1e-2);
        CHECK(cpu.losses.back() < cpu.losses.front());
    }
}

}  // namespace training_float_test
