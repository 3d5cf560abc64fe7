// SPDX-License-Identifier: Apache-2.0
#include <vitscape/autograd/ops/linear.hpp>

#include "autograd/derivatives.hpp"
#include "support/error_text.hpp"

namespace linear_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("linear: derivatives", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({2, 3, 5});
    const LinearParameters layer{slots.add({4, 5}), slots.add({4})};
    check_derivatives([&](auto& r) { return loss_of(r, linear(r, input(r, x), layer)); }, slots.size());
}

TEST_CASE("linear with residual: derivatives, also where input and residual are one variable", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({2, 3, 5}), residual = slots.add({2, 3, 4});
    const LinearParameters layer{slots.add({4, 5}), slots.add({4})};
    const LinearParameters square{slots.add({5, 5}), slots.add({5})};
    check_derivatives(
        [&](auto& r) {
            const auto in = input(r, x);
            const auto same = linear(r, in, square, in);
            return loss_of(r, linear(r, same, layer, input(r, residual)));
        },
        slots.size());
}

TEST_CASE("linear with GELU: derivatives", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({3, 5});
    const LinearParameters layer{slots.add({4, 5}), slots.add({4})};
    check_derivatives([&](auto& r) { return loss_of(r, linear_gelu(r, input(r, x), layer)); }, slots.size());
}

TEST_CASE("linear: wrong widths are errors that name both shapes", "[autograd]") {
    using B = CpuPrimitives<double>;
    const B backend(1);
    Slots slots;
    const LinearParameters layer{slots.add({4, 5}), slots.add({4})};
    const Vector<B> theta(backend, slots.size());
    Eval<B> eval(backend, theta.data());
    const auto x = eval.constant(Tensor<B>(backend, {2, 3, 6})),
               good = eval.constant(Tensor<B>(backend, {2, 5})),
               residual = eval.constant(Tensor<B>(backend, {2, 3}));
    for (const std::string& text : {error_text<ShapeError>([&] { (void)linear(eval, x, layer); }),
                                    error_text<ShapeError>([&] { (void)linear_gelu(eval, x, layer); })}) {
        CHECK(contains(text, "(2, 3, 6)"));
        CHECK(contains(text, "5"));
    }
    const std::string text = error_text<ShapeError>([&] { (void)linear(eval, good, layer, residual); });
    CHECK(contains(text, "(2, 3)"));
    CHECK(contains(text, "(2, 4)"));
}

}  // namespace linear_test
