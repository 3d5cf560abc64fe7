// SPDX-License-Identifier: Apache-2.0
//
// The line to another model after its heads and hidden units were put into the order that fits best, and in random order as a control.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <vitscape/core/progress.hpp>
#include <vitscape/io/checkpoint.hpp>
#include <vitscape/io/published/checkpoint.hpp>
#include <vitscape/landscape/alignment.hpp>
#include <vitscape/landscape/loss_barrier.hpp>
#include <vitscape/landscape/model_plane.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/surface_io.hpp>
#include <vitscape/methods/all.hpp>
#include <vitscape/report/gnuplot.hpp>
#include <vitscape/report/slice_figure.hpp>

namespace program {

/// Writes a checkpoint again with the model, its teacher and its optimizer's vectors in these orders.
inline void write_reordered(const std::filesystem::path& path, const vitscape::Checkpoint& checkpoint,
                            const std::vector<vitscape::BlockOrder>& orders) {
    std::visit(
        [&](auto method) {
            checkpoint.give_fixed_tensors(method);
            const vitscape::ParameterLayout& layout = method.layout();
            const std::string& first = layout.parameters().front().name;
            std::set<std::string> prefixes;
            for (const std::string& name : checkpoint.tensors().names())
                if (name.ends_with(first) &&
                    (name.size() == first.size() || name[name.size() - first.size() - 1] == '.'))
                    prefixes.insert(name.substr(0, name.size() - first.size()));
            std::vector<std::vector<float>> values;
            for (const std::string& prefix : prefixes)
                values.push_back(reordered(layout, orders, checkpoint.vector<float>(layout, prefix)));
            std::vector<vitscape::CheckpointVector<float>> vectors;
            auto prefix = prefixes.begin();
            for (const std::vector<float>& one : values) vectors.push_back({*prefix++, one});
            vitscape::write_checkpoint(path, layout, method.fixed_tensors(), vectors,
                                       checkpoint.description());
        },
        vitscape::method_from(checkpoint.described().at("model")));
}

/// Where and how the lines are written.
struct LineFiles {
    std::string prefix;
    std::vector<std::string> endings;
    bool resume = false, figures = true;
};

/// Looks along the lines from theta to another model in other orders of its units.
template <class O, vitscape::Backend B>
class AlignedLines {
    using V = vitscape::Vector<B>;

  public:
    AlignedLines(O& objective, const V& theta, const vitscape::Grid& grid, LineFiles files,
                 nlohmann::ordered_json metadata)
        : objective_(objective),
          theta_(theta),
          grid_(grid),
          files_(std::move(files)),
          metadata_(std::move(metadata)) {}

    /// @param prefix  of the parameters in the checkpoint, "teacher." or none
    /// @param straight  the line to the model as it is
    void draw(const vitscape::Checkpoint& checkpoint, const std::string& prefix, std::uint64_t seed,
              const std::string& save, const vitscape::Surface& straight, vitscape::FigureOptions texts,
              const vitscape::SurfaceMarks& marks) {
        using namespace vitscape;
        const ParameterLayout& layout = objective_.layout();
        const V other(theta_.backend(), checkpoint.vector<float>(layout, prefix));
        std::unique_ptr<ProgressBar> bar;
        WorkControl work;
        work.progress = [&](Index done, Index total) {
            if (!bar) bar = std::make_unique<ProgressBar>("alignment", total, "assignments", done - 1);
            bar->update(done);
        };
        const std::vector<BlockOrder> orders = match_weights(layout, theta_, other, work);
        bar.reset();
        if (!save.empty()) {
            write_reordered(save, checkpoint, orders);
            std::cout << "wrote " << save << '\n';
        }
        const V aligned = reordered(layout, orders, other);
        const V random = reordered(layout, random_orders(layout, seed), other);
        const LossBarrier before =
            loss_barrier<B>(objective_, Line<B>(theta_, direction_to(theta_, other)), straight);
        std::cout << "aligned: |θ′ - θ| from " << distance(other) << " to " << distance(aligned)
                  << ", in random order " << distance(random)
                  << "; the loss of θ′ on an image changes by at most " << change_of_loss(other, aligned)
                  << ", by rounding\n";
        std::vector<Surface> surfaces;
        std::vector<FigurePanel> curves{{.title = "θ′ as it is", .surface = &straight, .marks = &marks}};
        surfaces.reserve(2);
        const auto look = [&](const V& model, const char* name, const char* title) {
            if (distance(model) == 0) {
                std::cout << title << ": it is θ, there is no barrier\n";
                return;
            }
            surfaces.push_back(along(model, name, title, distance(other), before));
            curves.push_back({.title = title, .surface = &surfaces.back()});
        };
        look(aligned, "_aligned", "θ′ aligned");
        look(random, "_random", "θ′ in random order");
        if (!files_.figures || straight.columns() < 2 || !find_gnuplot()) return;
        for (const char* ending : {"_aligned_line.png", "_aligned_line.svg"}) {
            write_slice(surface_path(files_.prefix, ending), curves, texts);
            std::cout << "wrote " << files_.prefix << ending << '\n';
        }
    }

