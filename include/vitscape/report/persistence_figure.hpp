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
#include <vitscape/landscape/merge_tree.hpp>
#include <vitscape/report/figure_script.hpp>
#include <vitscape/report/series_color.hpp>

namespace vitscape {

/// Texts and size of a figure of persistence.
struct PersistenceFigureOptions {
    std::string title = {};
    std::string loss_label = "loss";
    double significant_at = 3;  ///< a minimum is significant above so many bounds of its standard error
    int plot_height = 620;      ///< pixels of each plot; fonts and margins scale with it
};

namespace detail {

/// Places of the branches of a merge tree, 0, 1, ..., so that no two lines of the drawing cross: each branch has those that
/// join it on alternate sides, the ones that join lower nearer to it.
inline std::vector<std::size_t> branch_places(const MergeTree& tree) {
    const std::size_t count = tree.minima.size();
    std::vector<std::vector<std::size_t>> joining(count);
    std::vector<std::size_t> trunks;
    for (std::size_t k = 0; k < count; ++k)
        if (tree.minima[k].saddle)
            joining[tree.minima[k].joins].push_back(k);
        else
            trunks.push_back(k);
    struct Visit {
        std::size_t branch;
        bool place;  ///< whether those to its left are done
    };
    std::vector<Visit> waiting;
    for (auto trunk = trunks.rbegin(); trunk != trunks.rend(); ++trunk) waiting.push_back({*trunk, false});
    std::vector<std::size_t> places(count);
    for (std::size_t next = 0; !waiting.empty();) {
        const Visit visit = waiting.back();
        waiting.pop_back();
        if (visit.place) {
            places[visit.branch] = next++;
            continue;
        }
        std::vector<std::size_t>& children = joining[visit.branch];
        std::stable_sort(children.begin(), children.end(), [&](std::size_t a, std::size_t b) {
            return tree.minima[a].death() > tree.minima[b].death();
        });
        // The stack gives back last what goes in first: the far right, ..., the branch itself, ..., the far left.
        std::vector<std::size_t> left, right;
        for (std::size_t i = 0; i < children.size(); ++i) (i % 2 == 0 ? right : left).push_back(children[i]);
        for (const std::size_t child : right) waiting.push_back({child, false});
        waiting.push_back({visit.branch, true});
        for (auto child = left.rbegin(); child != left.rend(); ++child) waiting.push_back({*child, false});
    }
    return places;
}

/// Range of the losses of a figure: of all minima and saddles, with a margin for what lives for ever.
struct PersistenceRange {
    double low, high, forever;
};
inline PersistenceRange persistence_range(const MergeTree& tree) {
    if (tree.minima.empty()) throw ConfigError("there is no minimum to draw: the surface has no finite loss");
    double low = tree.minima.front().birth(), high = low;
    for (const SurfaceMinimum& minimum : tree.minima) {
        low = std::min(low, minimum.birth());
        high = std::max({high, minimum.birth(), minimum.saddle ? minimum.death() : minimum.birth()});
    }
    const double size = high > low ? high - low : std::max(std::abs(high), 1.0) * 0.1;
    return {low - 0.05 * size, high + 0.2 * size, high + 0.12 * size};
}

inline void add_minima(FigureScript& script, const MergeTree& tree, const PersistenceRange& range, double k) {
    const std::vector<std::size_t> places = branch_places(tree);
    const auto number = FigureScript::number;
    const auto end = [&](const SurfaceMinimum& minimum) {
        return minimum.saddle ? minimum.death() : range.forever;
    };
    for (const bool significant : {false, true}) {
        script.begin_data(significant ? "significant" : "noise");
        script.line("NaN NaN NaN NaN");  // gnuplot refuses an empty block
        for (std::size_t i = 0; i < places.size(); ++i)
            if (const SurfaceMinimum& minimum = tree.minima[i]; minimum.significant(k) == significant)
                script.line(number(minimum.birth()), " ", number(end(minimum)), " ", places[i] + 1, " ",
                            number(std::isfinite(minimum.error_bound) ? k * minimum.error_bound : 0));
        script.end_data();
        script.begin_data(significant ? "significant_lines" : "noise_lines");
        script.line("NaN NaN\n");
        for (std::size_t i = 0; i < places.size(); ++i) {
            const SurfaceMinimum& minimum = tree.minima[i];
            if (minimum.significant(k) != significant) continue;
            script.line(places[i] + 1, " ", number(minimum.birth()));
            script.line(places[i] + 1, " ", number(end(minimum)));
            if (minimum.saddle) script.line(places[minimum.joins] + 1, " ", number(end(minimum)));
            script.line("");
        }
        script.end_data();
    }
}

}  // namespace detail

/// Writes the persistence diagram of a surface's minima and, beside it, the merge tree (.png, .svg or .pdf). In the diagram a
/// minimum lies as far above the diagonal as it is persistent; its bar goes down from there by `significant_at` bounds of its
/// standard error, and what is significant ends above the diagonal. In the tree a line rises from each minimum to its saddle
/// and there turns to the minimum that it joins; the order of the lines from left to right says nothing. What lives for ever
/// lies on the upper, dashed line.
/// @throws ConfigError if gnuplot is missing or the tree has no minimum; IoError if gnuplot fails or the file cannot be written.
inline void write_persistence_figure(const std::filesystem::path& path, const MergeTree& tree,
                                     const PersistenceFigureOptions& options = {}) {
    using detail::FigureScript;
    if (!(options.significant_at > 0 && std::isfinite(options.significant_at)))
        throw ConfigError(message("a minimum is significant above a positive number of standard errors, not ",
                                  options.significant_at));
    const detail::PersistenceRange range = detail::persistence_range(tree);
    const double unit = options.plot_height / 620.0;
    FigureScript script;
    detail::begin_figure(script, path, 1500 * unit, (options.title.empty() ? 620 : 660) * unit, 17 * unit);
    detail::add_minima(script, tree, range, options.significant_at);
    const std::string low = FigureScript::number(range.low), high = FigureScript::number(range.high),
                      forever = FigureScript::number(range.forever);
    const std::string strong = message("'", series_color(0), "'"), weak = "'#909090'";
    script.line("set multiplot layout 1,2",
                options.title.empty() ? "" : " title " + detail::gnuplot_text(options.title));
    script.line("set border 3\nset tics out nomirror scale 0.6\nset grid lw 0.6 lc rgb '#e0e0e0'");
    script.line("set lmargin 11\nset rmargin 4\nset key bottom right");
    script.line("set yrange [", low, ":", high, "]\nset xrange [", low, ":", high, "]");
    script.line("set arrow 1 from ", low, ",", low, " to ", high, ",", high, " nohead lw 1 lc rgb '#404040'");
    script.line("set arrow 2 from graph 0, first ", forever, " to graph 1, first ", forever,
                " nohead dt 2 lw 1 lc rgb '#404040'");
    script.line("set label 2 'for ever' at graph 0.5, first ", forever, " center offset 0,0.6");
    const std::string ylabel = detail::gnuplot_text("death: " + options.loss_label + " at the saddle");
    script.line("set xlabel ", detail::gnuplot_text("birth: " + options.loss_label + " at the minimum"),
                "\nset ylabel ", ylabel, " offset -0.5,0");
    const std::string others =
        message("'within ", options.significant_at, " standard errors, or errors unknown'");
    script.line("plot $noise using 1:2:($2-$4):2 with yerrorbars pt 6 ps 0.7 lc rgb ", weak, " title ",
                others, ", $significant using 1:2:($2-$4):2 with yerrorbars pt 7 ps 1.1 lw 1.5 lc rgb ",
                strong, " title 'significant'");
    script.line("unset arrow 1\nset ylabel ", detail::gnuplot_text(options.loss_label), " offset -0.5,0");
    script.line("set xrange [0:", tree.minima.size() + 1, "]\nset xlabel ",
                detail::gnuplot_text(message("merge tree of ", tree.minima.size(), " minima")));
    script.line("unset xtics\nset grid noxtics\nunset key");
    script.line("plot $noise_lines using 1:2 with lines lw 1 lc rgb ", weak,
                ", $significant_lines using 1:2 with lines lw 2.5 lc rgb ", strong,
                ", $noise using 3:1 with points pt 6 ps 0.7 lc rgb ", weak,
                ", $significant using 3:1 with points pt 7 ps 1.1 lc rgb ", strong);
    script.line("unset multiplot");
    detail::finish_figure(script, path);
}

}  // namespace vitscape
