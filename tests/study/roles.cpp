// SPDX-License-Identifier: Apache-2.0
//
// The measures of runs on methods of every role: one that reconstructs, one with a head, one with a teacher. What their rows
// say is computed again from the files that a run leaves behind, and is missing where a method lacks the role.
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/open_dataset.hpp>
#include <vitscape/methods/data2vec.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/study/measures/accuracy.hpp>
#include <vitscape/study/measures/convergence.hpp>
#include <vitscape/study/measures/cost.hpp>
#include <vitscape/study/measures/robustness.hpp>
#include <vitscape/study/run.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace roles_test {

using namespace vitscape;

namespace {

using Device = Cpu<float>;
using Measures = std::tuple<AccuracyMeasure, ConvergenceMeasure, RobustnessMeasure, PaceMeasure,
                            InferenceMeasure, TrainingCostMeasure>;
const VitShape encoder{16, 4, {.width = 16, .depth = 1, .heads = 2}};

struct Study {
    test::TemporaryFolder folder;
    Measures measures{{}, {}, {.images = 20, .noise = {0.1}, .blur = {1}}, {}, {.batch = 8}, {}};
    ComparisonSetting<Device> setting{Device{}, open_dataset("synthetic:60", {.side = 16}),
                                      open_dataset("synthetic:30", {.test = true, .side = 16}), plan(),
                                      folder.path()};
    Contestant<MaskedAutoencoder<>> mae{
        "mae", "MAE",
        MaskedAutoencoder<>({.encoder = encoder, .decoder = {.width = 8, .depth = 1, .heads = 2}})};
    Contestant<VitClassifier> supervised{"supervised", "Supervised",
                                         VitClassifier({.encoder = encoder, .classes = 10})};
    Contestant<Data2Vec<>> data2vec{"data2vec", "data2vec", Data2Vec<>({.encoder = encoder})};
    CompletedRuns runs{.out = folder.path(), .seeds = {3}};
    std::vector<Row> rows;

    Study() {
        train(mae), train(supervised), train(data2vec);
        runs.load(result_names(measures));
        rows = rows_of(measures, runs, setting.plan);
    }
    static ComparisonPlan plan() {
        ComparisonPlan plan{.seeds = {3},
                            .schedule = {.peak = 3e-3, .warmup_epochs = 1},
                            .probe = {.epochs = 3, .warmup_epochs = 0},
                            .probe_shares = {0.5, 1}};
        plan.training = {.epochs = 4, .batch = 20, .transform = {.side = 16}};
        return plan;
    }
    template <class M>
    void train(const Contestant<M>& contestant) {
        WorkMeter meter(1);
        ComparisonRun<Device, M>(setting, contestant, 3).work({}, measures, meter);
        runs.methods.emplace_back(contestant.name, contestant.title);
    }
    [[nodiscard]] const Row& row(const std::string& key) const {
        for (const Row& one : rows)
            if (one.key == key) return one;
        throw ConfigError(message("no row ", key));
    }
    [[nodiscard]] double value(const std::string& key, const std::string& method) const {
        return row(key).of(runs.result(method, 0)).value;
    }
    [[nodiscard]] Vector<Device> stored(const ParameterLayout& layout, const std::string& method,
                                        const std::string& file) const {
        const auto path = runs.folder(method, 3) / (file + ".safetensors");
        return {setting.backend, Checkpoint::load(path).vector<float>(layout)};
    }
};
const Study& study() {
    static const Study one;
    return one;
}

}  // namespace

