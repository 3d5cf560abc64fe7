// SPDX-License-Identifier: Apache-2.0
//
// What the landscape program is asked for.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/memory.hpp>
#include <vitscape/landscape/grid.hpp>
#include <vitscape/landscape/surface_io.hpp>
#include <vitscape/landscape/volume_io.hpp>

#include "adaptive_map.hpp"
#include "direction_options.hpp"
#include "files.hpp"
#include "frozen_model.hpp"
#include "job_options.hpp"
#include "page.hpp"
#include "point_measures.hpp"

namespace program {

[[nodiscard]] inline std::vector<std::string> format_names() {
    std::vector<std::string> names;
    for (const std::string& ending : vitscape::AllSurfaceFormats::endings())
        names.push_back(ending.substr(1));
    return names;
}

/// All options of the landscape program.
struct LandscapeOptions {
    FrozenModelOptions model;
    DirectionOptions directions;
    PointMeasureOptions measures;
    AdaptiveMapOptions adaptive;
    JobOptions job;
    std::string grid, out, save_inputs, command;
    std::vector<std::string> formats{"json", "npy", "csv"};
    bool resume = false, minima = false, no_figures = false, page = false;

    void add(CLI::App& app) {
        using namespace vitscape;
        model.add(app);
        add_text(
            app, "--grid", "GRID", "",
            [this](const std::string& text) {
                try {
                    if (names_third_axis(text))
                        (void)parse_volume_grid(text);
                    else
                        (void)parse_grid(text);
                } catch (const ConfigError& error) {
                    throw ConfigError(message("--grid: ", error.what()));
                }
                this->grid = text;
            },
            "FROM:TO:STEPS of all axes (write --grid=-1:1:25), or x:…,y:…, or of a volume x:…,y:…,z:…; "
            "without it 25 steps from -1 to 1 (13 of a volume), or around all models and checkpoints");
        directions.add(app);
        measures.add(app);
        adaptive.add(app);
        add_name(app, "--save-inputs", save_inputs, "FILE",
                 "write images, ids_shuffle and labels as the model gets them");
        add_name(app, "--out", out, "PREFIX",
                 "prefix of the files: those of --formats, and _contour and _surface, or of a line _line, "
                 ".png and .svg, and the same of each number of --measure with its name")
            ->required();
        add_choices(app, "--formats", formats, format_names(), "of the surface, json beside them");
        app.add_flag("--resume", resume, "keep the points that PREFIX.json has already")
            ->always_capture_default(false);
        app.add_flag("--minima", minima,
                     "also write PREFIX_minima.json and, of several, figures: the surface's minima, how far "
                     "each lies below the way to a lower one, and which of them exceed the standard errors")
            ->always_capture_default(false);
        app.add_flag("--page", page,
                     "also write PREFIX_page.html: the figures, the numbers with their errors, what speaks "
                     "against them, and how it was made")
            ->always_capture_default(false);
        app.add_flag("--no-figures", no_figures, "numbers only")->always_capture_default(false);
        job.add(app);
        job.add_points(app);
    }

    /// The endings of the surface's files. JSON comes last: where it is there, all the others are.
    [[nodiscard]] std::vector<std::string> endings() const {
        std::vector<std::string> all;
        for (const std::string& format : formats)
            if (format != "json") all.push_back("." + format);
        all.emplace_back(".json");
        return all;
    }

