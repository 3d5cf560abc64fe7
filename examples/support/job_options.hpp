// SPDX-License-Identifier: Apache-2.0
//
// What makes a program one of many workers that do its work together through a folder: the first one's options become the
// plan, all others have them from there.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/json_value.hpp>
#include <vitscape/core/name_text.hpp>
#include <vitscape/job/folder_files.hpp>
#include <vitscape/job/job_worker.hpp>
#include <vitscape/job/plan.hpp>
#include <vitscape/job/status.hpp>

#include "backend.hpp"
#include "options.hpp"
#include "program.hpp"

namespace program {

/// The options of a worker, and what it knows of its plan.
struct JobOptions {
    std::string folder{};
    std::int64_t tile_points = 0;
    double patience = 60;
    bool status = false;
    std::string beside =
        ".job";  ///< behind the name of --out: the folder of processes that a launcher started
    std::string written =
        ".json";  ///< behind the name of --out: a file that is there when the job is complete

    std::string directory{};                          ///< in which the plan's paths are
    nlohmann::json given = nlohmann::json::object();  ///< the plan's options: names and texts

    [[nodiscard]] bool active() const { return !folder.empty(); }

    void add(CLI::App& app) {
        using vitscape::Range;
        auto* job =
            add_name(app, "--job", folder, "FOLDER",
                     "be one of many workers that compute this together, on any machines that share FOLDER: "
                     "the first one makes the plan, others need only --job FOLDER; the last one writes the "
                     "files (docs/distributed.md)");
        app.add_flag("--status", status, "with --job: show how far all workers are, and end")
            ->needs(job)
            ->always_capture_default(false);
        add_number(app, "--patience", patience, Range{0.1, 1e6},
                   "with --job: seconds without a heartbeat after which another worker takes a tile over")
            ->needs(job);
        for (const char* name : {"--resume", "--report-only"})  // a job always goes on
            if (CLI::Option* other = app.get_option_no_throw(name)) job->excludes(other);
    }
    /// For jobs whose tiles are points.
    void add_points(CLI::App& app) {
        add_number(app, "--tile-points", tile_points, vitscape::Range::count(1, 1e9).or_else(0),
                   "with --job: points that a worker takes at once; 0: what takes a tenth of a second")
            ->needs(app.get_option("--job"));
    }

    /// Reads the plan that is there and puts its options into `words`, the command line. True where nothing is left to do.
    /// @throws ConfigError naming an option that the plan has otherwise; CLI::Error for a command line that is wrong by itself
    bool prepare(CLI::App& app, std::vector<std::string>& words) {
        if (std::none_of(words.begin(), words.end(), [](const std::string& word) {
                return word == "--job" || word.starts_with("--job=");
            }))
            return false;
        const std::vector<std::string> own = parse(app, words);  // sets `folder`, `status` and `given`
        if (!active()) return false;
        vitscape::FolderFiles files(std::filesystem::absolute(folder), vitscape::unique_worker_name());
        const std::optional<vitscape::JobPlan> plan = vitscape::load_plan(files);
        if (!plan) {
            if (status || given.empty())
                throw vitscape::ConfigError(vitscape::message(
                    "--job ", folder, " has no plan yet; the first worker needs the usual options"));
            vitscape::require_job_folder(files);
            return false;
        }
        const std::string origin = files.shown(vitscape::JobPlan::file);
        const vitscape::JsonValue work(plan->work, origin);
        if (work.at("program").to<std::string>() != app.get_name())
            throw vitscape::ConfigError(vitscape::message("--job ", folder, " is a job of the program ",
                                                          work.at("program").to<std::string>()));
        if (status) {
            std::cout << vitscape::job_status(files, *plan).text() << std::flush;
            return true;
        }
        const nlohmann::json& planned = work.at("options").json();
        for (const auto& [name, values] : given.items()) {
            if (planned.contains(name) ? planned.at(name) == values : is_default(app, name, values)) continue;
            throw vitscape::ConfigError(vitscape::message(
                name, " is ", shown(values), " here, and ",
                planned.contains(name) ? shown(planned.at(name)) : "not given", " in the plan of --job ",
                folder, "; leave it out, or give another folder"));
        }
        given = planned;
        directory = work.at("directory").to<std::string>();
        enter(files);
        words = {words.front()};
        work.at("options").for_each([&](const std::string& name, const vitscape::JsonValue& values) {
            const bool flag = app.get_option(name)->get_expected_max() == 0;
            for (const auto& value : values.to<std::vector<std::string>>())
                words.push_back(flag ? name : name + '=' + value);
        });
        words.insert(words.end(), own.begin(), own.end());
        return is_complete(files, work);
    }

    /// The plan's description of the work. @param facts  what else must be the same in all workers
    [[nodiscard]] nlohmann::json work(const std::string& program, const nlohmann::json& facts) const {
        nlohmann::json all = facts;
        all["program"] = program;
        all["directory"] = directory.empty() ? std::filesystem::current_path().string() : directory;
        all["options"] = given;
        for (const auto& [name, values] : given.items())
            for (const auto& value : values)
                if (const auto text = value.get<std::string>(); vitscape::name_text(text) != text)
                    throw vitscape::ConfigError(vitscape::message(
                        name, " ", text,
                        " is not UTF-8; a job's plan takes no such names. Give the file another one"));
        return all;
    }

