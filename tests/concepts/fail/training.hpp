// SPDX-License-Identifier: Apache-2.0
//
// A small training; each program of this folder that includes this breaks one of its parts.
#pragma once

#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/optim/sgd.hpp>
#include <vitscape/train/trainer.hpp>

using namespace vitscape;

using Cpu64 = CpuPrimitives<double>;

template <class... Callbacks>
void train(Callbacks... callbacks) {
    Trainer trainer{Cpu64{},
                    MaskedAutoencoder<>({.encoder = {16, 4, {.width = 12, .depth = 1, .heads = 2}},
                                         .decoder = {.width = 8, .depth = 1, .heads = 2}}),
                    Sgd{}, ConstantRate{}, 0};
    trainer.fit(Synthetic(8, 16), {.epochs = 1, .batch = 4, .transform = {.side = 16}}, callbacks...);
}
