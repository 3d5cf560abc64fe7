// SPDX-License-Identifier: Apache-2.0
//
// Encoders with registers, layer scale and another epsilon.
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/simmim.hpp>
#include <vitscape/methods/vit_classifier.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace registers_test {

using namespace vitscape;
using namespace vitscape::test;
using B = CpuPrimitives<double>;

namespace {

VitClassifierConfig scaled() {
    VitClassifierConfig config{
        .encoder = {8, 4, {12, 2, 3}, 2}, .classes = 3, .positions = PositionKind::learned};
    config.encoder.transformer.layer_scale = true;
    return config;
}

FrozenObjective<B, VitClassifier> objective_of(const VitClassifierConfig& config) {
    Batch batch;
    batch.images.resize(std::array<std::size_t, 4>{5, 3, 8, 8});
    const auto numbers = random_numbers(static_cast<Index>(batch.images.size()), 1);
    std::copy(numbers.begin(), numbers.end(), batch.images.begin());
    batch.labels = {0, 1, 2, 1, 0};
    batch.samples = {0, 1, 2, 3, 4};
    return {B(1), VitClassifier(config), batch, {}};
}

}  // namespace

TEST_CASE("registers: the gradient is the slope of the loss, for registers and layer scales too",
          "[methods]") {
    auto objective = objective_of(scaled());
    const ParameterLayout& layout = objective.layout();
    REQUIRE(layout.find("register_tokens")->slot.shape == Shape{1, 2, 12});
    REQUIRE(layout.find("blocks.1.ls2.gamma")->slot.shape == Shape{12});
    std::vector<double> values = random_numbers(layout.size(), 2);
    Vector<B> gradient(B(1), layout.size());
    objective.gradient(Vector<B>(B(1), values), gradient);
    const std::vector<double> slopes = gradient.to_host();
    for (const char* name :
         {"register_tokens", "blocks.0.ls1.gamma", "blocks.1.ls2.gamma", "blocks.0.attn.qkv.weight"}) {
        const ParameterSlot& slot = layout.find(name)->slot;
        const std::vector<double> along = random_numbers(slot.shape.size(), 3);
        double expected = 0;
        const auto loss_at = [&](double step) {
            std::vector<double> moved = values;
            for (std::size_t i = 0; i < along.size(); ++i)
                moved[static_cast<std::size_t>(slot.offset) + i] += step * along[i];
            return objective.value(Vector<B>(B(1), moved));
        };
        for (std::size_t i = 0; i < along.size(); ++i)
            expected += along[i] * slopes[static_cast<std::size_t>(slot.offset) + i];
        INFO(name);
        CHECK(std::abs(expected) > 1e-5);
        CHECK((loss_at(1e-5) - loss_at(-1e-5)) / 2e-5 == Approx(expected).epsilon(1e-6));
    }
}

TEST_CASE("registers: layer scales of one change nothing, and the epsilon is the model's", "[methods]") {
    VitClassifierConfig plain = scaled();
    plain.encoder.transformer.layer_scale = false;
    auto with = objective_of(scaled()), without = objective_of(plain);
    std::vector<double> values(static_cast<std::size_t>(with.layout().size()), 1.0),
        fewer = random_numbers(without.layout().size(), 4);
    for (const ParameterInfo& parameter : without.layout().parameters())
        std::copy_n(fewer.begin() + parameter.slot.offset, parameter.size(),
                    values.begin() + with.layout().find(parameter.name)->slot.offset);
    const double loss = without.value(Vector<B>(B(1), fewer));
    CHECK(with.value(Vector<B>(B(1), values)) == Approx(loss).epsilon(1e-14));
    plain.encoder.transformer.norm_epsilon = 0.5;
    CHECK(std::abs(objective_of(plain).value(Vector<B>(B(1), fewer)) - loss) > 1e-4);
}

TEST_CASE("registers: methods that do not place them refuse them, and files say them only where they are",
          "[methods]") {
    const VitShape encoder{8, 4, {12, 1, 3}, 2};
    CHECK(error_text<ConfigError>([&] {
              const MaskedAutoencoder<> model({.encoder = encoder, .decoder = {8, 1, 2}});
          }) == "a masked autoencoder has no registers; 2 were requested");
    CHECK(error_text<ConfigError>([&] { const SimMim<> model({.encoder = encoder}); }) ==
          "SimMIM has no registers; 2 were requested");
    CHECK(encoder.tokens() == 7);
}

}  // namespace registers_test
