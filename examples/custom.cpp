// SPDX-License-Identifier: Apache-2.0
//
// A masking policy and a teacher of one's own, compared with the usual ones: custom [FOLDER [IMAGES TEST_IMAGES]]
#include <algorithm>
#include <iostream>
#include <string>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/open_dataset.hpp>
#include <vitscape/study/comparison.hpp>
#include <vitscape/study/summary.hpp>

#include "support/program.hpp"

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

namespace {

struct Options {
    std::string out = "custom", images = "synthetic:2000", test_images = "synthetic:500";
};

void compare(const Options& o) {
    const VitShape encoder{32, 4, {.width = 48, .depth = 2, .heads = 3}};
    const TransformerShape decoder{.width = 32, .depth = 1, .heads = 4};
    ComparisonPlan plan{.seeds = {0, 1}, .schedule = {.peak = 1e-3, .warmup_epochs = 1}};
    plan.training = {.epochs = 4, .batch = 100, .transform = {.side = 32}};
    UsualMeasures measures;
    auto& surface = std::get<SurfaceMeasure>(measures);
    auto& convex = std::get<ConvexRegionMeasure>(measures);
    auto& extreme = std::get<ExtremePlaneMeasure>(measures);
    surface.planes = Planes{.pairs = 1}, surface.grid = 7;
    convex.planes = 1;
    convex.images = extreme.images = 64, convex.rays = extreme.rays = 8;

    const auto images = open_dataset(o.images);
    const auto test = open_dataset(o.test_images, {.test = true});
    Comparison comparison{
        Cpu<float>{}, images, test, plan, {.out = o.out, .resume = true, .progress = &std::cerr}, measures};
    comparison.add("mae", "MAE", MaskedAutoencoder<>({encoder, decoder}));
    comparison.add("bands", "MAE of bands", MaskedAutoencoder<BandMasking>({encoder, decoder}));
    comparison.add("short", "RC-MAE, short memory",
                   RcMae<RandomMasking, EmaTeacher<ShortMemory>>({encoder, decoder}));
    print_summary(std::cout, comparison.run().report);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Compares a masking policy and a teacher of one's own with the usual ones.", "custom"};
    Options o;
    program::add_name(app, "FOLDER", o.out, "", "of everything that is written");
    program::add_name(app, "IMAGES", o.images, "", "training images, as pretrain's --data");
    program::add_name(app, "TEST_IMAGES", o.test_images, "", "held-out images");
    return program::run(app, argc, argv, [&] { compare(o); });
}
