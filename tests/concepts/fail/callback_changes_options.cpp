// SPDX-License-Identifier: Apache-2.0
// expect: a callback.s on_start cannot be called as on_start\(Trainer&, const TrainOptions&\)
#include "training.hpp"

struct Watcher {
    template <class T>
    void on_start(T&, TrainOptions& options) {
        options.epochs = 2;
    }
};

int main() { train(Watcher{}); }