TEST_CASE("accuracy: of a head of its own, of a probe, of neighbours, of a teacher", "[compare]") {
    const Study& s = study();
    const ImageTransform& transform = s.setting.plan.training.transform;
    const VitClassifier& classifier = s.supervised.method;
    for (const std::string method : {"mae", "supervised", "data2vec"}) {
        INFO(method);
        const Vector<Device> theta = s.stored(classifier.layout(), method, "classifier");
        // the classifiers that are kept, with the probe's head and its own, do as well as their rows say
        const auto top1 = [&](const Vector<Device>& with_head) {
            return evaluate(s.setting.backend, classifier, with_head, s.setting.test, transform).accuracy;
        };
        if (method == "supervised") {
            const Vector<Device> probe = s.stored(classifier.layout(), method, "probe");
            CHECK(probe.to_host() != theta.to_host());
            CHECK(s.value("accuracy.probe_100", method) == top1(probe));
            CHECK(s.value("accuracy.own_head", method) == top1(theta));
            CHECK(s.value("accuracy.own_head_generalization_gap", method) ==
                  Approx(s.value("accuracy.own_head_training_top1", method) - top1(theta)));
        } else {
            CHECK(s.value("accuracy.probe_100", method) == top1(theta));
            CHECK_FALSE(std::filesystem::exists(s.runs.folder(method, 3) / "probe.safetensors"));
            for (const char* key : {"own_head", "own_head_training_top1", "own_head_generalization_gap"})
                CHECK(std::isnan(s.value(message("accuracy.", key), method)));
        }
        CHECK(
            s.value("accuracy.probe_generalization_gap", method) ==
            Approx(s.value("accuracy.probe_training_top1", method) - s.value("accuracy.probe_100", method)));
        const auto features = [&](const AnyDataset& images) {
            return encode_features(s.setting.backend, classifier, theta, images, transform);
        };
        // the probe's head has its batch normalization in the layer norm before it: features as they were trained
        if (method == "supervised")
            CHECK(s.value("accuracy.knn", method) ==
                  nearest_neighbour_accuracy(features(s.setting.images), features(s.setting.test)));
        CHECK(s.value("accuracy.probe_top5", method) >= s.value("accuracy.probe_100", method));
        for (const char* key : {"accuracy.probe_50", "accuracy.knn", "accuracy.probe_top5"}) {
            CHECK(s.value(key, method) >= 0);
            CHECK(s.value(key, method) <= 1);
        }
        CHECK(std::isfinite(s.value("accuracy.teacher", method)) == (method == "data2vec"));
    }
    for (const char* key : {"accuracy.probe_100", "accuracy.own_head"}) {
        CHECK(s.row(key).unit == "fraction");
        CHECK(s.row(key).better == Better::higher);
        CHECK(s.row(key).outcome);
        CHECK(s.row(key).headline);
    }
    CHECK_FALSE(s.row("accuracy.knn").outcome);
}

TEST_CASE("convergence: of what reconstructs, and of all that are probed", "[compare]") {
    const Study& s = study();
    for (const std::string method : {"supervised", "data2vec"})
        for (const char* key : {"convergence.reconstruction_area", "convergence.reconstruction_end",
                                "convergence.reconstruction_at_time"})
            CHECK(std::isnan(s.value(key, method)));
    for (const std::string method : {"mae", "supervised", "data2vec"}) {
        CHECK(s.value("convergence.probe_at_time", method) >= 0);
        CHECK(s.value("convergence.probe_at_time", method) <= 1);
    }
    const auto& curve = s.runs.results.at("mae").front().at("training");
    const double last =
        evaluate(s.setting.backend, s.mae.method, s.stored(s.mae.method.layout(), "mae", "checkpoint"),
                 s.setting.test, s.setting.plan.training.transform, 128, {7, 0})
            .loss;
    CHECK(curve.at("reconstruction_loss").back().get<double>() == Approx(last));
    CHECK(s.value("convergence.reconstruction_end", "mae") == Approx(last));
    CHECK(s.value("convergence.reconstruction_area", "mae") > last);
    for (const std::string method : {"supervised", "data2vec"})
        CHECK(s.runs.results.at(method).front().at("training").at("reconstruction_loss").back().is_null());
}

TEST_CASE("robustness: accuracy and loss of noisy and of blurred images", "[compare]") {
    const Study& s = study();
    const ImageTransform& transform = s.setting.plan.training.transform;
    const Batch clean = load_all(s.setting.test.subset(balanced(s.setting.test, 20)), transform);
    const Batch noisy = with_noise(clean, 0.1, transform, s.setting.plan.mask_seed);
    const Batch blurred = with_blur(clean, 1);
    const auto check = [&](const auto& contestant) {
        const std::string& name = contestant.name;
        INFO(name);
        const Vector<Device> theta = s.stored(contestant.method.layout(), name, "checkpoint");
        const auto loss = [&](const Batch& batch) {
            return FrozenObjective(s.setting.backend, contestant.method, batch,
                                   {.mask_seed = s.setting.plan.mask_seed, .clean = &clean});
        };
        const double still = loss(clean).value(theta), trivial = loss(clean).trivial_loss();
        for (const auto& [key, batch] :
             {std::pair<const char*, const Batch&>{"robustness.loss_noise_0.1", noisy},
              {"robustness.loss_blur_1", blurred}}) {
            const double share = s.value(key, name), rise = loss(batch).value(theta) - still;
            if (trivial > still)
                CHECK(share == Approx(rise / (trivial - still)));
            else
                CHECK(std::isnan(share));  // nothing was gained
        }
        const VitClassifier& classifier = s.supervised.method;
        const auto head = [&](const std::string& key, const char* file) {
            const Vector<Device> whole = s.stored(classifier.layout(), name, file);
            CHECK(s.value("robustness." + key + "_top1_noise_0.1", name) ==
                  classify(s.setting.backend, classifier, whole, noisy).top1);
            CHECK(s.value("robustness." + key + "_top1_blur_1", name) ==
                  classify(s.setting.backend, classifier, whole, blurred).top1);
        };
        head("probe", name == "supervised" ? "probe" : "classifier");
        if (name == "supervised")
            head("own_head", "classifier");
        else
            CHECK(std::isnan(s.value("robustness.own_head_top1_blur_1", name)));
    };
    check(s.mae), check(s.supervised);
    // of a loss that needs the teacher
    CHECK(s.runs.results.at("data2vec").front().at("robustness").at(0).at("training_loss") > 0);
    for (const std::string method : {"mae", "supervised", "data2vec"}) {
        const Vector<Device> whole =
            s.stored(s.supervised.method.layout(), method, method == "supervised" ? "probe" : "classifier");
        const auto logits = logits_of(s.setting.backend, s.supervised.method, whole, clean);
        const std::span labels(clean.labels.data(), clean.labels.size());
        CHECK(s.value("robustness.probe_calibration_error", method) ==
              Approx(calibration(logits, labels).error));
        CHECK(s.value("robustness.probe_relative_top1_blur_1", method) * accuracy(logits, labels).top1 ==
              Approx(s.value("robustness.probe_top1_blur_1", method)));
    }
    CHECK(s.row("robustness.loss_noise_0.1").unit.empty());
    CHECK(s.row("robustness.loss_noise_0.1").invariant_to == "scale of the loss and constants added to it");
    nlohmann::json run = s.runs.results.at("mae").front();  // as if something was gained
    run["robustness"][0]["training_loss"] = 2, run["robustness"][0]["trivial_loss"] = 6;
    run["robustness"][1]["training_loss"] = 3;
    CHECK(s.row("robustness.loss_noise_0.1").of({run, "results.json"}).value == 0.25);
    run["robustness"][0]["trivial_loss"] = 2;
    CHECK(std::isnan(s.row("robustness.loss_noise_0.1").of({run, "results.json"}).value));
    CHECK(s.row("robustness.probe_top1_noise_0.1").unit == "fraction");
    CHECK(s.row("robustness.probe_top1_noise_0.1").better == Better::higher);
}

