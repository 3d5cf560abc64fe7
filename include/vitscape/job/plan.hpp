// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/json_value.hpp>
#include <vitscape/core/version.hpp>
#include <vitscape/io/checksum.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/job/job_files.hpp>

namespace vitscape {

/// A tile of a job whose tiles differ.
struct PlannedTile {
    std::string name{};                 ///< for people
    std::string kind{};                 ///< workers may take tiles of some kinds only
    double seconds = 1;                 ///< expected
    std::vector<std::int64_t> needs{};  ///< earlier tiles that must be finished first

    [[nodiscard]] nlohmann::json json() const { return {name, kind, seconds, needs}; }
    /// @throws IoError naming the entry that is none
    [[nodiscard]] static PlannedTile read(const JsonValue& value) {
        return {value.at(0).to<std::string>(), value.at(1).to<std::string>(), value.at(2).number(0.0, 1e12),
                value.at(3).to<std::vector<std::int64_t>>()};
    }
};

/// What all workers of a job know: FOLDER/plan.json, written once.
struct JobPlan {
    static constexpr const char* file = "plan.json";
    static constexpr std::int64_t most_tiles = 10'000'000;

    /// What is computed: workers with equal ones compute the same tiles. Any JSON object.
    nlohmann::json work = nlohmann::json::object();
    /// Parts that are computed one by one, each by any worker, numbered from 0.
    std::int64_t tiles = 1;
    /// Seconds for which a worker's heartbeat stands still before another one takes its tile.
    double patience = 60;
    /// The tiles one by one where they differ; empty: all are alike, and wait for none.
    std::vector<PlannedTile> list{};

    /// Between two heartbeats.
    [[nodiscard]] double beat_seconds() const { return patience / 12; }

    [[nodiscard]] nlohmann::json json() const {
        nlohmann::json all = {{"format", "vitscape job 1"},
                              {"vitscape", VITSCAPE_VERSION},
                              {"work", work},
                              {"tiles", tiles},
                              {"patience", patience}};
        for (const PlannedTile& tile : list) all["list"].push_back(tile.json());
        return all;
    }
    /// The plan as 16 digits, which each result carries.
    [[nodiscard]] std::string digest() const { return Checksum().update(json_text(json())).digits(); }
    /// The kinds of its tiles, in the order in which they first occur.
    [[nodiscard]] std::vector<std::string> kinds() const {
        std::vector<std::string> all;
        for (const PlannedTile& tile : list)
            if (std::find(all.begin(), all.end(), tile.kind) == all.end()) all.push_back(tile.kind);
        return all;
    }
    /// Expected seconds of each tile and the longest chain of those that wait for it one after another; `counts(tile)` says which
    /// of them count. What has most behind it should be begun first.
    template <class Counts>
    [[nodiscard]] std::vector<double> seconds_behind(const Counts& counts) const {
        std::vector<double> behind(list.size());
        for (std::size_t i = list.size(); i-- > 0;) {
            if (counts(static_cast<std::int64_t>(i))) behind[i] += list[i].seconds;
            for (const std::int64_t needed : list[i].needs) {
                double& before = behind[static_cast<std::size_t>(needed)];
                before = std::max(before, behind[i]);
            }
        }
        return behind;
    }
    /// @throws ConfigError for numbers that cannot be
    void check() const {
        if (tiles < 1 || tiles > most_tiles)
            throw ConfigError(message("a job has 1 to ", most_tiles, " tiles, ", tiles, " were given"));
        if (!(patience >= 0.1 && patience <= 1e6))
            throw ConfigError(
                message("a job's patience is 0.1 to 1000000 seconds, ", patience, " were given"));
        if (!list.empty() && static_cast<std::int64_t>(list.size()) != tiles)
            throw ConfigError(message("a job of ", tiles, " tiles lists ", list.size()));
        for (std::size_t i = 0; i < list.size(); ++i)
            for (const std::int64_t needed : list[i].needs)
                if (needed < 0 || needed >= static_cast<std::int64_t>(i))
                    throw ConfigError(message("tile ", i, " (", list[i].name, ") needs tile ", needed,
                                              "; a tile can need earlier ones only"));
    }
};

/// The plan of a folder, or nothing where there is none yet.
/// @throws IoError where it is damaged or of another format; ConfigError where another version of vitscape made it, whose
///         numbers may differ in the last bits
[[nodiscard]] inline std::optional<JobPlan> load_plan(JobFiles& files) {
    const std::optional<std::string> text = files.read(JobPlan::file);
    if (!text) return std::nullopt;
    const std::string origin = files.shown(JobPlan::file);
    const nlohmann::json parsed = parse_json(*text, origin);
    const JsonValue value(parsed, origin);
    if (value.at("format").to<std::string>() != "vitscape job 1")
        value.at("format").refuse("is not that of a job's plan");
    if (const auto version = value.at("vitscape").to<std::string>(); version != VITSCAPE_VERSION)
        throw ConfigError(message(origin, " is of vitscape ", version, ", this is ", VITSCAPE_VERSION,
                                  "; let that version finish the job, or begin another folder"));
    JobPlan plan;
    plan.work = value.at("work").json();
    plan.tiles = value.at("tiles").number<std::int64_t>(1, JobPlan::most_tiles);
    plan.patience = value.at("patience").number(0.1, 1e6);
    if (value.contains("list")) {
        const JsonValue list = value.at("list");
        for (std::size_t i = 0; i < list.size(); ++i) plan.list.push_back(PlannedTile::read(list.at(i)));
        plan.check();
    }
    return plan;
}

/// @throws ConfigError where the folder has no plan and holds something that is no part of a job
inline void require_job_folder(JobFiles& files) {
    if (files.exists(JobPlan::file)) return;
    for (const std::string& name : files.list("."))
        if (!name.starts_with(JobPlan::file) && name != "workers" && name != "tiles" && name != "merge" &&
            name.find(".agreed") == std::string::npos &&  // also while it is written
            !files.exists(JobPlan::file))                 // nor made by another worker meanwhile
            throw ConfigError(message(files.shown("."), " holds ", name,
                                      " and no job; give a folder that is new or empty"));
}

/// Makes `plan` that of the folder, or joins it where it is already. Of several workers that begin at once one makes it.
/// @throws ConfigError naming the first difference where the folder has another plan, or holds something else; IoError where
///         its plan is damaged
inline void join_plan(JobFiles& files, const JobPlan& plan) {
    plan.check();
    require_job_folder(files);
    if (files.publish(JobPlan::file, with_checksum(json_text(plan.json(), 1) + '\n'))) return;
    const std::optional<JobPlan> there = load_plan(files);
    if (!there) throw IoError(message(files.shown(JobPlan::file), " was removed while it was read"));
    if (const auto difference = first_difference(there->json(), plan.json()))
        throw ConfigError(message(files.shown("."), " belongs to another job: ", *difference,
                                  "; give its options or another folder"));
}

/// What the first worker says under this name, for all of them: FOLDER/NAME.agreed.
/// @param said  what this worker would say
[[nodiscard]] inline nlohmann::json agree(JobFiles& files, const std::string& name,
                                          const nlohmann::json& said) {
    const std::string path = name + ".agreed", text = with_checksum(json_text(said) + '\n');
    if (files.publish(path, text)) return said;
    const std::optional<std::string> there = files.read(path);
    try {
        if (there) return parse_json(*there, files.shown(path));
    } catch (const IoError&) {  // damaged: it is said anew
    }
    files.replace(path, text);
    return said;
}

}  // namespace vitscape
