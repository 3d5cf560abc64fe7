// SPDX-License-Identifier: Apache-2.0
//
// What the landscape program writes beside a surface's own files: figures, minima, inputs and the page.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/io/safetensors_writer.hpp>
#include <vitscape/landscape/mark.hpp>
#include <vitscape/landscape/merge_tree_io.hpp>
#include <vitscape/landscape/surface_io.hpp>
#include <vitscape/landscape/volume.hpp>
#include <vitscape/report/figures.hpp>
#include <vitscape/report/persistence_figure.hpp>
#include <vitscape/report/surface_page.hpp>
#include <vitscape/report/volume_figure.hpp>

#include "landscape_options.hpp"
#include "page.hpp"

namespace program {

using namespace vitscape;

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

/// What the figures and the page of a surface say.
struct Texts {
    std::string title, x_label, y_label, z_label;
    nlohmann::ordered_json measured = {};  ///< on the page
};

/// Whether figures are drawn; says why not where that is not what was asked for.
inline bool draws(const LandscapeOptions& o) {
    if (o.no_figures) return false;
    if (find_gnuplot()) return true;
    std::cerr << "no figures: gnuplot was not found; on Debian: apt install gnuplot-nox\n";
    return false;
}

/// The figures of a surface, or of the number whose name stands behind theirs.
inline std::vector<std::filesystem::path> draw_one(const LandscapeOptions& o, const Surface& surface,
                                                   const SurfaceMarks& marks, const FigureOptions& options,
                                                   const std::string& name, SliceBand band) {
    std::vector<std::filesystem::path> written;
    const std::vector<FigurePanel> panel{{.title = "", .surface = &surface, .marks = &marks}};
    const auto path = [&](const std::string& ending) {
        return written.emplace_back(surface_path(o.out, ending));
    };
    for (const std::string ending : {".png", ".svg"}) {
        if (surface.is_line()) {
            write_slice(path("_line" + name + ending), panel, options, band);
            continue;
        }
        write_contour(path("_contour" + name + ending), panel, options);
        write_surface_figure(path("_surface" + name + ending), panel, options);
    }
    return written;
}

inline std::vector<std::filesystem::path> draw(const LandscapeOptions& o, const Surface& surface,
                                               const SurfaceMarks& marks, const Texts& texts) {
    if (surface.columns() < 2 || !draws(o)) return {};
    FigureOptions options{.title = texts.title, .x_label = texts.x_label, .y_label = texts.y_label};
    auto written = draw_one(o, surface, marks, options, "", SliceBand::difference_standard_error);
    for (const SurfaceNumber& number : surface.numbers) {
        const Surface other = surface_of(surface, number);
        if (!std::isfinite(other.range().first)) {
            std::cerr << "no figure of " << number.card.name << ": it is finite at no point\n";
            continue;
        }
        options.loss_label = number.card.label;
        // a logarithm would show depths below the bound
        options.scale = number.card.error == NumberError::bound ? LossScale::linear : LossScale::automatic;
        for (auto& path :
             draw_one(o, other, marks, options, "_" + number.card.name, SliceBand::standard_error))
            written.push_back(std::move(path));
    }
    return written;
}

/// The planes of a volume through its centre, and those of each number.
inline std::vector<std::filesystem::path> draw(const LandscapeOptions& o, const Volume& volume,
                                               const Texts& texts) {
    std::vector<std::filesystem::path> written;
    if (volume.x.size() < 2 || volume.y.size() < 2 || !draws(o)) return written;
    FigureOptions options{.title = texts.title, .x_label = texts.x_label, .y_label = texts.y_label};
    const auto draw_one = [&](const Volume& one, const std::string& name) {
        for (const std::string ending : {".png", ".svg"}) {
            written.push_back(surface_path(o.out, "_slices" + name + ending));
            write_volume_slices(written.back(), one, options, texts.z_label);
        }
    };
    draw_one(volume, "");
    for (const VolumeNumber& number : volume.numbers) {
        const Volume other = volume_of(volume, number);
        if (std::none_of(other.loss.begin(), other.loss.end(),
                         [](double value) { return std::isfinite(value); })) {
            std::cerr << "no figure of " << number.card.name << ": it is finite at no point\n";
            continue;
        }
        options.loss_label = number.card.label;
        options.scale = number.card.error == NumberError::bound ? LossScale::linear : LossScale::automatic;
        draw_one(other, "_" + number.card.name);
    }
    return written;
}

/// Says what a surface or volume has at its centre.
template <class G>
void print_centre(const G& grid) {
    std::cout << "loss at the centre " << grid.centre_loss << " +- " << grid.centre_standard_error << '\n';
    for (const auto& number : grid.numbers) {
        std::cout << number.card.name << " at the centre " << number.centre.value;
        if (number.card.error != NumberError::none) std::cout << " +- " << number.centre.error;
        std::cout << '\n';
    }
}
/// Writes the merge tree of the surface, draws one of several minima, and says how many exceed three standard errors.
inline std::vector<std::filesystem::path> write_minima(const LandscapeOptions& o, const Surface& surface) {
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

/// The files that are written, which it names.
struct Written {
    std::vector<std::filesystem::path> paths = {};

    void add(const std::filesystem::path& path) {
        std::cout << "wrote " << paths.emplace_back(path).string() << '\n';
    }
};

/// The files of the tables of a surface or volume.
template <class G>
void add_tables(const LandscapeOptions& o, const G& grid, Written& written) {
    const std::vector<std::string> endings = o.endings();
    for (const std::string& ending : endings) written.add(surface_path(o.out, ending));
    if (std::find(endings.begin(), endings.end(), ".npy") == endings.end()) return;
    for (const auto& number : grid.numbers) written.add(surface_path(o.out, "_" + number.card.name + ".npy"));
}

inline void add_saved(const LandscapeOptions& o, Written& written) {
    for (const std::string* path : {&o.directions.save, &o.save_inputs})
        if (!path->empty()) written.add(*path);
}

/// Names what was saved on the way, and writes the page of a surface or volume.
template <class G>
void finish(const LandscapeOptions& o, const G& grid, const Texts& texts,
            const nlohmann::ordered_json& metadata, Written& written) {
    add_saved(o, written);
    if (!o.page) return;
    SurfacePageOptions page = page_of(o.out, written.paths, o.measures.cards(o.directions), o.no_figures);
    page.title = texts.title + " around " + o.model.checkpoint;
    page.command = o.command;
    page.measured = texts.measured;
    const std::filesystem::path path = surface_path(o.out, page_ending);
    write_surface_page(path, grid, metadata, page);
    written.add(path);
}

}  // namespace program
