// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <set>

#include <vitscape/methods/masked_autoencoder.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace masking_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// A user's own policy: the left part of each image stays visible.
struct LeftVisible {
    Index columns = 1;
    Index visible(const PatchGrid& grid) const { return columns * grid.side(); }
    void operator()(std::span<std::int32_t> order, const PatchGrid& grid, RandomSequence&) const {
        std::stable_partition(order.begin(), order.end(),
                              [&](std::int32_t patch) { return patch % grid.side() < columns; });
    }
};
static_assert(MaskingPolicy<LeftVisible>);

constexpr PatchGrid grid_8{.image = 32, .patch = 4};

/// The order of one image's patches.
template <MaskingPolicy M>
std::vector<std::int32_t> draw(const M& masking, const PatchGrid& grid, const RandomKey& key) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(grid.count()));
    std::iota(order.begin(), order.end(), 0);
    RandomSequence random(key);
    masking(std::span<std::int32_t>(order), grid, random);
    return order;
}
RandomKey image(std::uint32_t sample) { return {.seed = 1, .purpose = Purpose::masking, .sample = sample}; }

bool is_permutation(std::vector<std::int32_t> order) {
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < order.size(); ++i)
        if (order[i] != static_cast<std::int32_t>(i)) return false;
    return true;
}

/// Part of the pairs of neighbouring patches that are both masked or both visible.
double agreement(const std::vector<std::int32_t>& order, const PatchGrid& grid, Index visible) {
    std::vector<bool> masked(order.size(), true);
    for (Index i = 0; i < visible; ++i)
        masked[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])] = false;
    int pairs = 0, same = 0;
    const auto at = [&](Index row, Index column) {
        return masked[static_cast<std::size_t>(row * grid.side() + column)];
    };
    for (Index row = 0; row < grid.side(); ++row)
        for (Index column = 0; column + 1 < grid.side(); ++column) {
            pairs += 2;
            same += at(row, column) == at(row, column + 1);
            same += at(column, row) == at(column + 1, row);
        }
    return static_cast<double>(same) / pairs;
}

template <MaskingPolicy M>
MaskedAutoencoder<M> autoencoder(const M& masking) {
    return MaskedAutoencoder<M>({.encoder = {32, 4, {8, 1, 2}}, .decoder = {8, 1, 2}, .masking = masking});
}

}  // namespace

TEST_CASE("random masking: every patch is visible equally often, in a permutation", "[mae]") {
    const RandomMasking masking{0.75};
    const Index visible = masking.visible(grid_8);
    CHECK(visible == 16);
    constexpr int rounds = 8000;
    std::vector<int> hits(64, 0);
    std::vector<int> first(64, 0);
    for (std::uint32_t sample = 0; sample < rounds; ++sample) {
        const auto order = draw(masking, grid_8, image(sample));
        if (sample < 50) CHECK(is_permutation(order));
        for (Index i = 0; i < visible; ++i)
            ++hits[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])];
        ++first[static_cast<std::size_t>(order[0])];
    }
    for (const int count : hits) CHECK(std::abs(count - rounds / 4.0) < 5 * std::sqrt(rounds * 0.25 * 0.75));
    for (const int count : first) CHECK(std::abs(count - rounds / 64.0) < 5 * std::sqrt(rounds / 64.0));
}

TEST_CASE("masking: the number of visible patches is the reference's int(L (1 - ratio))", "[mae]") {
    for (const double ratio : {0.5, 0.6, 0.75, 0.8, 0.9}) {
        const Index expected = static_cast<Index>(196 * (1 - ratio));
        CHECK(RandomMasking{ratio}.visible(PatchGrid{}) == expected);
        CHECK(BlockMasking{ratio}.visible(PatchGrid{}) == expected);
    }
}

TEST_CASE("block masking: the exact number, in rectangles", "[mae]") {
    for (const double ratio : {0.25, 0.5, 0.75}) {
        INFO("ratio " << ratio);
        const BlockMasking masking{.ratio = ratio};
        const Index visible = masking.visible(grid_8);
        double blocks = 0, scattered = 0;
        std::set<std::vector<std::int32_t>> different;
        constexpr std::uint32_t rounds = 200;
        for (std::uint32_t sample = 0; sample < rounds; ++sample) {
            const auto order = draw(masking, grid_8, image(sample));
            REQUIRE(is_permutation(order));
            // visible and masked patches both lie in reading order
            REQUIRE(std::is_sorted(order.begin(), order.begin() + visible));
            REQUIRE(std::is_sorted(order.begin() + visible, order.end()));
            blocks += agreement(order, grid_8, visible) / rounds;
            scattered +=
                agreement(draw(RandomMasking{ratio}, grid_8, image(sample)), grid_8, visible) / rounds;
            different.insert(order);
        }
        CHECK(blocks > 0.75);
        CHECK(blocks > scattered + 0.1);
        CHECK(different.size() > 180);
    }
}

