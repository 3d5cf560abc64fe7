// SPDX-License-Identifier: Apache-2.0
//
// Options that say along which directions the landscape program looks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <vitscape/core/memory.hpp>
#include <vitscape/io/hdf5.hpp>
#include <vitscape/landscape/assignment.hpp>

#include "files.hpp"
#include "options.hpp"

namespace program {

/// Options that say along which directions to look.
struct DirectionOptions {
    std::string along = "gaussian", file, to, to2, trajectory, curve, normalization = "filter", save,
                save_aligned;
    std::vector<std::string> only;
    int dimensions = 0;  ///< 0: 1 towards another model, otherwise 2
    vitscape::Index lanczos_steps = 100, curve_steps = 200;
    double tolerance = 1e-3, curve_rate = 1e-3;
    std::uint64_t seed = 0;
    bool orthogonal = false, align = false;

    void add(CLI::App& app) {
        using vitscape::Range;
        auto* along_option =
            add_choice(app, "--along", along, {"gaussian", "eigenvectors", "eigenvectors:top", "gradient"},
                       "random directions; eigenvectors of the largest and the smallest eigenvalue of the "
                       "Hessian, or (top) of the two largest; or the gradient and a random direction");
        auto* read = add_input_file(app, "--directions", file, "use the directions of this file instead");
        auto* towards = add_input_file(app, "--to", to,
                                       "look along the line to this checkpoint's model, at 1; with "
                                       "--dimensions 2 in the plane of that and a random direction");
        auto* third =
            add_input_file(app, "--to2", to2, "with --to: look in the plane through all three models")
                ->needs(towards);
        add_choice(app, "--curve", curve, {"bezier", "chain"},
                   "with --to: train a curve of low loss to that model and look along it; with --dimensions "
                   "2 in its plane")
            ->needs(towards)
            ->excludes(third);
        add_number(app, "--curve-steps", curve_steps, Range::count(1, 1e9),
                   "of Adam for a curve, two gradients each");
        add_number(app, "--curve-rate", curve_rate, Range::above(0), "its learning rate at the start");
        auto* aligned =
            app.add_flag("--align", align,
                         "with --to: look also along the line to that model with its heads and hidden units "
                         "in the order that fits best (git re-basin), and, as a control, in random order")
                ->always_capture_default(false)
                ->needs(towards);
        add_name(app, "--save-aligned", save_aligned, "FILE", "write the checkpoint of --to in that order")
            ->needs(aligned);
        auto* way = add_name(app, "--trajectory", trajectory, "FOLDER",
                             "look in the plane in which a training went most, of the checkpoints that "
                             "pretrain --keep-every left in FOLDER");
        for (auto* one : {read, towards, way})
            for (auto* other : {along_option, read, towards, way})
                if (one != other) one->excludes(other);
        add_number(app, "--dimensions", dimensions, Range::count(1, 3).or_else(0),
                   "1 draws a line, 2 a plane, 3 a volume and its planes through the centre; 0: a line with "
                   "--to alone, otherwise a plane");
        app.add_option("--only", only,
                       "move only these parameters: a pattern of names such as 'blocks.0.*', encoder or "
                       "decoder; several times for several")
            ->type_name("PATTERN")
            ->take_all()
            ->allow_extra_args(false);
        add_choice(app, "--normalize", normalization,
                   {"filter", "layer", "weight", "dfilter", "dlayer", "park"},
                   "of random directions, whose length eigenvectors and gradients also get: Li et al.'s "
                   "five, or park (Park & Kim)");
        add_number(app, "--seed", seed, Range::seed(), "of random directions, and of Lanczos' start");
        app.add_flag("--orthogonal", orthogonal,
                     "make the second random direction orthogonal to the first before normalization")
            ->always_capture_default(false);
        add_number(app, "--lanczos-steps", lanczos_steps, Range::count(2, 1e9),
                   "products with the Hessian at most, for eigenvectors and eigenvalues");
        add_number(
            app, "--lanczos-tolerance", tolerance, Range::tolerance(),
            "residual at which eigenvector and eigenvalue count as found, over the largest eigenvalue");
        add_name(app, "--save-directions", save, "FILE",
                 "write the directions, as they move the model (safetensors)")
            ->excludes(read);
    }

