// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include <vitscape/study/plan.hpp>
#include <vitscape/study/time.hpp>

namespace vitscape {

/// Chooses measures as fine as leave two fifths of the budget to training, then as many epochs as fit; a tenth of the
/// budget is kept for what goes slower than expected. `time()` gives the `PlanTime` of the plan as it then is.
/// @throws ConfigError where not even one epoch with the coarsest measures fits
template <class Time>
void fit_budget(ComparisonPlan& plan, double minutes, const Time& time) {
    struct Fineness {
        std::uint32_t pairs;
        Index grid, convex_grid, steps;
    };
    const double seconds = 0.9 * 60 * minutes;
    const MeasurePlan asked = plan.measure;
    const std::array levels{Fineness{asked.pairs, asked.grid, asked.convex_grid, asked.lanczos_steps},
                            Fineness{2, 11, 7, 30}, Fineness{1, 9, 5, 20}, Fineness{1, 7, 5, 12}};
    plan.training.epochs = 1;
    PlanTime took;
    for (const Fineness& level : levels) {
        plan.measure.pairs = std::min(asked.pairs, level.pairs);
        plan.measure.grid = std::min(asked.grid, level.grid);
        plan.measure.convex_grid = std::min(asked.convex_grid, level.convex_grid);
        plan.measure.lanczos_steps = std::min(asked.lanczos_steps, level.steps);
        took = time();
        if (took.rest <= 0.6 * seconds) break;
    }
    const double epochs = std::floor((seconds - took.rest) / took.epoch);
    if (epochs < 1)
        throw ConfigError(
            message("a budget of ", minutes,
                    " minutes is too small: one epoch of every method and seed and the coarsest "
                    "measures take about ",
                    std::ceil((took.rest + took.epoch) / (0.9 * 60)),
                    " minutes here. Allow more, or ask for fewer images, seeds or methods, or a "
                    "smaller model"));
    plan.training.epochs = static_cast<std::uint32_t>(std::min(epochs, 1e6));
}

}  // namespace vitscape
