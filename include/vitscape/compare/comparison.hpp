// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/compare/baselines.hpp>
#include <vitscape/compare/reconstructions.hpp>
#include <vitscape/compare/report_data.hpp>
#include <vitscape/compare/speed.hpp>
#include <vitscape/compare/summary.hpp>
#include <vitscape/report/comparison_figures.hpp>
#include <vitscape/report/html_report.hpp>

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
///     comparison.run(Contestant{"mae", "MAE", mae}, Contestant{"mine", "My masking", mine});
template <Backend B>
class Comparison {
  public:
    /// @throws ConfigError, DataError before any work where plan and images do not fit
    Comparison(B backend, AnyDataset images, AnyDataset test, ComparisonPlan plan, ComparisonOptions options)
        : backend_(std::move(backend)),
          images_(std::move(images)),
          test_(std::move(test)),
          plan_(std::move(plan)),
          options_(std::move(options)) {
        plan_.check();
        if (images_.classes().size() < 2)
            throw DataError(message(
                "a comparison needs images of at least 2 classes, these have ", images_.classes().size(),
                ": probes and supervised training learn them. Put each class into a folder of its own"));
        if (test_.classes() != images_.classes())
            throw DataError(message("the test images have ", test_.classes().size(),
                                    " classes, the training images ", images_.classes().size(),
                                    ", or others; both need the same"));
        if (images_.size() < plan_.training.batch)
            throw ConfigError(message("the dataset has ", images_.size(), " images, fewer than one batch of ",
                                      plan_.training.batch, "; choose a smaller batch"));
        const std::size_t most =
            std::max({plan_.measure.images, plan_.measure.curvature_images, plan_.measure.convex_images});
        if (images_.size() < most)
            throw ConfigError(
                message("losses over ", most, " images were asked for, the dataset has ", images_.size()));
        if (!(options_.budget_minutes >= 0)) throw ConfigError("a budget is a number of minutes, at least 0");
    }

    /// Does what is not done yet and writes report.json, report.html and figures. Prints the plan first.
    /// @throws ConfigError where the folder holds other runs or the budget does not do; Interrupted where the user stopped it
    template <class... M>
    void run(const Contestant<M>&... contestants) {
        require_writable_folder(options_.out);
        const FolderLock lock(options_.out);
        settle(contestants...);
        if (options_.report_only) return write_report(contestants...);
        std::vector<std::pair<double, double>> expected;  // training and the rest of one seed's run
        (expected.push_back(one(contestants, 0).expected(speeds_.at(contestants.name))), ...);
        print_plan(expected, {contestants.title...});
        double total = baseline_seconds();
        for (const auto& [training, rest] : expected)
            total += static_cast<double>(plan_.seeds.size()) * (training + rest);
        WorkMeter meter(total);
        Baselines<B>{backend_, images_, test_, plan_, options_.out}.work(first_of(contestants...),
                                                                         baseline_seconds(), meter);
        for (const std::uint64_t seed : plan_.seeds)
            (one(contestants, seed).work(speeds_.at(contestants.name), meter), ...);
        write_report(contestants...);
    }

