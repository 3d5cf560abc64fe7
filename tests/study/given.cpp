// SPDX-License-Identifier: Apache-2.0
//
// Studies with models that they do not train: a checkpoint of an earlier training has that training's numbers, as one set of
// weights, and none that only trainings have.
#include <cmath>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/open_dataset.hpp>
#include <vitscape/io/published/checkpoint.hpp>
#include <vitscape/job/folder_files.hpp>
#include <vitscape/study/comparison.hpp>

#include "support/catch.hpp"
#include "support/english_text.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

namespace given_test {

using namespace vitscape;
using test::contains;
using test::error_text;

namespace {

using Measures = std::tuple<AccuracyMeasure, FineTuningMeasure, TraceMeasure, RoundingMeasure>;
using Study = Comparison<Cpu<float>, Measures>;
const VitShape encoder{16, 4, {.width = 16, .depth = 1, .heads = 2}};
const MaskedAutoencoder<> mae({.encoder = encoder, .decoder = {.width = 8, .depth = 1, .heads = 2}});
const MaskedAutoencoder<> deeper({.encoder = {16, 4, {.width = 16, .depth = 2, .heads = 2}},
                                  .decoder = {.width = 8, .depth = 1, .heads = 2}});
const VitClassifier supervised({.encoder = encoder, .classes = 10});
const LargerClaim about_given{
    .text = "trained is larger", .source = "", .row = "training.trace", .larger = "mae", .smaller = "copy"};

ComparisonPlan plan_of(const std::vector<std::uint64_t>& seeds) {
    ComparisonPlan plan{.seeds = seeds,
                        .schedule = {.peak = 3e-3, .warmup_epochs = 0},
                        .probe = {.epochs = 4, .warmup_epochs = 0, .batch = 16},
                        .probe_shares = {0.5, 1}};
    plan.training = {.epochs = 2, .batch = 20, .transform = {.side = 16}};
    return plan;
}
Study study_in(const std::filesystem::path& out, const ComparisonPlan& plan, bool resume = false,
               Language language = Language::english, const std::vector<AnyClaim>& claims = {}) {
    return {Cpu<float>{},
            open_dataset("synthetic:60", {.side = 16}),
            open_dataset("synthetic:40", {.test = true, .side = 16}),
            plan,
            {.out = out, .resume = resume, .figures = false, .language = language},
            Measures{{}, {.epochs = 1, .shares = {1}}, {.images = 8, .samples = 2}, {.images = 20}},
            claims};
}
GivenModel given_by(const std::filesystem::path& file) {
    const auto open = [file] { return open_checkpoint(file).checkpoint; };
    return given_model(file, open(), open);
}
/// Initial values of the deeper autoencoder, times `scale`.
std::filesystem::path write_deeper(const std::filesystem::path& file, float scale) {
    std::vector<float> values;
    for (const double value : initial_values(deeper.layout(), 1))
        values.push_back(scale * static_cast<float>(value));
    write_checkpoint(file, deeper.layout(), deeper.fixed_tensors(),
                     std::vector<CheckpointVector<float>>{{"", values}},
                     {{"format", 1},
                      {"model", describe(deeper)},
                      {"training", {{"transform", describe(ImageTransform{.side = 16})}}},
                      {"data", {{"classes", nullptr}}}});
    return file;
}

/// A study that trains, and one that is given its checkpoints.
struct Studies {
    test::TemporaryFolder folder;
    std::filesystem::path deeper_file;
    nlohmann::json report;

