// SPDX-License-Identifier: Apache-2.0
//
// Time of each operation on the CPU, fused (Cpu) and from primitives (CpuPrimitives), at the sizes of a
// 32-pixel tiny and a 224-pixel base model, and of the whole training step and evaluation. Second argument of
// a name: 0 tiny, 1 base.
#include <array>
#include <span>

#include <benchmark/benchmark.h>

#include "support/autoencoder_step.hpp"

using namespace vitscape;

namespace {

/// A Transformer block's sizes: samples, tokens, width, heads.
struct Sizes {
    Index samples, tokens, width, heads;
};
Sizes sizes(const benchmark::State& state) {
    return state.range(0) == 0 ? Sizes{100, 17, 192, 3} : Sizes{8, 50, 768, 12};
}

/// One operation of a block, forward or forward and backward; items are tokens.
template <class B, class Operation>
void measure(benchmark::State& state, Index input_width, bool backward, const Operation& operation) {
    const Sizes s = sizes(state);
    B backend;
    ParameterLayout layout;
    const Block block = Block::add(layout, "block", {.width = s.width, .heads = s.heads});
    Vector<B> theta(backend, initial_values(layout, 0)), gradient(backend, layout.size());
    Tensor<B> input(backend, Shape{s.samples, s.tokens, input_width});
    backend.fill_normal(RandomKey{}, input.size(), input.data());
    Tape<B> tape(backend, theta.data(), gradient.data());
    for (auto _ : state) {
        const Variable<B> x =
            tape.record(input, [](Tape<B>&, const Tensor<B>&) {});  // an input that wants a gradient
        const Variable<B> y = operation(tape, block, x, s);
        benchmark::DoNotOptimize(y.data());
        if (backward)
            tape.backward(y);
        else
            tape.clear();
    }
    state.SetItemsProcessed(state.iterations() * s.samples * s.tokens);
}

template <class B>
void linear_gelu_forward_backward(benchmark::State& state) {
    measure<B>(state, sizes(state).width, true,
               [](auto& tape, const Block& block, const auto& x, const Sizes&) {
                   return linear_gelu(tape, x, block.fc1);
               });
}
template <class B>
void layer_norm_forward_backward(benchmark::State& state) {
    measure<B>(state, sizes(state).width, true,
               [](auto& tape, const Block& block, const auto& x, const Sizes&) {
                   return layer_norm(tape, x, block.norm1);
               });
}
template <class B>
void attention_forward_backward(benchmark::State& state) {
    measure<B>(state, 3 * sizes(state).width, true,
               [](auto& tape, const Block&, const auto& x, const Sizes& s) {
                   return attention(tape, x,
                                    AttentionShape{.samples = s.samples,
                                                   .tokens = s.tokens,
                                                   .heads = s.heads,
                                                   .head_width = s.width / s.heads,
                                                   .first_query = 0,
                                                   .queries = s.tokens});
               });
}
template <class B>
void block_forward(benchmark::State& state) {
    measure<B>(
        state, sizes(state).width, false,
        [](auto& tape, const Block& block, const auto& x, const Sizes&) { return block.forward(tape, x); });
}
template <class B>
void block_forward_backward(benchmark::State& state) {
    measure<B>(
        state, sizes(state).width, true,
        [](auto& tape, const Block& block, const auto& x, const Sizes&) { return block.forward(tape, x); });
}
template <class B>
void adamw_step(benchmark::State& state) {
    const Index size = state.range(0) == 0 ? 5'000'000 : 100'000'000;
    B backend;
    Vector<B> theta(backend, size), gradient(backend, size);
    const AdamW optimizer;
    auto moments = optimizer.start(backend, size);
    const std::array<ParameterGroup, 1> groups{{{0, size, 1, 1}}};
    for (auto _ : state)
        optimizer.step(moments, std::span<const ParameterGroup>(groups), 1e-3, 1, gradient, theta);
    state.SetItemsProcessed(state.iterations() * size);
}

/// A whole step of the masked autoencoder; items are images.
void autoencoder(benchmark::State& state, bool train) {
    const bool base = state.range(0) == 1;
    const std::size_t batch = base ? 8 : 100;
    benchmarks::AutoencoderStep<> step(base ? "base224" : "tiny32", batch, 0, train);
    for (auto _ : state) step.run();
    state.SetItemsProcessed(state.iterations() * static_cast<Index>(batch));
}
void autoencoder_step(benchmark::State& state) { autoencoder(state, true); }
void autoencoder_evaluation(benchmark::State& state) { autoencoder(state, false); }

BENCHMARK_TEMPLATE(linear_gelu_forward_backward, Cpu<float>)->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK_TEMPLATE(linear_gelu_forward_backward, CpuPrimitives<float>)->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK_TEMPLATE(layer_norm_forward_backward, Cpu<float>)->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK_TEMPLATE(layer_norm_forward_backward, CpuPrimitives<float>)->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK_TEMPLATE(attention_forward_backward, Cpu<float>)->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK_TEMPLATE(attention_forward_backward, CpuPrimitives<float>)->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK_TEMPLATE(block_forward, Cpu<float>)->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK_TEMPLATE(block_forward_backward, Cpu<float>)->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK_TEMPLATE(adamw_step, Cpu<float>)->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK_TEMPLATE(adamw_step, CpuPrimitives<float>)->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(autoencoder_step)->Arg(0)->Arg(1)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(autoencoder_evaluation)->Arg(0)->Arg(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
