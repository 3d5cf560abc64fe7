// SPDX-License-Identifier: Apache-2.0
//
// Draws the loss around a checkpoint, L(theta + x delta) on a line, L(theta + x delta + y eta) on a plane, or with a third
// direction in a volume: along random directions, eigenvectors or the gradient, towards other models, or along the way of a training.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/output_lock.hpp>
#include <vitscape/job/wait_for_lock.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/direction_file.hpp>
#include <vitscape/landscape/loss_barrier.hpp>
#include <vitscape/landscape/mark.hpp>
#include <vitscape/landscape/mode_connectivity.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/rounding_error.hpp>
#include <vitscape/landscape/surface_io.hpp>
#include <vitscape/landscape/volume_io.hpp>
#include <vitscape/landscape/volume_projector.hpp>

#include "support/adaptive_map.hpp"
#include "support/aligned_lines.hpp"
#include "support/directions.hpp"
#include "support/files.hpp"
#include "support/frozen_model.hpp"
#include "support/job_surface.hpp"
#include "support/landscape_options.hpp"
#include "support/surface_output.hpp"

using namespace vitscape;
using namespace program;

namespace {

/// Adds how far a surface in bfloat16 is from that in float to what its file says.
/// @throws NumericError where that is more than the standard error
template <class O, class Space, class G, class InFloat>
void compare_with_float(const LandscapeOptions& o, O& objective, const Space& space, const G& grid,
                        const InFloat& in_float, nlohmann::ordered_json& metadata) {
    if constexpr (!std::is_same_v<decltype(in_float()), O>) {
        std::cerr << "comparing a few points with float\n";
        auto exact = in_float();
        std::vector<RoundingError> errors;
        if constexpr (std::is_same_v<G, VolumeGrid>)
            errors = rounding_errors(objective, exact, space, grid);
        else
            errors = o.measures.rounding_errors(objective, exact, space, grid);
        require_negligible(errors);
        nlohmann::ordered_json points = nlohmann::ordered_json::array();
        for (const RoundingError& e : errors) {
            nlohmann::ordered_json point;
            if (e.of != "loss") point["number"] = e.of;
            point["x"] = e.x;
            point["y"] = e.y;
            if constexpr (std::is_same_v<G, VolumeGrid>) point["z"] = e.z;
            point["error"] = e.error;
            point["standard_error"] = e.standard_error;
            points.push_back(std::move(point));
        }
        metadata["precision"] = "bf16";
        metadata["compared_with_float"] = std::move(points);
    }
}

/// Measures the barrier between two models, and adds it to what the file says.
template <class B, class O, class Path>
void measure_barrier(const LandscapeOptions& o, O& objective, const Path& path, const Surface& surface,
                     nlohmann::ordered_json& metadata) {
    const auto inside = [](double x) { return x > 0 && x < 1; };
    if (std::none_of(surface.x.begin(), surface.x.end(), inside)) return;
    const LossBarrier barrier = loss_barrier<B>(objective, path, surface);
    metadata["barrier"] = {{"height", barrier.height},
                           {"standard_error", barrier.standard_error},
                           {"at", barrier.at},
                           {"loss_from", barrier.from},
                           {"loss_to", barrier.to}};
    write_surfaces(o.out, o.endings(), surface, metadata);
    std::cout << "barrier " << barrier.height << " +- " << barrier.standard_error << " at x = " << barrier.at
              << ", between the losses " << barrier.from << " and " << barrier.to << '\n';
}

/// Evaluates a line, curve or plane, saving after each row, and draws it. Nothing is returned of an adaptive surface, nor in a
/// worker of a job whose files another one writes.
template <class O, class Space, class G, class InFloat>
std::optional<Surface> map_space(const LandscapeOptions& o, O& objective, const Space& space, const G& grid,
                                 const SurfaceMarks& marks, const Texts& texts,
                                 nlohmann::ordered_json metadata, const InFloat& in_float) {
    compare_with_float(o, objective, space, grid, in_float, metadata);
    if (o.adaptive.wanted()) {
        if (!o.save_inputs.empty()) write_inputs(o.save_inputs, objective);
        map_adaptively(o.adaptive,
                       {.out = o.out,
                        .formats = o.formats,
                        .resume = o.resume,
                        .figures = !o.no_figures,
                        .marks = marks,
                        .texts = {.title = texts.title, .x_label = texts.x_label, .y_label = texts.y_label},
                        .metadata = metadata},
                       objective, space, grid);
        Written saved;
        add_saved(o, saved);
        return {};
    }
    std::optional<StoredSurface> earlier;
    std::optional<SurfaceJob> job;
    std::optional<OutputLock> lock;  // of the job's files
    if (o.job.active()) {
        job.emplace(o.job, o.model.backend.precision);
        std::optional<Surface> whole = o.measures.with(objective, o.directions, [&](auto&... measures) {
            return job->surface(objective, space, grid, measures...);
        });
        if (!whole) return {};
        earlier = StoredSurface{.surface = *std::move(whole)};
        lock.emplace(wait_for_lock([&] { return OutputLock::of_files(o.out); }));
    }
    if (!o.save_inputs.empty()) write_inputs(o.save_inputs, objective);
    if (o.resume && std::filesystem::exists(surface_path(o.out, ".json")))
        earlier = load_surface(surface_path(o.out, ".json"));
    std::unique_ptr<ProgressBar> bar;
    ProjectionOptions options;
    options.resume = earlier ? &earlier->surface : nullptr;
    const std::vector<std::string> endings = o.endings();
    options.after_row = [&](const Surface& surface) { write_surfaces(o.out, endings, surface, metadata); };
    options.work.progress = [&](Index done, Index total) {
        if (!bar) bar = std::make_unique<ProgressBar>("loss surface", total, "points", done - 1);
        bar->update(done);
    };
    Surface surface = o.measures.project(objective, space, grid, options, o.directions);
    write_surfaces(o.out, endings, surface, metadata);
    bar.reset();
    print_centre(surface);
    if constexpr (!requires { space.eta(); })
        if (!o.directions.to.empty())
            measure_barrier<std::remove_cvref_t<decltype(objective.backend())>>(o, objective, space, surface,
                                                                                metadata);
    Written written;
    add_tables(o, surface, written);
    for (const auto& path : draw(o, surface, marks, texts)) written.add(path);
    if (o.minima)
        for (const auto& path : write_minima(o, surface)) written.add(path);
    finish(o, surface, texts, metadata, written);
    if (job) job->finish();
    return surface;
}

/// Evaluates a volume, saving it every few seconds, and draws its planes through the centre.
template <class O, class B, class InFloat>
void map_volume(const LandscapeOptions& o, O& objective, const AffineSpace<B>& space, const Texts& texts,
                nlohmann::ordered_json metadata, const InFloat& in_float) {
    const VolumeGrid grid = o.grid.empty() ? VolumeGrid(Grid{.steps = 13}) : parse_volume_grid(o.grid);
    compare_with_float(o, objective, space, grid, in_float, metadata);
    if (!o.save_inputs.empty()) write_inputs(o.save_inputs, objective);
    std::optional<StoredVolume> earlier;
    if (o.resume && std::filesystem::exists(surface_path(o.out, ".json")))
        earlier = load_volume(surface_path(o.out, ".json"));
    std::unique_ptr<ProgressBar> bar;
    VolumeProjectionOptions options;
    options.resume = earlier ? &earlier->volume : nullptr;
    const std::vector<std::string> endings = o.endings();
    using Clock = std::chrono::steady_clock;
    Clock::time_point saved = Clock::now();
    options.after_row = [&](const Volume& volume) {
        if (!interrupted() && Clock::now() - saved < std::chrono::seconds(5)) return;  // all of it is written
        write_volumes(o.out, endings, volume, metadata);
        saved = Clock::now();
    };
    options.work.progress = [&](Index done, Index total) {
        if (!bar) bar = std::make_unique<ProgressBar>("loss volume", total, "points", done - 1);
        bar->update(done);
    };
    const Volume volume = o.measures.project(objective, space, grid, options, o.directions);
    write_volumes(o.out, endings, volume, metadata);
    bar.reset();
    print_centre(volume);
    Written written;
    add_tables(o, volume, written);
    for (const auto& path : draw(o, volume, texts)) written.add(path);
    finish(o, volume, texts, metadata, written);
}

template <class O, class B, class InFloat>
void map_landscape(const LandscapeOptions& o, O& objective, const Vector<B>& theta,
                   const nlohmann::json& description, const std::string& of, const InFloat& in_float) {
    Axes<B> axes =
        Directions<O, B>(o.directions, objective, theta, of, description.value("training", nlohmann::json()))
            .axes();
    const PlaneGrid grid = o.directions.is_volume() ? PlaneGrid()
                           : o.grid.empty()         ? grid_around(axes.marks)
                                                    : parse_grid(o.grid);
    std::cerr << "directions ";
    if (!o.directions.is_line()) std::cerr << "at " << angle_in_degrees(axes.delta, axes.eta) << " degrees, ";
    std::cerr << "|delta| / |theta| = " << norm(axes.delta) / norm(theta) << '\n';
    nlohmann::ordered_json metadata = {{"checkpoint", o.model.checkpoint},
                                       {"of", of},
                                       {"model", description.at("model")},
                                       {"data", o.model.data.source},
                                       {"mask_seed", o.model.mask_seed}};
    metadata.update(axes.description);
    if (!o.directions.save.empty()) {
        std::vector<Vector<B>> saved{axes.delta};
        if (axes.eta.size() > 0) saved.push_back(axes.eta);
        if (axes.zeta.size() > 0) saved.push_back(axes.zeta);
        if (o.directions.trajectory.empty() ||
            !is_hdf5_ending(std::filesystem::path(o.directions.save).extension().string())) {
            write_directions(o.directions.save, objective.layout(), saved);
        } else {  // with the path, as the scripts of loss-landscape read it
            ProjectedTrajectory way;
            for (const Mark& mark : axes.marks.path) way.x.push_back(mark.x), way.y.push_back(mark.y);
            const nlohmann::ordered_json& explained = axes.description.at("explained");
            way.explained_variance_ratio = explained.get<std::vector<double>>();
            write_hdf5_directions(o.directions.save, objective.layout(), saved, way);
        }
    }
    Texts texts{
        .title = std::visit(
            [](const auto& method) { return std::string(std::remove_cvref_t<decltype(method)>::Card::loss); },
            method_from(description.at("model"))),
        .x_label = axes.x_label,
        .y_label = axes.y_label,
        .z_label = axes.z_label};
    texts.measured = {{"parameters", objective.layout().size()},
                      {"images", objective.samples()},
                      {"computed_by", o.model.backend.describe(objective.backend())}};
    if (description.contains("training")) texts.measured["training"] = description.at("training");
    if (description.contains("state") && description.at("state").contains("epoch"))
        texts.measured["epochs_done"] = description.at("state").at("epoch");
    if (o.directions.is_volume()) {
        map_volume(o, objective,
                   AffineSpace<B>(theta, std::move(axes.delta), std::move(axes.eta), std::move(axes.zeta)),
                   texts, metadata, in_float);
    } else if (axes.curve) {
        (void)map_space(o, objective, *axes.curve, grid.x, axes.marks, texts, metadata, in_float);
    } else if (o.directions.is_line()) {
        const std::optional<Surface> line = map_space(o, objective, Line<B>(theta, std::move(axes.delta)),
                                                      grid.x, axes.marks, texts, metadata, in_float);
        if (o.directions.align)
            AlignedLines<O, B>(objective, theta, grid.x, {o.out, o.endings(), o.resume, !o.no_figures},
                               metadata)
                .draw(open_checkpoint(o.directions.to).checkpoint, of == "teacher" ? "teacher." : "",
                      o.directions.seed, o.directions.save_aligned, *line,
                      {.title = texts.title, .x_label = texts.x_label}, axes.marks);
    } else {
        (void)map_space(o, objective, Plane<B>(theta, std::move(axes.delta), std::move(axes.eta)), grid,
                        axes.marks, texts, metadata, in_float);
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "Draws the loss of a checkpoint's model on a line, plane or volume of random or chosen directions.",
        "landscape"};
    LandscapeOptions o;
    o.add(app);
    return run_as_worker(app, o.job, argc, argv, [&](char** words) {
        o.command = command_text(words);
        take_device_of_worker(o.job, o.model.backend);
        o.model.backend.dispatch(words);
        o.check();
        const std::vector<NamedPath> outputs = o.outputs();
        const std::vector<NamedPath> read = o.directions.inputs();
        for (const auto* files : {&read, static_cast<const std::vector<NamedPath>*>(&outputs)})
            for (const NamedPath& file : *files)
                if (is_hdf5_ending(file.path.extension().string())) require_hdf5();
        require_distinct({checkpoint_files("--checkpoint", o.model.checkpoint),
                          image_files("--data", o.model.data.source), read},
                         outputs);
        std::optional<OutputLock> lock;  // workers of a job write only at its end
        if (!o.job.active()) lock.emplace(OutputLock::of_files(o.out));
        for (const NamedPath& output : outputs) require_writable_file(output.path, output.option);
        with_frozen_model<HalfOnProcessors::offered>(
            o.model,
            [&](double parameters, const auto& method) {
                o.directions.check_size(parameters, o.model.backend.memory());
                o.measures.check(method, o.model.checkpoint, o.model.backend.precision, o.directions,
                                 o.model.backend.memory());
            },
            [&](auto& objective, const auto& theta, const nlohmann::json& description, const std::string& of,
                const auto& in_float) { map_landscape(o, objective, theta, description, of, in_float); });
    });
}
