// SPDX-License-Identifier: Apache-2.0
// expect: a dataset lacks name\(std::size_t\) const, a std::string
#include "training.hpp"

struct Black {
    std::size_t size() const { return 8; }
    Image load(std::size_t) const { return Image(32, 32); }
    int label(std::size_t) const { return -1; }
    const std::vector<std::string>& classes() const { return names; }
    std::vector<std::string> names{};
};

int main() {
    Trainer trainer{Cpu64{}, MaskedAutoencoder<>({.encoder = vit_tiny(32, 4)}), Sgd{}, ConstantRate{}, 0};
    trainer.fit(Black{}, {.batch = 4, .transform = {.side = 32}});
}