  private:
    /// Options that each worker has for itself.
    static bool is_own(std::string_view name) {
        static constexpr std::array<std::string_view, 5> all{"--job", "--status", "--threads", "--device",
                                                             "--take"};
        return std::find(all.begin(), all.end(), name) != all.end();
    }
    static std::string shown(const nlohmann::json& values) {
        return joined(values.get<std::vector<std::string>>());
    }
    static bool is_default(CLI::App& app, const std::string& name, const nlohmann::json& values) {
        return values.size() == 1 && values.front() == app.get_option(name)->get_default_str();
    }

    /// Reads what is given, whether or not it is all that the program needs. @returns the words of the worker's own options
    std::vector<std::string> parse(CLI::App& app, const std::vector<std::string>& words) {
        std::vector<CLI::Option*> required;
        for (CLI::Option* option : app.get_options())
            if (option->get_required()) required.push_back(option->required(false));
        std::vector<const char*> arguments;
        for (const std::string& word : words) arguments.push_back(word.c_str());
        const auto need_again = [&] {
            for (CLI::Option* option : required) option->required();
        };
        try {
            app.parse(static_cast<int>(arguments.size()), arguments.data());
        } catch (...) {
            need_again();
            throw;
        }
        need_again();
        std::vector<std::string> own;
        for (const CLI::Option* option : app.get_options()) {
            if (option->count() == 0) continue;
            const std::string name = option->get_name();
            std::vector<std::string> values = option->results();
            if (option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeLast)
                values = {values.back()};
            if (name == "--job")  // also from the plan's folder
                own.push_back(name + '=' + std::filesystem::absolute(folder).string());
            else if (is_own(name) && name != "--status")
                own.push_back(name + '=' + values.back());
            else if (!is_own(name))
                given[name] = values;
        }
        app.clear();
        return own;
    }

    /// Goes to where the plan's paths are.
    void enter(vitscape::JobFiles& files) {
        std::error_code code, ignored;
        const bool here = std::filesystem::equivalent(directory, std::filesystem::current_path(), ignored);
        std::filesystem::current_path(directory, code);
        if (code)
            throw vitscape::ConfigError(vitscape::message(
                files.shown(vitscape::JobPlan::file), " was made in the folder ", directory,
                ", which this machine cannot enter (", code.message(), "); its files are needed here too"));
        if (!here) std::cerr << "in " << directory << ", as the plan says\n";
    }
    bool is_complete(vitscape::JobFiles& files, const vitscape::JsonValue& work) {
        if (!vitscape::JobWorker::is_complete(files)) return false;
        const std::string out = work.at("options").at("--out").at(0).to<std::string>() + written;
        if (!std::filesystem::exists(out)) {
            vitscape::JobWorker::reopen_merge(files);
            return false;
        }
        std::cout << "the job is complete: it wrote " << out << "; its folder is not needed any more\n"
                  << std::flush;
        return true;
    }
};

/// Of several workers that a launcher (mpirun, srun) started on one machine, each takes a device. To be called before `dispatch`.
inline void take_device_of_worker([[maybe_unused]] const JobOptions& job,
                                  [[maybe_unused]] BackendOptions& backend) {
#if defined(__CUDACC__)
    if (job.active()) take_device(backend, vitscape::process_place());
#endif
}

/// Where a launcher started several processes without --job: they are workers of a job beside what --out names.
inline void join_launched(const JobOptions& job, std::vector<std::string>& words) {
    vitscape::ProcessPlace place;
    try {
        place = vitscape::process_place();
    } catch (const vitscape::ConfigError&) {  // no launcher that we know
    }
    if (place.size < 2) return;
    std::string out;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "--job" || words[i].starts_with("--job=")) return;
        if (words[i] == "--out" && i + 1 < words.size()) out = words[i + 1];
        if (words[i].starts_with("--out=")) out = words[i].substr(6);
    }
    if (out.empty()) return;  // which is required
    words.push_back("--job=" + out + job.beside);
    if (place.rank == 0)
        std::cerr << "the " << place.size << " processes share the work through " << out << job.beside
                  << '\n';
}

/// As `run`, for a program that may be a worker. Calls `work(argv)` with a command line that has the plan's options.
template <class Work>
int run_as_worker(CLI::App& app, JobOptions& job, int argc, char** argv, const Work& work) {
    std::vector<std::string> words(argv, argv + argc);
    join_launched(job, words);
    try {
        if (job.prepare(app, words)) return 0;
    } catch (const CLI::Error&) {  // `run` says what is wrong
    } catch (const std::exception& error) {
        std::cerr << app.get_name() << ": " << error.what() << '\n';
        return 1;
    }
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    return run(app, static_cast<int>(words.size()), arguments.data(), [&] { work(arguments.data()); });
}

}  // namespace program
