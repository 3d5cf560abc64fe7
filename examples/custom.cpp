// SPDX-License-Identifier: Apache-2.0
//
// A masking policy and a teacher of one's own, compared with the usual ones: custom [FOLDER [IMAGES TEST_IMAGES]]
#include <algorithm>
#include <iostream>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/open_dataset.hpp>
#include <vitscape/study/comparison.hpp>
#include <vitscape/study/summary.hpp>

using namespace vitscape;

/// Masks everything but one band of rows at a random place.
struct BandMasking {
    Index rows = 2;  ///< that stay visible
    [[nodiscard]] Index visible(const PatchGrid& grid) const { return rows * grid.side(); }
    void operator()(std::span<std::int32_t> order, const PatchGrid& grid, RandomSequence& random) const {
        const Index first = random.below(grid.side() - rows + 1) * grid.side();
        std::rotate(order.begin(), order.begin() + first, order.end());
    }
};
/// Makes an EMA teacher the student's mean over about the last 100 steps, at the start over all.
struct ShortMemory {
    [[nodiscard]] double at(const StepCount& count) const { return 1 - 1 / std::min(100.0, 1 + count.step); }
};

int main(int argc, char** argv) {
    const auto argument = [&](int i, const char* otherwise) { return argc > i ? argv[i] : otherwise; };
    const VitShape encoder{32, 4, {.width = 48, .depth = 2, .heads = 3}};
    const TransformerShape decoder{.width = 32, .depth = 1, .heads = 4};
    ComparisonPlan plan{.seeds = {0, 1}, .schedule = {.peak = 1e-3, .warmup_epochs = 1}};
    plan.training = {.epochs = 4, .batch = 100, .transform = {.side = 32}};
    const Planes one_plane{.pairs = 1};
    UsualMeasures measures;
    auto& surface = std::get<SurfaceMeasure>(measures);
    auto& convex = std::get<ConvexRegionMeasure>(measures);
    surface.planes = convex.planes = one_plane;
    surface.grid = 7, convex.grid = 5;

    const auto images = open_dataset(argument(2, "synthetic:2000"));
    const auto test = open_dataset(argument(3, "synthetic:500"), {.test = true});
    Comparison comparison{Cpu<float>{},
                          images,
                          test,
                          plan,
                          {.out = argument(1, "custom"), .resume = true, .progress = &std::cerr},
                          measures};
    comparison.add("mae", "MAE", MaskedAutoencoder<>({encoder, decoder}));
    comparison.add("bands", "MAE of bands", MaskedAutoencoder<BandMasking>({encoder, decoder}));
    comparison.add("short", "RC-MAE, short memory",
                   RcMae<RandomMasking, EmaTeacher<ShortMemory>>({encoder, decoder}));
    print_summary(std::cout, comparison.run().report);
}
