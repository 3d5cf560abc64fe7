// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/fields.hpp>
#include <vitscape/core/output_lock.hpp>
#include <vitscape/io/checksum.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/job/job_worker.hpp>
#include <vitscape/job/plan.hpp>
#include <vitscape/job/wait_for_lock.hpp>
#include <vitscape/study/budget.hpp>
#include <vitscape/study/claims/paper.hpp>
#include <vitscape/study/comparison_job.hpp>
#include <vitscape/study/comparison_options.hpp>
#include <vitscape/study/comparison_report.hpp>
#include <vitscape/study/entrant.hpp>
#include <vitscape/study/image_checks.hpp>
#include <vitscape/study/measures/usual.hpp>
#include <vitscape/study/plan_file.hpp>
#include <vitscape/study/plan_text.hpp>
#include <vitscape/study/study_times.hpp>

namespace vitscape {

/// Trains every method from every seed on the same images, probes it, measures it and writes a report. Measures and claims
/// are arguments; user-defined ones are added to the usual ones by `with` (study/measure_list.hpp) and to the list of claims.
///
///     Comparison comparison{Cpu<float>{}, images, test, plan, {.out = "runs/mine"}};
///     comparison.add("mae", "MAE", MaskedAutoencoder<>(config));
///     comparison.add("mine", "My masking", MaskedAutoencoder<MyMasking>(config));
///     comparison.run();
template <Backend B, class Measures = UsualMeasures>
class Comparison {
  public:
    /// @throws ConfigError, DataError before any work if plan and images do not fit
    Comparison(B backend, AnyDataset images, AnyDataset test, ComparisonPlan plan, ComparisonOptions options,
               Measures measures = {}, std::vector<AnyClaim> claims = paper_claims())
        : setting_{std::move(backend), std::move(images), std::move(test), std::move(plan), options.out},
          options_(std::move(options)),
          measures_(std::move(measures)),
          claims_(std::move(claims)) {
        setting_.plan.check();
        (void)describe_measures(measures_);
        check_study_images(setting_.images, setting_.test);
        check_enough_images(setting_.images.size(), setting_.images.classes().size(), "", setting_.plan,
                            measures_);
        require_in("budget in minutes", options_.budget_minutes, Range::minutes());
    }

    /// Adds a method, by its name in files and its title in the report.
    /// @param variant  a share of the training images, or wrong labels; held-out images are the same for all. A method that does
    ///                 not read labels takes its training from an earlier contestant of the same method and images.
    /// @param origin  `Origin::initial`: an untrained network as a control
    /// @throws ConfigError for a duplicate name and for too few images, DataError for a classifier or wrong labels if the images
    ///         have no classes
    template <ComparableMethod<B> M>
    void add(std::string name, std::string title, M method, const DataVariant& variant = {},
             Origin origin = Origin::trained) {
        if (origin == Origin::given)
            throw ConfigError(message(title, " is a given model: add it by add_given, with its file"));
        Contestant<M> contestant = checked(std::move(name), std::move(title), std::move(method));
        contestant.origin = origin;
        if (variant != DataVariant{}) {
            contestant.images = TrainingImages(setting_.images, variant);
            check_enough_images(contestant.images->images.size(), setting_.images.classes().size(),
                                " of " + contestant.title, setting_.plan, measures_);
        }
        auto entrant = std::make_unique<EntrantOf<B, Measures, M>>(std::move(contestant));
        if constexpr (!ClassifyingMethod<M, B>)
            for (const auto& other : entrants_)
                if (other->variant().share == variant.share && other->variant() != variant &&
                    other->same_method(*entrant)) {
                    entrant->train_as(other->name());
                    break;
                }
        entrants_.push_back(std::move(entrant));
    }

