// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/fields.hpp>
#include <vitscape/core/output_lock.hpp>
#include <vitscape/study/budget.hpp>
#include <vitscape/study/claims/paper.hpp>
#include <vitscape/study/entrant.hpp>
#include <vitscape/study/held_out.hpp>
#include <vitscape/study/measures/usual.hpp>
#include <vitscape/study/page/figures.hpp>
#include <vitscape/study/page/html_report.hpp>
#include <vitscape/study/pays.hpp>
#include <vitscape/study/plan_file.hpp>
#include <vitscape/study/report_data.hpp>

namespace vitscape {

/// Options of a comparison besides its plan.
struct ComparisonOptions {
    std::filesystem::path out;  ///< output folder
    bool resume = false;        ///< continue in a folder with an earlier run of the same options
    bool report_only = false;   ///< only write the report of a complete run
    double budget_minutes =
        0;  ///< choose the epochs, and coarser measures if necessary, to fit; 0: as planned
    nlohmann::json data = {};          ///< origin of the images, for the report
    bool figures = true;               ///< draw figures with gnuplot
    PaysOptions pays{};                ///< of the table of prices and times in the report
    std::ostream* progress = nullptr;  ///< the plan and how far the work is; null: nothing is shown
    std::shared_ptr<const OutputLock> lock =
        nullptr;  ///< of `out`, where it is taken already; null: `run` takes it
};

/// The folder of a new study already contains one.
class StudyExists : public ConfigError {
    using ConfigError::ConfigError;
};

/// The output of a study.
struct WrittenReport {
    nlohmann::json report{};
    std::vector<std::filesystem::path> files{};  ///< report.html, report.json and the figures
};

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
        const AnyDataset& known = setting_.images;
        const std::size_t batch = setting_.plan.training.batch;
        if (known.classes().size() == 1)
            throw DataError(message(
                "a comparison needs images of at least 2 classes, which probes and supervised training "
                "learn, or images without classes; these are all of the class '",
                known.classes().front(), "'. Put each class into its own folder"));
        if (setting_.test.classes() != known.classes())
            throw DataError(message("the held-out images have ", setting_.test.classes().size(),
                                    " classes, the training images ", known.classes().size(),
                                    ", or others; both need the same"));
        if (const auto shared = shared_image(known, setting_.test))
            throw DataError(
                message(*shared, " is both a training and a held-out image; held-out images must be others"));
        if (known.size() < batch)
            throw ConfigError(message("the dataset has ", known.size(), " images, fewer than one batch of ",
                                      batch, "; choose a smaller batch"));
        setting_.plan.training.check_batches(known.size());
        for_each_measure(measures_, [&]<class M>(const M& measure) {
            if constexpr (MeasuresLosses<M> && requires { measure.images; })
                if (known.size() < measure.images)
                    throw ConfigError(message("losses over ", measure.images,
                                              " images were requested, the dataset has ", known.size()));
        });
        require_in("budget in minutes", options_.budget_minutes, Range::minutes());
    }

    /// Adds a method, by its name in files and its title in the report. @throws ConfigError for a duplicate name, DataError for
    /// a classifier if the images have no classes
    /// @param trained  false: an untrained network as a control
    template <ComparableMethod<B> M>
    void add(std::string name, std::string title, M method, bool trained = true) {
        if (ClassifyingMethod<M, B> && !setting_.labelled())
            throw DataError(message(title, " learns the classes of images, and these have none"));
        for (const auto& other : entrants_)
            if (other->name() == name) throw ConfigError(message("two methods are called '", name, "'"));
        entrants_.push_back(std::make_unique<EntrantOf<B, Measures, M>>(
            Contestant<M>{std::move(name), std::move(title), std::move(method), trained}));
    }

    /// Completes the remaining work and writes report.json, report.html and figures.
    /// @throws ConfigError if the folder contains other runs, the budget is too small, or a claim needs a row or method that
    ///         is not part of the study; StudyExists unless it may resume; Interrupted if the user stopped it
    WrittenReport run() {
        if (entrants_.empty()) throw ConfigError("a comparison needs at least one method");
        const std::vector<AnyClaim> claims = testable_claims();
        std::shared_ptr<const OutputLock> lock = options_.lock;
        if (!lock) lock = std::make_shared<OutputLock>(OutputLock::of_folder(options_.out));
        require_writable_folder(options_.out);
        load_or_make_plan(claims);
        if (options_.report_only) return write_report(claims);
        show_plan();
        WorkMeter meter(expected_seconds(), options_.progress);
        if (setting_.labelled()) entrants_.front()->baselines(setting_, baseline_seconds(), meter);
        for (const std::uint64_t seed : setting_.plan.seeds)
            for (const auto& entrant : entrants_)
                entrant->run(setting_, seed, speeds_.at(entrant->name()), measures_, meter);
        return write_report(claims);
    }

  private:
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
        const ComparisonPlan& plan = setting_.plan;
        CompletedRuns runs{.out = options_.out, .seeds = plan.seeds};
        for (const auto& entrant : entrants_) {
            runs.methods.emplace_back(entrant->name(), entrant->title());
            if (!entrant->trained()) runs.untrained.insert(entrant->name());
        }
        runs.load(result_names(measures_));
        const ReportData data(runs, plan, rows_of(measures_, runs, plan), claims);
        nlohmann::json report = data.report(options_.data, setting_.images, setting_.test);
        report["plan"]["measures"] = describe_measures(measures_);
        for_each_measure(measures_, [&](const auto& measure) {
            if constexpr (requires { measure.put_into(report, runs); }) measure.put_into(report, runs);
        });
        Reconstructions<B> pictures(setting_.backend, setting_.test, plan);
        for (const auto& entrant : entrants_) entrant->reconstruct(setting_, pictures);
        report["reconstructions"] = pictures.json();
        put_pays(report, runs, options_.pays);
        write_json(options_.out / "report.json", report);
        HtmlReportOptions page;
        if (options_.figures && find_gnuplot()) {
            std::filesystem::create_directories(options_.out / "figures");
            page.figures = write_comparison_figures(options_.out / "figures", report);
        } else if (options_.figures) {
            show("no figures: gnuplot was not found; on Debian: apt install gnuplot-nox");
        }
        write_html_report(options_.out / "report.html", report, page);
        WrittenReport written{std::move(report),
                              {options_.out / "report.html", options_.out / "report.json"}};
        written.files.insert(written.files.end(), page.figures.begin(), page.figures.end());
        return written;
    }

    /// The plan in the folder if there is one, otherwise a new one from measured speeds and the budget.
    void load_or_make_plan(const std::vector<AnyClaim>& claims) {
        ComparisonPlan& plan = setting_.plan;
        nlohmann::json asked = {{"plan", describe(plan)},
                                {"measures", describe_measures(measures_)},
                                {"claims", describe(claims)},
                                {"images", setting_.images.size()},
                                {"test_images", setting_.test.size()},
                                {"data", options_.data},
                                {"budget_minutes", options_.budget_minutes}};
        if (options_.budget_minutes > 0) asked["plan"].erase("epochs");
        for (const auto& entrant : entrants_) asked["methods"][entrant->name()] = entrant->description();
        const PlanFile file(options_.out);
        if (file.exists()) {
            if (!options_.resume && !options_.report_only)
                throw StudyExists(message(options_.out.string(),
                                          " holds a comparison; resume it, or choose another folder"));
            const DecidedPlan decided = file.decided(asked);
            plan.training.epochs = decided.epochs, speeds_ = decided.speeds;
            measures_ = at_level(measures_, decided.level);
        } else {
            if (options_.report_only)
                throw ConfigError(message(options_.out.string(), " holds no comparison to report on"));
            file.require_empty_folder();
            show("measuring the speed of each method");
            for (const auto& entrant : entrants_) speeds_[entrant->name()] = entrant->speed(setting_);
            BudgetFit found{.level = 0, .epochs = plan.training.epochs};
            if (options_.budget_minutes > 0) {
                plan.training.epochs = 1;
                found = fit_budget(options_.budget_minutes,
                                   [this](int level) { return time(at_level(measures_, level)); });
                plan.training.epochs = found.epochs;
                measures_ = at_level(measures_, found.level);
            }
            file.write(asked, DecidedPlan{found.epochs, found.level, speeds_}.json());
        }
        if (plan.schedule.warmup_epochs < 0) plan.schedule.warmup_epochs = usual_warmup(plan.training.epochs);
    }

    [[nodiscard]] double baseline_seconds() const {
        const double all = static_cast<double>(setting_.images.size() + setting_.test.size());
        return 1.5 * static_cast<double>(setting_.plan.seeds.size()) * all *
                   speeds_.at(entrants_.front()->name()).encoding +
               all * 12e-3;
    }
    [[nodiscard]] ExpectedTime expected(const Entrant<B, Measures>& entrant, const Measures& measures) const {
        return entrant.expected(setting_, speeds_.at(entrant.name()), measures);
    }
    /// The time of the plan as it is; `epoch` is the time of all its epochs.
    [[nodiscard]] PlanTime time(const Measures& measures) const {
        PlanTime all{0, baseline_seconds()};
        for (const auto& entrant : entrants_) {
            const ExpectedTime one = expected(*entrant, measures);
            all.epoch += static_cast<double>(setting_.plan.seeds.size()) * one.training;
            all.rest += static_cast<double>(setting_.plan.seeds.size()) * one.measures;
        }
        return all;
    }
    [[nodiscard]] double expected_seconds() const {
        const PlanTime all = time(measures_);
        return all.epoch + all.rest;
    }

    void show_plan() const {
        const ComparisonPlan& plan = setting_.plan;
        std::string text = message("plan: ", setting_.images.size(), " images, ", plan.training.epochs,
                                   " epochs, ", plan.seeds.size(), " seeds\n");
        const nlohmann::json all_options = describe_measures(measures_);  // outlives the loop's items()
        for (const auto& [measure, options] : all_options.items())
            text += message("  ", measure, ": ", options.dump(), "\n");
        for (const auto& entrant : entrants_) {
            const ExpectedTime one = expected(*entrant, measures_);
            text += message("  ", entrant->title(), ": ", duration_text(one.training), " of training and ",
                            duration_text(one.measures), " of measures per seed\n");
        }
        show(text + "expected in all: " + duration_text(expected_seconds()) +
             " (what is done already does not count)");
    }

    ComparisonSetting<B> setting_;
    ComparisonOptions options_;
    Measures measures_;
    std::vector<AnyClaim> claims_;
    std::vector<std::unique_ptr<Entrant<B, Measures>>> entrants_;
    std::map<std::string, MethodSpeed> speeds_;
};

}  // namespace vitscape
