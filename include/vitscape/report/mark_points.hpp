// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <vitscape/landscape/mark.hpp>
#include <vitscape/landscape/surface.hpp>
#include <vitscape/report/figure_script.hpp>

namespace vitscape::detail {

/// The cell of ascending coordinates that holds `at`: its left end, and how far along it `at` is, 0 to 1. Outside of them the
/// share is NaN.
struct CellPosition {
    std::size_t index = 0;
    double share = std::nan("");
};
inline CellPosition cell_of(const std::vector<double>& coordinates, double at) {
    if (coordinates.size() == 1) return {0, 0};
    if (!(at >= coordinates.front() && at <= coordinates.back())) return {};
    const auto above = std::upper_bound(coordinates.begin() + 1, coordinates.end() - 1, at);
    const auto index = static_cast<std::size_t>(above - coordinates.begin()) - 1;
    return {index, (at - coordinates[index]) / (coordinates[index + 1] - coordinates[index])};
}

/// The loss at a point, bilinear between those of the surface; NaN outside of it. On a line y does not matter.
inline double loss_between(const Surface& surface, double x, double y) {
    const CellPosition column = cell_of(surface.x, x), row = cell_of(surface.y, y);
    double loss = 0;
    for (const std::size_t j : {std::size_t{0}, std::size_t{1}})
        for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
            const double weight =
                (i == 1 ? column.share : 1 - column.share) * (j == 1 ? row.share : 1 - row.share);
            if (weight == 0) continue;  // also where there is no such point
            if (std::isnan(weight)) return weight;
            loss += weight * surface.loss(row.index + j, column.index + i);
        }
    return loss;
}

/// What a figure's axes are: of the plane, of the plane and the loss, or of a line and the loss.
enum class FigureAxes { plane, plane_and_loss, line_and_loss };

/// Adds the marks of a panel: $path, joined points, and $marks, single ones, each as x, y and loss; and names as labels
/// 2000, 2001, …, of single ones and of the ends of the path. What lies outside the surface is left out.
inline void add_marks(FigureScript& script, const SurfaceMarks* marks, const Surface& surface,
                      FigureAxes axes) {
    std::size_t label = 2000;
    const auto inside = [&](const Mark& mark) {
        return std::isfinite(loss_between(surface, mark.x, mark.y));
    };
    const auto name = [&](const Mark& mark) {
        if (!inside(mark) || mark.name.empty()) return;
        const std::string x = FigureScript::number(mark.x), y = FigureScript::number(mark.y),
                          loss = FigureScript::number(loss_between(surface, mark.x, mark.y));
        script.line("set label ", label++, " ", gnuplot_text(mark.name), " at ", x, ",",
                    axes == FigureAxes::line_and_loss ? loss : y,
                    axes == FigureAxes::plane_and_loss ? "," + loss : "",
                    " left offset 0.9,0.6 front boxed font ',11'");
    };
    const auto block = [&](std::string_view title, const std::vector<Mark>* list) {
        script.begin_data(title);
        script.line("NaN NaN NaN\n");  // gnuplot rejects an empty block
        if (list != nullptr)
            for (const Mark& mark : *list)
                if (inside(mark))
                    script.line(FigureScript::number(mark.x), " ", FigureScript::number(mark.y), " ",
                                FigureScript::number(loss_between(surface, mark.x, mark.y)));
        script.end_data();
    };
    script.line("set style textbox opaque fillcolor rgb '#ffffff' noborder margins 0.6,0.4");
    block("path", marks == nullptr ? nullptr : &marks->path);
    block("marks", marks == nullptr ? nullptr : &marks->points);
    if (marks == nullptr) return;
    for (const Mark& mark : marks->points) name(mark);
    if (!marks->path.empty()) name(marks->path.front());
    if (marks->path.size() > 1) name(marks->path.back());
}

/// Continues a `plot` or `splot` by the blocks of `add_marks`. @param columns  of them, such as "1:2"
inline std::string mark_plots(const SurfaceMarks* marks, std::string_view columns) {
    if (marks == nullptr || marks->empty()) return "";
    std::string plots;
    for (const auto& [block, size, color] :
         {std::tuple("path", 1.1, "#000000"), std::tuple("path", 0.7, "#ff7f0e"),
          std::tuple("marks", 1.8, "#000000"), std::tuple("marks", 1.3, "#ffffff")})
        plots += message(", $", block, " using ", columns, " with ",
                         std::string_view(block) == "path" ? "linespoints" : "points", " lw ",
                         size > 1 ? 3.2 : 1.6, " pt 7 ps ", size, " lc rgb '", color, "' notitle");
    return plots;
}

}  // namespace vitscape::detail
