// SPDX-License-Identifier: Apache-2.0
//
// A surface that many workers compute together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/output_lock.hpp>
#include <vitscape/core/progress.hpp>
#include <vitscape/job/folder_files.hpp>
#include <vitscape/job/job_worker.hpp>
#include <vitscape/job/plan.hpp>
#include <vitscape/landscape/grid.hpp>
#include <vitscape/landscape/surface_parts.hpp>

#include "job_centre.hpp"
#include "job_options.hpp"

namespace program {

/// One worker of the job that computes a surface.
class SurfaceJob {
  public:
    SurfaceJob(const JobOptions& options, std::string precision)
        : options_(options),
          precision_(std::move(precision)),
          name_(vitscape::unique_worker_name()),
          files_(options.folder, name_) {}

    /// Computes its share, and waits for the others'. @returns the whole surface in the worker that is to write it, which then
    /// calls `finish`; nothing in the others, when that is done
    /// @param measures  as those of `project`
    /// @throws ConfigError where the folder has another plan, or the model, images or directions are not those of the first
    ///         worker; Error naming the tiles that were given up; Interrupted, IoError
    template <class O, class Space, class G, class... Ms>
    [[nodiscard]] std::optional<vitscape::Surface> surface(O& objective, const Space& space, const G& grid,
                                                           Ms&... measures) {
        using namespace vitscape;
        using B = std::remove_cvref_t<decltype(space.theta().backend())>;
        auto [x, y] = coordinates(grid);
        const std::size_t points = x.size() * y.size();
        const JobClock clock;
        const double before = clock.now();
        SurfaceParts<B, O, Space, Ms...> parts(objective, space, std::move(x), std::move(y), measures...);
        const double seconds = clock.now() - before;
        std::size_t at_once = 1;
        JobPlan plan;
        for (bool again = false;; again = true) {
            at_once = points_of_a_tile(points, seconds);
            plan = {
                .work = options_.work(
                    "landscape", {{"precision", precision_}, {"points", points}, {"tile_points", at_once}}),
                .tiles = static_cast<std::int64_t>((points + at_once - 1) / at_once),
                .patience = options_.patience};
            try {
                join_plan(files_, plan);
                break;
            } catch (
                const ConfigError&) {  // perhaps of another worker that began meanwhile, with other tiles
                if (again) throw;
            }
        }
        compare_with_first(parts.surface());

        worker_.emplace(files_, plan, name_);
        const auto first_of = [&](std::int64_t tile) { return static_cast<std::size_t>(tile) * at_once; };
        const auto last_of = [&](std::int64_t tile) { return std::min(first_of(tile) + at_once, points); };
        const auto compute = [&](std::int64_t tile) {
            parts.compute(first_of(tile), last_of(tile));
            return part_json(parts.surface(), first_of(tile), last_of(tile));
        };
        compute_tiles(compute, plan.tiles);
        worker_->require_all(
            [&](std::int64_t tile) { return message("points ", first_of(tile), " to ", last_of(tile) - 1); });
        if (!worker_->claim_merge()) {
            std::cout << "another worker wrote the files\n";
            return std::nullopt;
        }
        Surface whole = parts.surface();
        const std::vector<nlohmann::json> results = worker_->results(compute);
        for (std::int64_t tile = 0; tile < plan.tiles; ++tile)
            set_part(whole, first_of(tile), last_of(tile),
                     JsonValue(results[static_cast<std::size_t>(tile)], message("tile ", tile)));
        return whole;
    }

    /// To be called when all files are written.
    void finish() { worker_->finish_merge(); }

  private:
    static constexpr std::size_t most_tiles = 10000;

    static std::pair<std::vector<double>, std::vector<double>> coordinates(const vitscape::Grid& line) {
        return {line.coordinates(), {0.0}};
    }
    static std::pair<std::vector<double>, std::vector<double>> coordinates(const vitscape::PlaneGrid& plane) {
        return {plane.x.coordinates(), plane.y.coordinates()};
    }

    /// What the plan says, where one is there; otherwise so many that a tile takes a tenth of a second, beside which its files take
    /// little time, but not so many that there are less than 64 tiles.
    /// @param seconds  of one point
    std::size_t points_of_a_tile(std::size_t points, double seconds) {
        if (options_.tile_points > 0) return static_cast<std::size_t>(options_.tile_points);
        if (const auto plan = vitscape::load_plan(files_))
            return vitscape::JsonValue(plan->work, files_.shown(vitscape::JobPlan::file))
                .at("tile_points")
                .number<std::size_t>(1, points);
        const double wanted = std::clamp(0.1 / std::max(seconds, 1e-6), 1.0, 1e6);
        return std::max((points + most_tiles - 1) / most_tiles,
                        std::min(static_cast<std::size_t>(wanted), std::max<std::size_t>(1, points / 64)));
    }

    /// The control of all workers: they must have the same numbers at the centre.
    void compare_with_first(const vitscape::Surface& mine) {
        using namespace vitscape;
        const nlohmann::json said = nlohmann::json::parse(
            json_text(vitscape::detail::surface_description(mine, nlohmann::ordered_json())));
        const nlohmann::json agreed = agree(files_, "centre", said);
        if (said == agreed) return;
        StoredSurface first;
        vitscape::detail::read_description(JsonValue(agreed, files_.shown("centre.agreed")), first);
        require_same_centre({mine.centre_loss, mine.samples},
                            {first.surface.centre_loss, first.surface.samples},
                            mine.geometry.matches(first.surface.geometry), options_.folder);
    }

    template <class Compute>
    void compute_tiles(const Compute& compute, std::int64_t tiles) {
        using namespace vitscape;
        std::unique_ptr<ProgressBar> bar;
        WorkControl control;
        control.progress = [&](Index done, Index total) {
            if (!bar)
                bar = std::make_unique<ProgressBar>("loss surface", total, "tiles of all workers", done - 1);
            bar->update(done);
        };
        const auto report = [&] {
            bar.reset();
            std::cerr << worker_->summary() << '\n';
        };
        try {
            worker_->compute_tiles(compute, control);
        } catch (const Interrupted&) {
            report();
            throw Interrupted(message("stopped with ", worker_->finished(), " of ", tiles,
                                      " tiles finished; any worker goes on with --job ", options_.folder));
        }
        report();
    }

    const JobOptions& options_;
    std::string precision_, name_;
    vitscape::FolderFiles files_;
    std::optional<vitscape::JobWorker> worker_;
};

}  // namespace program