    Studies() : deeper_file(write_deeper(folder / "deeper.safetensors", 1)) {
        Study first = study_in(folder / "first", plan_of({3}));
        first.add("mae", "MAE", mae);
        first.add("supervised", "Supervised ViT", supervised);
        (void)first.run();
        report = second().run().report;
    }
    [[nodiscard]] std::filesystem::path checkpoint(const std::string& method) const {
        return folder / "first" / method / "seed-3" / "checkpoint.safetensors";
    }
    [[nodiscard]] Study second(bool resume = false, Language language = Language::english,
                               const std::string& name = "second") const {
        Study study = study_in(folder / name, plan_of({3, 4, 5}), resume, language, {about_given});
        study.add("mae", "MAE", mae);
        study.add_given("copy", "copy (given)", mae, given_by(checkpoint("mae")));
        study.add_given("head", "head (given)", supervised, given_by(checkpoint("supervised")));
        study.add_given("deeper", "deeper (given)", deeper, given_by(deeper_file));
        return study;
    }
    [[nodiscard]] nlohmann::json results(const std::string& study, const std::string& method,
                                         int seed) const {
        return ResultStore(folder / study / method / message("seed-", seed) / "results.json").all();
    }
    [[nodiscard]] nlohmann::json row(const std::string& key) const {
        for (const auto& one : report.at("measures"))
            if (one.at("key") == key) return one;
        throw ConfigError(message("no row ", key));
    }
};
const Studies& studies() {
    static const Studies both;
    return both;
}

}  // namespace

TEST_CASE("a given model has the numbers of the training that it comes from", "[compare]") {
    const Studies& s = studies();
    for (const auto& [given, trained] : {std::pair{"copy", "mae"}, std::pair{"head", "supervised"}}) {
        INFO(given);
        const auto now = s.results("second", given, 3), then = s.results("first", trained, 3);
        for (const char* part : {"training.trace", "probe", "rounding"}) {
            INFO(part);
            REQUIRE(then.contains(part));
            CHECK(now.at(part) == then.at(part));
        }
        for (const char* number : {"loss", "trivial_loss", "gradient_norm"})
            CHECK(now.at("solution").at(number) == then.at("solution").at(number));
        for (const char* number : {"first_loss", "first_gradient_norm"})
            CHECK(now.at("solution").at(number).is_null());
        CHECK(now.at("cost").at("parameters") == then.at("cost").at("parameters"));
        CHECK(now.at("cost").at("inference_operations") == then.at("cost").at("inference_operations"));
        // nothing was trained
        CHECK(now.at("training").at("epoch").empty());
        CHECK(now.at("pace").at("training").is_null());
        CHECK(then.at("pace").at("training") > 0);
    }
    CHECK(s.results("second", "copy", 3).at("classification.trace") ==
          s.results("first", "mae", 3).at("classification.trace"));
    // fine-tuned beside a training from scratch of as many steps; how long pre-training took is not known
    const auto tuned = s.results("second", "copy", 3).at("fine_tuning-0"),
               trained = s.results("first", "mae", 3).at("fine_tuning-0");
    CHECK(tuned.at("top1") == trained.at("top1"));
    CHECK(tuned.at("scratch_at_steps").at("top1") == trained.at("scratch_at_steps").at("top1"));
    CHECK(tuned.at("scratch_at_time").is_null());
    CHECK_FALSE(trained.at("scratch_at_time").is_null());
}

TEST_CASE("a worker of a job has the results of a study of one process, and a second one finds them",
          "[compare]") {
    const Studies& s = studies();
    const std::string name = unique_worker_name();
    FolderFiles files(s.folder / "shared.job", name);
    const auto written = s.second(false, Language::english, "shared").run({.files = files, .worker = name});
    REQUIRE(written);
    CHECK(JobWorker::is_complete(files));
    for (const char* method : {"mae", "copy", "head", "deeper"})
        for (const int seed : {3, 4, 5}) {
            INFO(method << ", seed " << seed);
            const nlohmann::json one = s.results("second", method, seed),
                                 shared = s.results("shared", method, seed);
            CHECK(one.size() == shared.size());
            for (const auto& [key, value] : one.items()) {
                INFO(key);
                REQUIRE(shared.contains(key));
                // of which clocks and memory are no part
                if (key != "pace" && key != "cost" && key != "training" && !key.starts_with("fine_tuning"))
                    CHECK(shared.at(key) == value);
            }
            CHECK(one.at("training").at("loss") == shared.at("training").at("loss"));
        }
    CHECK(written->report.at("baselines") == s.report.at("baselines"));
    const std::string second = unique_worker_name();
    FolderFiles same(s.folder / "shared.job", second);
    CHECK_FALSE(s.second(false, Language::english, "shared").run({.files = same, .worker = second}));
    Study other = study_in(s.folder / "shared", plan_of({3}));
    other.add("mae", "MAE", mae);
    CHECK(contains(error_text<ConfigError>([&] { (void)other.run({.files = same, .worker = "w"}); }),
                   "is that of another comparison: "));
    FolderFiles elsewhere(s.folder / "other.job", "w");
    CHECK(
        contains(error_text<ConfigError>([&] { (void)s.second().run({.files = elsewhere, .worker = "w"}); }),
                 "holds a comparison that is no part of this job"));
}

TEST_CASE("other seeds give a given model other probes, and no other weights or losses", "[compare]") {
    const Studies& s = studies();
    const auto bytes = [&](const std::string& method, int seed) {
        return read_text(s.folder / "second" / method / message("seed-", seed) / "checkpoint.safetensors");
    };
    const auto first = s.results("second", "copy", 3);
    bool other_probes = false;
    for (const int seed : {4, 5}) {
        const auto other = s.results("second", "copy", seed);
        for (const char* part : {"training.trace", "solution", "cost"})
            CHECK(other.at(part) == first.at(part));
        other_probes = other_probes || other.at("classification.trace") != first.at("classification.trace");
        const bool same = bytes("copy", seed) == bytes("copy", 3),
                   others = bytes("mae", seed) != bytes("mae", 3);
        CHECK(same);
        CHECK(others);
    }
    CHECK(other_probes);
}

TEST_CASE("a given model's numbers stand in the tables without an interval, and in no test", "[compare]") {
    const Studies& s = studies();
    const auto trace = s.row("training.trace").at("summary"),
               probe = s.row("classification.trace").at("summary");
    const auto own = s.results("second", "copy", 3).at("training.trace");
    CHECK(trace.at("copy").at("mean") == own.at("value"));
    CHECK(trace.at("copy").at("standard_error") == own.at("standard_error"));
    CHECK(trace.at("copy").at("count") == 1);
    CHECK(probe.at("copy").at("count") == 3);
    double sum = 0, squares = 0, errors = 0;  // of probes and of traces
    for (const int seed : {3, 4, 5}) {
        const auto one = s.results("second", "copy", seed).at("classification.trace");
        sum += one.at("value").get<double>() / 3, errors += one.at("standard_error").get<double>() / 3;
    }
    for (const int seed : {3, 4, 5}) {
        const double value =
            s.results("second", "copy", seed).at("classification.trace").at("value").get<double>();
        squares += (value - sum) * (value - sum);
    }
    CHECK(probe.at("copy").at("mean").get<double>() == Approx(sum));
    CHECK(probe.at("copy").at("standard_error").get<double>() ==
          Approx(std::sqrt(squares / 6 + errors * errors)));
    for (const auto& row : s.report.at("measures"))
        for (const char* given : {"copy", "head", "deeper"}) {
            CHECK(row.at("summary").at(given).at("interval").at(0).is_null());
            CHECK(row.at("summary").at(given).at("interval").at(1).is_null());
        }
    CHECK(trace.at("mae").at("count") == 3);
    CHECK_FALSE(trace.at("mae").at("interval").at(0).is_null());

    CHECK(s.report.at("claims").at(0).at("verdict") == "not judged");
    CHECK(contains(s.report.at("claims").at(0).at("note"), "copy (given): given, one set of weights"));
    REQUIRE_FALSE(s.report.at("correlations").empty());
    for (const auto& one : s.report.at("correlations")) CHECK(one.at("runs") == 3);  // those of MAE
    for (const auto& method : s.report.at("methods")) {
        const bool trained = method.at("name") == "mae";
        CHECK(method.at("learning").at("origin") == (trained ? "trained" : "given"));
        CHECK((trained || method.at("learning").at("ended") == true));
        if (trained) continue;
        // over images, of which there are 40, however alike the probes are
        const auto accuracy = method.at("learning").at("accuracy");
        CHECK(accuracy.at(1).get<double>() - accuracy.at(0).get<double>() > 0.1);
    }
}

TEST_CASE("a page says what a given model is, whose losses have other scales, and which file it was",
          "[compare]") {
    const Studies& s = studies();
    const std::string notes = json_text(s.report.at("notes")),
                      files = json_text(s.report.at("data").at("given_models"));
    CHECK(contains(notes, "deeper (given) differs in architecture, masks or targets from MAE"));
    CHECK(contains(files, "copy: checkpoint.safetensors, "));
    CHECK(contains(files, given_by(s.checkpoint("mae")).checksum));
    CHECK(contains(files, "pixels of mean 0.485, 0.456, 0.406 and deviation 0.229, 0.224, 0.225"));
    const auto page = [&] { return read_text(s.folder / "second" / "report.html"); };
    CHECK(contains(page(), "A given model was not trained here: it has one set of weights"));
    CHECK(contains(page(), ", given, not trained here"));
    CHECK(contains(page(), "copy (given) (one model)"));
    CHECK(contains(page(), "n\u00a0=\u00a03 probes"));
    (void)s.second(true, Language::japanese).run();
    CHECK(test::english_texts(test::page_texts(page()),
                              {"copy", "head", "deeper", "trained", "is", "larger", "disc", "ring", "square",
                               "frame", "triangle", "star"}) == std::vector<std::string>{});
}

TEST_CASE("a study with a given model is resumed with the same file only", "[compare]") {
    const Studies& s = studies();
    CHECK(s.second(true).run().report == s.report);
    const auto kept = read_bytes(s.deeper_file);
    (void)write_deeper(s.deeper_file, 0.5F);  // as many bytes
    const std::string text = error_text<ConfigError>([&] { (void)s.second(true).run(); });
    INFO(text);
    CHECK(contains(text, "/methods/deeper/given/checksum was \"xxh3-64:"));
    write_atomically(s.deeper_file, kept);
    CHECK(s.second(true).run().report == s.report);
}

TEST_CASE("a given model of other images or classes is refused before any work", "[compare]") {
    const Studies& s = studies();
    const auto refused = [&]<class Error>(const Error*, const ComparisonPlan& plan, const auto& method,
                                          const GivenModel& model) {
        Study study = study_in(s.folder / "none", plan);
        return error_text<Error>([&] { study.add_given("copy", "Copy", method, model); });
    };
    const GivenModel model = given_by(s.checkpoint("mae"));
    ComparisonPlan grey = plan_of({3});
    grey.training.transform.mean = {0.5F, 0.5F, 0.5F};
    const ConfigError* config = nullptr;
    const DataError* data = nullptr;
    CHECK(contains(refused(config, grey, mae, model),
                   "Copy (checkpoint.safetensors) reads pixels of mean 0.485, 0.456, 0.406 and deviation "
                   "0.229, 0.224, 0.225, the study has pixels of mean 0.5, 0.5, 0.5"));
    GivenModel larger = model;
    larger.pixels.side = 32;
    CHECK(
        contains(refused(config, plan_of({3}), mae, larger), "reads images of 32 pixels, the study has 16"));
    const VitClassifier seven({.encoder = encoder, .classes = 7});
    CHECK(refused(data, plan_of({3}), seven, model) == "Copy has 7 classes, the images have 10");
    Study study = study_in(s.folder / "none", plan_of({3}));
    study.add("copy", "Copy", mae);
    CHECK_THROWS_AS(study.add_given("copy", "Copy", mae, model), ConfigError);
    CHECK_THROWS_AS(study.add("other", "Other", mae, {}, Origin::given), ConfigError);
    CHECK_FALSE(std::filesystem::exists(s.folder / "none"));
}

TEST_CASE("the outputs of a given head are brought into the order of the images' classes", "[compare]") {
    const Studies& s = studies();
    GivenModel model = given_by(s.checkpoint("supervised"));
    const Checkpoint file = model.open();
    const ParameterLayout& layout = supervised.layout();
    const auto stored = model.weights(file, layout);
    model.outputs = {9, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    const auto turned = model.weights(file, layout);
    // the logits are the same numbers, in the other order
    const Batch images = load_all(open_dataset("synthetic:8", {.side = 16}), {.side = 16});
    const Cpu<float> backend;
    const auto logits = [&](const std::vector<float>& theta) {
        return logits_of(backend, supervised,
                         Vector<Cpu<float>>(backend, std::vector<double>(theta.begin(), theta.end())),
                         images);
    };
    const auto before = logits(stored), after = logits(turned);
    for (std::size_t image = 0; image < 8; ++image)
        for (std::size_t k = 0; k < 10; ++k)
            CHECK(after[image * 10 + k] == before[image * 10 + static_cast<std::size_t>(model.outputs[k])]);
    CHECK(after != before);
    CHECK(describe(model).at("outputs") == model.outputs);
}

}  // namespace given_test
