// SPDX-License-Identifier: Apache-2.0
//
// Numbers for tests of bfloat16: such as it holds exactly, and what rounding to it leaves.
#pragma once

#include <vector>

#include <vitscape/core/bfloat16.hpp>

#include "support/backends.hpp"

namespace vitscape::test {

/// `expected` rounded to bfloat16.
inline std::vector<double> rounded(std::vector<double> expected) {
    for (double& x : expected) x = static_cast<float>(bfloat16(x));
    return expected;
}

/// Normal numbers that bfloat16 holds exactly.
inline std::vector<double> exact_numbers(Index n, std::uint32_t stream) {
    return rounded(random_numbers(n, stream));
}

}  // namespace vitscape::test
