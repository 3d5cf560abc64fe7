// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/json_value.hpp>
#include <vitscape/core/number_text.hpp>
#include <vitscape/core/work_control.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/job/clock.hpp>
#include <vitscape/job/heartbeat.hpp>
#include <vitscape/job/job_files.hpp>
#include <vitscape/job/plan.hpp>
#include <vitscape/job/tile_folder.hpp>

namespace vitscape {

/// One of the workers of a job, from its beginning to its end:
///
///     FolderFiles files(folder, unique_worker_name());
///     join_plan(files, plan);
///     JobWorker worker(files, plan, name);
///     worker.compute_tiles([&](std::int64_t tile) { return nlohmann::json(...); });
///     if (worker.given_up().empty() && worker.claim_merge()) {
///         write(worker.results(compute));
///         worker.finish_merge();
///     }
///
/// `compute(tile)` must give the same result in every worker, so it does not matter who computes a tile, nor whether two do. Where
/// the plan lists tiles that need others, `result(tile, compute)` gives it theirs.
class JobWorker {
  public:
    /// Tiles that fail in a worker which has computed none, before it ends.
    static constexpr std::size_t sick_after = 3;

    /// @param name  that no other worker has (`unique_worker_name`)
    /// @param beating  false: the caller beats
    /// @param takes  the kinds of tiles that it computes, of those that the plan lists; empty: any
    /// @param waits  for the end of the other kinds too
    JobWorker(JobFiles& files, const JobPlan& plan, std::string name, JobClock clock = {},
              bool beating = true, std::vector<std::string> takes = {}, bool waits = true)
        : files_(files),
          digest_(plan.digest()),
          tiles_(plan.tiles),
          list_(plan.list),
          takes_(std::move(takes)),
          behind_(plan.seconds_behind([](std::int64_t) { return true; })),
          clock_(std::move(clock)),
          start_(clock_.now()),
          heart_(files, std::move(name), clock_, joined_kinds()),
          folder_(files, "tiles", plan.tiles, heart_.worker(), plan.patience, clock_, rules(waits)),
          merge_folder_(files, "merge", 1, heart_.worker(), plan.patience, clock_) {
        if (beating) thread_ = std::make_unique<HeartbeatThread>(heart_, plan.beat_seconds());
    }
    JobWorker(const JobWorker&) = delete;
    ~JobWorker() {
        try {
            if (merge_) merge_folder_.release(*merge_);
        } catch (const Error&) {  // its heartbeat ends, and another one takes it
        }
    }

    /// Computes tiles until all are finished or given up, by whomever.
    /// @param compute  gives a tile's result; an exception of it but Interrupted counts as a failed try
    /// @throws Interrupted when `control` says so or `compute` is; IoError where the folder cannot be written, as on a full
    ///         disk; Error where the first `sick_after` tiles all failed, for it is likely that this worker's machine is
    ///         why, and others should have the tries. The tile at hand is free for others then.
    template <class Compute>
    void compute_tiles(const Compute& compute, const WorkControl& control = {}) {
        while (const auto claim = folder_.next([&] { return control.must_stop(); })) {
            const double start = clock_.now();
            std::string text, error;
            try {
                text = result_text(claim->tile, compute(claim->tile));
            } catch (const Interrupted&) {
                folder_.release(*claim);
                throw;
            } catch (const std::exception& failure) {
                error = failure.what();
                if (error.empty()) error = "an error without a text";
            }
            computing_ += clock_.now() - start;
            if (error.empty()) {
                folder_.finish(*claim, text);
                heart_.count_tile(list_.empty() ? 0 : list_[static_cast<std::size_t>(claim->tile)].seconds);
                ++computed_;
            } else {
                std::clog << message(shown(claim->tile), ", try ", claim->number, ": ", error, '\n');
                folder_.fail(*claim, error);
                failed_.insert(claim->tile);
                if (computed_ == 0 && failed_.size() == sick_after)
                    throw Error(message("the first ", sick_after,
                                        " tiles that this worker took failed, the last one with: ", error,
                                        "; it ends, so that other workers have the tries that are left"));
            }
            control.report(finished(), tiles_);
        }
    }

    /// The tiles that were given up and why, after `compute_tiles`.
    [[nodiscard]] std::map<std::int64_t, std::string> given_up() { return folder_.given_up(); }

    /// @param what  says what a tile is, to people
    /// @throws Error naming the tiles that were given up, if any were, and what can be done
    void require_all(const std::function<std::string(std::int64_t)>& what) {
        const auto tiles = given_up();
        if (tiles.empty()) return;
        std::string text =
            message("no files were written: ", tiles.size(), tiles.size() == 1 ? " tile was" : " tiles were",
                    " given up, all others are finished");
        for (const auto& [tile, why] : tiles)
            text += message("\n  tile ", tile, ", ", what(tile), ": ", why.substr(0, why.find('\n')));
        throw Error(message(text, "\nRemove ", files_.shown("tiles/*/*.failed"),
                            " and start a worker to try them once more"));
    }

    /// Whether this worker is to put the results together; false when another one has. Waits while another one does.
    [[nodiscard]] bool claim_merge(const WorkControl& control = {}) {
        merge_ = merge_folder_.next([&] { return control.must_stop(); });
        return merge_.has_value();
    }

