// SPDX-License-Identifier: Apache-2.0
//
// Trains methods side by side on the same images, or takes models that are given, probes them, looks at the losses around their
// solutions and writes a report with pictures, numbers and error bars.
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <vitscape/core/memory.hpp>
#include <vitscape/job/folder_files.hpp>
#include <vitscape/study/claims/pretraining.hpp>
#include <vitscape/study/comparison.hpp>
#include <vitscape/study/summary.hpp>

#include "support/arms.hpp"
#include "support/backend.hpp"
#include "support/files.hpp"
#include "support/given_models.hpp"
#include "support/job_options.hpp"
#include "support/model_options.hpp"
#include "support/program.hpp"
#include "support/recipe_options.hpp"

using namespace vitscape;

namespace {

struct Options {
    program::DataOptions data;
    program::BackendOptions backend;
    program::ModelOptions model;
    program::TrainingOptions training;
    program::RecipeOptions recipe;
    program::ArmOptions compared;
    program::GivenOptions given_options;
    program::JobOptions job{.beside = "/job", .written = "/report.json"};
    std::vector<std::string> takes{kinds_of_work.begin(), kinds_of_work.end()};
    std::string statistics_backend = "same";
    std::vector<program::Arm> arms;     ///< what is compared
    std::vector<program::Given> given;  ///< beside what is not trained here
    std::string test_data, out, language{name_of(Language::english)};
    std::uint32_t seeds = 3;
    double budget = 0;
    ComparisonPlan plan;
    UsualMeasures measures;
    program::FieldOptions measure_fields;
    Normalizations normalizations{"filter"};
    bool resume = false, report_only = false, no_figures = false;
    PaysOptions pays;

