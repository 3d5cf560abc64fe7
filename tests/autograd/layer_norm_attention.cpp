// SPDX-License-Identifier: Apache-2.0
#include <vitscape/autograd/ops/attention.hpp>
#include <vitscape/autograd/ops/layer_norm.hpp>

#include "autograd/derivatives.hpp"
#include "support/error_text.hpp"

namespace layer_norm_attention_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("layer norm: derivatives, also where its input is used elsewhere first", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({2, 3, 5});
    const LayerNormParameters layer{.weight = slots.add({5}), .bias = slots.add({5})};
    const LinearParameters square{slots.add({5, 5}), slots.add({5})};
    check_derivatives([&](auto& r) { return loss_of(r, layer_norm(r, input(r, x), layer)); },
                      slots.size() - 30);
    check_derivatives(
        [&](auto& r) {  // the residual's gradient is there when the norm adds its own
            const auto in = input(r, x);
            return loss_of(r, linear(r, layer_norm(r, in, layer), square, in));
        },
        slots.size());
}

TEST_CASE("attention: derivatives, for all queries and for some", "[autograd]") {
    Slots slots;
    const ParameterSlot qkv = slots.add({2, 4, 18});
    for (const auto& [first, queries] : {std::pair<Index, Index>{0, 4}, {0, 1}, {1, 3}}) {
        INFO("queries " << first << " + " << queries);
        const AttentionShape shape{
            .samples = 2, .tokens = 4, .heads = 2, .head_width = 3, .first_query = first, .queries = queries};
        check_derivatives([&](auto& r) { return loss_of(r, attention(r, input(r, qkv), shape)); },
                          slots.size());
    }
}

TEST_CASE("layer norm and attention: wrong shapes are errors that name both", "[autograd]") {
    using B = CpuPrimitives<double>;
    const B backend(1);
    Slots slots;
    const LayerNormParameters layer{.weight = slots.add({5}), .bias = slots.add({5})};
    const Vector<B> theta(backend, slots.size());
    Eval<B> eval(backend, theta.data());
    const auto x = eval.constant(Tensor<B>(backend, {2, 4, 17}));
    const std::string norm = error_text<ShapeError>([&] { (void)layer_norm(eval, x, layer); });
    CHECK(contains(norm, "(2, 4, 17)"));
    CHECK(contains(norm, "5"));
    const AttentionShape shape{
        .samples = 2, .tokens = 4, .heads = 2, .head_width = 3, .first_query = 0, .queries = 4};
    const std::string text = error_text<ShapeError>([&] { (void)attention(eval, x, shape); });
    CHECK(contains(text, "(2, 4, 17)"));
    CHECK(contains(text, "(2, 4, 18)"));
}

}  // namespace layer_norm_attention_test