TEST_CASE("cost: seconds, bytes, operations and parameters, a teacher's apart", "[compare]") {
    const Study& s = study();
    const auto size = [](const auto& contestant) {
        return static_cast<double>(contestant.method.layout().size());
    };
    CHECK(s.value("cost.parameters", "mae") == size(s.mae));
    CHECK(s.value("cost.parameters", "supervised") == size(s.supervised));
    CHECK(s.value("cost.parameters", "data2vec") == size(s.data2vec));
    CHECK(s.value("cost.teacher_parameters", "mae") == 0);
    CHECK(s.value("cost.teacher_parameters", "supervised") == 0);
    CHECK(s.value("cost.teacher_parameters", "data2vec") == size(s.data2vec));
    CHECK(s.value("cost.training_operations", "mae") ==
          static_cast<double>(operation_count(s.mae.method.config()).training));
    CHECK(s.value("cost.training_operations", "supervised") ==
          static_cast<double>(operation_count(s.supervised.method.config()).training));
    for (const std::string method : {"mae", "supervised", "data2vec"}) {
        INFO(method);
        CHECK(s.value("cost.inference_operations", method) ==
              static_cast<double>(operation_count(s.supervised.method.config()).forward));
        // the pace that was measured before the training
        const JsonValue pace = s.runs.result(method, 0).at("pace");
        const double epoch = 60 * pace.at("training").number_or_nan();
        CHECK(epoch > 0);
        CHECK(s.value("cost.seconds_per_epoch", method) == Approx(epoch));
        for (const nlohmann::json& seconds : s.runs.results.at(method).front().at("training").at("seconds"))
            CHECK(seconds == Approx(epoch));
        // three steps of 20 images in an epoch of 60
        CHECK(s.value("cost.seconds_per_step", method) ==
              Approx(s.value("cost.seconds_per_epoch", method) / 3));
        CHECK(s.value("cost.inference_seconds", method) == pace.at("classifying").number_or_nan());
        CHECK(s.value("cost.inference_seconds", method) > 0);
        CHECK(s.value("cost.inference_memory", method) > 4 * size(s.supervised));
        // parameters, gradient and two moments of AdamW at least, and a teacher
        CHECK(s.value("cost.peak_memory", method) >
              4 * (4 * s.value("cost.parameters", method) + s.value("cost.teacher_parameters", method)));
    }
    CHECK(s.row("cost.seconds_per_epoch").unit == "seconds");
    CHECK(s.row("cost.seconds_per_step").unit == "seconds");
    CHECK(s.row("cost.seconds_per_step").meaning.starts_with("a step takes 20 images;"));
    CHECK(s.row("cost.peak_memory").unit == "bytes");
    CHECK(s.row("cost.inference_seconds").name == "time of classifying an image, in batches of 20");
    CHECK(s.row("cost.inference_memory").name.starts_with("classifying 8 images at once"));
    for (const Row& row : s.rows)
        if (row.group == "cost") CHECK(row.better == Better::lower);
}

}  // namespace roles_test
