// SPDX-License-Identifier: Apache-2.0
//
// What a tape does not keep: outputs that their operation computes again, and everything inside of `checkpointed`.
#include <vitscape/autograd/ops/checkpointed.hpp>
#include <vitscape/autograd/ops/layer_norm.hpp>

#include "autograd/derivatives.hpp"

namespace checkpointed_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// Layer norm, two layers with GELU between, and the input added, several times over. The normalized rows and the hidden layer are
/// read twice.
struct Chain {
    Index rows = 16, width = 24, hidden = 96, depth = 6;
    Slots slots{};
    ParameterSlot x = slots.add({rows, width});
    LayerNormParameters norm{.weight = slots.add({width}), .bias = slots.add({width})};
    LinearParameters first{slots.add({hidden, width}), slots.add({hidden})},
        second{slots.add({width, hidden}), slots.add({width})},
        third{slots.add({width, width}), slots.add({width})};

    template <Recorder R, class B = typename R::BackendType>
    Variable<B> part(R& recorder, const Variable<B>& y) const {
        const Variable<B> normalized = layer_norm(recorder, y, norm);
        const Variable<B> between = linear_gelu(recorder, normalized, first);
        const Variable<B> added = linear(recorder, normalized, third, y);
        return linear(recorder, between, second, linear(recorder, between, second, added));
    }
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> operator()(R& recorder) const {
        Variable<B> y = input(recorder, x);
        for (Index i = 0; i < depth; ++i)
            y = checkpointed(recorder, y,
                             [this](auto& on, const Variable<B>& z) { return this->part(on, z); });
        return loss_of(recorder, y);
    }
};

template <class B>
struct Result {
    std::vector<double> losses, gradient;
    std::vector<Index> final_from;
    std::size_t kept = 0;  // bytes, before the backward pass
};

template <class B>
Result<B> run(const Chain& chain, bool checkpoints) {
    const B backend(1);
    const Vector<B> theta(backend, random_numbers(chain.slots.size(), 1));
    Vector<B> gradient(backend, chain.slots.size());
    Tape<B> tape(backend, theta.data(), gradient.data());
    tape.use_checkpoints(checkpoints);
    const std::size_t before = backend.memory().bytes_in_use();
    Result<B> result;
    for (int round = 0; round < 2; ++round) {  // the inner tape is used again
        fill(0, gradient);
        result.final_from.clear();
        const Variable<B> losses = chain(tape);
        result.kept = backend.memory().bytes_in_use() - before;
        tape.backward(losses, 1, [&](Index offset) { result.final_from.push_back(offset); });
        result.losses = download(backend, losses.value.view());
        result.gradient = gradient.to_host();
    }
    CHECK(backend.memory().bytes_in_use() == before);
    return result;
}

}  // namespace

TEMPLATE_TEST_CASE("what is computed again gives the gradient of what is kept", "[autograd]", double, float) {
    const Chain chain;
    const auto again = run<Cpu<TestType>>(chain, false);
    const auto kept = run<CpuPrimitives<TestType>>(chain, false);
    CHECK(distance(again.losses, kept.losses) < rounding_tolerance<TestType>);
    CHECK(distance(again.gradient, kept.gradient) < rounding_tolerance<TestType>);
    // Of each part its input and the hidden layer, instead of both, the normalized input and the hidden layer's derivative.
    const auto bytes = [](Index numbers) { return static_cast<std::size_t>(numbers) * sizeof(TestType); };
    const Index stream = chain.rows * chain.width, inside = chain.rows * chain.hidden;
    CHECK(again.kept < bytes(chain.depth * (stream + inside + 128) + 4 * stream));
    CHECK(kept.kept > bytes(chain.depth * (2 * stream + 2 * inside)));
}

TEMPLATE_TEST_CASE("checkpoints give the same gradient, to the bit, and keep the input only", "[autograd]",
                   Cpu<double>, Cpu<float>, CpuPrimitives<double>) {
    const Chain chain;
    const auto kept = run<TestType>(chain, false), checkpoints = run<TestType>(chain, true);
    CHECK(checkpoints.losses == kept.losses);
    CHECK(checkpoints.gradient == kept.gradient);
    const auto stream =
        static_cast<std::size_t>(chain.rows * chain.width) * sizeof(typename TestType::Storage);
    CHECK(checkpoints.kept < static_cast<std::size_t>(chain.depth + 4) * stream);
    CHECK(kept.kept > 2 * checkpoints.kept);
    // Gradients are not called final while an operation inside of a checkpoint will still add to them.
    REQUIRE(!checkpoints.final_from.empty());
    for (std::size_t i = 0; i + 2 < checkpoints.final_from.size(); ++i)
        CHECK(checkpoints.final_from[i] == chain.slots.size());
    CHECK(checkpoints.final_from.back() == 0);
}

TEST_CASE("checkpoints: derivatives on dual numbers do not use them", "[autograd]") {
    const Chain chain;
    check_derivatives([&](auto& recorder) { return chain(recorder); }, chain.slots.size());
}

}  // namespace checkpointed_test