    [[nodiscard]] bool is_line() const {
        return dimensions == 1 || (dimensions == 0 && !to.empty() && to2.empty());
    }
    [[nodiscard]] bool is_volume() const { return dimensions == 3; }
    [[nodiscard]] bool wants_eigenvectors() const { return along.starts_with("eigenvectors"); }

    /// @throws ConfigError for options that do not belong together
    void check() const {
        using vitscape::ConfigError;
        if (!to2.empty() && dimensions == 1)
            throw ConfigError("--dimensions 1 draws a line, --to2 needs a plane; leave one of them out");
        if (is_volume() && !to.empty())
            throw ConfigError(
                "--dimensions 3 looks along three random directions, eigenvectors, the gradient and two "
                "random "
                "ones, a trajectory, or those of --directions; --to gives a line or a plane; leave one of "
                "them "
                "out");
        if (is_volume() && vitscape::is_hdf5_ending(std::filesystem::path(save).extension().string()))
            throw ConfigError(vitscape::message(
                "--save-directions ", save,
                ": HDF5 of loss-landscape holds two directions, a volume has three; write .safetensors"));
        if (orthogonal && (along != "gaussian" || !to.empty() || !trajectory.empty()))
            throw ConfigError(
                "--orthogonal belongs to --along gaussian; all others are orthogonal by themselves");
        if (align && (!is_line() || !curve.empty() || !only.empty()))
            throw ConfigError(
                "--align is of the line between whole models; leave --dimensions, --to2, --curve and --only "
                "out");
        if (align) vitscape::require_assignment();
        if (!curve.empty() && !only.empty())
            throw ConfigError("--curve moves all parameters, --only a part of them; leave one of them out");
        if (!trajectory.empty() && !std::filesystem::is_directory(trajectory))
            throw ConfigError(
                vitscape::message("--trajectory takes a folder of checkpoints, ", trajectory,
                                  " is none; pretrain --keep-every makes one, epochs/ in its --out"));
    }
    /// @throws ConfigError if the vectors of the directions do not fit into the memory
    void check_size(double parameters, double memory) const {
        if (wants_eigenvectors()) {
            const double vectors = std::min(static_cast<double>(lanczos_steps), parameters);
            vitscape::require_memory(
                vitscape::message("--lanczos-steps ", lanczos_steps, " with ",
                                  static_cast<vitscape::Index>(parameters), " parameters"),
                vectors * (4 * parameters + 8 * vectors), memory, "fewer steps need less");
        }
        if (!trajectory.empty()) {
            const double count = static_cast<double>(checkpoints().size());
            vitscape::require_memory(vitscape::message("--trajectory of ", count, " checkpoints"),
                                     (count + 3) * 4 * parameters, memory,
                                     "fewer checkpoints in the folder need less");
        }
    }
    /// The files that are read.
    [[nodiscard]] std::vector<NamedPath> inputs() const {
        std::vector<NamedPath> all;
        if (!file.empty()) all.push_back({"--directions", file});
        for (const auto& [option, path] : {std::pair("--to", to), std::pair("--to2", to2)})
            for (const NamedPath& one : checkpoint_files(option, path)) all.push_back(one);
        if (!trajectory.empty())
            for (const std::filesystem::path& path : checkpoints())
                for (const NamedPath& one : checkpoint_files("--trajectory", path.string()))
                    all.push_back(one);
        return all;
    }
    /// The checkpoints of the trajectory's folder, by name.
    [[nodiscard]] std::vector<std::filesystem::path> checkpoints() const {
        std::vector<std::filesystem::path> found;
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(trajectory, ignored))
            if (entry.path().extension() == ".safetensors") found.push_back(entry.path());
        std::sort(found.begin(), found.end());
        return found;
    }
};

}  // namespace program
