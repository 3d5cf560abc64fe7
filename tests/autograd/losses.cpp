// SPDX-License-Identifier: Apache-2.0
#include <vitscape/autograd/ops/losses.hpp>

#include "autograd/derivatives.hpp"
#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/error_text.hpp"

namespace losses_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("squared error: one mean per sample, and derivatives", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({3, 2, 5});
    check_derivatives([&](auto& r) { return loss_of(r, input(r, x)); }, slots.size());

    using B = CpuPrimitives<double>;
    const B backend(1);
    Eval<B> eval(backend, nullptr);
    const auto prediction = eval.constant(upload(backend, {2, 2}, std::vector<double>{1, 2, 3, 4}));
    const Tensor<B> target = upload(backend, {2, 2}, std::vector<double>{0, 0, 3, 6});
    CHECK(download(backend, squared_error(eval, prediction, target).value.view()) ==
          std::vector<double>{2.5, 2});
}

TEST_CASE("absolute errors: one mean per sample, and derivatives off the kinks", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({3, 2, 5});
    const auto target = [&](auto& r) { return upload(r.backend(), {3, 2, 5}, random_numbers(30, 501)); };
    check_derivatives([&](auto& r) { return absolute_error(r, input(r, x), target(r)); }, slots.size());
    for (const double beta : {0.3, 2.0})
        check_derivatives([&](auto& r) { return smooth_absolute_error(r, input(r, x), target(r), beta); },
                          slots.size());

    using B = CpuPrimitives<double>;
    const B backend(1);
    Eval<B> eval(backend, nullptr);
    const auto prediction = eval.constant(upload(backend, {2, 2}, std::vector<double>{1, -2, 3, 4}));
    const Tensor<B> zeros = upload(backend, {2, 2}, std::vector<double>{0, 0, 3, 6});
    CHECK(download(backend, absolute_error(eval, prediction, zeros).value.view()) ==
          std::vector<double>{1.5, 1});
    CHECK(download(backend, smooth_absolute_error(eval, prediction, zeros, 2).value.view()) ==
          std::vector<double>{(0.25 + 1) / 2, 0.5});
}

TEST_CASE("cross entropy: derivatives for one-hot, soft and unnormalized targets", "[autograd]") {
    Slots slots;
    const ParameterSlot logits = slots.add({3, 4});
    for (const std::vector<double>& targets : {std::vector<double>{0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1},
                                               {0.1, 0.2, 0.3, 0.4, 0.25, 0.25, 0.25, 0.25, 0.9, 0.1, 0, 0},
                                               {1, 1, 0, 0, 0.5, 0, 0, 0, 0, 0, 0, 2}})
        check_derivatives(
            [&](auto& r) {
                return cross_entropy(r, input(r, logits), upload(r.backend(), {3, 4}, targets));
            },
            slots.size());
}

TEMPLATE_LIST_TEST_CASE("cross entropy: values by hand, and large logits", "[autograd]", Every) {
    using B = TestType;
    const B backend = make_backend<B>(1);
    Eval<B> eval(backend, nullptr);
    const auto logits =
        eval.constant(upload(backend, {3, 2}, std::vector<double>{0, 0, 1000, 0, -1000, 3000}));
    const Tensor<B> targets = upload(backend, {3, 2}, std::vector<double>{0.5, 0.5, 0, 1, 0, 1});
    const std::vector<double> losses = download(backend, cross_entropy(eval, logits, targets).value.view());
    CHECK(losses[0] == Approx(std::log(2.0)));
    CHECK(losses[1] == Approx(1000));
    CHECK(losses[2] == 0);
}

TEST_CASE("losses: wrong shapes are errors that name both", "[autograd]") {
    using B = CpuPrimitives<double>;
    const B backend(1);
    Eval<B> eval(backend, nullptr);
    const auto x = eval.constant(Tensor<B>(backend, {2, 3}));
    const Tensor<B> target(backend, {2, 4});
    for (const std::string& text : {error_text<ShapeError>([&] { (void)squared_error(eval, x, target); }),
                                    error_text<ShapeError>([&] { (void)cross_entropy(eval, x, target); })}) {
        CHECK(contains(text, "(2, 3)"));
        CHECK(contains(text, "(2, 4)"));
    }
}

}  // namespace losses_test
