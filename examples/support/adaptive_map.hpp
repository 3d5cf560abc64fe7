// SPDX-License-Identifier: Apache-2.0
//
// The adaptive surface of the landscape program: points where the loss bends, and what is stated of the rest.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/core/number_text.hpp>
#include <vitscape/core/progress.hpp>
#include <vitscape/io/csv.hpp>
#include <vitscape/io/npy.hpp>
#include <vitscape/landscape/adaptive_bound.hpp>
#include <vitscape/landscape/adaptive_io.hpp>
#include <vitscape/landscape/grid.hpp>
#include <vitscape/landscape/mode_connectivity.hpp>
#include <vitscape/report/figures.hpp>

#include "files.hpp"
#include "options.hpp"

namespace program {

/// Options of an adaptive surface. A grid is evaluated unless there is a tolerance.
struct AdaptiveMapOptions {
    double tolerance = 0;
    vitscape::Index most_points = 0, held_out = 64;

    void add(CLI::App& app) {
        using vitscape::Range;
        add_number(
            app, "--tolerance", tolerance, Range::above(0).or_else(0),
            "in place of the grid, points where the loss bends, until its interpolation is wrong by no "
            "more than this at held-out points, in units of the loss; 0: the grid");
        add_number(app, "--most-points", most_points, Range::count(1, 1000000).or_else(0),
                   "with --tolerance: beside the held-out ones; 0: as many as the grid has");
        add_number(app, "--held-out", held_out, Range::count(1, 100000),
                   "with --tolerance: points of each check, at random places");
    }
    [[nodiscard]] bool wanted() const { return tolerance > 0; }

