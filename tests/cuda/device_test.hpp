// SPDX-License-Identifier: Apache-2.0
//
// What the tests of a device's operations share. Each operation runs on the device and, by the primitives in double,
// on the processor, on the same numbers: those that T holds.
#pragma once

#include <vector>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/backend/thrust/thrust.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"

namespace vitscape::test {

using Reference = CpuPrimitives<double>;

/// Largest relative differences, in the norm. Sums are float whatever T is: the reference has the rounded operands,
/// so what differs is the order and the rounding of some thousand additions in float.
inline constexpr double sum_tolerance = 1e-5;
/// Results that are rounded to T. A bfloat16 of 8 significant bits is off by 2^-9 at most each time; `roundings`
/// says how many times on the way from operands to result, and twice as much is allowed.
template <class T>
constexpr double storage_tolerance(int roundings = 1) {
    return std::is_same_v<T, bfloat16> ? roundings * 0x1p-8 : sum_tolerance;
}

/// The numbers as T holds them.
template <class T>
std::vector<double> rounded(std::vector<double> numbers) {
    for (double& number : numbers) number = static_cast<double>(static_cast<Real<T>>(static_cast<T>(number)));
    return numbers;
}
/// n numbers of T, normal with this mean and deviation.
template <class T>
std::vector<double> numbers_of(Index n, std::uint32_t stream, double deviation = 1, double mean = 0) {
    auto numbers = random_numbers(n, stream);
    for (double& number : numbers) number = mean + deviation * number;
    return rounded<T>(std::move(numbers));
}

/// A backend's memory with these numbers.
template <class B>
Tensor<B> on(const B& backend, const std::vector<double>& numbers) {
    return upload(backend, Shape{static_cast<Index>(numbers.size())}, numbers);
}
/// A backend's memory that nothing has written to yet; what reads it gives not-a-number.
template <class B>
Tensor<B> unwritten(const B& backend, Index n) {
    return on(backend, not_a_number<double>(n));
}
template <class B>
std::vector<double> read(const Tensor<B>& tensor, const B& backend) {
    return download(backend, tensor.view());
}

/// Part of a vector.
inline std::vector<double> part(const std::vector<double>& x, Index first, Index count) {
    return {x.begin() + first, x.begin() + first + count};
}

}  // namespace vitscape::test
