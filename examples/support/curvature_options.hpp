// SPDX-License-Identifier: Apache-2.0
//
// What the curvature program is asked for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/memory.hpp>
#include <vitscape/curvature/spectral_density.hpp>

#include "files.hpp"
#include "frozen_model.hpp"
#include "job_options.hpp"
#include "options.hpp"

namespace program {

/// All options of the curvature program.
struct CurvatureOptions {
    using Index = vitscape::Index;
    FrozenModelOptions model;
    JobOptions job;
    std::string out;
    Index top = 5, bottom_given = -1, steps = 200, trace_samples = 30, density_probes = 0, density_steps = 80,
          sharpness_steps = 20;
    double tolerance = 1e-3, sharpness = 0;
    std::uint64_t seed = 0;
    bool no_figures = false;

    CurvatureOptions() { job.written = ""; }

    void add(CLI::App& app) {
        using vitscape::Range;
        model.add(app);
        add_number(app, "--top", top, Range::count(0, 1e6), "how many of the largest eigenvalues");
        add_number(app, "--bottom", bottom_given, Range::count(-1, 1e6),
                   "how many of the smallest ones; -1: as many as --top");
        add_number(app, "--trace-samples", trace_samples, Range::count(2, 1e9).or_else(0),
                   "random vectors for the trace; 0: no trace");
        add_number(app, "--lanczos-steps,--steps", steps, Range::count(1, 1e9),
                   "products with the Hessian at most, for the eigenvalues");
        add_number(app, "--tolerance", tolerance, Range::tolerance(),
                   "residual at which an eigenvalue counts as found, over the largest one");
        add_number(app, "--density-probes", density_probes, Range::count(2, 1e6).or_else(0),
                   "also the distribution of all eigenvalues, from so many random vectors; 0: none");
        add_number(app, "--density-steps", density_steps, Range::count(2, 1e6),
                   "products with the Hessian for each of them");
        add_number(app, "--sharpness", sharpness, Range::at_least(0),
                   "also the largest rises of the loss that are found for perturbations of this norm "
                   "relative to the parameters: on the quotient by the symmetries of attention, and element "
                   "by element; 0: neither");
        add_number(app, "--sharpness-steps", sharpness_steps, Range::count(1, 1e6),
                   "of ascent in each of three starts, for each of the two");
        add_number(app, "--seed", seed, Range::seed(),
                   "of the start vector, the vectors of trace and distribution, and the starts of sharpness");
        add_name(app, "--out", out, "FILE",
                 "JSON file to write; the distribution's figure is beside it, FILE_density.png and .svg "
                 "without the ending of FILE")
            ->required();
        app.add_flag("--no-figures", no_figures, "numbers only")->always_capture_default(false);
        job.add(app);
    }

    /// @throws ConfigError where nothing is asked for
    void check() const {
        if (top == 0 && bottom() == 0 && trace_samples == 0 && density_probes == 0 && sharpness == 0)
            throw vitscape::ConfigError(
                "there is nothing to compute: give --top, --bottom, --trace-samples, --density-probes or "
                "--sharpness");
    }
    [[nodiscard]] Index bottom() const { return bottom_given < 0 ? top : bottom_given; }
    [[nodiscard]] std::filesystem::path figure(const std::string& ending) const {
        std::filesystem::path name(out);
        name.replace_extension();
        name += "_density" + ending;
        return name;
    }
    /// All files that may be written, with the option that names them.
    [[nodiscard]] std::vector<NamedPath> outputs() const {
        std::vector<NamedPath> all{{"--out", out}, {"--out", out + ".lock"}};
        if (density_probes > 0 && !no_figures)
            for (const char* ending : {".png", ".svg"}) all.push_back({"--out", figure(ending)});
        return all;
    }
    /// @throws ConfigError where the vectors that span the spaces that eigenvalues are looked for in need too much memory, or the steps
    ///         cannot give so many eigenvalues
    void check_size(double parameters) const {
        using vitscape::message;
        const auto shown = static_cast<Index>(parameters);
        if (density_probes > 0) {
            const double length = std::min(static_cast<double>(density_steps), parameters);
            const auto together =
                static_cast<double>(vitscape::probes_at_once(static_cast<Index>(length), shown));
            vitscape::require_memory(
                message("--density-steps ", density_steps, " with ", shown, " parameters"),
                together * length * (4 * parameters + 8 * length), model.backend.memory(),
                "fewer steps need less");
        }
        const double vectors = std::min(static_cast<double>(steps), parameters);
        const Index wanted = top + bottom();
        if (wanted == 0) return;
        vitscape::require_memory(message("--lanczos-steps ", steps, " with ", shown, " parameters"),
                                 vectors * (4 * parameters + 8 * vectors), model.backend.memory(),
                                 "fewer steps need less");
        if (static_cast<double>(steps) < std::min(static_cast<double>(wanted), parameters))
            throw vitscape::ConfigError(message("--lanczos-steps ", steps, " cannot give --top ", top,
                                                " and --bottom ", bottom(),
                                                " eigenvalues; about 10 steps per eigenvalue are typical"));
    }
};

}  // namespace program
