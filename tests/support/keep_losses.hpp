// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <vitscape/train/trainer.hpp>

namespace vitscape::test {

/// A callback that keeps the mean loss of each epoch.
struct KeepLosses {
    std::vector<double>* losses;
    template <class T>
    void on_epoch(T&, const EpochRecord& record) const {
        losses->push_back(record.loss);
    }
};

}  // namespace vitscape::test
