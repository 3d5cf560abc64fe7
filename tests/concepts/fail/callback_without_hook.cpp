// SPDX-License-Identifier: Apache-2.0
// expect: a callback has no hook, the hooks are on_start
#include "training.hpp"

struct Watcher {
    template <class T>
    void on_evening(T&, const EpochRecord&) {}
};

int main() { train(Watcher{}); }