    [[nodiscard]] bool takes_all() const { return takes.size() == kinds_of_work.size(); }
    /// Decides where this worker computes. @throws ConfigError where that would be in two places
    void choose_backend() {
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
};

void add_options(CLI::App& app, Options& o) {
    using namespace program;
    o.compared.add(app);
    o.given_options.add(app);
    o.data.add(app);
    add_name(
        app, "--test-data", o.test_data, "DATA",
        "held-out images, as --data; cifar10, cifar100 and idx take their test part. Without it: the test "
        "part of synthetic, cifar10 or idx images",
        true);
    add_number(app, "--seeds", o.seeds, Range::count(1, 10000),
               "trainings of each method, with the seeds 0, 1, …");
    add_number(
        app, "--budget", o.budget, Range::minutes(),
        "minutes for everything: chooses --epochs, and coarser measures where they must be; 0: as requested");
    add_name(app, "--out", o.out, "FOLDER",
             "folder for report.html, report.json, figures, checkpoints and surfaces")
        ->required();
    app.add_flag("--resume", o.resume, "go on from what is in --out, with the same options")
        ->always_capture_default(false);
    app.add_flag("--report-only", o.report_only,
                 "write the report of a complete run in --out, of the same options")
        ->always_capture_default(false);
    add_number(app, "--price-per-hour", o.pays.price_per_hour, Range::at_least(0),
               "of training, in any currency, for prices in the report; 0: none");
    add_number(
        app, "--target-accuracy", o.pays.target, Range::share(),
        "of the linear probe, to which the report gives hours and prices; 0: what all trainings reach");
    add_choice(app, "--language", o.language, {language_names.begin(), language_names.end()},
               "of the page, report.html, alone");
    app.add_flag("--no-figures", o.no_figures, "do not draw by gnuplot")->always_capture_default(false);

    for_each_measure(o.measures, [&]<class M>(const M& measure) { o.measure_fields.list(M::key, measure); });
    o.measure_fields.add(app);
    add_choices(
        app, "--normalize", o.normalizations, {normalization_names.begin(), normalization_names.end()},
        "of random directions, filter first; by the others half-gain radius and convex region are measured "
        "as well, and claims say where that would change them");
    add_number(app, "--mask-seed", o.plan.mask_seed, Range::seed(), "of the fixed masks");
    add_number(app, "--probe-every", o.plan.probe_every, Range::epochs(),
               "epochs between probes during training");
    add_number(app, "--probe-images", o.plan.probe_images, Range::count(2, 4294967295.0),
               "training images of those probes, at most");
    add_number(app, "--probe-epochs", o.plan.probe.epochs, ComparisonPlan::probe_epochs,
               "of the linear probes");
    add_number(app, "--probe-base-lr", o.plan.probe.base_learning_rate, Range::above(0),
               "of the linear probes, per 256 images of a step");
    o.model.add(app);
    o.training.add(app);
    o.recipe.add(app);
    o.backend.add(app);
    o.job.add(app);
    add_choices(app, "--take", o.takes, {kinds_of_work.begin(), kinds_of_work.end()},
                "with --job: what this worker does, such as to train on a device while others do statistics")
        ->needs(app.get_option("--job"));
    add_choice(app, "--statistics-backend", o.statistics_backend, {"same", "cpu", "cuda"},
               "with --job: where workers with --take statistics compute");
}

AnyDataset open_test(const Options& o, Index side) {
    if (!o.test_data.empty()) return o.data.open(o.test_data, side, true, 0);
    if (o.data.source.starts_with("synthetic")) return o.data.open("synthetic:2000", side, true, 0);
    if (has_test_part(o.data.source)) return o.data.open(o.data.source, side, true, 0);
    throw ConfigError("a comparison needs held-out images: give --test-data folder:DIR");
}

/// Options that one by one are in their ranges and together too much, or no grid.
void check_measures(const Options& o) {
    const auto grid = [](const char* option, Index points) {
        try {
            Planes::check_points(points);
        } catch (const ConfigError& error) {
            throw ConfigError(message(option, ": ", error.what()));
        }
        require_memory(message(option, " ", points),
                       85.0 * static_cast<double>(points) * static_cast<double>(points), available_memory(),
                       "fewer points need less");  // tables, and their text
    };
    grid("--grid", std::get<SurfaceMeasure>(o.measures).grid);
    try {
        std::get<FineTuningMeasure>(o.measures).check();
    } catch (const ConfigError& error) {
        throw ConfigError(message("--tune-shares: ", error.what()));
    }
    const Index steps = std::get<EigenvalueMeasure>(o.measures).steps;
    const auto check_steps = [&](const std::string& name, const AnyMethod& any) {
        const Index parameters = std::visit([](const auto& method) { return method.layout().size(); }, any);
        const auto vectors = static_cast<double>(std::min(steps, parameters));
        require_memory(message("--lanczos-steps ", steps, " with the ", parameters, " parameters of ", name),
                       vectors * (4 * static_cast<double>(parameters) + 8 * vectors), o.backend.memory(),
                       "fewer steps need less");
    };
    for (const program::Arm& arm : o.arms) check_steps(arm.name, arm.model.make_method(arm.method, 2));
    for (const program::Given& given : o.given) check_steps(given.name, given.method);
}

/// The paper's claims, and the same about arms: about a teacher for each that has one and reconstructs, about self-supervision
/// for each that is supervised by a squared error.
std::vector<AnyClaim> claims_about(const std::vector<program::Arm>& arms) {
    std::vector<AnyClaim> claims = paper_claims();
    for (const AnyClaim& claim : pretraining_claims()) claims.push_back(claim);
    const auto mae = std::find_if(arms.begin(), arms.end(), [](const program::Arm& arm) {
        return arm.name == MaskedAutoencoder<>::Card::name;
    });
    for (const program::Arm& arm : arms) {
        if (arm.origin != Origin::trained) continue;
        if (mae != arms.end() && arm.variant != mae->variant) continue;  // compared on the same images
        if (arm.method == VitClassifier::Card::name &&
            arm.model.config_of<VitClassifier>(2).loss == ClassifierLoss::squared)
            for (const AnyClaim& claim : autoencoder_claims(std::string(MaskedAutoencoder<>::Card::name),
                                                            arm.name, "that of " + arm.title, ""))
                claims.push_back(claim);
        if (arm.method == RcMae<>::Card::name && arm.name != arm.method)
            for (const AnyClaim& claim :
                 teacher_claims(arm.title, arm.name, std::string(MaskedAutoencoder<>::Card::name)))
                claims.push_back(claim);
    }
    return claims;
}

/// The name of the option for a measure's number of images.
template <class M>
std::string images_option(const M& measure) {
    std::string option;
    const auto visit = [&](std::string_view name, const auto&, std::string_view named, const auto&...) {
        if (name == "images") option = named;
    };
    M::fields(measure, visit);
    return "--" + option;
}

/// What is wrong with an arm's part of the images, by the options that name it.
void check_variant(const Options& o, const program::Arm& arm, const AnyDataset& images) {
    const std::size_t count = arm.variant.count(images.size());
    std::string has = message(o.data.source, " has ", count, " images");
    if (arm.variant.share != 1)
        has = message("--data-share ", arm.variant.share, " leaves ", arm.name, " ", count, " of the ",
                      images.size(), " images of ", o.data.source);
    if (count < o.training.batch)
        throw ConfigError(message(has, ", fewer than one batch of ", o.training.batch, " (--batch)"));
    if (count < images.classes().size())
        throw ConfigError(message(has, ", fewer than its ", images.classes().size(), " classes"));
    o.training.check_batches(count);
    if (arm.variant.label_noise > 0 && images.classes().empty())
        throw DataError(message("--label-noise ", arm.variant.label_noise, " of ", arm.name,
                                " needs images with classes, and ", o.data.source, " has none"));
    for_each_measure(o.measures, [&]<class M>(const M& measure) {
        if constexpr (MeasuresLosses<M> && requires { measure.images; })
            if (measure.images > count)
                throw ConfigError(
                    message(images_option(measure), " ", measure.images, ": ", has, "; ask for fewer"));
    });
}

/// What is wrong with the images, by the options that name them.
void check_images(const Options& o, const AnyDataset& images, const AnyDataset& test) {
    if (images.classes().size() == 1)
        throw DataError(message("--data: all ", images.size(), " images of ", o.data.source,
                                " are of the class '", images.classes().front(),
                                "'; a comparison needs at least 2 classes, each in its own folder, or none"));
    if (images.classes().empty())
        for (const program::Arm& arm : o.arms)
            if (arm.method == VitClassifier::Card::name)
                throw DataError(
                    message(arm.name.substr(0, arm.name.find('@')) == arm.method ? "--methods " : "--arm ",
                            arm.name, " learns the classes of images, and ", o.data.source, " has none"));
    for (const program::Arm& arm : o.arms) check_variant(o, arm, images);
    for (const program::Given& given : o.given)
        check_variant(o, {given.name, given.title, "", o.model, Origin::given, {}}, images);
    if (const auto shared = shared_image(images, test))
        throw DataError(message("--test-data: ", *shared,
                                " is a training image as well (--data); held-out images must be others"));
}

/// Opens the models that are given, which must fit the study, and takes its images' size and pixels from the first one if nothing is
/// trained.
void open_given(Options& o, const CLI::App& app) {
    o.given = o.given_options.open();
    if (o.given.empty()) return;
    for (auto one = o.given.begin(); one != o.given.end(); ++one) {
        const auto same_name = [&](const auto& other) { return other.name == one->name; };
        if (std::any_of(o.arms.begin(), o.arms.end(), same_name) ||
            std::any_of(o.given.begin(), one, same_name))
            throw ConfigError(message(one->option(), ": there is another '", one->name, "'"));
    }
    if (o.arms.empty()) program::take_images_of(o.given.front(), app, o.model, o.training);
    for (const program::Given& given : o.given)
        program::require_fits(given, o.model.encoder_shape(),
                              o.training.transform(o.model.encoder_shape().image));
}

/// One worker of the job. @returns the report if it wrote that
template <class C>
std::optional<WrittenReport> run_as_worker(const Options& o, C& comparison) {
    const std::string name = unique_worker_name();
    FolderFiles files(o.job.folder, name);
    const ComparisonJob job{.files = files,
                            .worker = name,
                            .work = o.job.work("compare", nlohmann::json::object()),
                            .patience = o.job.patience,
                            .takes = o.takes_all() ? std::vector<std::string>{} : o.takes,
                            .folder = o.job.folder};
    std::optional<WrittenReport> written = comparison.run(job);
    if (!written)
        std::cout << (job.writes()
                          ? "another worker wrote the report\n"
                          : "nothing is left to train; workers that take statistics write the report\n");
    return written;
}

void compare(Options& o, const CLI::App& app) {
    if (!o.given_options.texts.empty() && app.count("--methods") == 0) o.compared.methods.clear();
    o.arms = o.compared.arms(o.model);
    std::vector<std::string> methods;
    for (const program::Arm& arm : o.arms) methods.push_back(arm.method);
    o.model.fields.check(methods, {"pooling"});  // of probes, whatever is compared
    o.recipe.check(methods);
    for (const program::Arm& arm : o.arms) arm.model.require_memory(arm.method, o.training.batch, o.backend);
    for (const program::Arm& arm : o.arms)
        (void)arm.model.make_method(arm.method, 2);  // fails before images are read
    open_given(o, app);
    const Index side = o.model.encoder_shape().image;
    o.plan.seeds.clear();
    for (std::uint32_t seed = 0; seed < o.seeds; ++seed) o.plan.seeds.push_back(seed);
    o.plan.training = o.training.train_options(side);
    o.plan.schedule = o.training.schedule();
    o.plan.schedule.warmup_epochs = o.training.warmup;  // a share of the epochs where it is negative
    o.plan.optimizer = o.training.optimizer();
    o.plan.pooling = std::get<VitClassifier>(o.model.make_method(std::string(VitClassifier::Card::name), 2))
                         .config()
                         .pooling;
    for_each_measure(o.measures, [&](auto& measure) { o.measure_fields.assign(measure); });
    std::get<HalfGainMeasure>(o.measures).normalizations = o.normalizations;
    std::get<ConvexRegionMeasure>(o.measures).normalizations = o.normalizations;
    o.plan.check();
    check_measures(o);
    if (train_classifiers(o.measures))
        o.model.require_memory(std::string(VitClassifier::Card::name), o.training.batch, o.backend);
    std::vector<std::vector<program::NamedPath>> read{program::image_files("--data", o.data.source),
                                                      program::image_files("--test-data", o.test_data)};
    for (const program::Given& given : o.given)
        read.push_back(program::checkpoint_files("--given", given.file));
    program::require_distinct(read, {{"--out", std::filesystem::path(o.out) / "figures/convergence.png"}});
    std::shared_ptr<const OutputLock> lock;  // workers of a job take it only at its end
    if (!o.job.active()) lock = std::make_shared<const OutputLock>(OutputLock::of_folder(o.out));
    require_writable_folder(o.out);
    const AnyDataset images = o.data.open(side);
    const AnyDataset test = open_test(o, side);
    check_images(o, images, test);
    for (program::Given& given : o.given) program::settle_classes(given, images.classes(), o.data.source);
    const std::size_t classes = std::max<std::size_t>(2, images.classes().size());
    o.backend.with_backend<program::HalfOnProcessors::not_offered>([&](const auto& backend) {
        ComparisonOptions options{.out = o.out, .resume = o.resume, .budget_minutes = o.budget};
        options.figures = !o.no_figures;
        options.pays = o.pays;
        options.language = parse_language(o.language);
        options.report_only = o.report_only;
        options.data = {{"source", o.data.source},
                        {"test_source", o.test_data.empty() ? "its test part" : o.test_data},
                        {"limit_per_class", o.data.limit_per_class}};
        options.progress = &std::cerr;
        options.lock = lock;
        Comparison comparison{backend, images, test, o.plan, options, o.measures, claims_about(o.arms)};
        for (const program::Arm& arm : o.arms)
            program::for_each_method({arm.method}, classes, arm.model, o.recipe,
                                     [&](const std::string&, const std::string&, const auto& method) {
                                         comparison.add(arm.name, arm.title, method, arm.variant, arm.origin);
                                     });
        for (const program::Given& given : o.given)  // as the types that methods here have anyway
            std::visit(
                [&](const auto& method) {
                    comparison.add_given(given.name, given.title,
                                         program::RecipeOptions{}.with_recipe(method), given.model);
                },
                given.method);
        try {
            const std::optional<WrittenReport> written =
                o.job.active() ? run_as_worker(o, comparison) : comparison.run();
            if (!written) return;
            print_summary(std::cout, written->report);
            std::cout << "wrote " << written->files[0].string() << ", " << written->files[1].string()
                      << " and " << written->files.size() - 2 << " figures\n";
        } catch (const StudyExists& error) {
            throw ConfigError(message(error.what(), ": give --resume, or another --out"));
        } catch (const Interrupted& stop) {
            throw Interrupted(o.job.active()
                                  ? message(stop.what(), "; any worker goes on with --job ", o.job.folder)
                                  : message(stop.what(), "; --resume goes on from here"));
        }
    });
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Compares training methods: accuracy, and the loss around what they find, with error bars.",
                 "compare"};
    Options o;
    add_options(app, o);
    return program::run_as_worker(app, o.job, argc, argv, [&](char** words) {
        o.choose_backend();
        program::take_device_of_worker(o.job, o.backend);
        o.backend.dispatch(words, program::HalfOnProcessors::not_offered);
        compare(o, app);
    });
}
