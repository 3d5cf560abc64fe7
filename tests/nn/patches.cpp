// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include <vitscape/nn/patches.hpp>
#include <vitscape/nn/positions.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace patches_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("patches: each pixel of the image lies where the reference puts it", "[nn]") {
    const PatchGrid grid{.image = 6, .patch = 2};
    CHECK(grid.side() == 3);
    CHECK(grid.count() == 9);
    CHECK(grid.size() == 12);
    xt::xtensor<int, 4> images(std::array<std::size_t, 4>{2, 3, 6, 6});
    std::iota(images.begin(), images.end(), 0);
    std::vector<double> first(12), last(12);
    for (Index sample = 0; sample < 2; ++sample)
        for (Index patch = 0; patch < 9; ++patch) {
            copy_patch(grid, images, sample, patch, PatchOrder::channel_row_column, first.data());
            copy_patch(grid, images, sample, patch, PatchOrder::row_column_channel, last.data());
            bool same = true;
            for (Index channel = 0; channel < 3; ++channel)
                for (Index y = 0; y < 2; ++y)
                    for (Index x = 0; x < 2; ++x) {
                        const double pixel = static_cast<double>(
                            ((sample * 3 + channel) * 6 + patch / 3 * 2 + y) * 6 + patch % 3 * 2 + x);
                        same = same && first[static_cast<std::size_t>((channel * 2 + y) * 2 + x)] == pixel &&
                               last[static_cast<std::size_t>((y * 2 + x) * 3 + channel)] == pixel;
                    }
            CHECK(same);
        }
}

TEST_CASE("patches: a normalized patch has mean 0 and unbiased variance 1; a flat one is zero", "[nn]") {
    std::vector<double> patch = random_numbers(48, 1);
    for (double& x : patch) x = 5 + 3 * x;
    normalize_patch(std::span<double>(patch));
    const double mean = std::accumulate(patch.begin(), patch.end(), 0.0) / 48;
    double squares = 0;
    for (const double x : patch) squares += x * x;
    CHECK(std::abs(mean) < 1e-14);
    CHECK(squares / 47 == Approx(1).epsilon(1e-6));
    std::vector<float> flat(48, 0.25F);
    normalize_patch(std::span<float>(flat));
    CHECK(flat == std::vector<float>(48, 0.0F));
}

TEST_CASE("patches: images of another shape are refused", "[nn]") {
    const PatchGrid grid{.image = 8, .patch = 4};
    for (const auto& shape : {std::array<std::size_t, 4>{2, 1, 8, 8}, {2, 3, 8, 12}, {2, 3, 12, 8}}) {
        const xt::xtensor<float, 4> images(shape);
        const std::string text = error_text<ShapeError>([&] { grid.check_images(images); });
        CHECK(contains(text, message(Shape{static_cast<Index>(shape[0]), static_cast<Index>(shape[1]),
                                           static_cast<Index>(shape[2]), static_cast<Index>(shape[3])})));
        CHECK(contains(text, "(n, 3, 8, 8)"));
    }
    CHECK_NOTHROW(grid.check_images(xt::xtensor<float, 4>(std::array<std::size_t, 4>{0, 3, 8, 8})));
}

TEST_CASE("positions: sines and cosines of the patch's column, then of its row", "[nn]") {
    const Index width = 8, side = 3;
    const std::vector<double> table = sin_cos_positions(width, side);
    REQUIRE(table.size() == 10 * 8);
    CHECK(std::vector<double>(table.begin(), table.begin() + 8) == std::vector<double>(8, 0.0));
    const auto patch = table.begin() + (1 + 2 * side + 1) * width;  // row 2, column 1
    const std::vector<double> expected{std::sin(1.0), std::sin(0.01), std::cos(1.0), std::cos(0.01),
                                       std::sin(2.0), std::sin(0.02), std::cos(2.0), std::cos(0.02)};
    CHECK(distance(std::vector<double>(patch, patch + width), expected) < 1e-15);
    CHECK(contains(error_text<ConfigError>([] { (void)sin_cos_positions(6, 3); }), "6"));
}

}  // namespace patches_test