    /// @throws ConfigError for what does not go together or needs too much memory
    void check() const {
        using namespace vitscape;
        directions.check();
        if (measures.any() && directions.is_volume() && model.backend.precision == "bf16")
            throw ConfigError(
                "--measure in bfloat16 is compared with float in a plane or line; of a volume it is computed "
                "with --precision float");
        if (job.active() && (directions.is_volume() || directions.align))
            throw ConfigError(message("--job is about one line or plane, not about ",
                                      directions.align ? "those of --align" : "volumes"));
        if (minima && directions.is_volume())
            throw ConfigError(
                "--minima is about planes and lines, --dimensions 3 draws a volume; leave one of them out");
        if (!grid.empty()) {
            if (directions.is_line() && (grid.starts_with("x:") || grid.starts_with("y:")))
                throw ConfigError(
                    message("--grid ", grid, " is of a plane, and a line is drawn; write FROM:TO:STEPS"));
            if (!directions.is_volume() && names_third_axis(grid))
                throw ConfigError(message("--grid ", grid,
                                          " has three axes, a volume's; add --dimensions 3, or leave z out"));
            const VolumeGrid points =
                directions.is_volume() ? parse_volume_grid(grid)
                                       : VolumeGrid(parse_grid(grid).x, parse_grid(grid).y, Grid{.steps = 1});
            const double rows = directions.is_line() ? 1 : static_cast<double>(points.y.steps);
            const double bytes = 85.0 + 90.0 * static_cast<double>(measures.cards(directions).size());
            require_memory(
                message("--grid ", grid),
                bytes * static_cast<double>(points.x.steps) * rows * static_cast<double>(points.z.steps),
                available_memory(), "fewer steps need less");  // tables, and their text
        }
        if (const auto name = std::filesystem::path(out).filename();
            name.empty() || name == "." || name == "..")
            throw ConfigError(message("--out takes the beginning of file names, as in ",
                                      (std::filesystem::path(out) / "surface").string(), "; ", out,
                                      " is a folder"));
        adaptive.check(formats, measures.any(), minima);
        if (adaptive.wanted())
            for (const auto& [given, name] :
                 {std::pair(page, "--page"), std::pair(directions.align, "--align"),
                  std::pair(job.active(), "--job"), std::pair(directions.is_volume(), "--dimensions 3")})
                if (given)
                    throw ConfigError(message(name, " needs a grid; leave out one of it and --tolerance"));
    }
    /// All files that may be written, with the options that name them. @throws ConfigError for a format that is not in this build
    [[nodiscard]] std::vector<NamedPath> outputs() const {
        using namespace vitscape;
        std::vector<NamedPath> all;
        if (adaptive.wanted())
            for (const std::string& ending : AdaptiveMapOptions::endings(formats))
                all.push_back({"--out", surface_path(out, ending)});
        for (const std::string& ending : endings()) {
            if (directions.is_volume())
                AllSurfaceFormats::require_volume(ending);
            else
                AllSurfaceFormats::require(ending);
            all.push_back({"--out", surface_path(out, ending)});
        }
        for (const char* ending : {"_contour.png", "_contour.svg", "_surface.png", "_surface.svg",
                                   "_line.png", "_line.svg", "_slices.png", "_slices.svg", ".lock"})
            all.push_back({"--out", surface_path(out, ending)});
        for (const NumberCard& card : measures.cards(directions)) {
            for (const std::string kind : {"_contour_", "_surface_", "_line_", "_slices_"})
                for (const char* ending : {".png", ".svg"})
                    all.push_back({"--out", surface_path(out, kind + card.name + ending)});
            all.push_back({"--out", surface_path(out, "_" + card.name + ".npy")});
        }
        if (minima)
            for (const char* ending : {"_minima.json", "_minima.png", "_minima.svg"})
                all.push_back({"--out", surface_path(out, ending)});
        if (page) all.push_back({"--out", surface_path(out, page_ending)});
        if (directions.align) {
            for (const std::string& ending : endings())
                for (const char* name : {"_aligned", "_random"})
                    all.push_back({"--out", surface_path(out, name + ending)});
            for (const char* ending : {"_aligned_line.png", "_aligned_line.svg"})
                all.push_back({"--out", surface_path(out, ending)});
        }
        for (const NamedPath& file : checkpoint_files("--save-aligned", directions.save_aligned))
            all.push_back(file);
        for (const auto& [option, path] :
             {std::pair("--save-directions", directions.save), std::pair("--save-inputs", save_inputs)})
            if (!path.empty()) all.push_back({option, path});
        return all;
    }
};

}  // namespace program
