// SPDX-License-Identifier: Apache-2.0
//
// Draws the loss around a checkpoint: L(theta + x delta + y eta) for two normalized random directions.
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/memory.hpp>
#include <vitscape/core/output_lock.hpp>
#include <vitscape/io/safetensors_writer.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/direction_file.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/rounding_error.hpp>
#include <vitscape/landscape/surface_io.hpp>
#include <vitscape/report/figures.hpp>

#include "support/files.hpp"
#include "support/frozen_model.hpp"

using namespace vitscape;

namespace {

struct Options {
    program::FrozenModelOptions model;
    std::string grid = "-1:1:25", normalization = "filter", out, directions, save_directions, save_inputs;
    std::uint64_t seed = 0;
    bool orthogonal = false, resume = false, no_figures = false;
};

void add_options(CLI::App& app, Options& o) {
    using namespace program;
    o.model.add(app);
    add_text(
        app, "--grid", "GRID", o.grid,
        [&o](const std::string& text) {
            try {
                (void)parse_grid(text);
            } catch (const ConfigError& error) {
                throw ConfigError(message("--grid: ", error.what()));
            }
            o.grid = text;
        },
        "FROM:TO:STEPS of both axes (write --grid=-1:1:25), or x:…,y:…");
    add_choice(app, "--normalize", o.normalization,
               {"filter", "layer", "weight", "dfilter", "dlayer", "park"},
               "of the directions: Li et al.'s five, or park (Park & Kim)");
    add_number(app, "--seed", o.seed, Range::seed(), "of the Gaussian directions");
    app.add_flag("--orthogonal", o.orthogonal,
                 "make the second direction orthogonal to the first before normalization")
        ->always_capture_default(false);
    auto* read = add_input_file(app, "--directions", o.directions, "use the directions of this file instead");
    add_name(app, "--save-directions", o.save_directions, "FILE",
             "write the directions, after normalization (safetensors)")
        ->excludes(read);
    add_name(app, "--save-inputs", o.save_inputs, "FILE",
             "write images, ids_shuffle and labels as the model gets them");
    add_name(app, "--out", o.out, "PREFIX",
             "prefix of the files: .json, .npy, .csv, _contour and _surface .png and .svg")
        ->required();
    app.add_flag("--resume", o.resume, "keep the points that PREFIX.json has already")
        ->always_capture_default(false);
    app.add_flag("--no-figures", o.no_figures, "numbers only")->always_capture_default(false);
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

template <class O, class B>
std::pair<Vector<B>, Vector<B>> directions(const Options& o, const O& objective, const Vector<B>& theta) {
    const ParameterLayout& layout = objective.layout();
    if (!o.directions.empty()) {
        auto read = load_directions(theta.backend(), o.directions, layout);
        return {std::move(read[0]), std::move(read[1])};
    }
    Vector<B> delta = gaussian_direction(theta.backend(), layout, o.seed, 0);
    Vector<B> eta = gaussian_direction(theta.backend(), layout, o.seed, 1);
    if (o.orthogonal) orthogonalize(eta, delta);
    normalize(parse_normalization(o.normalization), layout, theta, delta);
    normalize(parse_normalization(o.normalization), layout, theta, eta);
    return {std::move(delta), std::move(eta)};
}

std::vector<std::filesystem::path> draw(const Options& o, const Surface& surface,
                                        const nlohmann::json& description) {
    std::vector<std::filesystem::path> written;
    if (o.no_figures || surface.rows() < 2 || surface.columns() < 2) return written;
    if (!find_gnuplot()) {
        std::cerr << "no figures: gnuplot was not found; on Debian: apt install gnuplot-nox\n";
        return written;
    }
    const FigureOptions options{
        .title = std::visit(
            [](const auto& method) { return std::string(std::remove_cvref_t<decltype(method)>::Card::loss); },
            method_from(description.at("model")))};
    for (const char* ending : {".png", ".svg"}) {
        written.push_back(surface_path(o.out, std::string("_contour") + ending));
        write_contour(written.back(), surface, options);
        written.push_back(surface_path(o.out, std::string("_surface") + ending));
        write_surface_figure(written.back(), surface, options);
    }
    return written;
}

/// Adds how far a surface in bfloat16 is from that in float to what its file says.
/// @throws NumericError where that is more than the standard error
template <class O, class B, class InFloat>
void compare_with_float(O& objective, const Plane<B>& plane, const PlaneGrid& grid, const InFloat& in_float,
                        nlohmann::ordered_json& metadata) {
    if constexpr (!std::is_same_v<decltype(in_float()), O>) {
        std::cerr << "comparing a few points with float\n";
        auto exact = in_float();
        const std::vector<RoundingError> errors = rounding_errors(objective, exact, plane, grid);
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

template <class O, class B, class InFloat>
void map_landscape(const Options& o, O& objective, const Vector<B>& theta, const nlohmann::json& description,
                   const std::string& of, const InFloat& in_float) {
    const PlaneGrid grid = parse_grid(o.grid);
    auto [delta, eta] = directions(o, objective, theta);
    std::cerr << "directions at " << angle_in_degrees(delta, eta)
              << " degrees, |delta| / |theta| = " << norm(delta) / norm(theta) << '\n';
    const Plane<B> plane(theta, std::move(delta), std::move(eta));
    nlohmann::ordered_json metadata = {
        {"checkpoint", o.model.checkpoint},
        {"of", of},
        {"model", description.at("model")},
        {"data", o.model.data.source},
        {"mask_seed", o.model.mask_seed},
        {"directions", o.directions.empty() ? "gaussian" : o.directions},
        {"normalization", o.directions.empty() ? o.normalization : "as in the file"},
        {"seed", o.seed}};
    compare_with_float(objective, plane, grid, in_float, metadata);
    if (!o.save_directions.empty())
        write_directions(o.save_directions, objective.layout(),
                         std::vector<Vector<B>>{plane.delta(), plane.eta()});
    if (!o.save_inputs.empty()) write_inputs(o.save_inputs, objective);
    std::optional<StoredSurface> earlier;
    if (o.resume && std::filesystem::exists(surface_path(o.out, ".json")))
        earlier = load_surface(surface_path(o.out, ".json"));
    std::unique_ptr<ProgressBar> bar;
    ProjectionOptions options;
    options.resume = earlier ? &earlier->surface : nullptr;
    options.after_row = [&](const Surface& surface) { write_surface(o.out, surface, metadata); };
    options.work.progress = [&](Index done, Index total) {
        if (!bar) bar = std::make_unique<ProgressBar>("loss surface", total, "points", done - 1);
        bar->update(done);
    };
    const Surface surface = project(objective, plane, grid, options);
    write_surface(o.out, surface, metadata);
    bar.reset();
    std::cout << "loss at the centre " << surface.centre_loss << " +- " << surface.centre_standard_error
              << "\nwrote " << o.out << ".json, " << o.out << ".npy, " << o.out << ".csv\n";
    for (const auto& path : draw(o, surface, description)) std::cout << "wrote " << path.string() << '\n';
    for (const std::string* path : {&o.save_directions, &o.save_inputs})
        if (!path->empty()) std::cout << "wrote " << *path << '\n';
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Draws the loss of a checkpoint's model on a plane of normalized random directions.",
                 "landscape"};
    Options o;
    add_options(app, o);
    return program::run(app, argc, argv, [&] {
        o.model.backend.dispatch(argv);
        const PlaneGrid grid = parse_grid(o.grid);
        require_memory(message("--grid ", o.grid),
                       85.0 * static_cast<double>(grid.x.steps) * static_cast<double>(grid.y.steps),
                       available_memory(), "fewer steps need less");  // tables, and their text
        if (const auto name = std::filesystem::path(o.out).filename();
            name.empty() || name == "." || name == "..")
            throw ConfigError(message("--out takes the beginning of file names, as in ",
                                      (std::filesystem::path(o.out) / "surface").string(), "; ", o.out,
                                      " is a folder"));
        std::vector<program::NamedPath> outputs;
        for (const char* ending : {".json", ".npy", ".csv", "_contour.png", "_contour.svg", "_surface.png",
                                   "_surface.svg", ".lock"})
            outputs.push_back({"--out", surface_path(o.out, ending)});
        for (const auto& [option, path] :
             {std::pair("--save-directions", o.save_directions), std::pair("--save-inputs", o.save_inputs)})
            if (!path.empty()) outputs.push_back({option, path});
        std::vector<program::NamedPath> read;
        if (!o.directions.empty()) read.push_back({"--directions", o.directions});
        program::require_distinct({program::checkpoint_files("--checkpoint", o.model.checkpoint),
                                   program::image_files("--data", o.model.data.source), read},
                                  outputs);
        const OutputLock lock = OutputLock::of_files(o.out);
        for (const program::NamedPath& output : outputs) require_writable_file(output.path, output.option);
        program::with_frozen_model<program::HalfOnProcessors::offered>(
            o.model, [](double) {},
            [&](auto& objective, const auto& theta, const nlohmann::json& description, const std::string& of,
                const auto& in_float) { map_landscape(o, objective, theta, description, of, in_float); });
    });
}
