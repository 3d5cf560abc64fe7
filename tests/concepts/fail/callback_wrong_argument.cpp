// SPDX-License-Identifier: Apache-2.0
// expect: a callback.s on_step cannot be called as on_step\(Trainer&, const StepRecord&\)
#include "training.hpp"

struct Watcher {
    template <class T>
    void on_step(T&, const EpochRecord&) {}
};

int main() { train(Watcher{}); }
