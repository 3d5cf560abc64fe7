// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/nn/parameter_groups.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace layout_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// Mean, standard deviation and largest absolute value of a parameter.
struct Statistics {
    double mean = 0, deviation = 0, largest = 0;
    Statistics(const std::vector<double>& theta, const ParameterInfo& parameter) {
        const auto n = static_cast<double>(parameter.size());
        double squares = 0;
        for (Index i = 0; i < parameter.size(); ++i) {
            const double x = theta[static_cast<std::size_t>(parameter.slot.offset + i)];
            mean += x / n;
            squares += x * x / n;
            largest = std::max(largest, std::abs(x));
        }
        deviation = std::sqrt(squares - mean * mean);
    }
};

}  // namespace

TEST_CASE("layout: parameters of the named sizes are as many as the reference's", "[nn]") {
    const MaskedAutoencoder<> base({.encoder = vit_base(), .decoder = {512, 8, 16}});
    CHECK(base.layout().size() == 111'655'680);
    // by the formula of a block: 12 w^2 + 13 w for an MLP ratio of 4
    const auto encoder = [](Index width, Index depth, Index patch) {
        return depth * (12 * width * width + 13 * width) + width + width * (3 * patch * patch + 1);
    };
    const auto classifier = [](const VitShape& shape) {
        return VitClassifier({.encoder = shape}).layout().size();
    };
    const auto head = [](Index width) { return 2 * width + 10 * (width + 1); };
    CHECK(classifier(vit_tiny()) == encoder(192, 12, 16) + head(192));
    CHECK(classifier(vit_small()) == encoder(384, 12, 16) + head(384));
    CHECK(classifier(vit_base()) == encoder(768, 12, 16) + head(768));
    CHECK(classifier(vit_large()) == encoder(1024, 24, 16) + head(1024));
    CHECK(classifier(vit_huge()) == encoder(1280, 32, 14) + head(1280));
    CHECK(vit_tiny(32, 4).grid().count() == 64);
}

TEST_CASE("layout: parameters lie behind one another and have one name each", "[nn]") {
    const MaskedAutoencoder<> model({.encoder = {16, 4, {24, 2, 3}}, .decoder = {16, 1, 2}});
    Index offset = 0;
    std::map<std::string, int> names;
    for (const ParameterInfo& parameter : model.layout().parameters()) {
        CHECK(parameter.slot.offset == offset);
        offset += parameter.size();
        CHECK(++names[parameter.name] == 1);
        CHECK(model.layout().find(parameter.name)->slot.offset == parameter.slot.offset);
    }
    CHECK(offset == model.layout().size());
    CHECK(model.layout().find("blocks.2.norm1.weight") == nullptr);
    CHECK(model.layout().find("patch_embed.proj.weight")->slot.shape == Shape{24, 3, 4, 4});
    CHECK(model.layout().find("patch_embed.proj.weight")->filters() == 24);
    CHECK(model.layout().find("blocks.1.attn.qkv.weight")->slot.shape == Shape{72, 24});
    CHECK(model.layout().find("blocks.1.attn.qkv.bias")->filters() == 0);
    ParameterLayout layout;
    layout.add("twice", {1}, ParameterKind::bias, Initializer::zeros());
    CHECK(contains(
        error_text<ConfigError>([&] { layout.add("twice", {2}, ParameterKind::bias, Initializer::zeros()); }),
        "'twice'"));
    CHECK(layout.size() == 1);
}

TEST_CASE("layout: groups cover every parameter once and decay those of two or more dimensions", "[nn]") {
    const MaskedAutoencoder<> model({.encoder = {16, 4, {24, 2, 3}}, .decoder = {16, 1, 2}});
    const std::vector<ParameterGroup> groups = parameter_groups(model.layout());
    Index offset = 0;
    for (const ParameterGroup& group : groups) {
        CHECK(group.offset == offset);
        offset += group.count;
        CHECK(group.learning_rate_scale == 1);
    }
    CHECK(offset == model.layout().size());
    for (const ParameterInfo& parameter : model.layout().parameters())
        for (const ParameterGroup& group : groups)
            if (parameter.slot.offset >= group.offset && parameter.slot.offset < group.offset + group.count) {
                INFO(parameter.name);
                CHECK(parameter.slot.offset + parameter.size() <= group.offset + group.count);
                CHECK(group.weight_decay_scale == (parameter.slot.shape.rank() >= 2 ? 1 : 0));
            }
}

