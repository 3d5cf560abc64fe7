// SPDX-License-Identifier: Apache-2.0
#include <vitscape/nn/drop_path.hpp>
#include <vitscape/nn/vit.hpp>
#include <vitscape/tensor/vector.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace drop_path_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("drop path: how often and how much", "[nn]") {
    const DropPath drop{.rate = 0.4};
    CHECK(drop.of_block(0, 3) == 0);
    CHECK(drop.of_block(1, 3) == Approx(0.2));
    CHECK(drop.of_block(2, 3) == Approx(0.4));
    CHECK(drop.of_block(0, 1) == 0);
    std::vector<std::uint32_t> samples(20000);
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::uint32_t>(3 * i);
    std::vector<double> scales;  // (6, samples)
    drop.draw(3, 5, 2, samples, scales);
    REQUIRE(scales.size() == 6 * samples.size());
    for (std::size_t row = 0; row < 6; ++row) {
        const double probability = 0.2 * static_cast<double>(row / 2);
        double dropped = 0;
        bool kept_are_scaled = true;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const double scale = scales[row * samples.size() + i];
            dropped += scale == 0 ? 1 : 0;
            kept_are_scaled =
                kept_are_scaled && (scale == 0 || std::abs(scale * (1 - probability) - 1) < 1e-12);
        }
        INFO("row " << row);
        CHECK(kept_are_scaled);
        // five standard deviations of a binomial part
        const double n = static_cast<double>(samples.size());
        CHECK(std::abs(dropped / n - probability) <= 5 * std::sqrt(probability * (1 - probability) / n));
    }
    std::vector<double> one, other;  // by sample, wherever it lies in a batch
    drop.draw(3, 5, 2, std::span(samples).subspan(77, 1), one);
    for (std::size_t row = 0; row < 6; ++row) CHECK(one[row] == scales[row * samples.size() + 77]);
    drop.draw(3, 5, 3, samples, other);
    CHECK(other != scales);
}

TEST_CASE("drop path: a rate outside [0, 1) is an error", "[nn]") {
    for (const double rate : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()})
        CHECK(contains(error_text<ConfigError>([&] { DropPath{rate}.check(); }), "[0, 1)"));
    CHECK_NOTHROW(DropPath{0.999}.check());
}

TEMPLATE_LIST_TEST_CASE("drop path: a dropped branch is the identity, scales of one change nothing", "[nn]",
                        Every) {
    using B = TestType;
    const B backend = make_backend<B>(1);
    ParameterLayout layout;
    std::vector<Block> blocks;
    for (const char* name : {"blocks.0", "blocks.1"})
        blocks.push_back(Block::add(layout, name, {.width = 12, .heads = 3, .mlp_ratio = 2}));
    const Vector<B> theta(backend, initial_values(layout, 1));
    const Index samples = 3, tokens = 4, width = 12;
    const Tensor<B> x =
        upload(backend, {samples, tokens, width}, random_numbers(samples * tokens * width, 1));
    const std::vector<double> input = download(backend, x.view());
    Eval<B> eval(backend, theta.data());
    const auto run = [&](const std::vector<double>& scales, Index first, Index count) {
        Tensor<B> weights;
        if (!scales.empty()) weights = upload(backend, {4, samples}, scales);
        return download(backend,
                        run_blocks(eval, blocks, eval.constant(x), first, count, weights).value.view());
    };
    const std::vector<double> plain = run({}, 0, tokens), ones = run(std::vector<double>(12, 1.0), 0, tokens);
    CHECK(distance(ones, plain) < rounding_tolerance<typename B::Storage>);
    // the second sample skips everything, the others nothing
    std::vector<double> scales(12, 1.0);
    for (std::size_t row = 0; row < 4; ++row) scales[row * 3 + 1] = 0;
    const std::vector<double> mixed = run(scales, 0, tokens);
    const std::ptrdiff_t size = tokens * width;
    const auto part = [&](const std::vector<double>& v, std::ptrdiff_t i) {
        return std::vector<double>(v.begin() + i * size, v.begin() + (i + 1) * size);
    };
    CHECK(part(mixed, 1) == part(input, 1));
    CHECK(part(mixed, 0) == part(ones, 0));
    CHECK(part(mixed, 2) == part(ones, 2));
    // one token of each sample, the first block's attention of the first sample doubled
    scales.assign(12, 1.0);
    scales[0] = 2;
    const std::vector<double> all = run(scales, 0, tokens), token = run(scales, 2, 1);
    std::vector<double> expected;
    for (std::ptrdiff_t i = 0; i < samples; ++i)
        expected.insert(expected.end(), all.begin() + i * size + 2 * width,
                        all.begin() + i * size + 3 * width);
    CHECK(distance(token, expected) < 10 * rounding_tolerance<typename B::Storage>);
    CHECK(distance(part(all, 0), part(plain, 0)) > 1e-3);
}

}  // namespace drop_path_test
