// SPDX-License-Identifier: Apache-2.0
//
// Work in parts that need nothing from each other: computed one after another, or by the workers of a job.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/json_value.hpp>
#include <vitscape/core/progress.hpp>
#include <vitscape/job/folder_files.hpp>
#include <vitscape/job/job_worker.hpp>
#include <vitscape/job/plan.hpp>

#include "job_centre.hpp"
#include "job_options.hpp"

namespace program {

/// Called with how many of a part's steps are done, and with what else there is to say.
using PartProgress = std::function<void(std::int64_t, const std::string&)>;

/// A part whose result is a function of its number, whoever computes it.
struct WorkPart {
    std::string name;        ///< for people
    std::int64_t steps = 1;  ///< at most; all parts' steps take about the same time
    std::function<nlohmann::json(const PartProgress&)> compute;
};

/// The parts of one number or figure.
struct PartedWork {
    std::string name, unit;  ///< of the work, and of the steps
    std::vector<WorkPart> parts;
    /// Puts the parts' results together.
    std::function<void(const std::vector<nlohmann::json>&)> finish;
};

/// Computes all parts here, one number after another.
inline void compute_alone(const std::vector<PartedWork>& all) {
    for (const PartedWork& work : all) {
        std::int64_t total = 0, before = 0;
        for (const WorkPart& part : work.parts) total += part.steps;
        std::unique_ptr<vitscape::ProgressBar> bar;
        std::vector<nlohmann::json> results;
        for (const WorkPart& part : work.parts) {
            results.push_back(part.compute([&](std::int64_t done, const std::string& note) {
                if (!bar)
                    bar = std::make_unique<vitscape::ProgressBar>(work.name, total, work.unit, done - 1);
                bar->update(before + done, [&] { return note; });
            }));
            before += part.steps;
        }
        bar.reset();
        work.finish(results);
    }
}

/// One worker of the job that computes parts.
class PartedJob {
  public:
    PartedJob(const JobOptions& options, std::string program)
        : options_(options),
          program_(std::move(program)),
          name_(vitscape::unique_worker_name()),
          files_(options.folder, name_) {}

    /// Computes its share, waits for the others', and in one of the workers finishes all of the work. @returns whether it was this one
    /// @param step_seconds  that a step takes about, which the plan foretells the time by
    /// @param lock  takes that of the files to be written
    /// @throws ConfigError where the folder has another plan, or the model or images are not those of the first worker; Error
    ///         naming the parts that were given up; Interrupted, IoError
    template <class Lock>
    bool compute(const std::vector<PartedWork>& all, const JobCentre& centre, double step_seconds,
                 const Lock& lock) {
        using namespace vitscape;
        std::vector<const WorkPart*> parts;
        for (const PartedWork& work : all)
            for (const WorkPart& part : work.parts) parts.push_back(&part);
        const JobPlan plan = join(all, step_seconds);
        const nlohmann::json first =
            agree(files_, "centre", {{"loss", centre.loss}, {"samples", centre.samples}});
        const JsonValue said(first, files_.shown("centre.agreed"));
        require_same_centre(centre, {said.at("loss").to<double>(), said.at("samples").to<std::int64_t>()},
                            true, options_.folder);

        JobWorker worker(files_, plan, name_);
        ProgressBar bar("all workers", plan.tiles, "tiles");
        const auto compute = [&](std::int64_t tile) {
            const WorkPart& part = *parts[static_cast<std::size_t>(tile)];
            return part.compute([&](std::int64_t done, const std::string& note) {
                bar.update(worker.finished(), [&] {
                    return message(part.name, ", ", done, " of ", part.steps, note.empty() ? "" : ", ", note);
                });
            });
        };
        try {
            worker.compute_tiles(compute, {.progress = [&](Index done, Index) { bar.update(done); }});
        } catch (const Interrupted&) {
            std::cerr << worker.summary() << '\n';
            throw Interrupted(message("stopped with ", worker.finished(), " of ", plan.tiles,
                                      " tiles finished; any worker goes on with --job ", options_.folder));
        }
        std::cerr << worker.summary() << '\n';
        worker.require_all([&](std::int64_t tile) { return plan.list[static_cast<std::size_t>(tile)].name; });
        if (!worker.claim_merge()) {
            std::cout << "another worker wrote the files\n";
            return false;
        }
        const std::vector<nlohmann::json> results = worker.results(compute);
        const auto locked = lock();
        auto next = results.begin();
        for (const PartedWork& work : all) {
            const auto end = next + static_cast<std::ptrdiff_t>(work.parts.size());
            work.finish({next, end});
            next = end;
        }
        worker.finish_merge();
        return true;
    }

  private:
    /// Makes the plan, or joins that of another worker, which may begin meanwhile and foretell other seconds.
    vitscape::JobPlan join(const std::vector<PartedWork>& all, double step_seconds) {
        using namespace vitscape;
        for (bool again = false;; again = true) {
            if (const auto plan = load_plan(files_))
                step_seconds =
                    JsonValue(plan->work, files_.shown(JobPlan::file)).at("step_seconds").to<double>();
            JobPlan plan{.work = options_.work(program_, {{"step_seconds", step_seconds}}),
                         .tiles = 0,
                         .patience = options_.patience};
            for (const PartedWork& work : all)
                for (const WorkPart& part : work.parts)
                    plan.list.push_back(
                        {part.name, work.name, step_seconds * static_cast<double>(part.steps), {}});
            plan.tiles = static_cast<std::int64_t>(plan.list.size());
            try {
                join_plan(files_, plan);
                return plan;
            } catch (const ConfigError&) {
                if (again) throw;
            }
        }
    }

    const JobOptions& options_;
    std::string program_, name_;
    vitscape::FolderFiles files_;
};

}  // namespace program
