// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/study/budget.hpp>
#include <vitscape/study/entrant.hpp>
#include <vitscape/study/page/figures.hpp>
#include <vitscape/study/page/html_report.hpp>
#include <vitscape/study/plan_file.hpp>
#include <vitscape/study/report_data.hpp>
#include <vitscape/study/summary.hpp>

namespace vitscape {

/// What a comparison needs beside its plan.
struct ComparisonOptions {
    std::filesystem::path out;  ///< folder of everything that is written
    bool resume = false;        ///< go on in a folder that holds an earlier run of the same options
    bool report_only = false;   ///< write the report of a run that is complete, and do nothing else
    double budget_minutes =
        0;  ///< choose the epochs, and where they must be the measures' fineness, to fit; 0: as planned
    nlohmann::json data = {};  ///< where the images come from, for the report
    bool figures = true;       ///< draw by gnuplot
};

/// Trains every method from every seed on the same images, probes it, looks at its losses and writes a report.
///
///     Comparison comparison{Cpu<float>{}, images, test, plan, {.out = "runs/mine"}};
///     comparison.add("mae", "MAE", MaskedAutoencoder<>(config));
///     comparison.add("mine", "My masking", MaskedAutoencoder<MyMasking>(config));
///     comparison.run();
template <Backend B>
class Comparison {
  public:
    /// @throws ConfigError, DataError before any work where plan and images do not fit
    Comparison(B backend, AnyDataset images, AnyDataset test, ComparisonPlan plan, ComparisonOptions options)
        : setting_{std::move(backend), std::move(images), std::move(test), std::move(plan), options.out},
          options_(std::move(options)) {
        setting_.plan.check();
        const AnyDataset& known = setting_.images;
        const MeasurePlan& measure = setting_.plan.measure;
        const std::size_t batch = setting_.plan.training.batch;
        if (known.classes().size() < 2)
            throw DataError(message(
                "a comparison needs images of at least 2 classes, these have ", known.classes().size(),
                ": probes and supervised training learn them. Put each class into a folder of its own"));
        if (setting_.test.classes() != known.classes())
            throw DataError(message("the test images have ", setting_.test.classes().size(),
                                    " classes, the training images ", known.classes().size(),
                                    ", or others; both need the same"));
        if (known.size() < batch)
            throw ConfigError(message("the dataset has ", known.size(), " images, fewer than one batch of ",
                                      batch, "; choose a smaller batch"));
        const std::size_t most = std::max({measure.images, measure.curvature_images, measure.convex_images});
        if (known.size() < most)
            throw ConfigError(
                message("losses over ", most, " images were asked for, the dataset has ", known.size()));
        if (!(options_.budget_minutes >= 0)) throw ConfigError("a budget is a number of minutes, at least 0");
    }

    /// Enters a method, by its name in files and its title in the report. @throws ConfigError for a name that is taken
    template <class M>
    void add(std::string name, std::string title, M method) {
        for (const auto& other : entrants_)
            if (other->name() == name) throw ConfigError(message("two methods are called '", name, "'"));
        entrants_.push_back(std::make_unique<EntrantOf<B, M>>(
            Contestant<M>{std::move(name), std::move(title), std::move(method)}));
    }

    /// Does what is not done yet and writes report.json, report.html and figures. Prints the plan first.
    /// @throws ConfigError where the folder holds other runs or the budget does not do; Interrupted where the user stopped it
    void run() {
        if (entrants_.empty()) throw ConfigError("a comparison needs at least one method");
        require_writable_folder(options_.out);
        const FolderLock lock(options_.out);
        settle();
        if (options_.report_only) return write_report();
        print_plan();
        WorkMeter meter(expected_seconds());
        entrants_.front()->baselines(setting_, baseline_seconds(), meter);
        for (const std::uint64_t seed : setting_.plan.seeds)
            for (const auto& entrant : entrants_)
                entrant->run(setting_, seed, speeds_.at(entrant->name()), meter);
        write_report();
    }

