// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the CUDA kernels share. Each kernel runs in the emulator and is compared with a plain loop in
// double over the same numbers, rounded to T before.
#pragma once

#include <vitscape/core/bfloat16.hpp>

#include "support/backends.hpp"
#include "support/block_emulator.hpp"
#include "support/catch.hpp"
#include "support/guarded_array.hpp"

namespace vitscape::test {

/// Runs a kernel as the backend does.
template <class Kernel>
void run(const Kernel& kernel) {
    emulate(kernel, kernel.blocks(), Kernel::max_threads, Kernel::shared_bytes());
}

/// Largest relative difference (in the norm) of results that are float whatever T is.
inline constexpr double sum_tolerance = 2e-6;
/// The same for results rounded to T. A bfloat16 of 8 significant bits is right to
/// 2^-8 at worst (typically half of it), a float to its sums' rounding.
template <class T>
constexpr double storage_tolerance = std::is_same_v<T, bfloat16> ? 0x1p-8 : sum_tolerance;

/// n numbers around `center`.
inline std::vector<double> numbers_around(double center, Index n, std::uint32_t stream) {
    auto numbers = random_numbers(n, stream);
    for (double& number : numbers) number = center + 0.5 * number;
    return numbers;
}

}  // namespace vitscape::test