    /// The endings behind --out of what is written. @param formats  as given
    [[nodiscard]] static std::vector<std::string> endings(const std::vector<std::string>& formats) {
        std::vector<std::string> all{"_adaptive.json", "_adaptive_contour.png", "_adaptive_contour.svg",
                                     "_adaptive_line.png", "_adaptive_line.svg"};
        if (has(formats, "csv")) all.emplace_back("_adaptive.csv");
        if (has(formats, "npy")) all.insert(all.end(), {"_interpolated.npy", "_interpolated_computed.npy"});
        return all;
    }
    /// @throws ConfigError for what a refinement does not give
    void check(const std::vector<std::string>& formats, bool measures, bool minima) const {
        if (!wanted()) return;
        if (measures || minima)
            throw vitscape::ConfigError(vitscape::message("--tolerance refines the loss alone, ",
                                                          measures ? "--measure" : "--minima",
                                                          " needs a grid; leave one of them out"));
        for (const std::string& format : formats)
            if (format != "json" && format != "npy" && format != "csv")
                throw vitscape::ConfigError(vitscape::message(
                    "--formats ", format,
                    " holds a grid of computed points, which --tolerance does not give; take "
                    "json, csv or npy, or leave --tolerance out"));
    }
    [[nodiscard]] static bool has(const std::vector<std::string>& formats, const std::string& one) {
        return std::find(formats.begin(), formats.end(), one) != formats.end();
    }
};

/// What an adaptive surface is drawn and written with.
struct AdaptiveMapOutput {
    std::string out;
    std::vector<std::string> formats;
    bool resume = false, figures = true;
    vitscape::SurfaceMarks marks{};
    vitscape::FigureOptions texts{};
    nlohmann::ordered_json metadata{};
};

namespace detail {

inline void write_points(const std::filesystem::path& path, const vitscape::AdaptiveSurface& surface) {
    vitscape::CsvTable table{"x", "y", "loss", "standard_error", "difference_standard_error", "held_out"};
    for (const vitscape::AdaptivePoint& p : surface.points)
        table.add_row(p.x, p.y, p.loss, p.standard_error, p.difference_standard_error, p.held_out ? 1 : 0);
    table.write(path);
}

/// Says what is known of the interpolation, and what it took.
inline void say(const vitscape::AdaptiveSurface& surface, vitscape::Index grid_points) {
    const auto held_out = static_cast<std::size_t>(std::count_if(
        surface.points.begin(), surface.points.end(), [](const auto& point) { return point.held_out; }));
    const vitscape::InterpolationError& error = *surface.error;
    std::cout << "tolerance " << surface.tolerance << (surface.bounded ? " met: " : " NOT met: ");
    if (error.points == 0) {
        std::cout << "no held-out point has a finite loss and a finite interpolation\n";
    } else {
        std::cout
            << "the interpolation is wrong by " << error.largest << " at most (root mean square "
            << error.root_mean_square << ") at " << error.points
            << " held-out points of the last check; with 95 % confidence by no more than that at all but "
            << vitscape::short_number(100 * error.share) << " % of the places\n";
    }
    if (error.gaps > 0)
        std::cout << error.gaps
                  << " held-out points lie where only the loss or the interpolation is finite\n";
    const auto all = static_cast<double>(surface.points.size());
    std::cout << surface.points.size() - held_out << " points and " << held_out << " held-out ones, "
              << vitscape::short_number(100 * all / static_cast<double>(grid_points)) << " % of the "
              << grid_points << " of the grid\n";
    if (!surface.bounded)
        std::cout << (surface.refined ? "no estimate asks for more points: what is left lies between them, "
                                        "where a grid may find it\n"
                                      : "--most-points gives more; a grid may need fewer\n");
}

inline std::vector<std::filesystem::path> draw(const AdaptiveMapOutput& output,
                                               const vitscape::AdaptiveSurface& surface,
                                               vitscape::PlaneGrid grid) {
    std::vector<std::filesystem::path> written;
    if (!output.figures) return written;
    if (!vitscape::find_gnuplot()) {
        std::cerr << "no figures: gnuplot was not found; on Debian: apt install gnuplot-nox\n";
        return written;
    }
    const bool line = grid.y.steps == 1;
    grid.x.steps = 121;
    if (!line) grid.y.steps = 121;
    const vitscape::InterpolatedSurface dense = surface.to_surface(grid);
    vitscape::Surface shown(dense.x, dense.y);  // drawn, and written nowhere
    shown.loss = dense.loss;
    std::vector<std::array<double, 2>> points;
    for (const vitscape::AdaptivePoint& point : surface.points)
        if (!point.held_out) points.push_back({point.x, point.y});
    vitscape::FigureOptions texts = output.texts;
    texts.loss_label = "loss, interpolated; computed at the dots";
    const std::vector<vitscape::FigurePanel> panel{
        {.title = "", .surface = &shown, .marks = &output.marks, .computed = &points}};
    for (const std::string ending : {".png", ".svg"}) {
        const std::string kind = line ? "_adaptive_line" : "_adaptive_contour";
        written.push_back(vitscape::surface_path(output.out, kind + ending));
        if (line)
            vitscape::write_slice(written.back(), panel, texts, vitscape::SliceBand::none);
        else
            vitscape::write_contour(written.back(), panel, texts);
    }
    return written;
}

}  // namespace detail

/// Refines a surface, saving after each round, and writes, draws and says what became of it.
/// @param range  of the space: a PlaneGrid, or a Grid of a line or curve
template <class O, class Space, class Range>
void map_adaptively(const AdaptiveMapOptions& o, const AdaptiveMapOutput& output, O& objective,
                    const Space& space, const Range& range) {
    using namespace vitscape;
    PlaneGrid grid(Grid{}, Grid{.from = 0, .to = 0, .steps = 1});
    if constexpr (std::is_same_v<Range, Grid>)
        grid.x = range;
    else
        grid = range;
    const Index grid_points = grid.x.steps * grid.y.steps;
    const std::filesystem::path json = surface_path(output.out, "_adaptive.json");
    std::optional<AdaptiveSurface> earlier;
    if (output.resume && std::filesystem::exists(json)) earlier = load_adaptive_surface(json);
    AdaptiveOptions options{
        .tolerance = o.tolerance,
        .most_points = std::min<Index>(o.most_points > 0 ? o.most_points : grid_points, 1000000),
        .held_out = o.held_out};
    options.resume = earlier ? &*earlier : nullptr;
    options.after_round = [&](const AdaptiveSurface& surface) {
        write_adaptive_surface(json, surface, output.metadata);
    };
    std::unique_ptr<ProgressBar> bar;
    Index done_before = 0;  // in earlier checks
    options.work.progress = [&](Index done, Index) {
        if (!bar)
            bar = std::make_unique<ProgressBar>("adaptive surface, at most", options.most_points + o.held_out,
                                                "points", done - 1);
        if (done < done_before) bar.reset();
        done_before = done;
        if (bar) bar->update(std::min(done, options.most_points + o.held_out - 1));
    };
    const AdaptiveSurface surface = project_to_bound(objective, space, range, options);
    bar.reset();
    std::cout << "loss at the centre " << surface.centre.centre_loss << " +- "
              << surface.centre.centre_standard_error << '\n';
    detail::say(surface, grid_points);
    std::vector<std::filesystem::path> written{json};
    if (AdaptiveMapOptions::has(output.formats, "csv")) {
        written.push_back(surface_path(output.out, "_adaptive.csv"));
        detail::write_points(written.back(), surface);
    }
    if (AdaptiveMapOptions::has(output.formats, "npy")) {
        const InterpolatedSurface dense = surface.to_surface(grid);
        written.push_back(surface_path(output.out, "_interpolated.npy"));
        write_npy(written.back(), dense.loss);
        written.push_back(surface_path(output.out, "_interpolated_computed.npy"));
        write_npy(written.back(), dense.exact);
    }
    for (auto& path : detail::draw(output, surface, grid)) written.push_back(std::move(path));
    for (const auto& path : written) std::cout << "wrote " << path.string() << '\n';
}

}  // namespace program
