// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include <vitscape/core/interrupt.hpp>

namespace vitscape {

/// The time of a worker; tests have their own. Two workers' clocks are never compared.
struct JobClock {
    /// Seconds since an arbitrary fixed time, which never go back.
    std::function<double()> now = [] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    };
    /// Waits; not to the end where a signal comes (`interrupted()`).
    std::function<void(double)> sleep = [](double seconds) {
        for (double left = seconds; left > 0 && !interrupted(); left -= 0.1)
            std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, 0.1)));
    };
};

}  // namespace vitscape
