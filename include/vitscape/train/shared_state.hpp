// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <vitscape/train/trainer.hpp>

namespace vitscape {

/// Gives the state of process 0's trainer to those of all processes of its communicator, which all call this: one of them reads
/// a checkpoint, and needs to see its file.
template <class T>
void share_state(T& trainer) {
    auto& processes = trainer.communicator();
    if (processes.size() == 1) return;
    auto& state = trainer.state();
    double numbers[] = {static_cast<double>(state.epoch), static_cast<double>(state.batch), state.loss_sum,
                        static_cast<double>(state.loss_count), static_cast<double>(state.optimizer.steps)};
    if (processes.rank() != 0)
        for (double& number : numbers) number = 0;
    processes.sum(numbers, 5);
    state.epoch = static_cast<std::uint32_t>(numbers[0]);
    state.batch = static_cast<std::size_t>(numbers[1]);
    state.loss_sum = numbers[2];
    state.loss_count = static_cast<Index>(numbers[3]);
    state.optimizer.steps = static_cast<Index>(numbers[4]);
    const auto share = [&](auto& vector) {
        processes.broadcast(vector.backend(), vector.size(), vector.data(), 0);
    };
    share(state.theta);
    if (state.teacher.size() > 0) share(state.teacher);
    for (const auto& [name, vector] : state.optimizer.vectors()) share(*vector);
}

}  // namespace vitscape
