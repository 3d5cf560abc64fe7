// SPDX-License-Identifier: Apache-2.0
#include <vitscape/autograd/ops/scale_samples.hpp>

#include "autograd/derivatives.hpp"
#include "support/backend_types.hpp"
#include "support/error_text.hpp"

namespace scale_samples_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("add_scaled_samples: derivatives of the branch and of the residual", "[autograd]") {
    Slots slots;
    const ParameterSlot residual = slots.add({3, 2, 4}), branch = slots.add({3, 2, 4});
    const std::vector<double> numbers{9, 9, 9, 0.5, 0, 2};  // the second row applies
    check_derivatives(
        [&]<class R>(R& r) {
            using B = typename R::BackendType;
            const Tensor<Master<B>> scales = upload(master(r.backend()), {2, 3}, numbers);
            return loss_of(r, add_scaled_samples(r, input(r, residual), input(r, branch), scales, 1));
        },
        slots.size());
    check_derivatives(  // one variable in both places
        [&]<class R>(R& r) {
            using B = typename R::BackendType;
            const Tensor<Master<B>> scales = upload(master(r.backend()), {2, 3}, numbers);
            const auto x = input(r, residual);
            return loss_of(r, add_scaled_samples(r, x, x, scales, 1));
        },
        residual.shape.size());
}

TEMPLATE_LIST_TEST_CASE("add_scaled_samples: values and gradients", "[autograd]", Every) {
    using B = TestType;
    B backend = make_backend<B>(2);
    const Index samples = 5, tokens = 3, width = 7, size = samples * tokens * width;
    const std::vector<double> x = random_numbers(size, 1), y = random_numbers(size, 2),
                              weights{1, 0, 1.25, 0, 2};
    const Vector<B> both(backend, [&] {
        std::vector<double> all = x;
        all.insert(all.end(), y.begin(), y.end());
        return all;
    }());
    Slots slots;
    const ParameterSlot residual = slots.add({samples, tokens, width}),
                        branch = slots.add({samples, tokens, width});
    Vector<B> gradient(backend, slots.size());
    Tape<B> tape(backend, both.data(), gradient.data());
    const auto sum = add_scaled_samples(tape, input(tape, residual), input(tape, branch),
                                        upload(backend, {1, samples}, weights), 0);
    std::vector<double> expected, slope(static_cast<std::size_t>(size), 1.0);
    for (std::size_t i = 0; i < x.size(); ++i)
        expected.push_back(x[i] + weights[i / static_cast<std::size_t>(tokens * width)] * y[i]);
    for (std::size_t i = 0; i < x.size(); ++i)
        slope.push_back(weights[i / static_cast<std::size_t>(tokens * width)]);
    CHECK(distance(download(backend, sum.value.view()), expected) < rounding_tolerance<typename B::Storage>);
    tape.backward(sum);
    CHECK(distance(gradient.to_host(), slope) < rounding_tolerance<typename B::Storage>);
}

TEST_CASE("add_scaled_samples: wrong shapes are errors that name both", "[autograd]") {
    using B = CpuPrimitives<double>;
    const B backend(1);
    Eval<B> eval(backend, nullptr);
    const auto x = eval.constant(Tensor<B>(backend, {2, 3})), y = eval.constant(Tensor<B>(backend, {2, 4}));
    const Tensor<B> scales(backend, {2, 2}), wide(backend, {2, 3});
    const auto text_of = [](const auto& action) { return error_text<ShapeError>(action); };
    CHECK(contains(text_of([&] { (void)add_scaled_samples(eval, x, y, scales, 0); }), "(2, 4)"));
    CHECK(contains(text_of([&] { (void)add_scaled_samples(eval, x, x, scales, 2); }), "row 2"));
    CHECK(contains(text_of([&] { (void)add_scaled_samples(eval, x, x, scales, -1); }), "row -1"));
    CHECK(contains(text_of([&] { (void)add_scaled_samples(eval, x, x, wide, 0); }), "(2, 3)"));
}

}  // namespace scale_samples_test
