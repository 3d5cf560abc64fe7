// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include <vitscape/train/training_state.hpp>

namespace vitscape::test {

/// A callback that stops a training from inside, as a kill would.
struct StopAt {
    std::uint32_t epoch;
    std::size_t batch;
    template <class T>
    void on_step(T&, const StepRecord& step) const {
        if (step.epoch == epoch && step.batch == batch) throw std::runtime_error("stopped");
    }
};

}  // namespace vitscape::test
