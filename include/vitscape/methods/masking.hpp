// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/fields.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/nn/patches.hpp>

namespace vitscape {

/// A masking policy decides which patches of an image stay visible. `visible(grid)` is their number, the same
/// for every image; `operator()(order, grid, random)` writes a permutation of the patches with the visible
/// ones first. `order` holds 0, 1, 2, ... on entry.
template <class M>
concept MaskingPolicy = std::copyable<M> &&
    requires(const M& masking, std::span<std::int32_t> order, const PatchGrid& grid, RandomSequence& random) {
    { masking.visible(grid) } -> std::convertible_to<Index>;
    masking(order, grid, random);
};

/// Compiles if `M` is a `MaskingPolicy`; otherwise the compiler's first error names the missing member.
template <class M>
constexpr bool require_masking_policy() {
    static_assert(std::copyable<M>, "a masking policy cannot be copied");
    static_assert(
        requires(const M& masking, const PatchGrid& grid) {
            { masking.visible(grid) } -> std::convertible_to<Index>;
        },
        "a masking policy lacks visible(const PatchGrid&) const, the number of patches that stay visible");
    static_assert(
        requires(const M& masking, std::span<std::int32_t> order, const PatchGrid& grid,
                 RandomSequence& random) { masking(order, grid, random); },
        "a masking policy lacks operator()(std::span<std::int32_t>, const PatchGrid&, RandomSequence&) "
        "const");
    return true;
}

namespace detail {
inline constexpr Range mask_ratios =
    Range::true_share().said("the mask ratio lies between 0 and 1 (both excluded)");
/// int(patches * (1 - ratio)) as in the reference. @throws ConfigError where nothing would be masked or
/// visible.
inline Index visible_patches(double ratio, const PatchGrid& grid) {
    require_in("mask ratio", ratio, mask_ratios);
    const auto visible = static_cast<Index>(static_cast<double>(grid.count()) * (1 - ratio));
    if (visible < 1 || visible >= grid.count())
        throw ConfigError(message("a mask ratio of ", ratio, " leaves ", visible, " of ", grid.count(),
                                  " patches visible; choose another ratio or smaller patches"));
    return visible;
}
/// Sorts by (masked, patch): a stable partition without its temporary memory.
template <class Masked>
void visible_first(std::span<std::int32_t> order, const Masked& masked) {
    std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
        const bool last_a = masked(a), last_b = masked(b);
        return last_a != last_b ? last_b : a < b;
    });
}
}  // namespace detail

/// Masks patches at random, uniformly without replacement (He et al. 2022, arXiv 2111.06377).
struct RandomMasking {
    static constexpr std::string_view kind = "random";
    double ratio = 0.75;  ///< fraction of the patches that are masked, in (0, 1)
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("ratio", self.ratio, "mask-ratio", "part of the patches that is masked", detail::mask_ratios);
    }

    [[nodiscard]] Index visible(const PatchGrid& grid) const { return detail::visible_patches(ratio, grid); }
    void operator()(std::span<std::int32_t> order, const PatchGrid&, RandomSequence& random) const {
        random.shuffle(order);
    }
};

/// Masks rectangles at random places until the ratio is reached (similar to Bao et al. 2022, arXiv
/// 2106.08254); the last one is trimmed to the exact number.
struct BlockMasking {
    static constexpr std::string_view kind = "block";
    double ratio = 0.5;      ///< fraction of the patches that are masked, in (0, 1)
    Index smallest = 4;      ///< minimum number of patches in a rectangle
    double narrowest = 0.3;  ///< minimum of height over width and of width over height
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("ratio", self.ratio, "mask-ratio", "part of the patches that is masked", detail::mask_ratios);
        visit("smallest", self.smallest, "block-smallest", "patches in a masked rectangle at least",
              Range::at_least(1));
        visit("narrowest", self.narrowest, "block-narrowest",
              "smallest height over width of a masked rectangle, and width over height",
              Range::positive_share());
    }

    [[nodiscard]] Index visible(const PatchGrid& grid) const {
        check_ranges(*this);
        if (smallest < 1 || smallest > grid.count())
            throw ConfigError(message("a masked rectangle has 1 to ", grid.count(), " patches, at least ",
                                      smallest, " were requested"));
        return detail::visible_patches(ratio, grid);
    }
    void operator()(std::span<std::int32_t> order, const PatchGrid& grid, RandomSequence& random) const {
        const Index side = grid.side(), wanted = grid.count() - visible(grid);
        for (Index count = 0; count < wanted;) {  // order[patch] becomes ~patch if the patch is masked
            const double most = static_cast<double>(std::max(smallest, wanted - count));
            const double area = random.uniform(static_cast<double>(smallest), most + 1);
            const double aspect = std::exp(random.uniform(std::log(narrowest), -std::log(narrowest)));
            const Index height = std::clamp<Index>(std::lround(std::sqrt(area * aspect)), 1, side);
            const Index width = std::clamp<Index>(std::lround(std::sqrt(area / aspect)), 1, side);
            const Index top = random.below(side - height + 1), left = random.below(side - width + 1);
            for (Index y = top; y < top + height; ++y)
                for (Index x = left; x < left + width && count < wanted; ++x) {
                    std::int32_t& patch = order[static_cast<std::size_t>(y * side + x)];
                    if (patch < 0) continue;
                    patch = ~patch;
                    ++count;
                }
        }
        detail::visible_first(order, [](std::int32_t patch) { return patch < 0; });
        for (std::int32_t& patch : order) patch = patch < 0 ? ~patch : patch;
        std::sort(order.end() - wanted, order.end());  // ~ reversed their order
    }
};

/// Keeps every `stride`-th patch of every `stride`-th row visible, the same for all images: a mask ratio of
/// 1 - 1 / stride^2.
struct GridMasking {
    static constexpr std::string_view kind = "grid";
    Index stride = 2;  ///< at least 2, at most the side of the grid
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("stride", self.stride, "grid-stride", "every n-th patch of every n-th row stays visible",
              Range::at_least(2));
    }

    [[nodiscard]] Index visible(const PatchGrid& grid) const {
        if (stride < 2 || stride > grid.side())
            throw ConfigError(message("a grid masking stride of ", stride, " does not fit ", grid.side(),
                                      " x ", grid.side(), " patches; the stride must lie in [2, ",
                                      grid.side(), "]"));
        const Index kept = (grid.side() + stride - 1) / stride;
        return kept * kept;
    }
    void operator()(std::span<std::int32_t> order, const PatchGrid& grid, RandomSequence&) const {
        detail::visible_first(order, [&](std::int32_t patch) {
            return patch / grid.side() % stride != 0 || patch % grid.side() % stride != 0;
        });
    }
};

/// The policy with another mask ratio, if it has one: for methods whose default ratio differs from the policy's.
template <MaskingPolicy M>
[[nodiscard]] M with_ratio(M masking, double ratio) {
    if constexpr (requires { masking.ratio; })
        masking.ratio = ratio;
    else if constexpr (requires { masking.choice(); })
        std::visit(
            [&](auto& policy) {
                if constexpr (requires { policy.ratio; }) policy.ratio = ratio;
            },
            masking.choice());
    return masking;
}

}  // namespace vitscape
