// SPDX-License-Identifier: Apache-2.0
#include "autograd/derivatives.hpp"

namespace tape_test {

using namespace vitscape;
using namespace vitscape::test;
using B = CpuPrimitives<double>;

namespace {

/// x + y, whose backward pass shares one gradient between both.
template <Recorder R>
Variable<B> add(R& recorder, const Variable<B>& x, const Variable<B>& y) {
    Tensor<B> sum = recorder.allocate(x.shape());
    const operand::Matrix<double*> out{sum.data(), sum.size()}, a{x.data(), sum.size()},
        b{y.data(), sum.size()};
    recorder.backend().map(1, sum.size(), functor::Add{}, out, a, b);
    return recorder.record(std::move(sum),
                           [x = x.node, y = y.node](Tape<B>& tape, const Tensor<B>& gradient) {
                               tape.pass_gradient(x, gradient);
                               tape.pass_gradient(y, gradient);
                           });
}

/// A deep chain of layers with residuals.
struct Chain {
    Slots slots;
    ParameterSlot x = slots.add({16, 64});
    LinearParameters layer{slots.add({64, 64}), slots.add({64})};
    Index depth = 12;

    template <Recorder R>
    Variable<B> operator()(R& recorder) const {
        Variable<B> y = input(recorder, x);
        for (Index i = 0; i < depth; ++i) y = linear(recorder, linear_gelu(recorder, y, layer), layer, y);
        return loss_of(recorder, y);
    }
};

}  // namespace

TEST_CASE("tape: gradients of a variable used several times add up", "[autograd]") {
    const B backend(1);
    Slots slots;
    const ParameterSlot x = slots.add({3});
    const Vector<B> theta(backend, std::vector<double>{1, 2, 3});
    Vector<B> gradient(backend, 3);
    Tape<B> tape(backend, theta.data(), gradient.data());
    const auto a = input(tape, x);
    tape.backward(add(tape, add(tape, a, a), a), 2);
    CHECK(gradient.to_host() == std::vector<double>{6, 6, 6});
}

TEST_CASE("tape: a gradient shared by two variables is copied before one of them changes", "[autograd]") {
    const B backend(1);
    Slots slots;
    const ParameterSlot x = slots.add({2}), y = slots.add({2});
    const Vector<B> theta(backend, slots.size());
    Vector<B> gradient(backend, slots.size());
    Tape<B> tape(backend, theta.data(), gradient.data());
    const auto a = input(tape, x), b = input(tape, y);
    // going back: c's gradient is shared by a and b, then a gets more
    const auto more = add(tape, a, a);
    const auto c = add(tape, a, b);
    tape.backward(add(tape, c, more));
    CHECK(gradient.to_host() == std::vector<double>{3, 3, 1, 1});
}

TEST_CASE("tape: a step after another adds the same gradient, without new memory", "[autograd]") {
    const B backend(1);
    const Chain chain;
    const Vector<B> theta(backend, random_numbers(chain.slots.size(), 1));
    Vector<B> gradient(backend, chain.slots.size());
    Tape<B> tape(backend, theta.data(), gradient.data());
    const std::size_t before = backend.memory().bytes_in_use();
    std::vector<double> first;
    std::size_t taken = 0;
    for (int step = 1; step <= 4; ++step) {
        fill(0, gradient);
        {
            const Variable<B> losses = chain(tape);
            tape.backward(losses);
        }
        CHECK(backend.memory().bytes_in_use() == before);
        if (step == 1) first = gradient.to_host();
        CHECK(gradient.to_host() == first);
        if (step == 2) taken = backend.memory().system_allocations();
    }
    CHECK(backend.memory().system_allocations() == taken);
}

TEST_CASE("tape: operations can be forgotten without going back", "[autograd]") {
    const B backend(1);
    const Chain chain;
    const Vector<B> theta(backend, random_numbers(chain.slots.size(), 1));
    Vector<B> gradient(backend, chain.slots.size());
    const std::size_t before = backend.memory().bytes_in_use();
    {
        Tape<B> tape(backend, theta.data(), gradient.data());
        (void)chain(tape);
        CHECK(backend.memory().bytes_in_use() > before);
        tape.clear();
        CHECK(backend.memory().bytes_in_use() == before);
        (void)chain(tape);
    }
    CHECK(backend.memory().bytes_in_use() == before);
    CHECK(norm(gradient) == 0);
}

TEST_CASE("tape: constants get no gradient", "[autograd]") {
    const B backend(1);
    Slots slots;
    const LinearParameters layer{slots.add({2, 2}), slots.add({2})};
    const Vector<B> theta(backend, random_numbers(slots.size(), 1));
    Vector<B> gradient(backend, slots.size());
    Tape<B> tape(backend, theta.data(), gradient.data());
    const Variable<B> x = tape.constant(upload(backend, {1, 2}, std::vector<double>{3, 5}));
    CHECK_FALSE(x.differentiable());
    tape.backward(x);
    CHECK(norm(gradient) == 0);
    tape.backward(linear(tape, x, layer, x));
    CHECK(gradient.to_host() == std::vector<double>{3, 5, 3, 5, 1, 1});
}

TEST_CASE("tape: parts of a computation that the output does not depend on are left out", "[autograd]") {
    const B backend(1);
    Slots slots;
    const ParameterSlot x = slots.add({2}), y = slots.add({2});
    const Vector<B> theta(backend, slots.size());
    Vector<B> gradient(backend, slots.size());
    Tape<B> tape(backend, theta.data(), gradient.data());
    const auto a = input(tape, x), b = input(tape, y);
    const auto output = add(tape, a, a);
    (void)add(tape, a, b);
    tape.backward(output);
    const std::vector<double> numbers =
        gradient.to_host();  // GCC 12 -O3 makes {2, 2, 2, 2} of a list {2, 2, 0, 0}
    CHECK(numbers[0] == 2);
    CHECK(numbers[1] == 2);
    CHECK(numbers[2] == 0);
    CHECK(numbers[3] == 0);
}

TEST_CASE("evaluation: memory is free when a value is dropped, and a tape holds more at once", "[autograd]") {
    const Chain chain;
    const auto peak = [&](auto&& run) {
        const B backend(1);
        const Vector<B> theta(backend, random_numbers(chain.slots.size(), 1));
        const std::size_t before = backend.memory().bytes_in_use();
        run(backend, theta);
        CHECK(backend.memory().bytes_in_use() == before);
        return backend.memory().peak_bytes() - before;
    };
    const std::size_t evaluation = peak([&](const B& backend, const Vector<B>& theta) {
        Eval<B> eval(backend, theta.data());
        (void)chain(eval);
    });
    const std::size_t recording = peak([&](const B& backend, const Vector<B>& theta) {
        Vector<B> gradient(backend, chain.slots.size());
        Tape<B> tape(backend, theta.data(), gradient.data());
        const Variable<B> losses = chain(tape);
        tape.backward(losses);
    });
    const std::size_t activation = 16 * 64 * sizeof(double);
    CHECK(evaluation <= 5 * activation);  // input, hidden, output, and the target of the loss
    CHECK(recording >= 2 * 12 * activation);
}

}  // namespace tape_test
