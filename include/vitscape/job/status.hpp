// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/number_text.hpp>
#include <vitscape/core/progress.hpp>
#include <vitscape/job/clock.hpp>
#include <vitscape/job/heartbeat.hpp>
#include <vitscape/job/job_files.hpp>
#include <vitscape/job/job_worker.hpp>
#include <vitscape/job/plan.hpp>
#include <vitscape/job/tile_state.hpp>

namespace vitscape {

/// How far the tiles of one kind are, and how many workers take them.
struct KindStatus {
    std::string kind{};
    std::int64_t tiles = 0, finished = 0, running = 0;
    std::size_t workers = 0;
};

/// How far a job is.
struct JobStatus {
    std::int64_t tiles = 0, finished = 0, running = 0, free = 0;
    std::vector<KindStatus> kinds{};                 ///< where the plan lists its tiles
    std::vector<std::string> running_names{};        ///< the same
    std::map<std::int64_t, std::string> given_up{};  ///< with the last reason
    std::int64_t tries_failed = 0;                   ///< of tiles that have not ended
    std::size_t working = 0;                         ///< workers whose heart beat while it was looked at
    std::size_t still = 0;                           ///< those whose did not: killed, stopped, or cut off
    double rate = 0;      ///< tiles per second of all that work, or seconds of the list; 0: not known yet
    double expected = 0;  ///< seconds of the list for what has not ended
    double longest_chain = 0;  ///< seconds of the list of what has to be done one after another
    bool complete = false;     ///< the results have been put together

    /// Seconds; infinite where nobody has finished a tile yet.
    [[nodiscard]] double seconds_left() const {
        if (running + free == 0) return 0;
        if (!(rate > 0)) return std::numeric_limits<double>::infinity();
        if (kinds.empty()) return static_cast<double>(running + free) / rate;
        return std::max(expected, longest_chain * static_cast<double>(working)) / rate;
    }

    [[nodiscard]] std::string text() const {
        std::string lines = message(finished, " of ", tiles, " tiles finished, ", running, " claimed, ", free,
                                    " free, ", given_up.size(), " given up\n");
        for (const KindStatus& one : kinds)
            lines += message("  ", one.kind, ": ", one.finished, " of ", one.tiles, " finished, ",
                             one.running, " claimed; ", one.workers,
                             one.workers == 1 ? " worker takes" : " workers take", " them\n");
        for (const std::string& name : running_names) lines += message("  now: ", name, '\n');
        lines += message(working, working == 1 ? " worker" : " workers", " at work");
        if (still > 0) lines += message(", ", still, " without a heartbeat");
        if (rate > 0 && kinds.empty()) lines += message(", ", short_number(rate), " tiles/s");
        if (complete)
            lines += "; complete";
        else if (running + free > 0)
            lines += std::isfinite(seconds_left()) ? "; " + duration_text(seconds_left()) + " left"
                                                   : std::string("; time left not known yet");
        else if (given_up.empty())
            lines += "; the results are to be put together";
        lines += '\n';
        if (tries_failed > 0) lines += message(tries_failed, " tries failed and are made again\n");
        for (const auto& [tile, why] : given_up)
            lines += message("tile ", tile, " was given up: ", why, why.ends_with('\n') ? "" : "\n");
        return lines;
    }
};

namespace detail {

/// Tiles per second of a worker; where the plan lists its tiles, seconds of the list in one of its seconds, and 1 before it has
/// finished any.
[[nodiscard]] inline double rate_of(const Beat& worker, const JobPlan& plan) {
    if (plan.list.empty())
        return worker.seconds > 0 ? static_cast<double>(worker.tiles) / worker.seconds : 0.0;
    return worker.took > 0 && worker.planned > 0 ? worker.planned / worker.took : 1.0;
}

}  // namespace detail

/// Counts the files of a job and looks at its heartbeats, for at most one and a half beats.
[[nodiscard]] inline JobStatus job_status(JobFiles& files, const JobPlan& plan, const JobClock& clock = {}) {
    std::map<std::string, std::string> before;
    for (const std::string& worker : files.list("workers"))
        if (auto text = files.read(Beat::path(worker))) before[worker] = *std::move(text);
    const double start = clock.now();

    JobStatus status{.tiles = plan.tiles, .complete = JobWorker::is_complete(files)};
    const auto planned = [&](std::int64_t tile) -> const PlannedTile& {
        return plan.list[static_cast<std::size_t>(tile)];
    };
    for (const std::string& kind : plan.kinds()) status.kinds.push_back({.kind = kind});
    std::vector<bool> open(plan.list.size());
    const TilePaths paths{"tiles"};
    for (std::int64_t first = 0; first < plan.tiles; first += tiles_per_group) {
        const std::int64_t count = std::min(tiles_per_group, plan.tiles - first);
        const auto states = tile_states(files.list(paths.group(first / tiles_per_group)), first, count);
        for (std::int64_t i = 0; i < count; ++i) {
            const TileState& state = states[static_cast<std::size_t>(i)];
            status.finished += state.finished;
            status.running += state.running();
            status.free += state.free();
            if (!state.ended()) status.tries_failed += state.errors;
            if (!plan.list.empty()) {
                KindStatus& of_kind =
                    *std::find_if(status.kinds.begin(), status.kinds.end(),
                                  [&](const KindStatus& one) { return one.kind == planned(first + i).kind; });
                ++of_kind.tiles;
                of_kind.finished += state.finished;
                of_kind.running += state.running();
                if (state.running()) status.running_names.push_back(planned(first + i).name);
                if (!state.ended()) status.expected += planned(first + i).seconds;
                open[static_cast<std::size_t>(first + i)] = !state.ended();
            }
            if (state.given_up && !state.finished)
                status.given_up[first + i] = files.read(paths.given_up(first + i)).value_or("");
        }
    }

    for (const double seconds :
         plan.seconds_behind([&](std::int64_t tile) { return open[static_cast<std::size_t>(tile)]; }))
        status.longest_chain = std::max(status.longest_chain, seconds);

    while (!before.empty()) {
        for (auto worker = before.begin(); worker != before.end();) {
            const std::optional<std::string> now = files.read(Beat::path(worker->first));
            const bool beat = now && *now != worker->second;
            if (beat) {
                ++status.working;
                if (const auto says = Beat::parse(*now)) {
                    status.rate += detail::rate_of(*says, plan);
                    for (KindStatus& one : status.kinds)
                        one.workers +=
                            says->takes == "any" ||
                            ("," + says->takes + ",").find("," + one.kind + ",") != std::string::npos;
                }
            }
            worker = beat || !now ? before.erase(worker) : std::next(worker);
        }
        if (before.empty() || clock.now() - start > 1.5 * plan.beat_seconds()) break;
        clock.sleep(std::min(0.2, plan.beat_seconds() / 4));
    }
    status.still = before.size();
    return status;
}

}  // namespace vitscape
