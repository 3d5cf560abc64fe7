// SPDX-License-Identifier: Apache-2.0
//
// A whole step of a masked autoencoder on random images: what the benchmarks time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/mae/masked_autoencoder.hpp>
#include <vitscape/nn/parameter_groups.hpp>
#include <vitscape/optim/adamw.hpp>

namespace vitscape::benchmarks {

/// small32 (the small CIFAR-10 model), tiny32 (ViT-Tiny, 32 pixels) or base224 (ViT-Base, 224 pixels).
inline MaskedAutoencoderConfig<> autoencoder_named(const std::string& size) {
    if (size == "tiny32") return {.encoder = vit_tiny(32, 4), .decoder = {128, 2, 4}};
    if (size == "base224") return {.encoder = vit_base()};
    return {.encoder = {32, 4, {96, 4, 3}}, .decoder = {64, 1, 4}};
}

/// One model with `batch` decoded images. A training step is all of it: masks, patches, forward, backward, the norm of
/// the gradient and AdamW; an evaluation is masks, patches and forward.
class AutoencoderStep {
    using B = Cpu<float>;

  public:
    AutoencoderStep(const std::string& size, std::size_t batch, int threads, bool train)
        : train_(train),
          backend_(threads),
          model_(autoencoder_named(size)),
          groups_(parameter_groups(model_.layout())),
          theta_(backend_, initial_values(model_.layout(), 0)),
          gradient_(backend_, train ? theta_.size() : 0),
          tape_(backend_, theta_.data(), gradient_.data()),
          losses_(batch) {
        if (train) moments_ = optimizer_.start(backend_, theta_.size());
        const auto side = static_cast<std::size_t>(model_.grid().image);
        images_.images.resize(std::array<std::size_t, 4>{batch, 3, side, side});
        for (std::size_t i = 0; i < images_.images.size(); ++i)
            images_.images.data()[i] = static_cast<float>(random_uniform(RandomKey{.seed = 1}, i) - 0.5);
        for (std::size_t i = 0; i < batch; ++i) images_.samples.push_back(static_cast<std::uint32_t>(i));
    }

    [[nodiscard]] int threads() const { return backend_.threads(); }

    void run() {
        const auto count = static_cast<Index>(losses_.size());
        model_.prepare(backend_, images_, MaskKey{0, step_++}, inputs_);
        if (!train_) {
            Eval<B> eval(backend_, theta_.data());
            backend_.download(count, model_.losses(eval, inputs_).data(), losses_.data());
            return;
        }
        fill(0, gradient_);
        const Variable<B> losses = model_.losses(tape_, inputs_);
        backend_.download(count, losses.data(), losses_.data());
        tape_.backward(losses);
        (void)norm(gradient_);
        optimizer_.step(moments_, std::span<const ParameterGroup>(groups_), 1e-4,
                        1 / static_cast<double>(count), gradient_, theta_);
    }

  private:
    bool train_;
    B backend_;
    MaskedAutoencoder<> model_;
    std::vector<ParameterGroup> groups_;
    Vector<B> theta_, gradient_;
    Tape<B> tape_;
    AdamW optimizer_;
    AdamW::State<B> moments_;
    MaskedAutoencoder<>::Inputs<B> inputs_;
    Batch images_;
    std::vector<double> losses_;
    std::uint32_t step_ = 0;
};

}  // namespace vitscape::benchmarks
