// SPDX-License-Identifier: Apache-2.0
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/tensor/vector.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace classifier_test {

using namespace vitscape;
using namespace vitscape::test;
using B = CpuPrimitives<double>;

namespace {

const VitClassifierConfig small{.encoder = {8, 4, {12, 2, 3}}, .classes = 4};

xt::xtensor<double, 4> images(std::size_t count, std::size_t side, std::uint32_t stream = 1) {
    xt::xtensor<double, 4> images(std::array<std::size_t, 4>{count, 3, side, side});
    const auto numbers = random_numbers(static_cast<Index>(images.size()), stream);
    std::copy(numbers.begin(), numbers.end(), images.begin());
    return images;
}

VitClassifierConfig with(const auto& change) {
    VitClassifierConfig config = small;
    change(config);
    return config;
}

}  // namespace

TEST_CASE("classifier: configurations that cannot work are refused with the numbers in question", "[nn]") {
    const auto text_of = [](const VitClassifierConfig& config) {
        return error_text<ConfigError>([&] { const VitClassifier model(config); });
    };
    std::string text = text_of(with([](auto& c) { c.encoder.patch = 3; }));
    CHECK(contains(text, "3"));
    CHECK(contains(text, "8"));
    CHECK(contains(text, "divide"));
    text = text_of(with([](auto& c) { c.encoder.transformer.heads = 5; }));
    CHECK(contains(text, "5 heads"));
    CHECK(contains(text, "12"));
    text = text_of(with([](auto& c) { c.encoder.transformer = {18, 2, 3}; }));
    CHECK(contains(text, "18"));
    CHECK(contains(text, "multiple of 4"));
    CHECK(contains(text_of(with([](auto& c) { c.encoder.transformer.depth = 0; })),
                   "depth: a whole number from 1 to 1000 is needed, 0 was given"));
    CHECK(contains(text_of(with([](auto& c) { c.encoder.transformer.mlp_ratio = 0; })),
                   "mlp ratio: a number in (0, 64]"));
    CHECK(contains(text_of(with([](auto& c) { c.encoder.patch = 0; })), "patch: a whole number from 1"));
    CHECK(contains(text_of(with([](auto& c) { c.classes = 1; })),
                   "classes: a whole number from 2 to 10000000 is needed, 1"));
    CHECK(contains(text_of(with([](auto& c) { c.label_smoothing = 1; })), "[0, 1), 1"));
    CHECK(contains(text_of(with([](auto& c) { c.label_smoothing = -0.1; })), "-0.1"));
    CHECK(text_of(small).empty());
}

TEST_CASE("classifier: labels outside the classes and images of another size are refused", "[nn]") {
    const VitClassifier model(small);
    const B backend(1);
    VitClassifier::Inputs<B> inputs;
    const auto prepare = [&](const xt::xtensor<double, 4>& pictures,
                             const std::vector<std::int64_t>& labels) {
        model.prepare(backend, pictures, std::span<const std::int64_t>(labels), inputs);
    };
    prepare(images(2, 8), {0, 3});
    const std::vector<double> targets = download(backend, inputs.targets.view());
    CHECK(targets == std::vector<double>{1, 0, 0, 0, 0, 0, 0, 1});
    for (const std::int64_t label : {4, -1}) {
        const std::string text = error_text<DataError>([&] { prepare(images(2, 8), {0, label}); });
        CHECK(contains(text, "label " + std::to_string(label)));
        CHECK(contains(text, "4 classes"));
    }
    const std::string text = error_text<ShapeError>([&] { prepare(images(2, 12), {1, 2}); });
    CHECK(contains(text, "(2, 3, 12, 12)"));
    CHECK(contains(text, "8, 8"));
    const std::string count = error_text<ShapeError>([&] { prepare(images(2, 8), {1, 2, 3}); });
    CHECK(contains(count, "3 labels"));
    CHECK(contains(count, "(2, 3, 8, 8)"));
    // nothing changed: the inputs are those of the last good batch
    CHECK(download(backend, inputs.targets.view()) == targets);
}

TEST_CASE("classifier: smoothed targets are a distribution", "[nn]") {
    const VitClassifier model(with([](auto& c) { c.label_smoothing = 0.2; }));
    const B backend(1);
    VitClassifier::Inputs<B> inputs;
    const std::vector<std::int64_t> labels{2};
    model.prepare(backend, images(1, 8), std::span<const std::int64_t>(labels), inputs);
    CHECK(distance(download(backend, inputs.targets.view()), {0.05, 0.05, 0.85, 0.05}) < 1e-15);
}

TEST_CASE("classifier: fixed positions are no parameters, learned ones are", "[nn]") {
    const VitClassifier fixed(small), learned(with([](auto&c) { c.positions = PositionKind::learned; }));
    CHECK(fixed.layout().find("pos_embed") == nullptr);
    REQUIRE(fixed.fixed_tensors().size() == 1);
    CHECK(fixed.fixed_tensors()[0].name == "pos_embed");
    CHECK(fixed.fixed_tensors()[0].shape == Shape{1, 5, 12});
    CHECK(fixed.fixed_tensors()[0].values == sin_cos_positions(12, 2));
    CHECK(learned.fixed_tensors().empty());
    CHECK(learned.layout().size() == fixed.layout().size() + 5 * 12);

    // learned positions with the fixed ones' numbers are the same model
    const B backend(1);
    const std::vector<double> theta = initial_values(fixed.layout(), 3);
    std::vector<double> other(static_cast<std::size_t>(learned.layout().size()));
    for (const ParameterInfo& parameter : learned.layout().parameters()) {
        const ParameterInfo* const same = fixed.layout().find(parameter.name);
        const std::vector<double> table = sin_cos_positions(12, 2);
        std::copy_n(same != nullptr ? theta.begin() + same->slot.offset : table.begin(), parameter.size(),
                    other.begin() + parameter.slot.offset);
    }
    const auto logits = [&](const VitClassifier& model, const std::vector<double>& numbers) {
        const Vector<B> point(backend, numbers);
        VitClassifier::Inputs<B> inputs;
        model.prepare_images(backend, images(3, 8), inputs);
        Eval<B> eval(backend, point.data());
        return download(backend, model.logits(eval, inputs).value.view());
    };
    CHECK(distance(logits(learned, other), logits(fixed, theta)) < 1e-14);
}

TEST_CASE("classifier: inputs can be used again for batches of other sizes", "[nn]") {
    const VitClassifier model(small);
    const B backend(1);
    const Vector<B> theta(backend, initial_values(model.layout(), 5));
    Eval<B> eval(backend, theta.data());
    const auto logits = [&](VitClassifier::Inputs<B>& inputs, std::size_t count) {
        model.prepare_images(backend, images(count, 8), inputs);
        return download(backend, model.logits(eval, inputs).value.view());
    };
    VitClassifier::Inputs<B> again;
    for (const std::size_t count : {3UL, 5UL, 2UL, 5UL}) {
        VitClassifier::Inputs<B> fresh;
        CHECK(logits(again, count) == logits(fresh, count));
    }
}

}  // namespace classifier_test
