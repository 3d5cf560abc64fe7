// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/landscape/surface.hpp>
#include <vitscape/report/contour_labels.hpp>
#include <vitscape/report/figure_script.hpp>
#include <vitscape/report/mark_points.hpp>

namespace vitscape {

namespace detail {

/// The lines and labels of one contour panel, as data blocks and label commands. Lines are white on the dark
/// colours and black on the light ones.
inline void add_contours(FigureScript& script, const GridValues& grid, const ColorScale& scale,
                         double pixel) {
    const double font_height = 13 * pixel;
    ContourLabeller labeller({grid.x.front(), grid.x.back()}, {grid.y.front(), grid.y.back()},
                             0.56 * font_height, font_height);
    std::vector<ContourLine> lines;
    for (const double level : scale.levels)
        for (ContourLine& line : contour_lines(grid, level)) {
            labeller.place(line, scale.text(level));
            lines.push_back(std::move(line));
        }
    const auto is_dark = [&](double level) { return scale.position(level) < 0.62; };
    for (const bool dark : {true, false}) {
        script.begin_data(dark ? "on_dark" : "on_light");
        script.line("NaN NaN\n");  // gnuplot rejects an empty block
        for (const ContourLine& line : lines) {
            if (is_dark(line.level) != dark) continue;
            for (const ContourLine& piece : cut_at_labels(line, labeller.labels())) {
                for (const auto& point : piece.points)
                    script.line(FigureScript::number(point[0]), " ", FigureScript::number(point[1]));
                script.line("");
            }
        }
        script.end_data();
    }
    script.line("unset label");
    for (const ContourLabel& label : labeller.labels())
        script.line("set label ", gnuplot_text(scale.text(label.level)), " at ",
                    FigureScript::number(label.position[0]), ",", FigureScript::number(label.position[1]),
                    " center rotate by ", FigureScript::number(label.angle), " front font ',",
                    is_dark(label.level) ? "9.5' textcolor rgb '#ffffff'" : "9.5' textcolor rgb '#101010'");
}

/// The outline of a region as the data block $outline, its known points as $edge and those that are bounds as $bounds.
inline void add_region(FigureScript& script, const RegionOutline* region) {
    const auto block = [&](const char* name, const auto& wanted) {
        script.begin_data(name);
        script.line("NaN NaN\n");  // gnuplot rejects an empty block
        if (region != nullptr && !region->empty())
            for (std::size_t i = 0; i < region->x.size(); ++i)
                if (wanted(i))
                    script.line(FigureScript::number(region->x[i]), " ", FigureScript::number(region->y[i]));
        if (std::string_view(name) == "outline" && region != nullptr && !region->empty())  // closed
            script.line(FigureScript::number(region->x[0]), " ", FigureScript::number(region->y[0]));
        script.end_data();
    };
    block("outline", [](std::size_t) { return true; });
    block("edge", [&](std::size_t i) { return !region->open[i]; });
    block("bounds", [&](std::size_t i) { return region->open[i]; });
}

/// The computed points of an interpolated surface as the data block $computed.
inline void add_computed(FigureScript& script, const std::vector<std::array<double, 2>>* points) {
    script.begin_data("computed");
    script.line("NaN NaN\n");  // gnuplot rejects an empty block
    if (points != nullptr)
        for (const auto& [x, y] : *points) script.line(FigureScript::number(x), " ", FigureScript::number(y));
    script.end_data();
}

}  // namespace detail

/// Writes a filled contour figure (.png, .svg or .pdf): colours, labelled iso-lines, equal units along both
/// axes, the centre marked by a cross. Several panels are placed side by side with one colour scale, so that
/// models can be compared. A panel's region is outlined in white, with dots where its edge was
/// found and triangles where it may go on; its marks are circles with their names, its path is a line, its computed points are dots. The loss is interpolated bicubically between
/// the points; NaN points are grey.
/// @throws ConfigError if gnuplot is missing or there is nothing to draw; IoError if it fails or the
///         file cannot be written.
inline void write_contour(const std::filesystem::path& path, const std::vector<FigurePanel>& panels,
                          const FigureOptions& options = {}) {
    using detail::FigureScript;
    detail::check_panels(panels);
    const ColorScale scale = detail::common_scale(panels, options.scale);
    const double height = options.plot_height, unit = height / 620;
    const bool panel_titles =
        std::any_of(panels.begin(), panels.end(), [](const auto& panel) { return !panel.title.empty(); });
    const bool own_axes =
        std::any_of(panels.begin(), panels.end(), [](const auto& panel) { return !panel.y_label.empty(); });
    const double left = 98 * unit, gap = own_axes ? left + 24 * unit : 34 * unit,
                 right = detail::colorbox_margin(scale) * unit, bottom = 72 * unit;
    const std::size_t columns = detail::panel_columns(panels.size()),
                      rows = (panels.size() + columns - 1) / columns;
    const double head = (24 + (options.title.empty() ? 0 : 34)) * unit;
    const double row_gap = 20 * unit;
    const double row_height = (panel_titles ? 30 * unit : 0) + height + bottom + row_gap;
    std::vector<double> begins, widths;  // of each panel
    double width = 0;
    for (std::size_t k = 0; k < panels.size(); ++k) {
        const Surface& surface = *panels[k].surface;
        const double aspect = (surface.x.back() - surface.x.front()) / (surface.y.back() - surface.y.front());
        begins.push_back(k % columns == 0 ? left : begins.back() + widths.back() + gap);
        widths.push_back(height * std::clamp(aspect, 0.3, 3.0));
        width = std::max(width, begins.back() + widths.back() + right);
    }
    const double canvas_height = head + static_cast<double>(rows) * row_height - row_gap;
    const double scale_height = static_cast<double>(rows - 1) * row_height + height;

    FigureScript script;
    detail::begin_figure(script, path, width, canvas_height, 17 * unit);
    detail::set_loss_axis(script, scale, "cb", 0.03);
    script.line("set multiplot");
    script.line("set tics out nomirror scale 0.6");
    script.line("set size noratio");
    script.line("set clip two");
    for (std::size_t k = 0; k < panels.size(); ++k) {
        const Surface& surface = *panels[k].surface;
        const bool first = own_axes || k % columns == 0;
        const std::string& x_label = panels[k].x_label.empty() ? options.x_label : panels[k].x_label;
        const std::string& y_label = panels[k].y_label.empty() ? options.y_label : panels[k].y_label;
        const std::size_t above = k / columns;  // rows of panels
        const double floor = bottom + static_cast<double>(rows - 1 - above) * row_height;
        const GridValues grid = detail::drawn_grid(surface, scale, 240);
        detail::add_grid(script, "image", grid);
        detail::add_region(script, panels[k].region);
        detail::add_computed(script, panels[k].computed);
        detail::add_contours(script, grid, scale, (surface.y.back() - surface.y.front()) / height * unit);
        detail::add_marks(script, panels[k].marks, surface, detail::FigureAxes::plane);
        if (k == 0 && !options.title.empty())
            script.line("set label 1000 ", detail::gnuplot_text(options.title), " at screen ",
                        (left + width - right) / 2 / width, ",", 1 - 26 * unit / canvas_height,
                        " center font ',", 15 * unit, "'");
        if (k + 1 == panels.size())
            script.line("set label 1001 ", detail::gnuplot_text(options.loss_label), " at screen ",
                        1 - 20 * unit / width, ",", (bottom + scale_height / 2) / canvas_height,
                        " center rotate by 90");
        script.line("set lmargin at screen ", begins[k] / width);
        script.line("set rmargin at screen ", (begins[k] + widths[k]) / width);
        script.line("set bmargin at screen ", floor / canvas_height);
        script.line("set tmargin at screen ", (floor + height) / canvas_height);
        script.line("set xrange [", surface.x.front(), ":", surface.x.back(), "]");
        script.line("set yrange [", surface.y.front(), ":", surface.y.back(), "]");
        script.line("set title ", detail::gnuplot_text(panels[k].title), " offset 0,-0.4");
        script.line("set xlabel ", detail::gnuplot_text(x_label), " offset 0,0.3");
        if (first)  // at the edge, whatever the width of the numbers
            script.line("set label 1002 ", detail::gnuplot_text(y_label), " at screen ",
                        (begins[k] - left + 16 * unit) / width, ",", (floor + height / 2) / canvas_height,
                        " center rotate by 90");
        script.line("set format y ", first ? "'%g'" : "''");
        script.line("set format x '%g'");
        if (k + 1 == panels.size()) {
            script.line("set colorbox user origin screen ", (width - right + 22 * unit) / width, ",",
                        bottom / canvas_height, " size screen ", 22 * unit / width, ",",
                        scale_height / canvas_height, " border");
        } else {
            script.line("unset colorbox");
        }
        script.line(
            "set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb '#d8d8d8' "
            "fillstyle solid noborder");
        const bool centre = surface.x.front() <= 0 && surface.x.back() >= 0 && surface.y.front() <= 0 &&
                            surface.y.back() >= 0 && (panels[k].marks == nullptr || panels[k].marks->empty());
        script.line("plot $image using 1:2:3 with image notitle, ",
                    "$on_dark with lines lw 1.1 lc rgb '#ffffff' notitle, ",
                    "$on_light with lines lw 1.1 lc rgb '#303030' notitle, ",
                    "$computed with points pt 7 ps 0.4 lc rgb '#000000' notitle, ",
                    "$computed with points pt 7 ps 0.2 lc rgb '#ffffff' notitle, ",
                    "$outline with lines lw 4 lc rgb '#000000' notitle, ",
                    "$outline with lines lw 2 lc rgb '#ffffff' notitle, ",
                    "$edge with points pt 7 ps 0.7 lc rgb '#000000' notitle, ",
                    "$edge with points pt 7 ps 0.45 lc rgb '#ffffff' notitle, ",
                    "$bounds with points pt 9 ps 1.3 lc rgb '#000000' notitle, ",
                    "$bounds with points pt 9 ps 0.9 lc rgb '#ffffff' notitle",
                    detail::mark_plots(panels[k].marks, "1:2"),
                    centre ? ", '+' using (0):(0) every 1000 with points pt 1 ps 1.9 lw 4 lc rgb '#000000' "
                             "notitle, '+' using (0):(0) every 1000 with points pt 1 ps 1.7 lw 1.8 lc rgb "
                             "'#ffffff' notitle"
                           : "");
    }
    script.line("unset multiplot");
    detail::finish_figure(script, path);
}

inline void write_contour(const std::filesystem::path& path, const Surface& surface,
                          const FigureOptions& options = {}) {
    write_contour(path, {FigurePanel{"", &surface}}, options);
}

}  // namespace vitscape
