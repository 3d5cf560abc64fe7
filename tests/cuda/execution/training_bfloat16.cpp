// SPDX-License-Identifier: Apache-2.0
//
// A training in bfloat16 on a device: recorded or not, its steps are the same to the bit.
#include "training.hpp"

namespace training_bfloat16_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE(
    "device training in bfloat16: the same bits with and without graphs, the losses of float to rounding",
    "[cuda]") {
    const Training recorded = train(Cuda<bfloat16>()), plain = train(Cuda<bfloat16>({.graphs = false})),
                   full = train(Cuda<float>());
    CHECK(bool(recorded.theta == plain.theta));
    CHECK(bool(recorded.losses == plain.losses));
    CHECK(recorded.calls == 2);
    CHECK(plain.calls == 20);
    CHECK(recorded.at_end == recorded.after_three);
    // a loss is a mean over thousands of pixels, each predicted to some 2^-8; what the steps add grows slowly
    CHECK(worst(recorded.losses, full.losses) < 1e-2);
    CHECK(!bool(recorded.losses == full.losses));
}

}  // namespace training_bfloat16_test
