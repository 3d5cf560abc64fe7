// SPDX-License-Identifier: Apache-2.0
// expect: a checkpoint cannot describe a method, an optimizer or a schedule
#include <vitscape/train/checkpointing.hpp>

#include "training.hpp"

struct Undescribed : MaskedAutoencoder<> {  // neither a card of its own nor describe
    using MaskedAutoencoder<>::MaskedAutoencoder;

  private:
    using MaskedAutoencoder<>::config;
};

int main() {
    Trainer trainer{Cpu64{}, Undescribed({.encoder = vit_tiny(32, 4)}), Sgd{}, ConstantRate{}, 0};
    save_training("checkpoint", trainer, {}, {});
}