    /// All results in the order of the tiles. What is missing or damaged is computed anew.
    template <class Compute>
    [[nodiscard]] std::vector<nlohmann::json> results(const Compute& compute) {
        std::vector<nlohmann::json> all;
        for (std::int64_t tile = 0; tile < tiles_; ++tile) all.push_back(result(tile, compute));
        return all;
    }
    /// The result of a finished tile. One that is missing or damaged is computed anew.
    template <class Compute>
    [[nodiscard]] nlohmann::json result(std::int64_t tile, const Compute& compute) {
        const std::string path = folder_.paths().result(tile);
        if (std::optional<nlohmann::json> stored = load(path, tile)) return *std::move(stored);
        std::clog << message(files_.shown(path), " is missing or damaged; it is computed anew\n");
        nlohmann::json found = compute(tile);
        files_.replace(path, result_text(tile, found));
        return found;
    }

    /// Notes that the results have been put together, so that the job is complete.
    void finish_merge() {
        merge_folder_.finish(merge_.value(), result_text(0, nullptr));
        merge_.reset();
        for (std::int64_t group = 0; group * tiles_per_group < tiles_; ++group)
            remove_leftovers(folder_.paths().group(group));
    }
    /// Whether a folder's job is complete: all results have been put together.
    [[nodiscard]] static bool is_complete(JobFiles& files) {
        return files.exists(TilePaths{"merge"}.result(0));
    }
    /// Has the results put together again, by whoever comes next.
    static void reopen_merge(JobFiles& files) {
        const TilePaths paths{"merge"};
        files.remove(paths.finished_groups() + '/' + TilePaths::group_name(0));
        files.remove(paths.result(0));
    }

    [[nodiscard]] std::int64_t computed() const { return computed_; }      ///< tiles of this worker
    [[nodiscard]] double computing_seconds() const { return computing_; }  ///< of them, in `compute`
    [[nodiscard]] std::int64_t finished() const {
        return std::min(folder_.finished(), tiles_);
    }  ///< tiles of all, as far as known
    /// What this worker did until now, for people.
    [[nodiscard]] std::string summary() const {
        const double all = clock_.now() - start_;
        return message("this worker computed ", computed_, " of ", tiles_, " tiles; ",
                       short_number(all > 0 ? 100 * (all - computing_) / all : 0.0),
                       " % of its time was waiting and files");
    }

  private:
    [[nodiscard]] std::string joined_kinds() const {
        std::string all;
        for (const std::string& kind : takes_) all += (all.empty() ? "" : ",") + kind;
        return all.empty() ? "any" : all;
    }
    [[nodiscard]] TileRules rules(bool waits) const {
        if (list_.empty()) return {};
        const auto of = [this](std::int64_t tile) -> const PlannedTile& {
            return list_[static_cast<std::size_t>(tile)];
        };
        return {.takes =
                    [this, of](std::int64_t tile) {
                        return takes_.empty() ||
                               std::find(takes_.begin(), takes_.end(), of(tile).kind) != takes_.end();
                    },
                .needs = [of](std::int64_t tile) { return of(tile).needs; },
                .urgency = [this](std::int64_t tile) { return behind_[static_cast<std::size_t>(tile)]; },
                .waits = waits};
    }
    [[nodiscard]] std::string shown(std::int64_t tile) const {
        return message("tile ", tile,
                       list_.empty() ? "" : " (" + list_[static_cast<std::size_t>(tile)].name + ")");
    }
    [[nodiscard]] std::string result_text(std::int64_t tile, const nlohmann::json& result) const {
        const nlohmann::ordered_json text{{"plan", digest_}, {"tile", tile}, {"result", result}};
        return with_checksum(json_text(text) + '\n');
    }
    /// Nothing where it is missing, damaged or of another plan.
    [[nodiscard]] std::optional<nlohmann::json> load(const std::string& path, std::int64_t tile) {
        const std::optional<std::string> text = files_.read(path);
        if (!text || !checksum_holds(bytes_of(*text), bytes_of(*text)).value_or(false)) return std::nullopt;
        try {
            const nlohmann::json parsed = parse_json(*text, files_.shown(path));
            const JsonValue value(parsed, files_.shown(path));
            if (value.at("plan").to<std::string>() == digest_ && value.at("tile").to<std::int64_t>() == tile)
                return value.at("result").json();
        } catch (const IoError&) {
        }
        return std::nullopt;
    }
    /// What killed workers left of tiles that are all finished. A worker that wakes up and misses its own finds the result.
    void remove_leftovers(const std::string& folder) {
        for (const std::string& name : files_.list(folder))
            if (name.ends_with(".tmp") || name.find(".claim-") != std::string::npos)
                files_.remove(folder + '/' + name);
    }

    JobFiles& files_;
    std::string digest_;
    std::int64_t tiles_;
    std::vector<PlannedTile> list_;
    std::vector<std::string> takes_;
    std::vector<double> behind_;  // of each tile, with those that wait for it
    JobClock clock_;
    double start_;
    Heartbeat heart_;
    TileFolder folder_, merge_folder_;
    std::optional<TileClaim> merge_;
    std::int64_t computed_ = 0;
    std::set<std::int64_t> failed_;  // tiles, here
    double computing_ = 0;
    std::unique_ptr<HeartbeatThread> thread_;
};

}  // namespace vitscape