    /// Adds a model that is not trained here, with all of the study's images.
    /// @param method  of the model's sizes and with its fixed tensors (`Checkpoint::give_fixed_tensors`)
    /// @throws ConfigError for a duplicate name and for a model of images of another size, mean or deviation, DataError for a
    ///         classifier if the images have no classes or another number of them
    template <ComparableMethod<B> M>
    void add_given(std::string name, std::string title, M method, GivenModel given) {
        require_same_images(title, given, setting_.plan.training.transform);
        Contestant<M> contestant = checked(std::move(name), std::move(title), std::move(method));
        if constexpr (ClassifyingMethod<M, B>)
            if (const Index classes = evaluated(contestant.method).config().classes;
                classes != setting_.classes())
                throw DataError(message(contestant.title, " has ", classes, " classes, the images have ",
                                        setting_.classes()));
        contestant.origin = Origin::given;
        contestant.given = std::move(given);
        entrants_.push_back(std::make_unique<EntrantOf<B, Measures, M>>(std::move(contestant)));
    }

    /// Completes the remaining work and writes report.json, report.html and figures.
    /// @throws ConfigError if the folder contains other runs, the budget is too small, or a claim needs a row or method that
    ///         is not part of the study; StudyExists unless it may resume; Interrupted if the user stopped it
    WrittenReport run() {
        if (entrants_.empty()) throw ConfigError("a comparison needs at least one method");
        std::vector<AnyClaim> claims = testable_claims();
        std::shared_ptr<const OutputLock> lock = options_.lock;
        if (!lock) lock = std::make_shared<OutputLock>(OutputLock::of_folder(options_.out));
        require_writable_folder(options_.out);
        load_or_make_plan(claims);
        claims = testable_claims();  // coarser measures may have fewer rows
        if (options_.report_only) return write_report(claims);
        show(plan_text(setting_, measures_, entrants_, times()));
        WorkMeter meter(times().expected_seconds(), options_.progress);
        ResultStore baselines(options_.out / baselines_file);
        for (const auto* entrant : times().one_of_each_variant()) {
            if (!setting_.labelled()) continue;
            if (baselines.has(raw_pixels_of(entrant->variant())) &&
                baselines.has(random_encoder_of(entrant->variant())))
                meter.skip(times().baseline_seconds(*entrant));
            else
                meter.part(StudyTimes<B, Measures>::baselines_title(*entrant),
                           times().baseline_seconds(*entrant),
                           [&] { baselines.put_all(entrant->baselines(setting_)); });
        }
        for (const std::uint64_t seed : setting_.plan.seeds) {
            times().measure_paces(seed, meter);
            for (const auto& entrant : entrants_)
                entrant->run(setting_, seed, speeds_.at(entrant->name()), measures_, meter);
        }
        return write_report(claims);
    }

    /// The same as one of many workers that share the work through the job's folder; they have the same contestants, images and
    /// options. Returns when all is done, or, where this worker takes no statistics, when no tile is left that it takes.
    /// @returns the report in the worker that wrote it; nothing in the others
    /// @throws ConfigError where the job's plan is another one; Error naming what was given up; Interrupted; IoError
    std::optional<WrittenReport> run(const ComparisonJob& job) {
        if (entrants_.empty()) throw ConfigError("a comparison needs at least one method");
        require_writable_folder(options_.out);
        setting_.worker = job.worker;
        StudyTiles<B, Measures> tiles(setting_, measures_);
        const JobPlan plan = join(job, tiles);
        const auto title = [&](std::int64_t tile) { return plan.list[static_cast<std::size_t>(tile)].name; };
        JobWorker worker(job.files, plan, job.worker, {}, true, job.takes, job.writes());
        WorkMeter meter(0, options_.progress);
        std::function<nlohmann::json(std::int64_t)> compute = [&](std::int64_t tile) {
            nlohmann::json found;
            meter.part_of_others(message(worker.finished(), " of ", plan.tiles, " tiles"), title(tile), [&] {
                found = tiles.compute(tile, meter,
                                      [&](std::int64_t needed) { return worker.result(needed, compute); });
            });
            return found;
        };
        try {
            worker.compute_tiles(compute);
        } catch (const Interrupted&) {
            show(worker.summary());
            throw Interrupted(
                message("stopped with ", worker.finished(), " of ", plan.tiles, " tiles finished"));
        }
        show(worker.summary());
        worker.require_all(title);
        if (!job.writes() || !worker.claim_merge()) return std::nullopt;
        const OutputLock lock = wait_for_lock([&] { return OutputLock::of_folder(options_.out); });
        tiles.keep(worker.results(compute));
        PlanFile(options_.out).write(plan.work.at("asked"), plan.work.at("decided"));
        WrittenReport written = write_report(testable_claims());
        worker.finish_merge();
        return written;
    }

