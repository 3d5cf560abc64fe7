// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/json_value.hpp>
#include <vitscape/core/version.hpp>
#include <vitscape/io/checksum.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/job/job_files.hpp>

namespace vitscape {

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

    /// Between two heartbeats.
    [[nodiscard]] double beat_seconds() const { return patience / 12; }

    [[nodiscard]] nlohmann::json json() const {
        return {{"format", "vitscape job 1"},
                {"vitscape", VITSCAPE_VERSION},
                {"work", work},
                {"tiles", tiles},
                {"patience", patience}};
    }
    /// The plan as 16 digits, which each result carries.
    [[nodiscard]] std::string digest() const { return Checksum().update(json_text(json())).digits(); }
    /// @throws ConfigError for numbers that cannot be
    void check() const {
        if (tiles < 1 || tiles > most_tiles)
            throw ConfigError(message("a job has 1 to ", most_tiles, " tiles, ", tiles, " were given"));
        if (!(patience >= 0.1 && patience <= 1e6))
            throw ConfigError(
                message("a job's patience is 0.1 to 1000000 seconds, ", patience, " were given"));
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
    return plan;
}

/// Makes `plan` that of the folder, or joins it where it is already. Of several workers that begin at once one makes it.
/// @throws ConfigError naming the first difference where the folder has another plan, or holds something else; IoError where
///         its plan is damaged
inline void join_plan(JobFiles& files, const JobPlan& plan) {
    plan.check();
    if (!files.exists(JobPlan::file))
        for (const std::string& name : files.list("."))
            if (!name.starts_with(JobPlan::file) && name != "workers" && name != "tiles" && name != "merge" &&
                !name.ends_with(".agreed"))
                throw ConfigError(message(files.shown("."), " holds ", name,
                                          " and no job; give a folder that is new or empty"));
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
