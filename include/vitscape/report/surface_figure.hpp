// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <vitscape/landscape/surface.hpp>
#include <vitscape/report/figure_script.hpp>
#include <vitscape/report/mark_points.hpp>

namespace vitscape {

/// Writes a 3-D figure (.png, .svg or .pdf): the loss as a coloured height over the plane, with its iso-lines on
/// the floor, and its marks on the surface. Several panels are placed side by side with a common scale of heights and colours. NaN points
/// are holes.
/// @throws ConfigError if gnuplot is missing or there is nothing to draw; IoError if it fails or the
///         file cannot be written.
inline void write_surface_figure(const std::filesystem::path& path, const std::vector<FigurePanel>& panels,
                                 const FigureOptions& options = {}) {
    using detail::FigureScript;
    detail::check_panels(panels);
    const ColorScale scale = detail::common_scale(panels, options.scale);
    const double height = options.plot_height, unit = height / 620, panel_width = 800 * unit;
    const double right = detail::colorbox_margin(scale) * unit;
    const bool panel_titles =
        std::any_of(panels.begin(), panels.end(), [](const auto& panel) { return !panel.title.empty(); });
    const std::size_t columns = detail::panel_columns(panels.size()),
                      rows = (panels.size() + columns - 1) / columns;
    const double head = (20 + (options.title.empty() ? 0 : 34)) * unit;
    const double row_height = height + (panel_titles ? 34 * unit : 0);
    const double width = panel_width * static_cast<double>(columns) + right;
    const double canvas_height = head + static_cast<double>(rows) * row_height;
    const double above_last = static_cast<double>(rows - 1) * row_height;
    // The floor lies below the lowest loss, so that the iso-lines on it can be seen.
    const double floor = scale.logarithmic ? scale.low * std::pow(scale.low / scale.high, 0.35)
                                           : scale.low - 0.35 * (scale.high - scale.low);

    FigureScript script;
    detail::begin_figure(script, path, width, canvas_height, 17 * unit);
    detail::set_loss_axis(script, scale, "cb", 0.03);
    script.line("set multiplot");
    script.line("set view 58, 34");
    script.line("set xyplane at ", FigureScript::number(floor));
    script.line("set pm3d depthorder border lc rgb '#90101030' lw 0.4");
    if (!options.title.empty())
        script.line("set label 1000 ", detail::gnuplot_text(options.title), " at screen ",
                    (width - right) / 2 / width, ",", 1 - 26 * unit / canvas_height, " center font ',",
                    15 * unit, "'");
    for (std::size_t k = 0; k < panels.size(); ++k) {
        const Surface& surface = *panels[k].surface;
        script.line("set tics out scale 0.6");
        detail::set_loss_axis(script, scale, "z", 0.12);
        script.line("set zrange [", FigureScript::number(floor), ":", FigureScript::number(scale.high), "]");
        script.line("set border 127 back lw 0.6 lc rgb '#b0b0b0'");
        script.line("set grid x y z back lw 0.5 lc rgb '#d8d8d8'");
        detail::add_grid(script, "surface", detail::drawn_grid(surface, scale, 50));
        script.begin_data("floor");
        script.line("NaN NaN NaN\n");  // gnuplot rejects an empty block
        const GridValues fine = detail::drawn_grid(surface, scale, 150);
        for (const double level : scale.levels)
            for (const ContourLine& contour : contour_lines(fine, level)) {
                for (const auto& point : contour.points)
                    script.line(FigureScript::number(point[0]), " ", FigureScript::number(point[1]), " ",
                                FigureScript::number(level));
                script.line("\n");
            }
        script.end_data();
        const std::size_t above = k / columns;  // rows of panels
        const double begin = panel_width * static_cast<double>(k % columns),
                     bottom = static_cast<double>(rows - 1 - above) * row_height;
        // gnuplot places the unrotated box between these margins; rotated, it is cos 34 + sin 34 = 1.39 times
        // wider.
        script.line("set lmargin at screen ", (begin + 195 * unit) / width);
        script.line("set rmargin at screen ", (begin + 665 * unit) / width);
        script.line("set bmargin at screen ", (bottom + 148 * unit) / canvas_height);
        script.line("set tmargin at screen ", (bottom + 508 * unit) / canvas_height);
        script.line("set xrange [", surface.x.front(), ":", surface.x.back(), "]");
        script.line("set yrange [", surface.y.front(), ":", surface.y.back(), "]");
        script.line("set xtics ", detail::round_step((surface.x.back() - surface.x.front()) / 4),
                    " offset 0,-0.2");
        script.line("set ytics ", detail::round_step((surface.y.back() - surface.y.front()) / 4));
        script.line("set xlabel ", detail::gnuplot_text(options.x_label), " offset 0,-0.6");
        script.line("set ylabel ", detail::gnuplot_text(options.y_label), " offset ",
                    1 + 0.3 * static_cast<double>(text_width(options.y_label) - 1), ",-0.6");
        script.line("set label 1001 ", detail::gnuplot_text(panels[k].title), " at screen ",
                    (begin + panel_width / 2) / width, ",", (bottom + height + 14 * unit) / canvas_height,
                    " center");
        if (k + 1 == panels.size()) {
            script.line("set colorbox user origin screen ", (width - right + 10 * unit) / width, ",",
                        0.16 * height / canvas_height, " size screen ", 22 * unit / width, ",",
                        (above_last + 0.68 * height) / canvas_height, " border");
            script.line("set label 1002 ", detail::gnuplot_text(options.loss_label), " at screen ",
                        1 - 22 * unit / width, ",", (above_last + height) / 2 / canvas_height,
                        " center rotate by 90");
        } else {
            script.line("unset colorbox");
        }
        script.line("splot $floor using 1:2:(", FigureScript::number(floor),
                    "):3 with lines lw 1.2 lc palette notitle, $surface using 1:2:3 with pm3d notitle");
        script.line("unset label");  // else the next plot draws the title again, on top of itself
        if (panels[k].marks == nullptr || panels[k].marks->empty()) continue;
        // in a plot of their own, for a surface in the order of depth covers what else is in its plot
        detail::add_marks(script, panels[k].marks, surface, detail::FigureAxes::plane_and_loss);
        script.line("unset border\nunset tics\nunset grid\nunset colorbox\nset xlabel ''\nset ylabel ''");
        script.line("splot ", detail::mark_plots(panels[k].marks, "1:2:3").substr(2));
        script.line("unset label");
    }
    script.line("unset multiplot");
    detail::finish_figure(script, path);
}

inline void write_surface_figure(const std::filesystem::path& path, const Surface& surface,
                                 const FigureOptions& options = {}) {
    write_surface_figure(path, {FigurePanel{"", &surface}}, options);
}

}  // namespace vitscape
