// SPDX-License-Identifier: Apache-2.0
// expect: a schedule lacks at\(double epoch, double epochs\) const
#include "training.hpp"

struct Falling {
    double at(double part) const { return 1 - part; }
};

int main() {
    Trainer trainer{Cpu64{}, MaskedAutoencoder<>({.encoder = vit_tiny(32, 4)}), Sgd{}, Falling{}, 0};
}
