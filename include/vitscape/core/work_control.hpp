// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <vitscape/core/interrupt.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// How long work tells how far it is, and how it is stopped; all of it may be left out.
struct WorkControl {
    /// Called after each step (a point, an evaluation, a product) with the number done and that of all; may throw to stop.
    std::function<void(Index, Index)> progress = {};
    /// Asked before each step; true ends the work with `Interrupted`. By itself it asks whether a signal came while an
    /// `InterruptGuard` lives.
    std::function<bool()> interrupted = [] { return vitscape::interrupted(); };

    void report(Index done, Index total) const {
        if (progress) progress(done, total);
    }
    [[nodiscard]] bool must_stop() const { return interrupted && interrupted(); }
};

}  // namespace vitscape
