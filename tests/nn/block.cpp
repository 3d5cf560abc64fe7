// SPDX-License-Identifier: Apache-2.0
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/nn/block.hpp>
#include <vitscape/nn/vit.hpp>
#include <vitscape/tensor/vector.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"

namespace block_test {

using namespace vitscape;
using namespace vitscape::test;

TEMPLATE_LIST_TEST_CASE("block: some tokens have the values and gradients that they have among all", "[nn]",
                        Every) {
    using B = TestType;
    const B backend = make_backend<B>(1);
    ParameterLayout layout;
    std::vector<Block> blocks;
    for (const char* name : {"blocks.0", "blocks.1"})
        blocks.push_back(Block::add(layout, name, {.width = 12, .heads = 3, .mlp_ratio = 2}));
    const Vector<B> theta(backend, initial_values(layout, 1));
    const Index samples = 2, tokens = 7, width = 12;
    const Tensor<B> x =
        upload(backend, {samples, tokens, width}, random_numbers(samples * tokens * width, 1));
    for (const auto& range : {std::pair<Index, Index>{0, 7}, {0, 1}, {3, 4}}) {
        const Index first = range.first, count = range.second;
        INFO("tokens " << first << " + " << count);
        const auto run = [&](bool all, std::vector<double>& gradient) {
            Vector<B> sum(backend, layout.size());
            Tape<B> tape(backend, theta.data(), sum.data());
            auto y = run_blocks(tape, blocks, tape.constant(x), all ? 0 : first, all ? tokens : count);
            if (all) y = select_tokens(tape, y, first, count);
            const std::vector<double> values = download(backend, y.value.view());
            tape.backward(y);
            gradient = sum.to_host();
            return values;
        };
        std::vector<double> whole, part;
        const std::vector<double> expected = run(true, whole), values = run(false, part);
        CHECK(distance(values, expected) < rounding_tolerance<typename B::Storage>);
        CHECK(distance(part, whole) < 10 * rounding_tolerance<typename B::Storage>);
    }
}

}  // namespace block_test
