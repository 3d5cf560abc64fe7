// SPDX-License-Identifier: Apache-2.0
#include <vitscape/autograd/ops/layer_scale.hpp>

#include "autograd/derivatives.hpp"
#include "support/backend_types.hpp"
#include "support/error_text.hpp"

namespace layer_scale_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("layer_scale: derivatives of branch, factors and residual", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({3, 2, 4}), residual = slots.add({3, 2, 4}), gamma = slots.add({4});
    check_derivatives([&]<class R>(R& r) { return loss_of(r, layer_scale(r, input(r, x), gamma)); },
                      slots.size());
    check_derivatives(
        [&]<class R>(R& r) {
            const auto before = input(r, residual);
            return loss_of(r, layer_scale(r, input(r, x), gamma, &before));
        },
        slots.size());
    check_derivatives(  // one variable in both places
        [&]<class R>(R& r) {
            const auto both = input(r, x);
            return loss_of(r, layer_scale(r, both, gamma, &both));
        },
        slots.size());
}

TEMPLATE_LIST_TEST_CASE("layer_scale: values", "[autograd]", Every) {
    using B = TestType;
    const Index rows = 5, width = 7;
    Slots slots;
    const ParameterSlot x = slots.add({rows, width}), gamma = slots.add({width}),
                        residual = slots.add({rows, width});
    const std::vector<double> numbers = random_numbers(slots.size(), 1);
    const Vector<B> theta(make_backend<B>(2), numbers);
    Eval<B> eval(theta.backend(), theta.data());
    const auto before = input(eval, residual);
    std::vector<double> scaled, sum;
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows * width); ++i) {
        scaled.push_back(
            numbers[i] *
            numbers[static_cast<std::size_t>(gamma.offset) + i % static_cast<std::size_t>(width)]);
        sum.push_back(numbers[static_cast<std::size_t>(residual.offset) + i] + scaled.back());
    }
    CHECK(distance(download(theta.backend(), layer_scale(eval, input(eval, x), gamma).value.view()), scaled) <
          rounding_tolerance<typename B::Storage>);
    CHECK(distance(download(theta.backend(), layer_scale(eval, input(eval, x), gamma, &before).value.view()),
                   sum) < rounding_tolerance<typename B::Storage>);
}

TEST_CASE("layer_scale: wrong shapes are errors that name both", "[autograd]") {
    using B = Cpu<double>;
    Slots slots;
    const ParameterSlot x = slots.add({2, 4}), other = slots.add({3, 4}), gamma = slots.add({4}),
                        narrow = slots.add({3});
    const Vector<B> theta(B(1), random_numbers(slots.size(), 1));
    Eval<B> eval(theta.backend(), theta.data());
    CHECK(error_text<ShapeError>([&] { (void)layer_scale(eval, input(eval, x), narrow); }) ==
          "a layer scale for rows of 3 numbers was given a tensor of shape (2, 4)");
    const auto residual = input(eval, other);
    CHECK(error_text<ShapeError>([&] { (void)layer_scale(eval, input(eval, x), gamma, &residual); }) ==
          "a branch of shape (2, 4) cannot be added to a residual of shape (3, 4)");
}

}  // namespace layer_scale_test
