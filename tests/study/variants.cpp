// SPDX-License-Identifier: Apache-2.0
//
// A study whose contestants have a share of the images, or wrong labels.
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/open_dataset.hpp>
#include <vitscape/study/comparison.hpp>

#include "support/catch.hpp"
#include "support/english_text.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

namespace variants_test {

using namespace vitscape;
using test::contains;
using test::error_text;

namespace {

using Measures = std::tuple<AccuracyMeasure, TraceMeasure, RoundingMeasure>;
const DataVariant noisy{.label_noise = 0.5, .noise_seed = 1}, half{.share = 0.5};

struct Study {
    test::TemporaryFolder folder;
    [[nodiscard]] std::filesystem::path out() const { return folder.path() / "study"; }
    [[nodiscard]] auto make(const DataVariant& of_noisy, bool resume = false,
                            Language language = Language::english) const {
        const VitShape encoder{16, 4, {.width = 16, .depth = 1, .heads = 2}};
        ComparisonPlan plan{.seeds = {3, 4},
                            .schedule = {.peak = 3e-3, .warmup_epochs = 0},
                            .probe = {.epochs = 40, .warmup_epochs = 0}};
        plan.training = {.epochs = 2, .batch = 20, .transform = {.side = 16}};
        plan.probe_every = 1;
        Comparison study{Cpu<float>{},
                         open_dataset("synthetic:60", {.side = 16}),
                         open_dataset("synthetic:200", {.test = true, .side = 16}),
                         plan,
                         {.out = out(), .resume = resume, .figures = false, .language = language},
                         Measures{{}, {.images = 8, .samples = 2}, {.images = 20}},
                         {}};
        const MaskedAutoencoder<> mae({.encoder = encoder, .decoder = {.width = 8, .depth = 1, .heads = 2}});
        const VitClassifier supervised({.encoder = encoder, .classes = 10});
        study.add("mae", "MAE", mae);
        study.add("mae@noisy", "MAE, noisy", mae, of_noisy);
        study.add("mae@half", "MAE, half", mae, half);
        study.add("supervised", "Supervised", supervised);
        study.add("supervised@noisy", "Supervised, noisy", supervised, of_noisy);
        return study;
    }
    [[nodiscard]] ResultStore results(const std::string& method) const {
        return ResultStore(out() / method / "seed-4" / "results.json");
    }
    /// Its bytes.
    [[nodiscard]] std::string checkpoint(const std::string& method) const {
        return read_text(out() / method / "seed-4" / "checkpoint.safetensors");
    }
};

}  // namespace

TEST_CASE("a study of contestants with a share of the images and with wrong labels", "[compare]") {
    const Study study;
    const auto report = study.make(noisy).run().report;

    // what does not read labels is trained once, and its losses are measured once
    REQUIRE(study.checkpoint("mae").size() > 1000);
    const bool shared = study.checkpoint("mae@noisy") == study.checkpoint("mae");
    CHECK(shared);
    const bool own = study.checkpoint("mae@half") != study.checkpoint("mae") &&
                     study.checkpoint("supervised@noisy") != study.checkpoint("supervised");
    CHECK(own);
    const ResultStore mae = study.results("mae"), same = study.results("mae@noisy"),
                      other = study.results("mae@half"), supervised = study.results("supervised");
    for (const char* name : {"cost", "solution", "training.trace"}) CHECK(same.at(name) == mae.at(name));
    CHECK(same.at("training").at("loss") == mae.at("training").at("loss"));
    CHECK(same.at("training").at("seconds") == mae.at("training").at("seconds"));
    for (const nlohmann::json& value : same.at("training").at("probe_accuracy")) CHECK(value.is_null());
    CHECK(mae.at("training").at("probe_accuracy").back().is_number());
    CHECK(other.at("training.trace") != mae.at("training.trace"));
    // what reads labels is done anew
    CHECK(same.at("probe") != mae.at("probe"));
    CHECK(same.at("classification.trace") != mae.at("classification.trace"));
    CHECK(study.results("supervised@noisy").at("training.trace") != supervised.at("training.trace"));

    const ResultStore baselines(study.out() / "baselines.json");
    CHECK(baselines.all().size() == 6);
    for (const char* name : {"random encoder", "random encoder@noise-0.5", "raw pixels@data-0.5"})
        CHECK(baselines.has(name));
    const AnyDataset images = open_dataset("synthetic:60", {.side = 16}),
                     held_out = open_dataset("synthetic:200", {.test = true, .side = 16});
    const ImageTransform transform{.side = 16};
    const auto probed = [&](const AnyDataset& known) {
        return TrainedProbe(Cpu<float>{},
                            {pixel_features(known, transform), pixel_features(held_out, transform)}, 10,
                            {.epochs = 40, .warmup_epochs = 0, .seed = 3})
            .result.top1;
    };
    CHECK(baselines.at("raw pixels").at("top1") == probed(images));
    CHECK(baselines.at("raw pixels@noise-0.5").at("top1") == probed(WithLabelNoise(images, 0.5, 1)));
    CHECK(baselines.at("raw pixels@data-0.5").at("top1") == probed(images.subset(balanced(images, 30))));
    CHECK(probed(WithLabelNoise(images, 0.5, 1)) != probed(images));
    std::vector<std::string> names;
    for (const auto& one : report.at("baselines")) names.push_back(one.at("name"));
    CHECK(names == std::vector<std::string>{"random encoder, linear probe", "raw pixels, linear probe",
                                            "random encoder, linear probe, 50 % of the labels wrong",
                                            "raw pixels, linear probe, 50 % of the labels wrong",
                                            "random encoder, linear probe, 50 % of the images",
                                            "raw pixels, linear probe, 50 % of the images"});
    CHECK_FALSE(report.at("methods").at(0).contains("variant"));
    CHECK(report.at("methods").at(1).at("variant").at("label_noise") == 0.5);
    CHECK(report.at("methods").at(2).at("variant").at("share") == 0.5);
    CHECK(json_text(report.at("notes")).find("held-out labels are true") != std::string::npos);

    CHECK(study.make(noisy, true).run().report == report);                      // nothing is left to do
    CHECK(study.make(noisy, true, Language::japanese).run().report == report);  // only the page is another
    CHECK(test::english_texts(test::page_texts(read_text(study.out() / "report.html")),
                              {"noisy", "half", "Supervised", "disc", "ring", "square", "frame", "triangle",
                               "star"}) == std::vector<std::string>{});
    // the time of steps is measured where a complete run has none, and nothing else again
    nlohmann::json without = supervised.all();
    without.erase("pace");
    write_json(study.out() / "supervised" / "seed-4" / "results.json", without);
    (void)study.make(noisy, true).run();
    nlohmann::json again = study.results("supervised").all();
    CHECK(again.at("pace").at("training") > 0);
    CHECK(again.at("pace").at("training") != supervised.at("pace").at("training"));
    CHECK(study.results("mae").all() == mae.all());
    again.erase("pace");
    CHECK(again == without);
    const std::string text =
        error_text<ConfigError>([&] { (void)study.make({.label_noise = 0.4, .noise_seed = 1}, true).run(); });
    INFO(text);
    CHECK(contains(text, "/variants/mae@noisy/label_noise was 0.5, now it is 0.4"));
}

TEST_CASE("a contestant with too few images is refused", "[compare]") {
    const Study study;
    auto one = study.make(noisy);
    const VitShape encoder{16, 4, {.width = 16, .depth = 1, .heads = 2}};
    const VitClassifier supervised({.encoder = encoder, .classes = 10});
    CHECK(error_text<ConfigError>([&] { one.add("few", "Few", supervised, {.share = 0.3}); }) ==
          "the dataset of Few has 18 images, fewer than one batch of 20; choose a smaller batch");
    CHECK_THROWS_AS(one.add("mae", "MAE", supervised), ConfigError);
    CHECK_FALSE(std::filesystem::exists(study.out()));
}

}  // namespace variants_test
