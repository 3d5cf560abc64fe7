// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/number_text.hpp>
#include <vitscape/core/progress.hpp>
#include <vitscape/study/measure.hpp>

namespace vitscape {

namespace detail {

/// The points of a column of a training curve that hold a number: epochs, seconds since the start, values.
struct CurvePoints {
    std::vector<double> epochs, seconds, values;

    CurvePoints(const JsonValue& curve, const std::string& column) {
        if (!curve.contains(column)) return;
        double spent = 0;
        for (std::size_t i = 0; i < curve.at("epoch").size(); ++i) {
            spent += curve.at("seconds").at(i).number_or_nan();
            const double value = curve.at(column).at(i).number_or_nan();
            if (std::isnan(value)) continue;
            epochs.push_back(curve.at("epoch").at(i).to<double>());
            seconds.push_back(spent);
            values.push_back(value);
        }
    }
    /// The mean of the values over the epochs between the first and the last point, linear between points.
    [[nodiscard]] double mean() const {
        if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
        if (values.size() == 1) return values.front();
        double area = 0;
        for (std::size_t i = 1; i < values.size(); ++i)
            area += 0.5 * (values[i] + values[i - 1]) * (epochs[i] - epochs[i - 1]);
        return area / (epochs.back() - epochs.front());
    }
    /// The seconds after which the values first reach `level`, linear between points; NaN if they never do.
    [[nodiscard]] double until(double level) const {
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (!(values[i] >= level)) continue;
            if (i == 0) return seconds[0];
            return seconds[i - 1] +
                   (level - values[i - 1]) / (values[i] - values[i - 1]) * (seconds[i] - seconds[i - 1]);
        }
        return std::numeric_limits<double>::quiet_NaN();
    }
    /// The value after so many seconds, linear between points; that of the first or last point outside of them.
    [[nodiscard]] double at(double time) const {
        if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
        const auto next = std::lower_bound(seconds.begin(), seconds.end(), time);
        if (next == seconds.begin()) return values.front();
        if (next == seconds.end()) return values.back();
        const auto i = static_cast<std::size_t>(next - seconds.begin());
        const double part = (time - seconds[i - 1]) / (seconds[i] - seconds[i - 1]);
        return values[i - 1] + part * (values[i] - values[i - 1]);
    }
};

/// The duration of the shortest training that has numbers in a column: the least mean over seeds; NaN if none has.
[[nodiscard]] inline double equal_time(const std::vector<std::vector<JsonValue>>& curves,
                                       const std::string& column) {
    double least = std::numeric_limits<double>::infinity();
    for (const auto& of_contestant : curves) {
        double mean = 0;
        for (const JsonValue& curve : of_contestant) {
            const CurvePoints points(curve, column);
            mean +=
                (points.seconds.empty() ? std::numeric_limits<double>::infinity() : points.seconds.back()) /
                static_cast<double>(of_contestant.size());
        }
        least = std::min(least, mean);
    }
    return std::isfinite(least) ? least : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace detail

/// Speed of convergence: the area under the curve of the reconstruction error of held-out images, that error at the end and
/// after equal time, and the probe's accuracy after equal time. No level is chosen that some runs may never reach.
struct ConvergenceMeasure {
    static constexpr std::string_view key = "training";
    template <class Self, class Visitor>
    static void fields(Self&, Visitor&) {}
    void check() const {}
    void rows(Rows& rows) const {
        const auto curves = rows.results();
        const std::string own =
            "by each method's own error (MAE: squared, SimMIM: absolute), so only methods with the same one "
            "compare";
        const auto after = [&](const std::string& column) {
            const double time = detail::equal_time(curves, column);
            return std::pair{
                time, std::isnan(time) ? std::string("equal time") : duration_text(time) + " of training"};
        };
        const auto add = [&](const char* row, const std::string& name, const char* column, Better better,
                             const std::string& meaning, const auto& of) {
            rows.add({.key = row,
                      .group = "convergence",
                      .name = name,
                      .unit = better == Better::higher ? "fraction" : "",
                      .meaning = meaning,
                      .better = better},
                     [of, column](const JsonValue& training) {
                         return MeasuredValue{.value = of(detail::CurvePoints(training, column))};
                     });
        };
        using Points = detail::CurvePoints;
        add("reconstruction_area", "mean reconstruction error over the epochs", "reconstruction_loss",
            Better::lower, "the area under the curve; " + own, [](const Points& p) { return p.mean(); });
        add("reconstruction_end", "reconstruction error after all epochs", "reconstruction_loss",
            Better::lower, own, [](const Points& p) {
                return p.values.empty() ? std::numeric_limits<double>::quiet_NaN() : p.values.back();
            });
        const auto [time, text] = after("reconstruction_loss");
        add("reconstruction_at_time", "reconstruction error after " + text, "reconstruction_loss",
            Better::lower, "the duration of the shortest training; " + own,
            [time = time](const Points& p) { return p.at(time); });
        const auto [probe_time, probe_text] = after("probe_accuracy");
        add("probe_at_time", "probe accuracy after " + probe_text, "probe_accuracy", Better::higher,
            "the duration of the shortest training",
            [time = probe_time](const Points& p) { return p.at(time); });
    }
};

}  // namespace vitscape