    /// The report of a complete run, without any other work. @throws IoError naming what is missing
    template <class... M>
    void write_report(const Contestant<M>&... contestants) {
        std::cerr << "writing the report" << std::endl;
        ReportData data(CompletedRuns::load(options_.out, plan_, {{contestants.name, contestants.title}...}),
                        plan_);
        nlohmann::json report = data.report(options_.data, images_, test_);
        add_reconstructions(report, contestants...);
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

  private:
    template <class M>
    ComparisonRun<B, M> one(const Contestant<M>& contestant, std::uint64_t seed) const {
        return {backend_, contestant, plan_, seed, images_, test_, options_.out};
    }
    template <class First, class... Rest>
    static const First& first_of(const First& first, const Rest&...) {
        return first;
    }
    [[nodiscard]] double baseline_seconds() const {
        const double all = static_cast<double>(images_.size() + test_.size());
        return 1.5 * static_cast<double>(plan_.seeds.size()) * all * speeds_.begin()->second.encoding +
               all * 4e-3;
    }

    /// The folder's plan if there is one, else a new one: from speeds that are measured, and from the budget.
    template <class... M>
    void settle(const Contestant<M>&... contestants) {
        const auto file = options_.out / "plan.json";
        nlohmann::json asked = {{"plan", describe(plan_)},
                                {"images", images_.size()},
                                {"test_images", test_.size()},
                                {"data", options_.data},
                                {"budget_minutes", options_.budget_minutes}};
        if (options_.budget_minutes > 0) asked["plan"].erase("epochs");
        ((asked["methods"][contestants.name] = describe(contestants.method)), ...);
        if (std::filesystem::exists(file)) {
            if (!options_.resume && !options_.report_only)
                throw ConfigError(
                    message(options_.out.string(),
                            " holds a comparison; give --resume to go on with it, or another --out"));
            const nlohmann::json stored = load_json(file);
            if (const auto difference =
                    first_difference(stored.value("asked", nlohmann::json::object()), asked))
                throw ConfigError(message(options_.out.string(),
                                          " holds a comparison of other options: ", *difference,
                                          "; give the same options or choose another output folder"));
            read_decided(stored.at("decided"));
            return;
        }
        if (options_.report_only)
            throw ConfigError(message(options_.out.string(), " holds no comparison to report on"));
        for (const auto& entry : std::filesystem::directory_iterator(options_.out))
            if (entry.path().filename() != "lock")
                throw ConfigError(message(options_.out.string(), " is not empty (",
                                          entry.path().filename().string(),
                                          ") and holds no comparison; choose another output folder"));
        std::cerr << "measuring the speed of each method" << std::endl;
        ((speeds_[contestants.name] = measure_speed(backend_, contestants, plan_, images_)), ...);
        if (options_.budget_minutes > 0) fit_budget(contestants...);
        settle_warmup();
        write_json(file, nlohmann::json{{"asked", asked}, {"decided", decided()}});
    }
    void settle_warmup() {
        if (plan_.schedule.warmup_epochs < 0)
            plan_.schedule.warmup_epochs = std::min(40.0, 0.1 * plan_.training.epochs);
    }
    [[nodiscard]] nlohmann::json decided() const {
        nlohmann::json speeds;
        for (const auto& [name, s] : speeds_)
            speeds[name] = {s.training,
                            s.encoding,
                            s.loss.value,
                            s.loss.product,
                            s.classification.value,
                            s.classification.product};
        return {{"epochs", plan_.training.epochs},
                {"pairs", plan_.measure.pairs},
                {"grid", plan_.measure.grid},
                {"convex_grid", plan_.measure.convex_grid},
                {"lanczos_steps", plan_.measure.lanczos_steps},
                {"speeds", speeds}};
    }
    void read_decided(const nlohmann::json& json) {
        plan_.training.epochs = json.at("epochs");
        plan_.measure.pairs = json.at("pairs");
        plan_.measure.grid = json.at("grid");
        plan_.measure.convex_grid = json.at("convex_grid");
        plan_.measure.lanczos_steps = json.at("lanczos_steps");
        for (const auto& [name, s] : json.at("speeds").items())
            speeds_[name] = {s.at(0), s.at(1), {s.at(2), s.at(3)}, {s.at(4), s.at(5)}};
        settle_warmup();
    }

    /// As fine measures as leave two fifths of the budget to training, then as many epochs as fit.
    template <class... M>
    void fit_budget(const Contestant<M>&... contestants) {
        const double seconds = 60 * 0.9 * options_.budget_minutes,
                     seeds = static_cast<double>(plan_.seeds.size());
        struct Fineness {
            std::uint32_t pairs;
            Index grid, convex_grid, steps;
        };
        const MeasurePlan& asked = plan_.measure;
        const std::array levels{Fineness{asked.pairs, asked.grid, asked.convex_grid, asked.lanczos_steps},
                                Fineness{2, 11, 7, 30}, Fineness{1, 9, 5, 20}, Fineness{1, 7, 5, 12}};
        plan_.training.epochs = 1;
        double measures = 0, epoch = 0;
        for (const Fineness& level : levels) {
            plan_.measure.pairs = std::min(asked.pairs, level.pairs);
            plan_.measure.grid = std::min(asked.grid, level.grid);
            plan_.measure.convex_grid = std::min(asked.convex_grid, level.convex_grid);
            plan_.measure.lanczos_steps = std::min(asked.lanczos_steps, level.steps);
            measures = baseline_seconds(), epoch = 0;
            const auto add = [&](const auto& contestant) {
                const auto [training, rest] = one(contestant, 0).expected(speeds_.at(contestant.name));
                measures += seeds * rest;
                epoch += seeds * training;
            };
            (add(contestants), ...);
            if (measures <= 0.6 * seconds) break;
        }
        const double epochs = std::floor((seconds - measures) / epoch);
        if (epochs < 1)
            throw ConfigError(message("a budget of ", options_.budget_minutes,
                                      " minutes is too small: one epoch of every "
                                      "method and seed and the coarsest measures take about ",
                                      std::ceil((measures + epoch) / 54),
                                      " minutes here. Allow more, or ask for fewer "
                                      "images, seeds or methods, or a smaller model"));
        plan_.training.epochs = static_cast<std::uint32_t>(std::min(epochs, 1e6));
    }

    void print_plan(const std::vector<std::pair<double, double>>& expected,
                    const std::vector<std::string>& titles) const {
        double total = baseline_seconds();
        std::cerr << "plan: " << images_.size() << " images, " << plan_.training.epochs << " epochs, "
                  << plan_.seeds.size() << " seeds, " << plan_.measure.pairs << " planes of "
                  << plan_.measure.grid << " x " << plan_.measure.grid
                  << " points for each loss, convex regions on " << plan_.measure.convex_grid << " x "
                  << plan_.measure.convex_grid << " points\n";
        for (std::size_t i = 0; i < titles.size(); ++i) {
            const auto& [training, rest] = expected[i];
            total += static_cast<double>(plan_.seeds.size()) * (training + rest);
            std::cerr << "  " << titles[i] << ": " << duration_text(training) << " of training and "
                      << duration_text(rest) << " of measures for each seed\n";
        }
        std::cerr << "expected in all: " << duration_text(total) << " (what is done already does not count)"
                  << std::endl;
    }

    template <class... M>
    void add_reconstructions(nlohmann::json& report, const Contestant<M>&... contestants) {
        Reconstructions<B> pictures(backend_, test_, plan_);
        const auto add = [&](const auto& contestant) {
            if constexpr (!is_classifier<std::remove_cvref_t<decltype(contestant.method)>>)
                pictures.add(contestant,
                             one(contestant, plan_.seeds.front()).folder() / "checkpoint.safetensors");
        };
        (add(contestants), ...);
        report["reconstructions"] = pictures.json();
    }

    B backend_;
    AnyDataset images_, test_;
    ComparisonPlan plan_;
    ComparisonOptions options_;
    std::map<std::string, MethodSpeed> speeds_;
};

}  // namespace vitscape
