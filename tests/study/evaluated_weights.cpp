// SPDX-License-Identifier: Apache-2.0
//
// Studies of a teacher's weights: a teacher that always is the student must give the student's results, and one that never
// moves those of the untrained network.
#include <string>
#include <tuple>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/open_dataset.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/study/measures/accuracy.hpp>
#include <vitscape/study/measures/convergence.hpp>
#include <vitscape/study/measures/cost.hpp>
#include <vitscape/study/measures/perturbation.hpp>
#include <vitscape/study/measures/rounding.hpp>
#include <vitscape/study/reconstructions.hpp>
#include <vitscape/study/run.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace evaluated_weights_test {

using namespace vitscape;

namespace {

using Device = Cpu<float>;
using Measures =
    std::tuple<AccuracyMeasure, ConvergenceMeasure, SharpnessMeasure, RoundingMeasure, PaceMeasure>;

struct Study {
    test::TemporaryFolder folder;
    Measures measures{{}, {}, {.images = 20}, {.images = 20}, {}};
    ComparisonSetting<Device> setting{Device{}, open_dataset("synthetic:60", {.side = 16}),
                                      open_dataset("synthetic:30", {.test = true, .side = 16}), plan(),
                                      folder.path()};
    CompletedRuns runs{.out = folder.path(), .seeds = {3}};
    std::vector<Contestant<RcMae<>>> contestants;

    Study() {
        train("student", 0, 0.5, EvaluatedWeights::student);
        train("teacher", 0, 0.5, EvaluatedWeights::teacher);
        train("moving", 0.5, 0.5, EvaluatedWeights::teacher);
        train("plain", 1, 0, EvaluatedWeights::student);
        train("start", 1, 0, EvaluatedWeights::teacher);
        runs.load(result_names(measures));
    }
    static ComparisonPlan plan() {
        ComparisonPlan plan{.seeds = {3},
                            .schedule = {.peak = 3e-3, .warmup_epochs = 1},
                            .probe = {.epochs = 3, .warmup_epochs = 0},
                            .probe_shares = {0.5, 1}};
        plan.training = {.epochs = 4, .batch = 20, .transform = {.side = 16}};
        return plan;
    }
    /// RC-MAE with a teacher of a constant momentum.
    void train(const std::string& name, double momentum, double consistency, EvaluatedWeights evaluate) {
        contestants.push_back({name, name,
                               RcMae<>({.encoder = {16, 4, {.width = 16, .depth = 1, .heads = 2}},
                                        .decoder = {.width = 8, .depth = 1, .heads = 2},
                                        .teacher = {{.from = momentum, .to = momentum}},
                                        .consistency = consistency,
                                        .evaluate = evaluate})});
        WorkMeter meter(1);
        ComparisonRun<Device, RcMae<>>(setting, contestants.back(), 3).work({}, measures, meter);
        runs.methods.emplace_back(name, name);
    }
    [[nodiscard]] const Contestant<RcMae<>>& contestant(const std::string& name) const {
        for (const auto& one : contestants)
            if (one.name == name) return one;
        throw ConfigError(message("no contestant ", name));
    }
    /// What a run gave, without what a clock or the memory says.
    [[nodiscard]] nlohmann::json result(const std::string& name) const {
        nlohmann::json found = runs.results.at(name).front();
        found.erase("cost"), found.erase("pace"), found.erase("checksum");
        found.at("training").erase("seconds");
        return found;
    }
    [[nodiscard]] nlohmann::json pictures(const std::string& name) const {
        Reconstructions<Device> pictures(setting.backend, setting.test, setting.plan);
        pictures.add(contestant(name), runs.folder(name, 3) / "checkpoint.safetensors");
        nlohmann::json list;
        const nlohmann::json all = pictures.json();
        for (const auto& image : all) list.push_back(image.at("views").back().at("pixels"));
        return list;
    }
};
const Study& study() {
    static const Study one;
    return one;
}

}  // namespace

