// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <vitscape/core/interrupt.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// Progress reports and interruption of long work; all of it is optional.
struct WorkControl {
    /// Called after each step (a point, an evaluation, a product) with the number done and the total; may throw to stop.
    std::function<void(Index, Index)> progress = {};
    /// Called before each step; true ends the work with `Interrupted`. By default it checks for a signal while an
    /// `InterruptGuard` exists.
    std::function<bool()> interrupted = [] { return vitscape::interrupted(); };

    void report(Index done, Index total) const {
        if (progress) progress(done, total);
    }
    [[nodiscard]] bool must_stop() const { return interrupted && interrupted(); }
};

}  // namespace vitscape
