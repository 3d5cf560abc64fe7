// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <vitscape/curvature/block.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/vit_classifier.hpp>

#include "support/catch.hpp"

namespace natural_blocks_test {

using namespace vitscape;

namespace {

std::vector<std::string> names(const std::vector<ParameterBlock>& blocks) {
    std::vector<std::string> result;
    for (const ParameterBlock& block : blocks) result.push_back(block.name());
    return result;
}
/// Each element of the layout is in exactly one block.
void check_cover(const std::vector<ParameterBlock>& blocks, const ParameterLayout& layout) {
    std::vector<int> times(static_cast<std::size_t>(layout.size()));
    for (const ParameterBlock& block : blocks)
        for (const ParameterRange& range : block.ranges())
            for (Index i = 0; i < range.size; ++i) ++times[static_cast<std::size_t>(range.offset + i)];
    CHECK(std::all_of(times.begin(), times.end(), [](int count) { return count == 1; }));
}

}  // namespace

TEST_CASE("the natural blocks of the models") {
    const MaskedAutoencoder<> autoencoder(
        {.encoder = {16, 4, {24, 2, 3}}, .decoder = {.width = 16, .depth = 1, .heads = 2}});
    const std::vector<ParameterBlock> parts = natural_blocks(autoencoder.layout());
    CHECK(names(parts) == std::vector<std::string>{"embeddings", "blocks.0", "blocks.1", "norm", "decoder",
                                                   "decoder_blocks.0"});
    check_cover(parts, autoencoder.layout());
    CHECK(parts[1].size() == parts[2].size());

    const VitClassifier classifier({.encoder = {16, 4, {24, 2, 3}}, .positions = PositionKind::learned});
    const std::vector<ParameterBlock> others = natural_blocks(classifier.layout());
    CHECK(names(others) == std::vector<std::string>{"embeddings", "blocks.0", "blocks.1", "norm", "head"});
    check_cover(others, classifier.layout());
    CHECK(others[0].size() == 24 + 24 * 48 + 24 + 17 * 24);
}

}  // namespace natural_blocks_test
