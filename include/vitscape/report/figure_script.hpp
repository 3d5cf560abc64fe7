// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/landscape/mark.hpp>
#include <vitscape/landscape/surface.hpp>
#include <vitscape/report/color_scale.hpp>
#include <vitscape/report/contour_lines.hpp>
#include <vitscape/report/gnuplot.hpp>

namespace vitscape {

/// The outline of a region around the centre of a surface: the points where it ends along rays, in their order.
struct RegionOutline {
    std::vector<double> x, y;
    std::vector<bool> open;  ///< whether the region may go on beyond a point

    [[nodiscard]] bool empty() const {  ///< whether nothing but the centre is inside
        return std::all_of(x.begin(), x.end(), [](double a) { return a == 0; }) &&
               std::all_of(y.begin(), y.end(), [](double b) { return b == 0; });
    }
};

/// One surface of a figure.
struct FigurePanel {
    std::string title;
    const Surface* surface;
    const RegionOutline* region = nullptr;  ///< drawn by a contour figure; null for none
    const SurfaceMarks* marks = nullptr;    ///< null for none
    /// Of a contour figure whose panels have axes of their own; empty for those of all panels.
    std::string x_label = {}, y_label = {};
    /// (x, y) of the points that were computed, drawn as dots by contour and slice, where the surface is an interpolation; null
    /// where the surface's points are.
    const std::vector<std::array<double, 2>>* computed = nullptr;
};

/// Texts and size of a figure.
struct FigureOptions {
    std::string title = {};  ///< above the whole figure
    std::string x_label = "α";
    std::string y_label = "β";
    std::string loss_label = "loss";
    LossScale scale = LossScale::automatic;
    int plot_height = 620;  ///< pixels of the plot itself; fonts and margins scale with it
};

namespace detail {

/// Collects a gnuplot script.
class FigureScript {
  public:
    template <class... Parts>
    void line(const Parts&... parts) {
        text_ += message(parts...);
        text_ += '\n';
    }
    /// A number in full precision, also as part of a data block.
    static std::string number(double value) {
        if (std::isnan(value)) return "NaN";
        char buffer[40];
        std::snprintf(buffer, sizeof buffer, "%.9g", value);
        return buffer;
    }
    void begin_data(std::string_view name) { line("$", name, " << END_OF_DATA"); }
    void end_data() { line("END_OF_DATA"); }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string text_;
};

/// How many panels a figure or a page places side by side: at most three, in rows of nearly equal length.
constexpr std::size_t panel_columns(std::size_t panels) {
    const std::size_t rows = std::max<std::size_t>(1, (panels + 2) / 3);
    return std::max<std::size_t>(1, (panels + rows - 1) / rows);
}

/// Canvas and terminal of a figure; the extension of the path selects the format.
/// @throws ConfigError for an extension other than .png, .svg or .pdf.
inline void begin_figure(FigureScript& script, const std::filesystem::path& path, double width, double height,
                         double font_size) {
    const std::string ending = path.extension().string();
    const auto pixels = [](double length) { return static_cast<long>(std::lround(length)); };
    if (ending == ".png")
        script.line("set terminal pngcairo noenhanced size ", pixels(width), ",", pixels(height),
                    " background '#ffffff' font 'Sans,", font_size * 0.75, "'");
    else if (ending == ".svg")
        script.line("set terminal svg noenhanced size ", pixels(width), ",", pixels(height),
                    " background '#ffffff' font 'Arial,", font_size, "'");
    else if (ending == ".pdf")
        script.line("set terminal pdfcairo noenhanced size ", width / 96, "in,", height / 96,
                    "in background '#ffffff' font 'Sans,", font_size * 0.75, "'");
    else
        throw ConfigError(
            message("a figure is a .png, .svg or .pdf file, not '", path.filename().string(), "'"));
    script.line("set encoding utf8");
    script.line("set minussign");
    script.line("set border 31 lw 1 lc rgb '#404040'");
    script.line("set tics textcolor rgb '#202020'");
    // viridis (van der Walt & Smith 2015): uniform steps of lightness, readable without colour vision.
    script.line(
        "set palette defined (0 '#440154', 1 '#482475', 2 '#414487', 3 '#355f8d', 4 '#2a788e', 5 '#21918c', "
        "6 "
        "'#22a884', 7 '#44bf70', 8 '#7ad151', 9 '#bddf26', 10 '#fde725')");
    script.line("set palette maxcolors 0");
}

/// Range and ticks of the colours (`axis` "cb") or heights ("z"). Ticks closer to their neighbour than the fraction
/// `room` of the axis are skipped.
inline void set_loss_axis(FigureScript& script, const ColorScale& scale, std::string_view axis, double room) {
    script.line(scale.logarithmic ? "set" : "unset", " logscale ", axis);
    script.line("set ", axis, "range [", FigureScript::number(scale.low), ":",
                FigureScript::number(scale.high), "]");
    std::string ticks;
    double last = -1;
    for (const double level : scale.levels) {
        const double position = scale.position(level);
        if (position - last < room) continue;
        last = position;
        ticks +=
            (ticks.empty() ? "" : ", ") + gnuplot_text(scale.text(level)) + " " + FigureScript::number(level);
    }
    script.line("set ", axis, "tics (", ticks, ")");
}

/// A common scale for the finite losses of all panels.
inline ColorScale common_scale(const std::vector<FigurePanel>& panels, LossScale kind) {
    double low = std::nan(""), high = low;
    for (const FigurePanel& panel : panels) {
        const auto [least, most] = panel.surface->range();
        if (!(low <= least) && std::isfinite(least)) low = least;
        if (!(high >= most) && std::isfinite(most)) high = most;
    }
    return make_color_scale(low, high, kind);
}

/// Requirements of all surface figures. @throws ConfigError before gnuplot starts.
inline void check_panels(const std::vector<FigurePanel>& panels) {
    if (panels.empty()) throw ConfigError("a figure needs at least one surface");
    for (const FigurePanel& panel : panels)
        if (panel.surface == nullptr || panel.surface->rows() < 2 || panel.surface->columns() < 2)
            throw ConfigError(
                "a figure of a surface needs at least 2 x 2 points; draw a line with write_slice");
}

/// A surface interpolated with about `target` steps along the longer axis. On a logarithmic scale the
/// logarithm is interpolated.
inline GridValues drawn_grid(const Surface& surface, const ColorScale& scale, std::size_t target) {
    GridValues grid{surface.x, surface.y, surface.loss};
    if (scale.logarithmic)
        for (double& value : grid.values) value = std::log(value);
    const std::size_t longer = std::max(surface.x.size(), surface.y.size());
    grid = refine(grid, std::max<std::size_t>(1, (target + longer / 2) / longer));
    for (double& value : grid.values) {
        if (scale.logarithmic) value = std::exp(value);
        // Interpolation may overshoot the range slightly; the colours must not.
        if (!std::isnan(value)) value = std::clamp(value, scale.low, scale.high);
    }
    return grid;
}

/// Adds the values of a grid as the data block $name.
inline void add_grid(FigureScript& script, const std::string& name, const GridValues& grid) {
    script.begin_data(name);
    for (std::size_t j = 0; j < grid.y.size(); ++j) {
        for (std::size_t i = 0; i < grid.x.size(); ++i)
            script.line(FigureScript::number(grid.x[i]), " ", FigureScript::number(grid.y[j]), " ",
                        FigureScript::number(grid.values(j, i)));
        script.line("");
    }
    script.end_data();
}

/// Pixels to the right of the plots: a gap, the colour bar, its numbers and its label.
inline double colorbox_margin(const ColorScale& scale) {
    std::size_t longest = 0;
    for (const double level : scale.levels) longest = std::max(longest, text_width(scale.text(level)));
    return 22 + 22 + 20 + 10.5 * static_cast<double>(longest) + 44;
}

/// Runs the script and replaces `path` by the figure.
inline void finish_figure(const FigureScript& script, const std::filesystem::path& path) {
    write_atomically(path, run_gnuplot(script.text()));
}

}  // namespace detail
}  // namespace vitscape