  private:
    [[nodiscard]] double distance(const V& model) const {
        V difference = model;
        axpby(-1, theta_, 1, difference);
        return norm(difference);
    }
    /// The largest |l_i(a) - l_i(b)|.
    [[nodiscard]] double change_of_loss(const V& a, const V& b) {
        std::vector<double> first(static_cast<std::size_t>(objective_.samples())), second = first;
        objective_.sample_losses(a, std::span<double>(first));
        objective_.sample_losses(b, std::span<double>(second));
        double largest = 0;
        for (std::size_t i = 0; i < first.size(); ++i)
            largest = std::max(largest, std::abs(first[i] - second[i]));
        return largest;
    }
    /// The loss along one line, its barrier and how much lower that is than the one before; written to files.
    vitscape::Surface along(const V& model, const std::string& name, const char* title,
                            double distance_before, const vitscape::LossBarrier& before) {
        using namespace vitscape;
        const std::string prefix = files_.prefix + name;
        const Line<B> line(theta_, direction_to(theta_, model));
        nlohmann::ordered_json metadata = metadata_;
        metadata["order"] = name.substr(1);
        metadata["length"] = norm(line.delta());
        metadata["length_before"] = distance_before;
        std::optional<StoredSurface> earlier;
        if (files_.resume && std::filesystem::exists(surface_path(prefix, ".json")))
            earlier = load_surface(surface_path(prefix, ".json"));
        std::unique_ptr<ProgressBar> bar;
        ProjectionOptions options;
        options.resume = earlier ? &earlier->surface : nullptr;
        options.after_row = [&](const Surface& surface) {
            write_surfaces(prefix, files_.endings, surface, metadata);
        };
        options.work.progress = [&](Index done, Index total) {
            if (!bar) bar = std::make_unique<ProgressBar>(title, total, "points", done - 1);
            bar->update(done);
        };
        Surface surface = project(objective_, line, grid_, options);
        bar.reset();
        const auto inside = [](double x) { return x > 0 && x < 1; };
        if (std::any_of(surface.x.begin(), surface.x.end(), inside)) {
            const LossBarrier barrier = loss_barrier<B>(objective_, line, surface);
            metadata["barrier"] = {{"height", barrier.height},
                                   {"standard_error", barrier.standard_error},
                                   {"at", barrier.at},
                                   {"loss_from", barrier.from},
                                   {"loss_to", barrier.to}};
            std::cout << title << ": barrier " << barrier.height << " +- " << barrier.standard_error
                      << " at x = " << barrier.at;
            if (!barrier.rises.empty() && !before.rises.empty()) {
                const MeanAndError lower = mean_and_error_of_difference(before.rises, barrier.rises);
                metadata["barrier"]["lower_by"] = lower.mean;
                metadata["barrier"]["lower_by_standard_error"] = lower.standard_error;
                std::cout << ", lower by " << lower.mean << " +- " << lower.standard_error
                          << " than that of θ′ as it is";
            }
            std::cout << '\n';
        }
        write_surfaces(prefix, files_.endings, surface, metadata);
        for (const std::string& ending : files_.endings) std::cout << "wrote " << prefix << ending << '\n';
        return surface;
    }

    O& objective_;
    const V& theta_;
    const vitscape::Grid& grid_;
    LineFiles files_;
    nlohmann::ordered_json metadata_;
};

}  // namespace program
