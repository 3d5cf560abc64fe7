// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/study/rows.hpp>

namespace vitscape {

namespace detail {

/// Epochs until a curve reaches a level, interpolated linearly between epochs; NaN if it does not.
inline double epochs_until(const JsonValue& curve, const std::string& name, double level, bool falling) {
    double before = std::numeric_limits<double>::quiet_NaN(), epoch_before = 0;
    if (!curve.contains(name)) return before;
    for (std::size_t i = 0; i < curve.at("epoch").size(); ++i) {
        const double value = curve.at(name).at(i).number_or_nan(),
                     epoch = curve.at("epoch").at(i).to<double>();
        if (std::isnan(value)) continue;
        if (falling ? value <= level : value >= level)
            return std::isnan(before)
                       ? epoch
                       : epoch_before + (epoch - epoch_before) * (level - before) / (value - before);
        before = value, epoch_before = epoch;
    }
    return std::numeric_limits<double>::quiet_NaN();
}

/// The accuracy and reconstruction errors by which the speed of convergence is measured: the mean reconstruction error of the
/// first contestant that has one, after half and after all of its epochs, and nine tenths of the smallest mean probe
/// accuracy at the end.
struct ConvergenceLevels {
    double reconstruction_half = 0, reconstruction_end = 0, probe = 1;

    /// @param curves  per contestant and seed
    explicit ConvergenceLevels(const std::vector<std::vector<JsonValue>>& curves) {
        const auto rounded = [](double x) { return std::ceil(x * 1e4) / 1e4; };
        bool first = true;
        for (const auto& of_contestant : curves) {
            double half = 0, end = 0, last = 0;
            const double runs = static_cast<double>(of_contestant.size());
            for (const JsonValue& curve : of_contestant) {
                const std::size_t count = curve.at("epoch").size();
                if (count == 0) curve.at("epoch").refuse("is empty");
                half += curve.at("reconstruction_loss").at((count - 1) / 2).number_or_nan() / runs;
                end += curve.at("reconstruction_loss").back().number_or_nan() / runs;
                last += curve.at("probe_accuracy").back().number_or_nan() / runs;
            }
            probe = std::min(probe, 0.9 * last);
            if (first && std::isfinite(end)) {
                reconstruction_half = rounded(half), reconstruction_end = rounded(end);
                first = false;
            }
        }
        probe = std::floor(probe * 1e3) / 1e3;
    }
};

}  // namespace detail

/// Number of epochs to common levels of reconstruction error and probe accuracy.
struct ConvergenceMeasure {
    static constexpr std::string_view key = "training";
    template <class Self, class Visitor>
    static void fields(Self&, Visitor&) {}
    void check() const {}
    void rows(Rows& rows) const {
        const detail::ConvergenceLevels levels(rows.results());
        const auto epochs = [&](const char* row, std::string name, const char* curve, double level,
                                bool falling, std::string_view note = "") {
            rows.add(
                {.key = row,
                 .group = "convergence",
                 .name = std::move(name),
                 .unit = "epochs",
                 .meaning = message("linear between epochs; none if the training did not reach it", note),
                 .better = Better::lower},
                [=](const JsonValue& training) {
                    return MeasuredValue{.value = detail::epochs_until(training, curve, level, falling)};
                });
        };
        const double half = levels.reconstruction_half, end = levels.reconstruction_end;
        const auto error = [](double level) {
            return level > 0 ? message("to a reconstruction error of ", plain_number(level))
                             : std::string("to a reconstruction error, which no method has");
        };
        constexpr std::string_view own =
            "; by each method's own error (MAE: squared, SimMIM: absolute), so only methods with the same "
            "one compare";
        epochs("reconstruction_half", error(half), "reconstruction_loss", half, true, own);
        epochs("reconstruction_end", error(end), "reconstruction_loss", end, true, own);
        epochs("probe", message("to a probe accuracy of ", plain_number(100 * levels.probe), " %"),
               "probe_accuracy", levels.probe, false);
    }
};

}  // namespace vitscape
