// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <variant>

#include <vitscape/methods/masking.hpp>

namespace vitscape {

/// A built-in policy chosen at run time, for programs that read the policy from the command line or from a
/// checkpoint.
struct AnyMasking {
    std::variant<RandomMasking, BlockMasking, GridMasking> policy{};

    [[nodiscard]] const auto& choice() const { return policy; }
    [[nodiscard]] auto& choice() { return policy; }

    [[nodiscard]] Index visible(const PatchGrid& grid) const {
        return std::visit([&](const auto& masking) { return masking.visible(grid); }, policy);
    }
    void operator()(std::span<std::int32_t> order, const PatchGrid& grid, RandomSequence& random) const {
        std::visit([&](const auto& masking) { masking(order, grid, random); }, policy);
    }
};

}  // namespace vitscape
