// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

#include <vitscape/distributed/communicator.hpp>

namespace vitscape {

/// Successive pieces of a work, from `first` to before `end`.
struct Share {
    std::size_t first = 0, end = 0;
};

/// What this process does of `pieces` of a work that are shared by all; shares differ by at most one piece.
template <Communicator C>
[[nodiscard]] Share share_of(std::size_t pieces, const C& communicator) {
    const auto rank = static_cast<std::size_t>(communicator.rank()),
               size = static_cast<std::size_t>(communicator.size());
    return {pieces * rank / size, pieces * (rank + 1) / size};
}

/// Gives all processes the numbers of each: a number is set by one process and zero in the others. They keep their bits, but for
/// the sign of a zero.
template <Communicator C, std::floating_point T>
void join(C& communicator, std::span<T> numbers) {
    if (communicator.size() == 1) return;
    if constexpr (std::same_as<T, double>) {
        communicator.sum(numbers.data(), numbers.size());
    } else {
        constexpr std::size_t at_once = std::size_t{1} << 18U;
        std::vector<double> piece;
        for (std::size_t first = 0; first < numbers.size(); first += at_once) {
            const auto part = numbers.subspan(first, std::min(at_once, numbers.size() - first));
            piece.assign(part.begin(), part.end());
            communicator.sum(piece.data(), piece.size());
            std::transform(piece.begin(), piece.end(), part.begin(),
                           [](double number) { return static_cast<T>(number); });
        }
    }
}

}  // namespace vitscape
