// SPDX-License-Identifier: Apache-2.0
// expect: an optimizer lacks State
#include "training.hpp"

struct Descent {};

int main() {
    Trainer trainer{Cpu64{}, MaskedAutoencoder<>({.encoder = vit_tiny(32, 4)}), Descent{}, ConstantRate{}, 0};
}