  private:
    template <class M>
    [[nodiscard]] Contestant<M> checked(std::string name, std::string title, M method) const {
        if (ClassifyingMethod<M, B> && !setting_.labelled())
            throw DataError(message(title, " learns the classes of images, and these have none"));
        for (const auto& other : entrants_)
            if (other->name() == name) throw ConfigError(message("two methods are called '", name, "'"));
        return {std::move(name), std::move(title), std::move(method)};
    }
    void show(const std::string& text) const {
        if (options_.progress != nullptr) *options_.progress << text << std::endl;
    }
    [[nodiscard]] std::vector<AnyClaim> testable_claims() const {
        std::vector<std::string> rows, names;
        for (const Row& row : rows_of(measures_, CompletedRuns{}, setting_.plan)) rows.push_back(row.key);
        for (const auto& entrant : entrants_) names.push_back(entrant->name());
        return testable(claims_, rows, names);
    }
    /// The report of a complete run, without any other work. @throws IoError naming the missing result
    WrittenReport write_report(const std::vector<AnyClaim>& claims) const {
        show("writing the report");
        return write_comparison_report(setting_, options_, measures_, entrants_, claims);
    }

    /// What the user asked for.
    [[nodiscard]] nlohmann::json asked(const std::vector<AnyClaim>& claims) const {
        nlohmann::json all = {{"plan", describe(setting_.plan)},
                              {"measures", describe_measures(measures_)},
                              {"claims", describe(claims)},
                              {"images", setting_.images.size()},
                              {"test_images", setting_.test.size()},
                              {"data", options_.data},
                              {"budget_minutes", options_.budget_minutes}};
        if (options_.budget_minutes > 0) all["plan"].erase("epochs");
        for (const auto& entrant : entrants_) {
            all["methods"][entrant->name()] = entrant->description();
            if (entrant->variant() != DataVariant{})
                all["variants"][entrant->name()] = describe(entrant->variant());
        }
        return all;
    }
    /// The plan in the folder if there is one, otherwise a new one from measured speeds and the budget.
    void load_or_make_plan(const std::vector<AnyClaim>& claims) {
        const PlanFile file(options_.out);
        if (file.exists()) {
            if (!options_.resume && !options_.report_only)
                throw StudyExists(message(options_.out.string(),
                                          " holds a comparison; resume it, or choose another folder"));
            take(file.decided(asked(claims)));
        } else {
            if (options_.report_only)
                throw ConfigError(message(options_.out.string(), " holds no comparison to report on"));
            file.require_empty_folder();
            const nlohmann::json request = asked(claims);
            const DecidedPlan decided = decide();
            file.write(request, decided.json());
            take(decided);
        }
    }
    /// Measures the speeds, and fits the budget.
    [[nodiscard]] DecidedPlan decide() {
        ComparisonPlan& plan = setting_.plan;
        show("measuring the speed of each method");
        for (const auto& entrant : entrants_) {
            const auto same = std::find_if(entrants_.begin(), entrants_.end(), [&](const auto& other) {
                return other == entrant || other->same_method(*entrant);
            });
            speeds_[entrant->name()] =
                *same == entrant ? entrant->speed(setting_, measures_) : speeds_.at((*same)->name());
        }
        BudgetFit found{.level = 0, .epochs = plan.training.epochs};
        if (options_.budget_minutes > 0) {
            plan.training.epochs = 1;
            found = fit_budget(options_.budget_minutes,
                               [this](int level) { return times().time(at_level(measures_, level)); });
        }
        return {found.epochs, found.level, speeds_};
    }
    /// The plan of the job, made from measured speeds by the first worker, with its tiles.
    [[nodiscard]] JobPlan join(const ComparisonJob& job, StudyTiles<B, Measures>& tiles) {
        const nlohmann::json request = asked(testable_claims());
        const PlanFile file(options_.out);
        const auto there = [&]() -> std::optional<DecidedPlan> {
            const std::optional<JobPlan> plan = load_plan(job.files);
            if (!plan) return std::nullopt;
            const JsonValue work(plan->work, job.files.shown(JobPlan::file));
            if (const auto difference = first_difference(work.at("asked").json(), request))
                throw ConfigError(message(job.files.shown(JobPlan::file),
                                          " is that of another comparison: ", *difference,
                                          "; give the same options and images, or another folder"));
            DecidedPlan decided;
            decided.read(work.at("decided"));
            return decided;
        };
        std::optional<DecidedPlan> decided = there();
        if (!decided) {
            try {
                if (file.exists())
                    throw ConfigError(
                        message(options_.out.string(),
                                " holds a comparison that is no part of this job; choose another "
                                "folder"));
                file.require_empty_folder(job.folder);
            } catch (const ConfigError&) {
                decided = there();  // of a worker that began at the same time
                if (!decided) throw;
            }
        }
        if (!decided) {
            const std::string of_request =
                "decided-" + Checksum().update(json_text(request)).digits();  // not that of other options
            const nlohmann::json agreed = agree(job.files, of_request, decide().json());
            decided.emplace();
            decided->read(JsonValue(agreed, job.files.shown(of_request + ".agreed")));
        }
        take(*decided);
        const StudyTimes<B, Measures> expected = times();
        tiles.add_times(expected.seconds_of_times(),
                        [this](WorkMeter& meter) { return times().times_of_all(meter); });
        for (const auto* entrant : expected.one_of_each_variant())
            if (setting_.labelled())
                tiles.add_baselines(*entrant, StudyTimes<B, Measures>::baselines_title(*entrant),
                                    expected.baseline_seconds(*entrant));
        for (const std::uint64_t seed : setting_.plan.seeds)
            for (const auto& entrant : entrants_) tiles.add_run(*entrant, seed, speeds_.at(entrant->name()));
        JobPlan plan{.work = job.work,
                     .tiles = static_cast<std::int64_t>(tiles.list().size()),
                     .patience = job.patience,
                     .list = tiles.list()};
        plan.work["asked"] = request;
        plan.work["decided"] = decided->json();
        join_plan(job.files, plan);
        return load_plan(job.files).value();
    }
    void take(const DecidedPlan& decided) {
        ComparisonPlan& plan = setting_.plan;
        plan.training.epochs = decided.epochs;
        speeds_ = decided.speeds;
        measures_ = at_level(measures_, decided.level);
        if (plan.schedule.warmup_epochs < 0) plan.schedule.warmup_epochs = usual_warmup(plan.training.epochs);
    }
    /// With the plan as it is now.
    [[nodiscard]] StudyTimes<B, Measures> times() const { return {setting_, measures_, entrants_, speeds_}; }

    ComparisonSetting<B> setting_;
    ComparisonOptions options_;
    Measures measures_;
    std::vector<AnyClaim> claims_;
    std::vector<std::unique_ptr<Entrant<B, Measures>>> entrants_;
    std::map<std::string, MethodSpeed> speeds_;
};

}  // namespace vitscape
