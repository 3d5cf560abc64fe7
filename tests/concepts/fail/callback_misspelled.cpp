// SPDX-License-Identifier: Apache-2.0
// expect: a callback has a member that is called almost like a hook
#include "training.hpp"

struct Watcher {
    template <class T>
    void on_step(T&, const StepRecord&) {}
    template <class T>
    void on_epoch_end(T&, const EpochRecord&) {}
};

int main() { train(Watcher{}); }
