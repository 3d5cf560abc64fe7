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
#include <vitscape/core/statistics.hpp>
#include <vitscape/study/budget.hpp>
#include <vitscape/study/claims/paper.hpp>
#include <vitscape/study/comparison_options.hpp>
#include <vitscape/study/entrant.hpp>
#include <vitscape/study/given_models_note.hpp>
#include <vitscape/study/image_checks.hpp>
#include <vitscape/study/measures/usual.hpp>
#include <vitscape/study/page/figures.hpp>
#include <vitscape/study/page/html_report.hpp>
#include <vitscape/study/pays.hpp>
#include <vitscape/study/plan_file.hpp>
#include <vitscape/study/report_data.hpp>

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
        show_plan();
        WorkMeter meter(expected_seconds(), options_.progress);
        for (const auto* entrant : one_of_each_variant())
            if (setting_.labelled()) entrant->baselines(setting_, baseline_seconds(*entrant), meter);
        for (const std::uint64_t seed : setting_.plan.seeds) {
            measure_paces(seed, meter);
            for (const auto& entrant : entrants_)
                entrant->run(setting_, seed, speeds_.at(entrant->name()), measures_, meter);
        }
        return write_report(claims);
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
        const ComparisonPlan& plan = setting_.plan;
        CompletedRuns runs{.out = options_.out, .seeds = plan.seeds};
        for (const auto& entrant : entrants_) {
            runs.methods.emplace_back(entrant->name(), entrant->title());
            if (entrant->origin() != Origin::trained) runs.origins[entrant->name()] = entrant->origin();
            if (entrant->variant() != DataVariant{}) runs.variants[entrant->name()] = entrant->variant();
        }
        runs.load(result_names(measures_));
        const ReportData data(runs, plan, rows_of(measures_, runs, plan), claims);
        nlohmann::json report = data.report(options_.data, setting_.images, setting_.test);
        report["plan"]["measures"] = describe_measures(measures_);
        detail::put_given_models(report, entrants_);
        for_each_measure(measures_, [&](const auto& measure) {
            if constexpr (requires { measure.put_into(report, runs); }) measure.put_into(report, runs);
        });
        Reconstructions<B> pictures(setting_.backend, setting_.test, plan);
        for (const auto& entrant : entrants_) entrant->reconstruct(setting_, pictures);
        report["reconstructions"] = pictures.json();
        put_pays(report, runs, options_.pays);
        write_json(options_.out / "report.json", report);
        HtmlReportOptions page{.language = options_.language};
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
        for (const auto& entrant : entrants_) {
            asked["methods"][entrant->name()] = entrant->description();
            if (entrant->variant() != DataVariant{})
                asked["variants"][entrant->name()] = describe(entrant->variant());
        }
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
                                   [this](int level) { return time(at_level(measures_, level)); });
                plan.training.epochs = found.epochs;
                measures_ = at_level(measures_, found.level);
            }
            file.write(asked, DecidedPlan{found.epochs, found.level, speeds_}.json());
        }
        if (plan.schedule.warmup_epochs < 0) plan.schedule.warmup_epochs = usual_warmup(plan.training.epochs);
    }

    /// Times training steps of all runs of a seed in turn, so that other work on the machine slows all alike; medians over rounds.
    void measure_paces(std::uint64_t seed, WorkMeter& meter) const {
        std::vector<const Entrant<B, Measures>*> runs;
        double expected = 0;
        for (const auto& entrant : entrants_) {
            if (entrant->has_pace(setting_, seed)) {
                meter.skip(pace_seconds(*entrant));
                continue;
            }
            runs.push_back(entrant.get());
            expected += pace_seconds(*entrant);
        }
        if (runs.empty()) return;
        meter.part(message("seed ", seed, ": time of training steps"), expected, [&] {
            std::vector<std::vector<double>> training(runs.size()), tuning = training, classifying = training;
            const std::size_t all = pace_rounds * runs.size();
            for (std::size_t k = 0; k < all; ++k) {
                const std::size_t i = k % runs.size();
                const Pace pace = runs[i]->pace(setting_, measures_);
                training[i].push_back(pace.training), tuning[i].push_back(pace.tuning),
                    classifying[i].push_back(pace.classifying);
                meter.update(static_cast<std::int64_t>(k + 1), static_cast<std::int64_t>(all),
                             "measurements");
            }
            for (std::size_t i = 0; i < runs.size(); ++i)
                runs[i]->keep_pace(setting_, seed,
                                   {median(training[i]), median(tuning[i]), median(classifying[i])});
        });
    }
    [[nodiscard]] double pace_seconds(const Entrant<B, Measures>& entrant) const {
        const TrainOptions& training = setting_.plan.training;
        const MethodSpeed& speed = speeds_.at(entrant.name());
        return static_cast<double>(pace_rounds * detail::timed_steps * training.batch * training.accumulate) *
               (speed.training + speed.tuning + speed.encoding);
    }

    /// The first contestant with each variant of the images.
    [[nodiscard]] std::vector<const Entrant<B, Measures>*> one_of_each_variant() const {
        std::vector<const Entrant<B, Measures>*> firsts;
        for (const auto& entrant : entrants_)
            if (std::none_of(firsts.begin(), firsts.end(),
                             [&](const auto* first) { return first->variant() == entrant->variant(); }))
                firsts.push_back(entrant.get());
        return firsts;
    }
    [[nodiscard]] double baseline_seconds(const Entrant<B, Measures>& entrant) const {
        const double all =
            static_cast<double>(entrant.variant().count(setting_.images.size()) + setting_.test.size());
        return 1.5 * static_cast<double>(setting_.plan.seeds.size()) * all *
                   speeds_.at(entrant.name()).encoding +
               all * 12e-3;
    }
    [[nodiscard]] ExpectedTime expected(const Entrant<B, Measures>& entrant, std::uint64_t seed,
                                        const Measures& measures) const {
        return entrant.expected(setting_, seed, speeds_.at(entrant.name()), measures);
    }
    /// The time of the plan as it is; `epoch` is the time of all its epochs.
    [[nodiscard]] PlanTime time(const Measures& measures) const {
        PlanTime all;
        for (const auto* entrant : one_of_each_variant())
            if (setting_.labelled()) all.rest += baseline_seconds(*entrant);
        for (const auto& entrant : entrants_)
            for (const std::uint64_t seed : setting_.plan.seeds) {
                const ExpectedTime one = expected(*entrant, seed, measures);
                all.epoch += one.training + one.per_training;
                all.rest += one.measures - one.per_training + pace_seconds(*entrant);
            }
        return all;
    }
    [[nodiscard]] double expected_seconds() const {
        const PlanTime all = time(measures_);
        return all.epoch + all.rest;
    }

    void show_plan() const {
        const ComparisonPlan& plan = setting_.plan;
        const bool trains = std::any_of(entrants_.begin(), entrants_.end(), [](const auto& entrant) {
            return entrant->origin() == Origin::trained;
        });
        std::string text = message("plan: ", setting_.images.size(), " images, ",
                                   trains ? message(plan.training.epochs, " epochs, ") : std::string(),
                                   plan.seeds.size(), " seeds\n");
        const nlohmann::json all_options = describe_measures(measures_);  // outlives the loop's items()
        for (const auto& [measure, options] : all_options.items())
            text += message("  ", measure, ": ", options.dump(), "\n");
        for (const auto& entrant : entrants_) {
            const ExpectedTime one = expected(*entrant, plan.seeds.front(), measures_);
            text += message("  ", entrant->title(), ": ",
                            entrant->origin() == Origin::trained
                                ? duration_text(one.training) + " of training and "
                                : std::string(),
                            duration_text(one.measures), " of measures ",
                            entrant->origin() == Origin::given ? "from the first seed" : "per seed", "\n");
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
