// SPDX-License-Identifier: Apache-2.0
//
// Draws the loss around a checkpoint, L(theta + x delta) on a line or L(theta + x delta + y eta) on a plane: along random
// directions, eigenvectors or the gradient, towards other models, or along the way of a training.
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/memory.hpp>
#include <vitscape/core/output_lock.hpp>
#include <vitscape/io/safetensors_writer.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/direction_file.hpp>
#include <vitscape/landscape/loss_barrier.hpp>
#include <vitscape/landscape/mark.hpp>
#include <vitscape/landscape/merge_tree_io.hpp>
#include <vitscape/landscape/mode_connectivity.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/rounding_error.hpp>
#include <vitscape/landscape/surface_io.hpp>
#include <vitscape/report/figures.hpp>
#include <vitscape/report/persistence_figure.hpp>

#include "support/directions.hpp"
#include "support/files.hpp"
#include "support/frozen_model.hpp"
#include "support/job_surface.hpp"

using namespace vitscape;

namespace {

struct Options {
    program::FrozenModelOptions model;
    program::DirectionOptions directions;
    program::JobOptions job;
    std::string grid, out, save_inputs;
    std::vector<std::string> formats{"json", "npy", "csv"};
    bool resume = false, minima = false, no_figures = false;
};

std::vector<std::string> format_names() {
    std::vector<std::string> names;
    for (const std::string& ending : AllSurfaceFormats::endings()) names.push_back(ending.substr(1));
    return names;
}

void add_options(CLI::App& app, Options& o) {
    using namespace program;
    o.model.add(app);
    add_text(
        app, "--grid", "GRID", "",
        [&o](const std::string& text) {
            try {
                (void)parse_grid(text);
            } catch (const ConfigError& error) {
                throw ConfigError(message("--grid: ", error.what()));
            }
            o.grid = text;
        },
        "FROM:TO:STEPS of both axes (write --grid=-1:1:25), or x:…,y:…; without it 25 steps from -1 to 1, or "
        "around all "
        "models and checkpoints");
    o.directions.add(app);
    add_name(app, "--save-inputs", o.save_inputs, "FILE",
             "write images, ids_shuffle and labels as the model gets them");
    add_name(app, "--out", o.out, "PREFIX",
             "prefix of the files: those of --formats, and _contour and _surface, or of a line _line, .png "
             "and .svg")
        ->required();
    add_choices(app, "--formats", o.formats, format_names(), "of the surface, json beside them");
    app.add_flag("--resume", o.resume, "keep the points that PREFIX.json has already")
        ->always_capture_default(false);
    app.add_flag("--minima", o.minima,
                 "also write PREFIX_minima.json and, of several, figures: the surface's minima, how far each "
                 "lies below "
                 "the way to a "
                 "lower one, and which of them exceed the standard errors")
        ->always_capture_default(false);
    app.add_flag("--no-figures", o.no_figures, "numbers only")->always_capture_default(false);
    o.job.add(app);
}

/// The endings of the surface's files. JSON comes last: where it is there, all the others are.
std::vector<std::string> surface_endings(const Options& o) {
    std::vector<std::string> endings;
    for (const std::string& format : o.formats)
        if (format != "json") endings.push_back("." + format);
    endings.emplace_back(".json");
    return endings;
}

/// images (N, 3, H, W), labels (N) and, for an autoencoder, ids_shuffle (N, L): what the loss was computed
/// on.
template <class O>
void write_inputs(const std::string& path, const O& objective) {
    SafeTensorsWriter writer;
    std::vector<float> images;
    std::vector<std::int64_t> labels, order;
    Shape image;
    for (const Batch& chunk : objective.batches()) {
        images.insert(images.end(), chunk.images.begin(), chunk.images.end());
        labels.insert(labels.end(), chunk.labels.begin(), chunk.labels.end());
        image = Shape{static_cast<Index>(chunk.images.shape(1)), static_cast<Index>(chunk.images.shape(2)),
                      static_cast<Index>(chunk.images.shape(3))};
    }
    const Index count = objective.samples();
    writer.add("images", {count, image[0], image[1], image[2]}, images);
    writer.add("labels", {count}, labels);
    if constexpr (requires { objective.inputs().front().order; }) {
        for (const auto& inputs : objective.inputs())
            order.insert(order.end(), inputs.order.begin(), inputs.order.end());
        writer.add("ids_shuffle", {count, static_cast<Index>(order.size()) / count}, order);
    }
    writer.write(path);
}

/// What the figures of a surface say.
struct Texts {
    std::string title, x_label, y_label;
};

std::vector<std::filesystem::path> draw(const Options& o, const Surface& surface, const SurfaceMarks& marks,
                                        const Texts& texts) {
    std::vector<std::filesystem::path> written;
    if (o.no_figures || surface.columns() < 2) return written;
    if (!find_gnuplot()) {
        std::cerr << "no figures: gnuplot was not found; on Debian: apt install gnuplot-nox\n";
        return written;
    }
    const FigureOptions options{.title = texts.title, .x_label = texts.x_label, .y_label = texts.y_label};
    const std::vector<FigurePanel> panel{{.title = "", .surface = &surface, .marks = &marks}};
    const auto path = [&](const std::string& ending) {
        return written.emplace_back(surface_path(o.out, ending));
    };
    for (const std::string ending : {".png", ".svg"}) {
        if (surface.is_line()) {
            write_slice(path("_line" + ending), panel, options);
            continue;
        }
        write_contour(path("_contour" + ending), panel, options);
        write_surface_figure(path("_surface" + ending), panel, options);
    }
    return written;
}

/// Writes the merge tree of the surface, draws one of several minima, and says how many exceed three standard errors.
std::vector<std::filesystem::path> write_minima(const Options& o, const Surface& surface) {
    constexpr double errors = 3;
    const MergeTree tree = merge_tree(surface);
    std::vector<std::filesystem::path> written{surface_path(o.out, "_minima.json")};
    write_merge_tree(written.back(), tree, errors);
    const std::size_t all = tree.minima.size();
    if (all < 2) {  // there is nothing to compare a single one with
        std::cout << (all == 0 ? "no minimum\n" : "one minimum on this grid\n");
        return written;
    }
    std::cout << all << " minima on this grid; besides the lowest, " << tree.significant(errors) - 1
              << " below their saddles by more than " << errors << " standard errors\n";
    if (!o.no_figures && find_gnuplot())
        for (const char* ending : {".png", ".svg"}) {
            written.push_back(surface_path(o.out, std::string("_minima") + ending));
            write_persistence_figure(written.back(), tree, {.significant_at = errors});
        }
    return written;
}

/// Adds how far a surface in bfloat16 is from that in float to what its file says.
/// @throws NumericError where that is more than the standard error
template <class O, class Space, class G, class InFloat>
void compare_with_float(O& objective, const Space& space, const G& grid, const InFloat& in_float,
                        nlohmann::ordered_json& metadata) {
    if constexpr (!std::is_same_v<decltype(in_float()), O>) {
        std::cerr << "comparing a few points with float\n";
        auto exact = in_float();
        const std::vector<RoundingError> errors = rounding_errors(objective, exact, space, grid);
        require_negligible(errors);
        nlohmann::ordered_json points = nlohmann::ordered_json::array();
        for (const RoundingError& e : errors) {
            nlohmann::ordered_json point;
            point["x"] = e.x;
            point["y"] = e.y;
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
void measure_barrier(const Options& o, O& objective, const Path& path, const Surface& surface,
                     nlohmann::ordered_json& metadata) {
    const auto inside = [](double x) { return x > 0 && x < 1; };
    if (std::none_of(surface.x.begin(), surface.x.end(), inside)) return;
    const LossBarrier barrier = loss_barrier<B>(objective, path, surface);
    metadata["barrier"] = {{"height", barrier.height},
                           {"standard_error", barrier.standard_error},
                           {"at", barrier.at},
                           {"loss_from", barrier.from},
                           {"loss_to", barrier.to}};
    write_surfaces(o.out, surface_endings(o), surface, metadata);
    std::cout << "barrier " << barrier.height << " +- " << barrier.standard_error << " at x = " << barrier.at
              << ", between the losses " << barrier.from << " and " << barrier.to << '\n';
}

/// Evaluates a line, curve or plane, saving after each row, and draws it.
template <class O, class Space, class G, class InFloat>
void map_space(const Options& o, O& objective, const Space& space, const G& grid, const SurfaceMarks& marks,
               const Texts& texts, nlohmann::ordered_json metadata, const InFloat& in_float) {
    compare_with_float(objective, space, grid, in_float, metadata);
    std::optional<StoredSurface> earlier;
    std::optional<program::SurfaceJob> job;
    std::optional<OutputLock> lock;  // of the job's files
    if (o.job.active()) {
        std::optional<Surface> whole =
            job.emplace(o.job, o.model.backend.precision).surface(objective, space, grid);
        if (!whole) return;
        earlier = StoredSurface{.surface = *std::move(whole)};
        lock.emplace(program::lock_of_merge(o.out));
    }
    if (!o.save_inputs.empty()) write_inputs(o.save_inputs, objective);
    if (o.resume && std::filesystem::exists(surface_path(o.out, ".json")))
        earlier = load_surface(surface_path(o.out, ".json"));
    std::unique_ptr<ProgressBar> bar;
    ProjectionOptions options;
    options.resume = earlier ? &earlier->surface : nullptr;
    const std::vector<std::string> endings = surface_endings(o);
    options.after_row = [&](const Surface& surface) { write_surfaces(o.out, endings, surface, metadata); };
    options.work.progress = [&](Index done, Index total) {
        if (!bar) bar = std::make_unique<ProgressBar>("loss surface", total, "points", done - 1);
        bar->update(done);
    };
    const Surface surface = project(objective, space, grid, options);
    write_surfaces(o.out, endings, surface, metadata);
    bar.reset();
    std::cout << "loss at the centre " << surface.centre_loss << " +- " << surface.centre_standard_error
              << '\n';
    if constexpr (!requires { space.eta(); })
        if (!o.directions.to.empty())
            measure_barrier<std::remove_cvref_t<decltype(objective.backend())>>(o, objective, space, surface,
                                                                                metadata);
    for (const std::string& ending : endings) std::cout << "wrote " << o.out << ending << '\n';
    for (const auto& path : draw(o, surface, marks, texts)) std::cout << "wrote " << path.string() << '\n';
    if (o.minima)
        for (const auto& path : write_minima(o, surface)) std::cout << "wrote " << path.string() << '\n';
    for (const std::string* path : {&o.directions.save, &o.save_inputs})
        if (!path->empty()) std::cout << "wrote " << *path << '\n';
    if (job) job->finish();
}

template <class O, class B, class InFloat>
void map_landscape(const Options& o, O& objective, const Vector<B>& theta, const nlohmann::json& description,
                   const std::string& of, const InFloat& in_float) {
    program::Axes<B> axes = program::Directions<O, B>(o.directions, objective, theta, of,
                                                      description.value("training", nlohmann::json()))
                                .axes();
    const PlaneGrid grid = o.grid.empty() ? grid_around(axes.marks) : parse_grid(o.grid);
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
    const Texts texts{
        .title = std::visit(
            [](const auto& method) { return std::string(std::remove_cvref_t<decltype(method)>::Card::loss); },
            method_from(description.at("model"))),
        .x_label = axes.x_label,
        .y_label = axes.y_label};
    if (axes.curve)
        map_space(o, objective, *axes.curve, grid.x, axes.marks, texts, metadata, in_float);
    else if (o.directions.is_line())
        map_space(o, objective, Line<B>(theta, std::move(axes.delta)), grid.x, axes.marks, texts, metadata,
                  in_float);
    else
        map_space(o, objective, Plane<B>(theta, std::move(axes.delta), std::move(axes.eta)), grid, axes.marks,
                  texts, metadata, in_float);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Draws the loss of a checkpoint's model on a line or plane of random or chosen directions.",
                 "landscape"};
    Options o;
    add_options(app, o);
    return program::run_as_worker(app, o.job, argc, argv, [&](char** words) {
        o.model.backend.dispatch(words);
        o.directions.check();
        if (!o.grid.empty()) {
            if (o.directions.is_line() && (o.grid.starts_with("x:") || o.grid.starts_with("y:")))
                throw ConfigError(
                    message("--grid ", o.grid, " is of a plane, and a line is drawn; write FROM:TO:STEPS"));
            const PlaneGrid grid = parse_grid(o.grid);
            const double rows = o.directions.is_line() ? 1 : static_cast<double>(grid.y.steps);
            require_memory(message("--grid ", o.grid), 85.0 * static_cast<double>(grid.x.steps) * rows,
                           available_memory(), "fewer steps need less");  // tables, and their text
        }
        if (const auto name = std::filesystem::path(o.out).filename();
            name.empty() || name == "." || name == "..")
            throw ConfigError(message("--out takes the beginning of file names, as in ",
                                      (std::filesystem::path(o.out) / "surface").string(), "; ", o.out,
                                      " is a folder"));
        std::vector<program::NamedPath> outputs;
        for (const std::string& ending : surface_endings(o)) {
            AllSurfaceFormats::require(ending);
            outputs.push_back({"--out", surface_path(o.out, ending)});
        }
        for (const char* ending : {"_contour.png", "_contour.svg", "_surface.png", "_surface.svg",
                                   "_line.png", "_line.svg", ".lock"})
            outputs.push_back({"--out", surface_path(o.out, ending)});
        if (o.minima)
            for (const char* ending : {"_minima.json", "_minima.png", "_minima.svg"})
                outputs.push_back({"--out", surface_path(o.out, ending)});
        for (const auto& [option, path] :
             {std::pair("--save-directions", o.directions.save), std::pair("--save-inputs", o.save_inputs)})
            if (!path.empty()) outputs.push_back({option, path});
        const std::vector<program::NamedPath> read = o.directions.inputs();
        for (const auto* files : {&read, static_cast<const std::vector<program::NamedPath>*>(&outputs)})
            for (const program::NamedPath& file : *files)
                if (is_hdf5_ending(file.path.extension().string())) require_hdf5();
        program::require_distinct({program::checkpoint_files("--checkpoint", o.model.checkpoint),
                                   program::image_files("--data", o.model.data.source), read},
                                  outputs);
        std::optional<OutputLock> lock;  // workers of a job write only at its end
        if (!o.job.active()) lock.emplace(OutputLock::of_files(o.out));
        for (const program::NamedPath& output : outputs) require_writable_file(output.path, output.option);
        program::with_frozen_model<program::HalfOnProcessors::offered>(
            o.model,
            [&](double parameters) { o.directions.check_size(parameters, o.model.backend.memory()); },
            [&](auto& objective, const auto& theta, const nlohmann::json& description, const std::string& of,
                const auto& in_float) { map_landscape(o, objective, theta, description, of, in_float); });
    });
}