TEST_CASE("layout: learning rates by layer follow the formula", "[nn]") {
    const VitClassifier model({.encoder = {16, 4, {24, 3, 3}}, .classes = 4});
    const LayerDecay layers{.rate = 0.75, .depth = 3};
    const auto expected = [](const std::string& name) {
        if (name == "cls_token" || name.rfind("patch_embed", 0) == 0) return 0.75 * 0.75 * 0.75 * 0.75;
        if (name.rfind("blocks.0.", 0) == 0) return 0.75 * 0.75 * 0.75;
        if (name.rfind("blocks.1.", 0) == 0) return 0.75 * 0.75;
        return name.rfind("blocks.2.", 0) == 0 ? 0.75 : 1.0;  // norm and head
    };
    CHECK(layers.layer_of("pos_embed") == 0);
    CHECK(LayerDecay{.rate = 0.5, .depth = 24}.layer_of("blocks.17.norm1.weight") == 18);
    const std::vector<ParameterGroup> groups = parameter_groups(model.layout(), layers);
    Index offset = 0;
    for (const ParameterGroup& group : groups) {
        CHECK(group.offset == offset);
        offset += group.count;
    }
    CHECK(offset == model.layout().size());
    for (const ParameterInfo& parameter : model.layout().parameters())
        for (const ParameterGroup& group : groups)
            if (parameter.slot.offset >= group.offset && parameter.slot.offset < group.offset + group.count) {
                INFO(parameter.name);
                CHECK(parameter.slot.offset + parameter.size() <= group.offset + group.count);
                CHECK(group.weight_decay_scale == (parameter.slot.shape.rank() >= 2 ? 1 : 0));
                CHECK(group.learning_rate_scale == Approx(expected(parameter.name)).epsilon(1e-14));
            }
    for (const double rate : {0.0, 1.5, -1.0})
        CHECK(contains(error_text<ConfigError>(
                           [&] { (void)parameter_groups(model.layout(), {.rate = rate, .depth = 3}); }),
                       "(0, 1]"));
}

TEST_CASE("initial values: as the reference draws them", "[nn]") {
    const VitClassifier model(
        {.encoder = {32, 4, {96, 2, 3}}, .classes = 40, .positions = PositionKind::learned});
    const std::vector<double> theta = initial_values(model.layout(), 1);
    for (const ParameterInfo& parameter : model.layout().parameters()) {
        INFO(parameter.name);
        const Statistics found(theta, parameter);
        const double n = std::sqrt(static_cast<double>(parameter.size()));
        const auto near = [&](double deviation) {  // 5 standard errors
            CHECK(std::abs(found.mean) < 5 * deviation / n);
            CHECK(std::abs(found.deviation - deviation) < 5 * deviation / n);
        };
        if (parameter.name == "cls_token" || parameter.name == "pos_embed" ||
            parameter.name == "head.weight") {
            near(0.02);
            CHECK(found.largest < 0.2);
        } else if (parameter.kind == ParameterKind::weight) {
            const auto out = static_cast<double>(parameter.slot.shape[0]),
                       in = static_cast<double>(parameter.size()) / out, limit = std::sqrt(6 / (in + out));
            near(limit / std::sqrt(3.0));
            CHECK(found.largest <= limit);
            CHECK(found.largest > 0.99 * limit);
        } else {
            const bool scale = parameter.kind == ParameterKind::norm && parameter.name.ends_with(".weight");
            CHECK(found.mean == Approx(scale ? 1 : 0).margin(1e-14));
            CHECK(found.largest == (scale ? 1 : 0));
            CHECK(found.deviation < 1e-7);
        }
    }
}

TEST_CASE("initial values: a function of the seed and the parameter's place", "[nn]") {
    const auto layout_of = [](Index first) {
        ParameterLayout layout;
        layout.add("first", {first}, ParameterKind::weight, Initializer::truncated_normal(0.5));
        layout.add("second", {10, 10}, ParameterKind::weight, Initializer::xavier_uniform(10, 10));
        layout.add("third", {20}, ParameterKind::weight, Initializer::normal(1));
        return layout;
    };
    const auto tail = [](const std::vector<double>& values) {
        return std::vector<double>(values.end() - 120, values.end());
    };
    const auto values = initial_values(layout_of(7), 42);
    CHECK(values == initial_values(layout_of(7), 42));
    CHECK(tail(values) != tail(initial_values(layout_of(7), 43)));
    CHECK(tail(values) == tail(initial_values(layout_of(1000), 42)));  // whatever the others' sizes
}

TEST_CASE("initial values: a truncated normal is cut at two", "[nn]") {
    ParameterLayout layout;
    layout.add("wide", {20000}, ParameterKind::weight, Initializer::truncated_normal(2));
    const std::vector<double> theta = initial_values(layout, 1);
    const Statistics found(theta, layout.parameters()[0]);
    CHECK(found.largest <= 2);
    CHECK(found.largest > 1.99);
    // a standard normal cut at one standard deviation has variance 1 - 2 phi(1) / (2 Phi(1) - 1) = 0.2911
    CHECK(found.deviation == Approx(2 * std::sqrt(0.29112)).epsilon(0.02));
}

}  // namespace layout_test