TEST_CASE("the weights of a teacher that always is the student are the student's", "[compare]") {
    const Study& s = study();
    const nlohmann::json student = s.result("student"), teacher = s.result("teacher"),
                         moving = s.result("moving");
    for (const char* part :
         {"training", "probe", "solution", "training.sharpness", "total.sharpness", "rounding"})
        REQUIRE(student.contains(part));
    CHECK(teacher == student);
    CHECK(s.pictures("teacher") == s.pictures("student"));
    // a teacher of its own has another solution
    CHECK(moving.at("solution").at("loss") != student.at("solution").at("loss"));
    CHECK(moving.at("solution").at("first_loss") == student.at("solution").at("first_loss"));
    CHECK(s.pictures("moving") != s.pictures("student"));
}

TEST_CASE("the weights of a teacher that never moves are those of the untrained network", "[compare]") {
    const Study& s = study();
    const nlohmann::json plain = s.result("plain"), start = s.result("start"),
                         at_start = start.at("solution");
    CHECK(at_start.at("loss") == at_start.at("first_loss"));
    CHECK(at_start.at("gradient_norm") == at_start.at("first_gradient_norm"));
    CHECK(plain.at("solution").at("first_loss") == at_start.at("loss"));
    CHECK(plain.at("solution").at("loss") < 0.9 * at_start.at("loss").get<double>());
    CHECK(start.at("training").at("loss") == plain.at("training").at("loss"));  // both trained
    for (const auto& error : start.at("training").at("reconstruction_loss"))
        CHECK(error == start.at("training").at("reconstruction_loss").front());

    // every number around the solution, computed again at the initial weights
    const auto& contestant = s.contestant("start");
    const Vector<Device> theta(s.setting.backend, initial_values(contestant.method.layout(), 3));
    const Batch images =
        load_all(s.setting.images.subset(balanced(s.setting.images, 20)), s.setting.plan.training.transform);
    auto loss = compared_loss(s.setting.backend, contestant.method, theta, images, s.setting.plan.mask_seed);
    CHECK(start.at("training.sharpness").at("centre_loss").get<double>() == loss.value(theta));
    CHECK(plain.at("training.sharpness").at("centre_loss") < 0.9 * loss.value(theta));
    const VitClassifier classifier =
        classifier_of<Device>(contestant.method, s.setting.classes(), s.setting.plan.pooling);
    const auto untrained = classifier_values(contestant.method, theta.to_host(), classifier);
    const Vector<Device> encoder(s.setting.backend, untrained);
    const auto features = [&](const AnyDataset& of) {
        return encode_features(s.setting.backend, classifier, encoder, of, s.setting.plan.training.transform);
    };
    const double neighbours =
        nearest_neighbour_accuracy(features(s.setting.images), features(s.setting.test));
    CHECK(start.at("probe").at("knn") == neighbours);
    CHECK(start.at("training").at("knn_accuracy").back() == neighbours);
}

TEST_CASE("without consistency the reconstruction is the whole loss, and is measured once", "[compare]") {
    const Study& s = study();
    CHECK(has_total_loss<Device>(s.contestant("student").method));
    CHECK_FALSE(has_total_loss<Device>(s.contestant("plain").method));
    CHECK_FALSE(has_total_loss<Device>(s.contestant("plain").method.student()));
    CHECK_FALSE(s.result("plain").contains("total.sharpness"));
    CHECK(s.result("student").at("total.sharpness") != s.result("student").at("training.sharpness"));
    // where it is asked for the total loss, a run without one has the other in its place
    nlohmann::json run = s.result("plain");
    run["training.sharpness"]["trivial_loss"] = 2 + run["training.sharpness"]["centre_loss"].get<double>();
    for (const Row& row : rows_of(s.measures, s.runs, s.setting.plan))
        if (row.key == "total.sharpness")
            CHECK(row.of({run, "results.json"}).value ==
                  Approx(run["training.sharpness"]["rise"].get<double>() / 2));
}

}  // namespace evaluated_weights_test
