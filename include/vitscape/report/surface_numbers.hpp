// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <vitscape/landscape/flatness.hpp>
#include <vitscape/landscape/surface.hpp>

namespace vitscape {

/// A loss of a grid, as its rise over the centre's: loss - L(theta), and that difference's standard error over the same samples
/// (NaN where it is not known).
struct GridRise {
    std::size_t point = 0;  ///< index among all points, the last axis fastest
    double loss = std::numeric_limits<double>::quiet_NaN();
    double rise = std::numeric_limits<double>::quiet_NaN();
    double standard_error = std::numeric_limits<double>::quiet_NaN();
};

/// How high a grid of losses rises, and how that compares with the standard errors.
struct GridSummary {
    std::size_t points = 0, computed = 0, finite = 0;
    GridRise lowest, highest;  ///< without a finite loss, NaN
    /// Finite points other than the centre whose rise is known with an error, and those of them within two errors of zero.
    std::size_t compared = 0, within_two_errors = 0;
    double largest_error = std::numeric_limits<double>::quiet_NaN();  ///< of a rise
    double median_error = std::numeric_limits<double>::quiet_NaN();

    /// The largest error relative to the range of the losses; NaN where one of them is not known or the range is empty.
    [[nodiscard]] double error_over_relief() const {
        const double relief = highest.loss - lowest.loss;
        return relief > 0 ? largest_error / relief : std::numeric_limits<double>::quiet_NaN();
    }
};

/// @param grid  a `Surface`, or another with `loss`, `difference_standard_error`, `computed` and `centre_loss`
template <class G>
[[nodiscard]] GridSummary summarize(const G& grid) {
    GridSummary summary;
    summary.points = grid.loss.size();
    std::vector<double> errors;
    for (std::size_t i = 0; i < summary.points; ++i) {
        summary.computed += grid.computed.data()[i] != 0;
        const double loss = grid.loss.data()[i], error = grid.difference_standard_error.data()[i];
        if (!std::isfinite(loss)) continue;
        const GridRise here{i, loss, loss - grid.centre_loss, error};
        if (summary.finite++ == 0) summary.lowest = summary.highest = here;
        if (loss < summary.lowest.loss) summary.lowest = here;
        if (loss > summary.highest.loss) summary.highest = here;
        // that of the centre itself is zero, the same numbers minus themselves
        if (!(error > 0) && here.rise == 0) continue;
        if (!std::isfinite(error)) continue;
        errors.push_back(error);
        ++summary.compared;
        summary.within_two_errors += std::abs(here.rise) < 2 * error;
    }
    if (!errors.empty()) {
        const auto middle = errors.begin() + static_cast<std::ptrdiff_t>(errors.size() / 2);
        std::nth_element(errors.begin(), middle, errors.end());
        summary.median_error = *middle;
        summary.largest_error = *std::max_element(middle, errors.end());
    }
    return summary;
}

/// The area around the centre where the loss is at most a level (`area_below`), and the areas where it would be if all losses
/// were two standard errors of their difference from the centre higher, or lower.
struct AreaRange {
    RegionExtent extent;
    double smaller = 0, larger = 0;
};

/// @throws as `area_below`
[[nodiscard]] inline AreaRange area_range_below(const Surface& surface, double level) {
    const auto moved = [&](double errors) {
        Surface other = surface;
        for (std::size_t i = 0; i < other.loss.size(); ++i) {
            const double error = surface.difference_standard_error.data()[i];
            if (std::isfinite(error)) other.loss.data()[i] += errors * error;
        }
        return area_below(other, level).area;
    };
    return {area_below(surface, level), moved(2), moved(-2)};
}

}  // namespace vitscape
