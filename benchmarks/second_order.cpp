// SPDX-License-Identifier: Apache-2.0
//
// Time of exact second derivatives beside that of a gradient, and of a loss, on the CPU: a product with the Hessian, and the
// derivatives of each image's loss on a plane. Argument: 0 a small model of 32 pixels with patches of 8 (width 64, depth 2), 1 a
// 32-pixel tiny model. Items are images. In float, as programs compute them.
#include <array>
#include <span>
#include <vector>

#include <benchmark/benchmark.h>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/methods/frozen_objective.hpp>

#include "support/autoencoder_sizes.hpp"
#include "support/model_step.hpp"

using namespace vitscape;

namespace {

using B = Cpu<float>;

/// A masked autoencoder's loss on random images, its initial parameters and two directions.
struct Loss {
    Vector<B> theta, delta, eta, out;
    std::array<Vector<B>, 4> products;
    FrozenObjective<B, MaskedAutoencoder<>> objective;

    explicit Loss(benchmark::State& state) : Loss(model(state.range(0)), state.range(0) == 0 ? 256 : 64) {}
    Loss(const MaskedAutoencoder<>& method, std::size_t images)
        : objective(B(), method, benchmarks::random_images(images, method.grid().image)) {
        const Index size = objective.layout().size();
        theta = Vector<B>(objective.backend(), initial_values(objective.layout(), 0));
        delta = Vector<B>(objective.backend(), size);
        eta = Vector<B>(objective.backend(), size);
        out = Vector<B>(objective.backend(), size);
        for (Vector<B>& product : products) product = Vector<B>(objective.backend(), size);
        objective.backend().fill_normal(RandomKey{.seed = 1}, size, delta.data());
        objective.backend().fill_normal(RandomKey{.seed = 2}, size, eta.data());
    }
    static MaskedAutoencoder<> model(Index size) {
        if (size == 0) return MaskedAutoencoder<>({.encoder = {32, 8, {64, 2, 4}}, .decoder = {48, 1, 4}});
        return MaskedAutoencoder<>(benchmarks::autoencoder_named("tiny32"));
    }
};

template <class Work>
void measure(benchmark::State& state, const Work& work, Index products = 1) {
    Loss loss(state);
    for (auto _ : state) work(loss);
    state.SetItemsProcessed(state.iterations() * loss.objective.samples() * products);
}

void value(benchmark::State& state) {
    measure(state, [](Loss& loss) { benchmark::DoNotOptimize(loss.objective.value(loss.theta)); });
}
void gradient(benchmark::State& state) {
    measure(state, [](Loss& loss) { loss.objective.gradient(loss.theta, loss.out); });
}
void hessian_vector(benchmark::State& state) {
    measure(state, [](Loss& loss) { loss.objective.hessian_vector(loss.theta, loss.delta, loss.out); });
}
/// Items are images times products.
void four_hessian_vectors(benchmark::State& state) {
    measure(
        state,
        [](Loss& loss) {
            const std::array<const Vector<B>*, 4> v{&loss.delta, &loss.eta, &loss.theta, &loss.delta};
            std::array<Vector<B>*, 4> products;
            for (std::size_t i = 0; i < 4; ++i) products[i] = &loss.products[i];
            loss.objective.hessian_vectors(loss.theta, v, products);
        },
        4);
}
void plane_jets(benchmark::State& state) {
    measure(state, [](Loss& loss) {
        std::vector<PlaneJet<double>> jets(static_cast<std::size_t>(loss.objective.samples()));
        loss.objective.sample_jets(loss.theta, loss.delta, loss.eta, jets);
        benchmark::DoNotOptimize(jets.data());
    });
}

}  // namespace

BENCHMARK(value)->Arg(0)->Arg(1);
BENCHMARK(gradient)->Arg(0)->Arg(1);
BENCHMARK(hessian_vector)->Arg(0)->Arg(1);
BENCHMARK(four_hessian_vectors)->Arg(0)->Arg(1);
BENCHMARK(plane_jets)->Arg(0)->Arg(1);

BENCHMARK_MAIN();
