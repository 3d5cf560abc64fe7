// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/report/figure_script.hpp>
#include <vitscape/report/series_color.hpp>

namespace vitscape {

/// A curve and the band around it; NaN for missing values.
struct BandCurve {
    std::string title;
    std::size_t series = 0;  ///< determines the colour
    std::vector<double> x, middle, low, high;
    std::size_t count = 0;  ///< number of runs or lines averaged
};

/// One plot of a figure of curves.
struct BandPanel {
    std::string title, x_label, y_label;
    std::vector<BandCurve> curves;
};

/// Smallest and largest value of the curves and their bands; {NaN, NaN} without values.
[[nodiscard]] inline std::pair<double, double> range_of(const std::vector<BandCurve>& curves) {
    std::pair<double, double> range{std::nan(""), std::nan("")};
    for (const BandCurve& curve : curves)
        for (const auto* numbers : {&curve.middle, &curve.low, &curve.high})
            for (const double value : *numbers) {
                if (!std::isfinite(value)) continue;
                if (!(range.first <= value)) range.first = value;
                if (!(range.second >= value)) range.second = value;
            }
    return range;
}

/// Whether a plot of this range is logarithmic: the rule of `LossScale::automatic`.
[[nodiscard]] inline bool is_logarithmic(const std::pair<double, double>& range) {
    return range.first > 0 && range.second > 30 * range.first;
}

/// Writes curves with bands (.png, .svg or .pdf), with the plots side by side. A plot whose positive values differ by
/// more than a factor of 30 is logarithmic. NaN points are gaps.
/// @throws ConfigError if gnuplot is missing or there is nothing to draw; IoError if it fails or the file cannot
///         be written.
inline void write_band_figure(const std::filesystem::path& path, const std::vector<BandPanel>& panels) {
    using detail::FigureScript;
    if (panels.empty()) throw ConfigError("a figure needs at least one curve");
    FigureScript script;
    const double width = 760, height = 560;
    const std::size_t columns = detail::panel_columns(panels.size()),
                      rows = (panels.size() + columns - 1) / columns;
    detail::begin_figure(script, path, width * static_cast<double>(columns),
                         height * static_cast<double>(rows), 17);
    script.line("set multiplot layout ", rows, ",", columns);
    script.line(
        "set border 3\nset tics out nomirror scale 0.6\nset grid lw 0.6 lc rgb '#e0e0e0'\nset lmargin 11\n"
        "set rmargin 3\nset key tmargin center horizontal Left reverse");
    for (const BandPanel& panel : panels) {
        const auto [low, high] = range_of(panel.curves);
        if (!std::isfinite(low))
            throw ConfigError(message("there is no finite number to draw in '", panel.title, "'"));
        std::string plots;
        for (std::size_t k = 0; k < panel.curves.size(); ++k) {
            const BandCurve& curve = panel.curves[k];
            script.begin_data(message("curve", k));
            for (std::size_t i = 0; i < curve.x.size(); ++i)
                script.line(FigureScript::number(curve.x[i]), " ", FigureScript::number(curve.middle[i]), " ",
                            FigureScript::number(curve.low[i]), " ", FigureScript::number(curve.high[i]));
            script.end_data();
            const std::string color =
                message("'", series_color(curve.series), "'");  // GCC 12 warns about + here
            plots += message(
                k == 0 ? "plot " : ", ", "$curve", k,
                " using 1:3:4 with filledcurves fillstyle transparent solid 0.22 noborder lc rgb ", color,
                " notitle, $curve", k, " using 1:2 with ", curve.x.size() > 40 ? "lines" : "linespoints",
                series_dashed(curve.series) ? " dt 2" : "", " lw 2 pt ", 5 + 2 * (curve.series % 5),
                " ps 0.6 lc rgb ", color, " title ", detail::gnuplot_text(curve.title));
        }
        const double margin = high > low ? 0.05 * (high - low) : std::max(std::abs(high), 1.0) * 0.05;
        if (is_logarithmic({low, high}))
            script.line("set logscale y\nset format y '%g'\nset yrange [", FigureScript::number(low / 1.15),
                        ":", FigureScript::number(high * 1.15), "]");
        else
            script.line("unset logscale y\nset format y '%h'\nset yrange [",
                        FigureScript::number(low - margin), ":", FigureScript::number(high + margin), "]");
        script.line("set title ", detail::gnuplot_text(panel.title));
        script.line("set xlabel ", detail::gnuplot_text(panel.x_label));
        script.line("set ylabel ", detail::gnuplot_text(panel.y_label), " offset -0.5,0");
        script.line(plots);
    }
    script.line("unset multiplot");
    detail::finish_figure(script, path);
}

}  // namespace vitscape
