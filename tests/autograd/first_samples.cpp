// SPDX-License-Identifier: Apache-2.0
#include <vitscape/autograd/ops/first_samples.hpp>

#include "autograd/derivatives.hpp"
#include "support/backend_types.hpp"
#include "support/error_text.hpp"

namespace first_samples_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("first_samples: derivatives alone, and beside another use of the same values", "[autograd]") {
    Slots slots;
    const ParameterSlot x = slots.add({5, 2, 3});
    for (const Index count : {1, 2, 5})
        check_derivatives([&](auto& r) { return loss_of(r, first_samples(r, input(r, x), count)); },
                          slots.size());
    for (const bool all_first : {false, true})
        check_derivatives(
            [&](auto& r) {
                const auto y = input(r, x);
                const auto target = [&](Index samples) {
                    return upload(r.backend(), {samples, 2, 3}, random_numbers(samples * 6, 501));
                };
                if (all_first) {
                    const auto all = squared_error(r, y, target(5));
                    return add_losses(r, all, 0.3, squared_error(r, first_samples(r, y, 3), target(3)));
                }
                const auto some = squared_error(r, first_samples(r, y, 3), target(3));
                return add_losses(r, squared_error(r, y, target(5)), 0.3, some);
            },
            slots.size());
}

TEMPLATE_LIST_TEST_CASE("first_samples: values and gradients", "[autograd]", Every) {
    using B = TestType;
    const B backend = make_backend<B>(2);
    const std::vector<double> numbers{1, 2, 3, 4, 5, 6, 7, 8};
    const Vector<B> theta(backend, numbers);
    Slots slots;
    const ParameterSlot x = slots.add({4, 2});
    Vector<B> gradient(backend, slots.size());
    fill(0, gradient);
    Tape<B> tape(backend, theta.data(), gradient.data());
    const auto y = first_samples(tape, input(tape, x), 3);
    CHECK(y.shape() == Shape{3, 2});
    CHECK(download(backend, y.value.view()) == std::vector<double>{1, 2, 3, 4, 5, 6});
    tape.backward(y, 2);
    CHECK(gradient.to_host() == std::vector<double>{2, 2, 2, 2, 2, 2, 0, 0});
}

TEST_CASE("losses of fewer samples are added to those of the first", "[autograd]") {
    using B = CpuPrimitives<double>;
    const B backend(1);
    Eval<B> eval(backend, nullptr);
    const auto losses = [&](const std::vector<double>& numbers) {
        return eval.constant(upload(backend, {static_cast<Index>(numbers.size())}, numbers));
    };
    const auto sum = [&](const auto& a, const auto& b) {
        return download(backend, add_losses(eval, losses(a), 0.5, losses(b)).value.view());
    };
    using Numbers = std::vector<double>;
    CHECK(sum(Numbers{1, 2, 3}, Numbers{4, 6}) == Numbers{3, 5, 3});
    CHECK(sum(Numbers{1, 2}, Numbers{4, 6}) == Numbers{3, 5});
    const std::string text = error_text<ShapeError>([&] { (void)sum(Numbers{1}, Numbers{4, 6}); });
    CHECK(contains(text, "(1)"));
    CHECK(contains(text, "(2)"));
}

TEST_CASE("first_samples: more than there are is an error that says how many", "[autograd]") {
    using B = CpuPrimitives<double>;
    const B backend(1);
    Eval<B> eval(backend, nullptr);
    const auto x = eval.constant(Tensor<B>(backend, {2, 3}));
    const std::string text = error_text<ShapeError>([&] { (void)first_samples(eval, x, 3); });
    CHECK(contains(text, "(2, 3)"));
    CHECK(contains(text, "first 3"));
    const IndexTensor<B> rows(backend, std::vector<std::int32_t>{4, 5});
    CHECK(rows.first(1).data() == rows.data());
    CHECK(rows.first(1).size() == 1);
    CHECK(contains(error_text<ShapeError>([&] { (void)rows.first(3); }), "first 3"));
}

}  // namespace first_samples_test
