// SPDX-License-Identifier: Apache-2.0
// expect: a communicator lacks, for the backend that holds the parameters, one of start_sum
#include "training.hpp"

struct Alone {
    int rank() const { return 0; }
    int size() const { return 1; }
    void sum(double*, std::size_t) {}
    void barrier() {}
    void abandon() {}
};

int main() {
    Trainer trainer{Cpu64{}, MaskedAutoencoder<>({.encoder = vit_tiny(32, 4)}), Sgd{}, ConstantRate{}, 0,
                    Alone{}};
}
