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

#include <vitscape/job/folder_files.hpp>
#include <vitscape/study/claims/pretraining.hpp>
#include <vitscape/study/comparison.hpp>
#include <vitscape/study/summary.hpp>

#include "support/arms.hpp"
#include "support/backend.hpp"
#include "support/compare_checks.hpp"
#include "support/compare_options.hpp"
#include "support/files.hpp"
#include "support/given_models.hpp"
#include "support/job_options.hpp"
#include "support/model_options.hpp"
#include "support/program.hpp"
#include "support/recipe_options.hpp"

using namespace vitscape;

namespace {

AnyDataset open_test(const program::CompareOptions& o, Index side) {
    if (!o.test_data.empty()) return o.data.open(o.test_data, side, true, 0);
    if (o.data.source.starts_with("synthetic")) return o.data.open("synthetic:2000", side, true, 0);
    if (has_test_part(o.data.source)) return o.data.open(o.data.source, side, true, 0);
    throw ConfigError("a comparison needs held-out images: give --test-data folder:DIR");
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

/// Opens the models that are given, which must fit the study, and takes its images' size and pixels from the first one if nothing is
/// trained.
void open_given(program::CompareOptions& o, const CLI::App& app) {
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
std::optional<WrittenReport> run_as_worker(const program::CompareOptions& o, C& comparison) {
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

void compare(program::CompareOptions& o, const CLI::App& app) {
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
    program::check_measures(o);
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
    program::check_images(o, images, test);
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
    program::CompareOptions o;
    o.add(app);
    return program::run_as_worker(app, o.job, argc, argv, [&](char** words) {
        o.choose_backend();
        program::take_device_of_worker(o.job, o.backend);
        o.backend.dispatch(words, program::HalfOnProcessors::not_offered);
        compare(o, app);
    });
}
