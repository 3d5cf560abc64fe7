// SPDX-License-Identifier: Apache-2.0
//
// A whole step of a masked autoencoder on random images: what the benchmarks time.
#pragma once

#include <string>
#include <utility>

#include <vitscape/backend/eigen/cpu.hpp>

#include "autoencoder_sizes.hpp"
#include "model_step.hpp"

namespace vitscape::benchmarks {

/// One model with `batch` decoded images on the processor, on `Cpu<T>`. A training step is all of it: masks, patches, forward,
/// backward, the norm of the gradient and AdamW; an evaluation is masks, patches and forward.
template <class T = float>
class AutoencoderStep {
  public:
    AutoencoderStep(const std::string& size, std::size_t batch, int threads, bool train,
                    bool checkpoint_blocks = false)
        : AutoencoderStep(MaskedAutoencoder<>(autoencoder_named(size)), batch, threads, train) {
        step_.use_checkpoints(checkpoint_blocks);
    }

    [[nodiscard]] int threads() { return step_.backend().threads(); }
    void run() { step_.run(); }

  private:
    AutoencoderStep(const MaskedAutoencoder<>& model, std::size_t batch, int threads, bool train)
        : step_(Cpu<T>(threads), model, random_images(batch, model.grid().image),
                train ? Work::training : Work::evaluation, Images::from_host) {}

    ModelStep<Cpu<T>, MaskedAutoencoder<>> step_;
};

}  // namespace vitscape::benchmarks
