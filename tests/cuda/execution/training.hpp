// SPDX-License-Identifier: Apache-2.0
//
// A small masked autoencoder and 20 steps of its training, on any backend.
#pragma once

#include <memory>
#include <vector>

#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/optim/adamw.hpp>
#include <vitscape/optim/schedule.hpp>
#include <vitscape/train/trainer.hpp>

#include "../device_test.hpp"

namespace vitscape::test {

/// 16 patches, of which 4 are visible; attention of head width 32, by the kernels, and of 16, by the primitives.
inline MaskedAutoencoderConfig<> small_autoencoder() {
    return {.encoder = {16, 4, {64, 2, 2}}, .decoder = {.width = 32, .depth = 1, .heads = 2}};
}

/// Counts how often its forward pass is written out by the host.
struct CountingAutoencoder : MaskedAutoencoder<> {
    CountingAutoencoder() : MaskedAutoencoder<>(small_autoencoder()) {}
    template <Recorder R, class B = typename R::BackendType>
    Variable<Master<B>> losses(R& recorder, const Inputs<B>& inputs) const {
        ++*calls;
        return MaskedAutoencoder<>::losses(recorder, inputs);
    }
    std::shared_ptr<int> calls = std::make_shared<int>(0);
};

struct Training {
    std::vector<double> theta, teacher, losses, norms;
    int calls = 0;                            ///< of the forward pass
    std::size_t after_three = 0, at_end = 0;  ///< allocations from the system
};

/// Notes what every step says, and the allocations so far.
struct Watch {
    Training& training;
    template <class Trainer>
    void on_step(Trainer& trainer, const StepRecord& step) const {
        training.losses.push_back(step.loss);
        training.norms.push_back(step.gradient_norm);
        training.at_end = trainer.backend().memory().system_allocations();
        if (training.losses.size() == 3) training.after_three = training.at_end;
    }
};

/// 20 steps of `16 * accumulate` images.
template <class B, class M = CountingAutoencoder>
Training train(const B& backend, std::size_t accumulate = 1, const M& method = {}) {
    const Synthetic images(64 * accumulate, 16);
    TrainOptions options{.epochs = 5, .batch = 16, .accumulate = accumulate};
    options.transform = {.side = 16, .crop = Crop::random_resized, .flip = true};
    Trainer trainer{backend, method, AdamW{}, WarmupCosine{.peak = 1e-3, .warmup_epochs = 1}, 3};
    Training result;
    trainer.fit(images, options, Watch{result});
    result.theta = trainer.theta().to_host();
    if constexpr (TaughtMethod<M, B>) result.teacher = trainer.teacher().to_host();
    if constexpr (requires { method.calls; }) result.calls = *trainer.method().calls;
    return result;
}

/// Largest relative difference.
inline double worst(const std::vector<double>& a, const std::vector<double>& b) {
    double result = a.size() == b.size() ? 0 : INFINITY;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        result = std::max(result, std::abs(a[i] - b[i]) / std::abs(b[i]));
    return result;
}

}  // namespace vitscape::test
