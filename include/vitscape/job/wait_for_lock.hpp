// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/core/error.hpp>
#include <vitscape/core/interrupt.hpp>
#include <vitscape/core/output_lock.hpp>
#include <vitscape/job/clock.hpp>

namespace vitscape {

/// The lock of a job's output, while one worker writes it. Another program that has it is given a minute.
/// @param take  takes the lock or throws  @throws ConfigError where the other one still has it
template <class Take>
[[nodiscard]] OutputLock wait_for_lock(const Take& take, const JobClock& clock = {}) {
    for (const double start = clock.now();;) {
        try {
            return take();
        } catch (const ConfigError&) {
            if (clock.now() - start > 60 || interrupted()) throw;
            clock.sleep(0.5);
        }
    }
}

}  // namespace vitscape
