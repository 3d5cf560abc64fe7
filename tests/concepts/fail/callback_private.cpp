// SPDX-License-Identifier: Apache-2.0
// expect: a callback.s on_interrupt cannot be called as on_interrupt\(Trainer&\)
#include "training.hpp"

struct Watcher {
    template <class T>
    void on_step(T&, const StepRecord&) {}

  private:
    template <class T>
    void on_interrupt(T&) {}
};

int main() { train(Watcher{}); }
