// SPDX-License-Identifier: Apache-2.0
// expect: an optimizer lacks step\(State<B>&
#include "training.hpp"

struct Descent {
    template <Backend B>
    struct State {
        Index steps = 0;
        std::array<std::pair<std::string_view, Vector<B>*>, 0> vectors() { return {}; }
    };
    template <Backend B>
    State<B> start(const B&, Index) const {
        return {};
    }
};

int main() {
    Trainer trainer{Cpu64{}, MaskedAutoencoder<>({.encoder = vit_tiny(32, 4)}), Descent{}, ConstantRate{}, 0};
}
