// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/landscape/part.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/simmim.hpp>
#include <vitscape/methods/vit_classifier.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace part_test {

using namespace vitscape;
using test::contains, test::error_text;

namespace {

using Cpu64 = CpuPrimitives<double>;
constexpr VitShape encoder{8, 4, {.width = 8, .depth = 2, .heads = 2}};

/// The names of the parameters that a part holds, each followed by a space. They must be whole.
std::string names_in(const ParameterLayout& layout, const std::vector<std::string>& parts) {
    const Cpu64 cpu{1};
    Vector<Cpu64> ones(cpu, layout.size());
    fill(1, ones);
    const ParameterBlock part = parameters_of(layout, parts);
    keep_only(part, ones);
    CHECK(dot(ones, ones) == static_cast<double>(part.size()));
    std::string names;
    for (const ParameterInfo& parameter : layout.parameters()) {
        double sum = 0;
        for (Index i = 0; i < parameter.size(); ++i) sum += ones.data()[parameter.slot.offset + i];
        CHECK((sum == 0 || sum == static_cast<double>(parameter.size())));
        if (sum > 0) names += parameter.name + " ";
    }
    return names;
}

}  // namespace

TEST_CASE("a part of the parameters, by patterns of their names") {
    const ParameterLayout layout = VitClassifier({.encoder = encoder, .classes = 3}).layout();
    CHECK(names_in(layout, {"norm.*"}) == "norm.weight norm.bias ");
    CHECK(names_in(layout, {"blocks.?.attn.qkv.bias"}) == "blocks.0.attn.qkv.bias blocks.1.attn.qkv.bias ");
    CHECK(names_in(layout, {"blocks.[1-9].mlp.fc2.*", "cls_token"}) ==
          "cls_token blocks.1.mlp.fc2.weight blocks.1.mlp.fc2.bias ");
    CHECK(names_in(layout, {"norm.weight", "norm.*", "norm.weight"}) == "norm.weight norm.bias ");
    CHECK(parameters_of(layout, {}).size() == layout.size());
    CHECK(parameters_of(layout, std::vector<std::string>{"*"}).size() == layout.size());
}

TEST_CASE("the encoder and the decoder of each kind of model") {
    const ParameterLayout mae = MaskedAutoencoder<>({.encoder = encoder, .decoder = {8, 1, 2}}).layout(),
                          mim = SimMim<>({.encoder = encoder}).layout(),
                          vit = VitClassifier({.encoder = encoder, .classes = 3}).layout();
    const std::string encoded = names_in(mae, {"encoder"}), decoded = names_in(mae, {"decoder"});
    CHECK(contains(encoded, "cls_token"));
    CHECK(contains(encoded, "blocks.1.mlp.fc1.weight"));
    CHECK_FALSE(contains(encoded, "decoder"));
    CHECK_FALSE(contains(encoded, "mask_token"));
    CHECK(contains(decoded, "mask_token"));
    CHECK(contains(decoded, "decoder_blocks.0.norm1.weight"));
    CHECK(parameters_of(mae, std::vector<std::string>{"encoder"}).size() +
              parameters_of(mae, std::vector<std::string>{"decoder"}).size() ==
          mae.size());
    CHECK(contains(names_in(mim, {"encoder"}), "mask_token"));  // its encoder reads it
    CHECK(names_in(mim, {"decoder"}) == "decoder_pred.weight decoder_pred.bias ");
    CHECK_FALSE(contains(names_in(vit, {"encoder"}), "head"));
}

TEST_CASE("a part without parameters is refused with the nearest names") {
    const ParameterLayout layout = VitClassifier({.encoder = encoder, .classes = 3}).layout();
    for (const std::string part : {"block.0.*", "decoder", "", "norm"}) {
        const std::string text = error_text<ConfigError>([&] {
            (void)parameters_of(layout, std::vector<std::string>{"head.*", part});
        });
        CHECK(contains(text, "'" + part + "'"));
        CHECK(contains(text, "the nearest are"));
    }
    const Cpu64 cpu{1};
    Vector<Cpu64> shorter(cpu, layout.size() - 1);
    CHECK_THROWS_AS(keep_only(all_parameters(layout), shorter), ShapeError);
}

}  // namespace part_test
