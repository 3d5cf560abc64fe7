// SPDX-License-Identifier: Apache-2.0
//
// A masking policy and a teacher of one's own, compared with the usual ones: custom FOLDER [IMAGES]
#include <algorithm>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/compare/comparison.hpp>
#include <vitscape/data/open_dataset.hpp>

using namespace vitscape;

/// Masks everything but one band of rows at a random place.
struct BandMasking {
    Index rows = 2;  ///< that stay visible
    [[nodiscard]] Index visible(const PatchGrid& grid) const { return rows * grid.side(); }
    void operator()(std::span<std::int32_t> order, const PatchGrid& grid, RandomSequence& random) const {
        const Index top = random.below(grid.side() - rows + 1);
        std::rotate(order.begin(), order.begin() + top * grid.side(), order.end());
    }
};
/// A teacher that is the student of so many steps ago on average, less at the start.
struct YoungTeacher {
    struct Momentum {
        double memory = 100;  ///< steps
        [[nodiscard]] double at(const StepCount& count) const {
            return 1 - 1 / std::min(memory, 1 + count.step);
        }
    } momentum{};
    void check() const {}
};

int main(int argc, char** argv) {
    const VitShape encoder{32, 4, {.width = 48, .depth = 2, .heads = 3}};
    const TransformerShape decoder{.width = 32, .depth = 1, .heads = 4};
    ComparisonPlan plan{.seeds = {0, 1}, .schedule = {.peak = 1e-3, .warmup_epochs = 1}};
    plan.training = {.epochs = 4, .batch = 100, .transform = {.side = 32}};
    plan.measure.pairs = 1, plan.measure.grid = 7, plan.measure.convex_grid = 5;
    Comparison comparison{Cpu<float>{},
                          open_dataset(argc > 2 ? argv[2] : "synthetic:2000"),
                          open_dataset("synthetic:500", {.test = true}),
                          plan,
                          {.out = argc > 1 ? argv[1] : "custom", .resume = true}};
    comparison.add("mae", "MAE", MaskedAutoencoder<>({.encoder = encoder, .decoder = decoder}));
    comparison.add("bands", "MAE of bands",
                   MaskedAutoencoder<BandMasking>({.encoder = encoder, .decoder = decoder}));
    comparison.add("young", "RC-MAE, young teacher",
                   RcMae<RandomMasking, YoungTeacher>({.encoder = encoder, .decoder = decoder}));
    comparison.run();
}
