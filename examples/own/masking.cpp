// SPDX-License-Identifier: Apache-2.0
//
// A user-defined masking policy: the left columns of an image stay visible.
// prints: visible: 12 of 16 patches, the left columns, yes
// prints: description: \{"columns":3,"kind":"left"\}
// prints: loss falls, yes
#include <algorithm>
#include <iostream>
#include <numeric>

#include <vitscape/vitscape.hpp>

using namespace vitscape;

struct LeftVisible {
    static constexpr std::string_view kind = "left";
    Index columns = 2;  ///< number of visible columns
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("columns", self.columns, "", "columns of patches that stay visible");
    }

    [[nodiscard]] Index visible(const PatchGrid& grid) const {
        if (columns < 1 || columns >= grid.side())
            throw ConfigError(
                message("between 1 and ", grid.side() - 1, " columns may stay visible, not ", columns));
        return columns * grid.side();
    }
    void operator()(std::span<std::int32_t> order, const PatchGrid& grid, RandomSequence&) const {
        std::stable_partition(order.begin(), order.end(),
                              [&](std::int32_t patch) { return patch % grid.side() < columns; });
    }
};
static_assert(MaskingPolicy<LeftVisible>);

int main() {
    const LeftVisible masking{.columns = 3};
    const PatchGrid grid{16, 4};
    std::vector<std::int32_t> order(16);
    std::iota(order.begin(), order.end(), 0);
    RandomSequence random(RandomKey{});
    masking(order, grid, random);
    const auto visible = std::span(order).first(static_cast<std::size_t>(masking.visible(grid)));
    const bool left =
        std::all_of(visible.begin(), visible.end(), [](std::int32_t patch) { return patch % 4 < 3; });
    std::cout << "visible: " << visible.size() << " of " << grid.count() << " patches, the left columns, "
              << (left ? "yes\n" : "no\n");
    std::cout << "description: " << describe(masking) << '\n';

    const Synthetic images(64, 16);
    const MaskedAutoencoder<LeftVisible> method({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}},
                                                 .decoder = {.width = 8, .depth = 1, .heads = 2},
                                                 .masking = {.columns = 3}});
    Trainer trainer{Cpu<float>{}, method, AdamW{}, WarmupCosine{.peak = 3e-3, .warmup_epochs = 1}, 0};
    FrozenObjective loss{Cpu<float>{}, method, load_all(images, {.side = 16})};
    const double before = loss.value(trainer.theta());
    trainer.fit(images, {.epochs = 4, .batch = 16, .transform = {.side = 16}});
    std::cout << "loss falls, " << (loss.value(trainer.theta()) < before ? "yes\n" : "no\n");
}
