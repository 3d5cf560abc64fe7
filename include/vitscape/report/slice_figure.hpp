// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/landscape/surface.hpp>
#include <vitscape/report/figure_script.hpp>
#include <vitscape/report/mark_points.hpp>
#include <vitscape/report/series_color.hpp>

namespace vitscape {

/// The error shown by the band of a slice.
enum class SliceBand { none, standard_error, difference_standard_error };

namespace detail {

/// The row of a surface through the centre: the one whose y is closest to 0.
inline std::size_t central_row(const Surface& surface) {
    const auto nearest = std::min_element(surface.y.begin(), surface.y.end(),
                                          [](double a, double b) { return std::abs(a) < std::abs(b); });
    return static_cast<std::size_t>(nearest - surface.y.begin());
}

}  // namespace detail

/// Writes the loss along x (.png, .svg or .pdf): a line, or the row of a surface closest to y = 0, with a
/// band of two standard errors on each side. Several panels are several curves in one plot, with the
/// marks of the first. NaN points are gaps. A curve with `computed` points has dots at those alone.
/// @throws ConfigError if gnuplot is missing or there is nothing to draw; IoError if it fails or the
///         file cannot be written.
inline void write_slice(const std::filesystem::path& path, const std::vector<FigurePanel>& curves,
                        const FigureOptions& options = {},
                        SliceBand band = SliceBand::difference_standard_error) {
    using detail::FigureScript;
    if (curves.empty()) throw ConfigError("a figure needs at least one surface");
    double low = std::nan(""), high = low;
    FigureScript data;
    std::string plots;
    for (std::size_t k = 0; k < curves.size(); ++k) {
        if (curves[k].surface == nullptr || curves[k].surface->columns() < 2)
            throw ConfigError("a slice needs at least 2 points along x");
        const Surface& surface = *curves[k].surface;
        const std::size_t row = detail::central_row(surface);
        const auto& errors =
            band == SliceBand::standard_error ? surface.standard_error : surface.difference_standard_error;
        data.begin_data(message("curve", k));
        for (std::size_t i = 0; i < surface.x.size(); ++i) {
            const double loss = surface.loss(row, i);
            const double error = band == SliceBand::none ? std::nan("") : 2 * errors(row, i);
            const double reach = std::isfinite(error) ? error : 0;
            if (std::isfinite(loss)) {
                if (!(low <= loss - reach)) low = loss - reach;
                if (!(high >= loss + reach)) high = loss + reach;
            }
            data.line(FigureScript::number(surface.x[i]), " ", FigureScript::number(loss), " ",
                      FigureScript::number(loss - error), " ", FigureScript::number(loss + error));
        }
        data.end_data();
        const std::string color = message("'", series_color(k), "'");
        plots +=
            message(k == 0 ? "plot " : ", ", "$curve", k,
                    " using 1:3:4 with filledcurves fillstyle transparent solid 0.25 noborder lc rgb ", color,
                    " notitle, $curve", k,
                    curves[k].computed != nullptr ? " using 1:2 with lines" : " using 1:2 with linespoints",
                    series_dashed(k) ? " dt 2" : "",
                    curves[k].computed != nullptr ? " lw 2 lc rgb " : " lw 2 pt 7 ps 0.5 lc rgb ", color,
                    curves[k].title.empty() ? " notitle" : " title ",
                    curves[k].title.empty() ? "" : detail::gnuplot_text(curves[k].title));
        if (curves[k].computed == nullptr) continue;
        data.begin_data(message("computed", k));
        data.line("NaN NaN\n");  // gnuplot rejects an empty block
        for (const auto& [x, y] : *curves[k].computed)
            data.line(FigureScript::number(x), " ",
                      FigureScript::number(detail::loss_between(surface, x, y)));
        data.end_data();
        plots += message(", $computed", k, " using 1:2 with points pt 7 ps 0.6 lc rgb ", color, " notitle");
    }
    if (!std::isfinite(low)) throw ConfigError("there is no finite loss to draw");
    const double unit = options.plot_height / 620.0;
    FigureScript script;
    detail::begin_figure(script, path, 900 * unit, 620 * unit, 17 * unit);
    const bool logarithmic = options.scale == LossScale::logarithmic ||
                             (options.scale == LossScale::automatic && low > 0 && high > 30 * low);
    if (logarithmic && !(low > 0))
        throw ConfigError(message("a logarithmic scale needs positive losses, the smallest is ", low));
    const double margin = high > low ? 0.05 * (high - low) : std::max(std::abs(high), 1.0) * 0.05;
    if (logarithmic)
        script.line("set logscale y\nset yrange [", FigureScript::number(low / 1.15), ":",
                    FigureScript::number(high * 1.15), "]");
    else
        script.line("set yrange [", FigureScript::number(low - margin), ":",
                    FigureScript::number(high + margin), "]");
    script.line("set border 3");
    script.line("set tics out nomirror scale 0.6");
    script.line("set grid lw 0.6 lc rgb '#e0e0e0'");
    script.line("set key top center");
    script.line("set lmargin 11\nset rmargin 4");
    script.line("set xlabel ", detail::gnuplot_text(options.x_label));
    script.line("set ylabel ", detail::gnuplot_text(options.loss_label), " offset -0.5,0");
    if (!options.title.empty()) script.line("set title ", detail::gnuplot_text(options.title));
    const auto& x = curves.front().surface->x;
    script.line("set xrange [", x.front(), ":", x.back(), "]");
    detail::add_marks(data, curves.front().marks, *curves.front().surface, detail::FigureAxes::line_and_loss);
    plots += detail::mark_plots(curves.front().marks, "1:3");
    FigureScript whole;
    whole.line(script.text(), data.text(), plots);
    detail::finish_figure(whole, path);
}

inline void write_slice(const std::filesystem::path& path, const Surface& surface,
                        const FigureOptions& options = {},
                        SliceBand band = SliceBand::difference_standard_error) {
    write_slice(path, {FigurePanel{"", &surface}}, options, band);
}

}  // namespace vitscape
