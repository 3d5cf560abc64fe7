// SPDX-License-Identifier: Apache-2.0
// expect: a callback.s on_epoch cannot be called as on_epoch\(Trainer&, EpochRecord&\)
#include "training.hpp"

struct Watcher {
    void on_epoch(EpochRecord& record) { record.metrics.emplace_back("mine", 1.0); }
};

int main() { train(Watcher{}); }
