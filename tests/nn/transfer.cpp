// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/nn/transfer.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace transfer_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

VitShape small_encoder(Index width = 8) { return {.image = 8, .patch = 4, .transformer = {width, 2, 2}}; }

MaskedAutoencoder<> autoencoder() {
    return MaskedAutoencoder<>({.encoder = small_encoder(), .decoder = {8, 1, 2}});
}

bool has(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE("transfer: the encoder of an autoencoder becomes a classifier's", "[nn]") {
    const MaskedAutoencoder<> from = autoencoder();
    const VitClassifier to({.encoder = small_encoder(), .classes = 3});
    const std::vector<double> source = initial_values(from.layout(), 1);
    const std::vector<double> before = initial_values(to.layout(), 2);
    std::vector<float> values(before.begin(), before.end());
    const std::vector<float> fresh = values;
    const TransferRecord record = transfer(from.layout(), source, to.layout(), values);
    CHECK(record.kept == std::vector<std::string>{"head.weight", "head.bias"});
    CHECK(has(record.taken, "cls_token"));
    CHECK(has(record.taken, "blocks.1.mlp.fc2.bias"));
    CHECK(has(record.taken, "norm.weight"));
    CHECK(has(record.unused, "mask_token"));
    CHECK(has(record.unused, "decoder_blocks.0.attn.qkv.weight"));
    CHECK(record.taken.size() + record.kept.size() == to.layout().parameters().size());
    CHECK(record.taken.size() + record.unused.size() == from.layout().parameters().size());
    for (const ParameterInfo& parameter : to.layout().parameters()) {
        INFO(parameter.name);
        const ParameterInfo* origin = from.layout().find(parameter.name);
        bool same = true;
        for (Index i = 0; i < parameter.size(); ++i) {
            const auto at = static_cast<std::size_t>(parameter.slot.offset + i);
            const float expected =
                origin == nullptr
                    ? fresh[at]
                    : static_cast<float>(source[static_cast<std::size_t>(origin->slot.offset + i)]);
            same = same && values[at] == expected;
        }
        CHECK(same);
    }
}

TEST_CASE("transfer: models that do not fit are errors and change nothing", "[nn]") {
    const MaskedAutoencoder<> from = autoencoder();
    const std::vector<double> source = initial_values(from.layout(), 1);
    const VitClassifier wide({.encoder = small_encoder(16), .classes = 3});
    std::vector<double> values = initial_values(wide.layout(), 2);
    const std::vector<double> before = values;
    const auto text_of = [](const auto& action) { return error_text<ShapeError>(action); };
    const std::string text = text_of([&] { transfer(from.layout(), source, wide.layout(), values); });
    CHECK(contains(text, "'cls_token'"));
    CHECK(contains(text, "(1, 1, 8)"));
    CHECK(contains(text, "(1, 1, 16)"));
    CHECK(values == before);

    std::vector<double> too_short(3);
    CHECK(contains(text_of([&] { transfer(from.layout(), source, wide.layout(), too_short); }), "3 values"));
    CHECK(contains(text_of([&] { transfer(from.layout(), too_short, wide.layout(), values); }), "3 values"));

    ParameterLayout other;
    other.add("something", {2, 2}, ParameterKind::weight, Initializer::zeros());
    std::vector<double> four(4, 7.0);
    CHECK(contains(text_of([&] { transfer(from.layout(), source, other, four); }), "share no parameter"));
    CHECK(four == std::vector<double>(4, 7.0));
}

}  // namespace transfer_test
