// SPDX-License-Identifier: Apache-2.0
//
// What the compare program is asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/study/comparison.hpp>

#include "arms.hpp"
#include "backend.hpp"
#include "given_models.hpp"
#include "job_options.hpp"
#include "model_options.hpp"
#include "program.hpp"
#include "recipe_options.hpp"

namespace program {

/// All options of the compare program.
struct CompareOptions {
    DataOptions data;
    BackendOptions backend;
    ModelOptions model;
    TrainingOptions training;
    RecipeOptions recipe;
    ArmOptions compared;
    GivenOptions given_options;
    JobOptions job{.beside = "/job", .written = "/report.json"};
    std::vector<std::string> takes{vitscape::kinds_of_work.begin(), vitscape::kinds_of_work.end()};
    std::string statistics_backend = "same";
    std::vector<Arm> arms;     ///< what is compared
    std::vector<Given> given;  ///< beside what is not trained here
    std::string test_data, out, language{vitscape::name_of(vitscape::Language::english)};
    std::uint32_t seeds = 3;
    double budget = 0;
    vitscape::ComparisonPlan plan;
    vitscape::UsualMeasures measures;
    FieldOptions measure_fields;
    vitscape::Normalizations normalizations{"filter"};
    bool resume = false, report_only = false, no_figures = false;
    vitscape::PaysOptions pays;

    [[nodiscard]] bool takes_all() const { return takes.size() == vitscape::kinds_of_work.size(); }
    /// Decides where this worker computes. @throws ConfigError where that would be in two places
    void choose_backend() {
        using namespace vitscape;
        if (statistics_backend == "same" || statistics_backend == backend.backend) return;
        if (!job.active())
            throw ConfigError(
                "--statistics-backend is for workers of a job; give --job FOLDER, or leave it out");
        if (takes_all())
            throw ConfigError(message("--backend ", backend.backend, " and --statistics-backend ",
                                      statistics_backend,
                                      " are two: each worker computes on one; give --take training to those "
                                      "that train and --take statistics to the others"));
        if (takes.front() != statistics_work) return;
        backend.backend = statistics_backend;
        if (statistics_backend == "cpu") backend.precision = "float", backend.tune_products = false;
    }

    void add(CLI::App& app) {
        using namespace vitscape;
        compared.add(app);
        given_options.add(app);
        data.add(app);
        add_name(app, "--test-data", test_data, "DATA",
                 "held-out images, as --data; cifar10, cifar100 and idx take their test part. Without it: "
                 "the test "
                 "part of synthetic, cifar10 or idx images",
                 true);
        add_number(app, "--seeds", seeds, Range::count(1, 10000),
                   "trainings of each method, with the seeds 0, 1, …");
        add_number(app, "--budget", budget, Range::minutes(),
                   "minutes for everything: chooses --epochs, and coarser measures where they must be; 0: as "
                   "requested");
        add_name(app, "--out", out, "FOLDER",
                 "folder for report.html, report.json, figures, checkpoints and surfaces")
            ->required();
        app.add_flag("--resume", resume, "go on from what is in --out, with the same options")
            ->always_capture_default(false);
        app.add_flag("--report-only", report_only,
                     "write the report of a complete run in --out, of the same options")
            ->always_capture_default(false);
        add_number(app, "--price-per-hour", pays.price_per_hour, Range::at_least(0),
                   "of training, in any currency, for prices in the report; 0: none");
        add_number(
            app, "--target-accuracy", pays.target, Range::share(),
            "of the linear probe, to which the report gives hours and prices; 0: what all trainings reach");
        add_choice(app, "--language", language, {language_names.begin(), language_names.end()},
                   "of the page, report.html, alone");
        app.add_flag("--no-figures", no_figures, "do not draw by gnuplot")->always_capture_default(false);

        for_each_measure(measures, [&]<class M>(const M& measure) { measure_fields.list(M::key, measure); });
        measure_fields.add(app);
        add_choices(app, "--normalize", normalizations,
                    {normalization_names.begin(), normalization_names.end()},
                    "of random directions, filter first; by the others half-gain radius and convex region "
                    "are measured "
                    "as well, and claims say where that would change them");
        add_number(app, "--mask-seed", plan.mask_seed, Range::seed(), "of the fixed masks");
        add_number(app, "--probe-every", plan.probe_every, Range::epochs(),
                   "epochs between probes during training");
        add_number(app, "--probe-images", plan.probe_images, Range::count(2, 4294967295.0),
                   "training images of those probes, at most");
        add_number(app, "--probe-epochs", plan.probe.epochs, ComparisonPlan::probe_epochs,
                   "of the linear probes");
        add_number(app, "--probe-base-lr", plan.probe.base_learning_rate, Range::above(0),
                   "of the linear probes, per 256 images of a step");
        model.add(app);
        training.add(app);
        recipe.add(app);
        backend.add(app);
        job.add(app);
        add_choices(
            app, "--take", takes, {kinds_of_work.begin(), kinds_of_work.end()},
            "with --job: what this worker does, such as to train on a device while others do statistics")
            ->needs(app.get_option("--job"));
        add_choice(app, "--statistics-backend", statistics_backend, {"same", "cpu", "cuda"},
                   "with --job: where workers with --take statistics compute");
    }
};

}  // namespace program