TEST_CASE("block masking: options that no rectangle satisfies are refused", "[mae]") {
    for (const double narrowest : {0.0, -1.0, 1.5, std::nan("")}) {
        const std::string text =
            error_text<ConfigError>([&] { (void)BlockMasking{.narrowest = narrowest}.visible(grid_8); });
        CHECK(contains(text, "(0, 1]"));
    }
    for (const Index smallest : {0, -3, 65})
        CHECK(contains(
            error_text<ConfigError>([&] { (void)BlockMasking{.smallest = smallest}.visible(grid_8); }),
            std::to_string(smallest)));
    CHECK(BlockMasking{.smallest = 64, .narrowest = 1}.visible(grid_8) == 32);
}

TEST_CASE("grid masking: every n-th patch of every n-th row stays visible", "[mae]") {
    const PatchGrid grid{.image = 20, .patch = 4};
    const GridMasking masking{.stride = 2};
    CHECK(masking.visible(grid) == 9);
    const auto order = draw(masking, grid, image(0));
    CHECK(is_permutation(order));
    CHECK(std::vector<std::int32_t>(order.begin(), order.begin() + 9) ==
          std::vector<std::int32_t>{0, 2, 4, 10, 12, 14, 20, 22, 24});
    CHECK(std::is_sorted(order.begin() + 9, order.end()));
    CHECK(GridMasking{.stride = 5}.visible(grid) == 1);
    for (const Index stride : {1, 0, -1, 6})
        CHECK(contains(error_text<ConfigError>([&] { (void)GridMasking{.stride = stride}.visible(grid); }),
                       "stride of " + std::to_string(stride)));
}

TEST_CASE("masking: a user's own policy", "[mae]") {
    const auto model = autoencoder(LeftVisible{.columns = 2});
    CHECK(model.visible() == 16);
    CHECK(model.masked() == 48);
    std::vector<std::int32_t> order;
    const std::vector<std::uint32_t> samples{3, 5};
    model.draw_masks(samples, {}, order);
    CHECK(std::vector<std::int32_t>(order.begin() + 64, order.begin() + 68) ==
          std::vector<std::int32_t>{0, 1, 8, 9});
    const std::string text = error_text<ConfigError>([] { (void)autoencoder(LeftVisible{.columns = 8}); });
    CHECK(contains(text, "64 of 64"));
    CHECK(contains(error_text<ConfigError>([] { (void)autoencoder(LeftVisible{.columns = 0}); }), "0 of 64"));
}

TEST_CASE("masking: ratios outside (0, 1) and those that mask all or nothing are refused", "[mae]") {
    for (const double ratio : {0.0, 1.0, -0.5, 1.5, std::nan("")}) {
        const std::string text = error_text<ConfigError>([&] { (void)autoencoder(RandomMasking{ratio}); });
        CHECK(contains(text, "between 0 and 1"));
        CHECK(contains(text, message(ratio)));
    }
    CHECK(contains(error_text<ConfigError>([] { (void)autoencoder(RandomMasking{0.99}); }), "0 of 64"));
    CHECK(contains(error_text<ConfigError>([] {
                       (void)MaskedAutoencoder<>({.encoder = {32, 4, {8, 1, 2}}, .decoder = {8, 1, 3}});
                   }),
                   "decoder: 3 heads do not divide the width 8"));
}

TEMPLATE_TEST_CASE("masks depend on seed, epoch and sample only", "[mae]", RandomMasking, BlockMasking) {
    const auto model = autoencoder(TestType{.ratio = 0.75});
    const auto masks = [&](const std::vector<std::uint32_t>& samples, const MaskKey& key) {
        std::vector<std::int32_t> order;
        model.draw_masks(samples, key, order);
        REQUIRE(order.size() == samples.size() * 64);
        return order;
    };
    const auto part = [](const std::vector<std::int32_t>& order, std::ptrdiff_t row) {
        return std::vector<std::int32_t>(order.begin() + row * 64, order.begin() + (row + 1) * 64);
    };
    const MaskKey key{.seed = 9, .epoch = 4};
    const auto batch = masks({10, 11, 12}, key), other = masks({12, 99, 10}, key);
    CHECK(batch == masks({10, 11, 12}, key));
    CHECK(part(batch, 0) == part(other, 2));
    CHECK(part(batch, 2) == part(other, 0));
    CHECK(part(batch, 0) != part(batch, 1));
    CHECK(part(masks({10}, {.seed = 9, .epoch = 5}), 0) != part(batch, 0));
    CHECK(part(masks({10}, {.seed = 8, .epoch = 4}), 0) != part(batch, 0));
}

}  // namespace masking_test
