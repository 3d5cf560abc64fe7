// SPDX-License-Identifier: Apache-2.0
//
// A training in double, by the primitives and recorded: any work in a wrong order would show in the last digits.
#include "training.hpp"

namespace training_double_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("device training in double: the processor's losses to the last digits", "[cuda]") {
    const Training recorded = train(Cuda<double>()), cpu = train(CpuPrimitives<double>(2));
    CHECK(recorded.calls == 2);
    CHECK(recorded.at_end == recorded.after_three);
    CHECK(worst(recorded.losses, cpu.losses) < 1e-9);
    CHECK(worst(recorded.norms, cpu.norms) < 1e-8);
}

}  // namespace training_double_test
