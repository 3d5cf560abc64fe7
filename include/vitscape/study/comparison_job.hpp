// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/job/job_files.hpp>
#include <vitscape/job/plan.hpp>
#include <vitscape/study/entrant.hpp>
#include <vitscape/study/run_part.hpp>
#include <vitscape/study/setting.hpp>
#include <vitscape/study/store.hpp>
#include <vitscape/study/time.hpp>
#include <vitscape/study/work.hpp>

namespace vitscape {

/// How a comparison is shared with other workers, and what this one does.
struct ComparisonJob {
    JobFiles& files;                                 ///< of the job's folder
    std::string worker;                              ///< a name that no other one has (`unique_worker_name`)
    nlohmann::json work = nlohmann::json::object();  ///< what else the plan says
    double patience = 60;                            ///< seconds
    std::vector<std::string> takes{};                ///< of `kinds_of_work`; empty: all
    std::filesystem::path folder{};                  ///< of the job, if it may be in that of the comparison

    /// Whether this worker may write the report; one that only trains, on a device perhaps, does not wait for statistics.
    [[nodiscard]] bool writes() const {
        return takes.empty() || std::find(takes.begin(), takes.end(), statistics_work) != takes.end();
    }
};

/// The work of a comparison as tiles of a job: the times of training steps of all runs in turn, which all other tiles need, so that
/// no other tile disturbs them; baselines; and each part of each run.
template <Backend B, class Measures>
class StudyTiles {
    using OneEntrant = Entrant<B, Measures>;

  public:
    /// All must outlive it.
    StudyTiles(const ComparisonSetting<B>& setting, const Measures& measures)
        : setting_(setting), measures_(measures) {}

    /// The first tile. @param measure  gives the times by `run_name`, as in results.json
    void add_times(double seconds, std::function<nlohmann::json(WorkMeter&)> measure) {
        measure_times_ = std::move(measure);
        add({"times of training steps, of all methods in turn", std::string(training_work), seconds, {}},
            {nullptr, 0, "", {}});
    }
    void add_baselines(const OneEntrant& entrant, std::string title, double seconds) {
        add({std::move(title), std::string(statistics_work), seconds, {0}}, {&entrant, 0, "", {}});
    }
    /// All parts of a run; after those of the run whose training it takes, if it does.
    void add_run(const OneEntrant& entrant, std::uint64_t seed, const MethodSpeed& speed) {
        const std::string run = run_name(entrant.name(), seed);
        WorkMeter silent(0);
        const ResultStore nothing;
        entrant.for_each_part(setting_, seed, speed, measures_, nothing, silent, [&](const RunPart& part) {
            PlannedTile planned{message(entrant.title(), ", seed ", seed, ": ", part.title),
                                std::string(part.kind),
                                part.seconds,
                                {0}};
            for (const std::string& needed : part.needs) planned.needs.push_back(parts_.at(run).at(needed));
            if (!part.taken_from.empty())
                for (const auto& [name, tile] : parts_.at(part.taken_from))
                    if (belongs_to_training(name)) planned.needs.push_back(tile);
            std::sort(planned.needs.begin(), planned.needs.end());
            planned.needs.erase(std::unique(planned.needs.begin(), planned.needs.end()), planned.needs.end());
            parts_[run][part.name] = static_cast<std::int64_t>(planned_.size());
            add(std::move(planned), {&entrant, seed, part.name, speed});
        });
    }
    [[nodiscard]] const std::vector<PlannedTile>& list() const { return planned_; }

    /// Does the work of a tile. @param result  gives those of the tiles that it needs
    [[nodiscard]] nlohmann::json compute(std::int64_t number, WorkMeter& meter,
                                         const std::function<nlohmann::json(std::int64_t)>& result) const {
        const Tile& tile = tiles_.at(static_cast<std::size_t>(number));
        if (tile.entrant == nullptr) return measure_times_(meter);
        if (tile.part.empty()) return tile.entrant->baselines(setting_);
        ResultStore known;
        known.put("pace", result(0).at(run_name(tile.entrant->name(), tile.seed)));
        for (const std::int64_t needed : planned_[static_cast<std::size_t>(number)].needs)
            if (needed != 0) known.put_all(result(needed));
        nlohmann::json found;
        tile.entrant->for_each_part(setting_, tile.seed, tile.speed, measures_, known, meter,
                                    [&](const RunPart& part) {
                                        if (part.name == tile.part) found = part.compute();
                                    });
        return found;
    }

    /// Writes the results of all tiles as a comparison of one process has them: results.json of each run, and baselines.json.
    void keep(const std::vector<nlohmann::json>& results) const {
        nlohmann::json baselines = nlohmann::json::object();
        std::map<std::pair<const OneEntrant*, std::uint64_t>, nlohmann::json> runs;
        for (std::size_t i = 0; i < tiles_.size(); ++i) {
            const Tile& tile = tiles_[i];
            if (tile.entrant == nullptr) continue;
            if (tile.part.empty()) {
                baselines.update(results[i]);
                continue;
            }
            nlohmann::json& run = runs[{tile.entrant, tile.seed}];
            run["pace"] = results[0].at(run_name(tile.entrant->name(), tile.seed));
            run.update(results[i]);
        }
        if (!baselines.empty()) ResultStore(setting_.out / baselines_file).put_all(baselines);
        for (const auto& [of, all] : runs) of.first->keep_all(setting_, of.second, all);
    }

  private:
    struct Tile {
        const OneEntrant* entrant;  // null: the times
        std::uint64_t seed;
        std::string part;  // empty: baselines
        MethodSpeed speed;
    };
    void add(PlannedTile planned, Tile tile) {
        planned_.push_back(std::move(planned));
        tiles_.push_back(std::move(tile));
    }

    const ComparisonSetting<B>& setting_;
    const Measures& measures_;
    std::function<nlohmann::json(WorkMeter&)> measure_times_;
    std::vector<PlannedTile> planned_;
    std::vector<Tile> tiles_;
    std::map<std::string, std::map<std::string, std::int64_t>> parts_;  // tiles of each run by their names
};

}  // namespace vitscape
