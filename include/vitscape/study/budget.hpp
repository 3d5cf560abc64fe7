// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <vitscape/core/error.hpp>
#include <vitscape/study/measure.hpp>
#include <vitscape/study/time.hpp>

namespace vitscape {

/// The choice that fits a budget.
struct BudgetFit {
    int level = 0;  ///< level of the measures (`at_level`)
    std::uint32_t epochs = 1;
};

/// Chooses the finest measures that leave two fifths of the budget to training, then as many epochs as fit; a tenth of the
/// budget is reserved for work that takes longer than expected. `time(level)` is the `PlanTime` with measures of that level; where
/// nothing is trained, measures have all of it, and the epochs are 1.
/// @throws ConfigError if not even one epoch with the coarsest measures fits
template <class Time>
[[nodiscard]] BudgetFit fit_budget(double minutes, const Time& time) {
    const double seconds = 0.9 * 60 * minutes;
    BudgetFit found;
    PlanTime took = time(0);
    const bool trains = took.epoch > 0;
    const double share = trains ? 0.6 : 1;
    while (found.level < coarsest_level && !(took.rest <= share * seconds)) took = time(++found.level);
    if (!trains) {
        if (!(took.rest <= seconds))
            throw ConfigError(message("a budget of ", minutes,
                                      " minutes is too small: the coarsest measures take about ",
                                      std::ceil(took.rest / (0.9 * 60)),
                                      " minutes here. Allow more, or use fewer images, seeds or models"));
        return found;
    }
    const double epochs = std::floor((seconds - took.rest) / took.epoch);
    if (epochs < 1)
        throw ConfigError(
            message("a budget of ", minutes,
                    " minutes is too small: one epoch of every method and seed and the coarsest "
                    "measures take about ",
                    std::ceil((took.rest + took.epoch) / (0.9 * 60)),
                    " minutes here. Allow more, or use fewer images, seeds or methods, or a "
                    "smaller model"));
    found.epochs = static_cast<std::uint32_t>(std::min(epochs, 1e6));
    return found;
}

}  // namespace vitscape