  private:
    /// The report of a complete run, without any other work. @throws IoError naming what is missing
    void write_report() const {
        std::cerr << "writing the report" << std::endl;
        const ComparisonPlan& plan = setting_.plan;
        std::vector<std::pair<std::string, std::string>> names;
        for (const auto& entrant : entrants_) names.emplace_back(entrant->name(), entrant->title());
        ReportData data(CompletedRuns::load(options_.out, plan, names), plan);
        nlohmann::json report = data.report(options_.data, setting_.images, setting_.test);
        Reconstructions<B> pictures(setting_.backend, setting_.test, plan);
        for (const auto& entrant : entrants_) entrant->reconstruct(setting_, pictures);
        report["reconstructions"] = pictures.json();
        write_json(options_.out / "report.json", report);
        std::vector<std::filesystem::path> figures;
        if (options_.figures && find_gnuplot()) {
            std::filesystem::create_directories(options_.out / "figures");
            figures = write_comparison_figures(options_.out / "figures", report);
        } else if (options_.figures) {
            std::cerr << "no figures: gnuplot was not found; on Debian: apt install gnuplot-nox\n";
        }
        HtmlReportOptions page;
        page.figures = figures;
        write_html_report(options_.out / "report.html", report, page);
        print_summary(report);
        std::cout << "wrote " << (options_.out / "report.html").string() << ", "
                  << (options_.out / "report.json").string() << " and " << figures.size() << " figures\n";
    }

    /// The folder's plan if there is one, else a new one: from speeds that are measured, and from the budget.
    void settle() {
        ComparisonPlan& plan = setting_.plan;
        nlohmann::json asked = {{"plan", describe(plan)},
                                {"images", setting_.images.size()},
                                {"test_images", setting_.test.size()},
                                {"data", options_.data},
                                {"budget_minutes", options_.budget_minutes}};
        if (options_.budget_minutes > 0) asked["plan"].erase("epochs");
        for (const auto& entrant : entrants_) asked["methods"][entrant->name()] = entrant->description();
        const PlanFile file(options_.out);
        if (file.exists()) {
            if (!options_.resume && !options_.report_only)
                throw ConfigError(
                    message(options_.out.string(),
                            " holds a comparison; give --resume to go on with it, or another --out"));
            DecidedPlan decided{plan, {}};
            decided.read(file.decided(asked));
            plan = decided.plan, speeds_ = decided.speeds;
        } else {
            if (options_.report_only)
                throw ConfigError(message(options_.out.string(), " holds no comparison to report on"));
            file.require_empty_folder();
            std::cerr << "measuring the speed of each method" << std::endl;
            for (const auto& entrant : entrants_) speeds_[entrant->name()] = entrant->speed(setting_);
            if (options_.budget_minutes > 0)
                fit_budget(plan, options_.budget_minutes, [this] { return time(); });
            file.write(asked, DecidedPlan{plan, speeds_}.json());
        }
        if (plan.schedule.warmup_epochs < 0) plan.schedule.warmup_epochs = usual_warmup(plan.training.epochs);
    }

    [[nodiscard]] double baseline_seconds() const {
        const double all = static_cast<double>(setting_.images.size() + setting_.test.size());
        return 1.5 * static_cast<double>(setting_.plan.seeds.size()) * all *
                   speeds_.at(entrants_.front()->name()).encoding +
               all * 4e-3;
    }
    [[nodiscard]] ExpectedTime expected(const Entrant<B>& entrant) const {
        return entrant.expected(setting_, speeds_.at(entrant.name()));
    }
    /// Of the plan as it is, which trains for one epoch.
    [[nodiscard]] PlanTime time() const {
        PlanTime all{0, baseline_seconds()};
        for (const auto& entrant : entrants_) {
            const ExpectedTime one = expected(*entrant);
            all.epoch += static_cast<double>(setting_.plan.seeds.size()) * one.training;
            all.rest += static_cast<double>(setting_.plan.seeds.size()) * one.measures;
        }
        return all;
    }
    [[nodiscard]] double expected_seconds() const {
        const PlanTime all = time();
        return all.epoch + all.rest;
    }

    void print_plan() const {
        const ComparisonPlan& plan = setting_.plan;
        std::cerr << "plan: " << setting_.images.size() << " images, " << plan.training.epochs << " epochs, "
                  << plan.seeds.size() << " seeds, " << plan.measure.pairs << " planes of "
                  << plan.measure.grid << " x " << plan.measure.grid
                  << " points for each loss, convex regions on " << plan.measure.convex_grid << " x "
                  << plan.measure.convex_grid << " points\n";
        for (const auto& entrant : entrants_) {
            const ExpectedTime one = expected(*entrant);
            std::cerr << "  " << entrant->title() << ": " << duration_text(one.training)
                      << " of training and " << duration_text(one.measures) << " of measures for each seed\n";
        }
        std::cerr << "expected in all: " << duration_text(expected_seconds())
                  << " (what is done already does not count)" << std::endl;
    }

    ComparisonSetting<B> setting_;
    ComparisonOptions options_;
    std::vector<std::unique_ptr<Entrant<B>>> entrants_;
    std::map<std::string, MethodSpeed> speeds_;
};

}  // namespace vitscape
