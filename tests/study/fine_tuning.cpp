// SPDX-License-Identifier: Apache-2.0
//
// Fine-tuning of an encoder that has solved an easy task already, and what stands beside it.
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/study/expected_run.hpp>
#include <vitscape/study/measures/fine_tuning.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

namespace fine_tuning_test {

using namespace vitscape;

namespace {

using Device = Cpu<float>;

/// Noise of 8 x 8 pixels in which one quarter is brighter: its class.
class Quarters : public DatasetViews<Quarters> {
  public:
    Quarters(std::size_t count, std::uint64_t seed) : count_(count), seed_(seed) {}
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] Image load(std::size_t i) const {
        RandomSequence random({seed_, Purpose::test, 0, static_cast<std::uint32_t>(i)});
        Image image(8, 8);
        for (Index y = 0; y < 8; ++y)
            for (Index x = 0; x < 8; ++x)
                for (std::size_t c = 0; c < 3; ++c)
                    image.pixel(x, y)[c] = static_cast<std::uint8_t>(
                        random.uniform(0, 20) + (2 * (y / 4) + x / 4 == label(i) ? 200 : 0));
        return image;
    }
    [[nodiscard]] int label(std::size_t i) const { return static_cast<int>(i % 4); }
    [[nodiscard]] const std::vector<std::string>& classes() const { return classes_; }
    [[nodiscard]] std::string name(std::size_t i) const { return "image " + std::to_string(i); }

  private:
    std::size_t count_;
    std::uint64_t seed_;
    std::vector<std::string> classes_{"a", "b", "c", "d"};
};

/// A classifier that solved the task, and an autoencoder with its encoder.
struct Solved {
    Device backend{1};
    AnyDataset images = Quarters(64, 1), test = Quarters(80, 2);
    VitShape encoder{8, 4, {.width = 16, .depth = 1, .heads = 2}};
    VitClassifier classifier{VitClassifierConfig{.encoder = encoder, .classes = 4}};
    MaskedAutoencoder<> mae{{.encoder = encoder, .decoder = {.width = 8, .depth = 1, .heads = 2}}};
    ComparisonPlan plan;
    Vector<Device> whole, theta, none;  ///< of the classifier, of the autoencoder, of no teacher

    Solved() {
        plan.training = {.batch = 16, .transform = {.side = 8}};
        whole = training().fit(images, initial_values(classifier.layout(), 0), 100, 5e-3, 1).theta;
        std::vector<double> values = initial_values(mae.layout(), 0);
        transfer(classifier.layout(), whole.to_host(), mae.layout(), values);
        theta = Vector<Device>(backend, values);
        plan.schedule.peak = 0;  // from scratch nothing is learned
    }
    [[nodiscard]] ClassifierTraining<Device> training() const { return {backend, classifier, plan, 0, {}}; }
    template <class M>
    [[nodiscard]] TrainedRun<Device, M> run(const M& method, const Vector<Device>& of_method,
                                            const TrainingImages& data, const std::filesystem::path& folder,
                                            double seconds = 0) const {
        return {backend, method, of_method, none, classifier, whole, whole,  data,
                test,    true,   plan,      5,    seconds,    0.25,  folder, {}};
    }
};
const Solved& solved() {
    static const Solved one;
    return one;
}

}  // namespace

TEST_CASE("training a classifier goes on from where it stands", "[compare]") {
    const Solved& s = solved();
    REQUIRE(s.training().top1(s.whole, s.test) == 1);
    const auto same = s.training().fit(s.images, s.whole.to_host(), 2, 1e-4, 0.75);
    CHECK(s.training().top1(same.theta, s.test) == 1);
    CHECK(same.theta.to_host() != s.whole.to_host());
    CHECK(same.seconds > 0);
    const auto still = s.training().fit(s.images, s.whole.to_host(), 1, 0, 1);
    CHECK(still.theta.to_host() == s.whole.to_host());
    const AnyDataset again = repeated(s.images, {3, 7}, 5);
    CHECK(again.size() == 5);
    CHECK(again.load(0) == s.images.load(3));
    CHECK(again.load(3) == s.images.load(7));
    CHECK(again.label(4) == s.images.label(3));
}

TEST_CASE("fine-tuning: of an encoder that solved the task, beside a training that learns nothing",
          "[compare]") {
    const Solved& s = solved();
    const test::TemporaryFolder folder;
    const FineTuningMeasure measure{.epochs = 15, .shares = {0.02, 1}, .learning_rate = 5e-3};
    REQUIRE(measure.parts() == 2);
    const TrainingImages data(s.images, {});
    const auto run = s.run(s.mae, s.theta, data, folder.path());
    const double untrained = s.training().top1({s.backend, initial_values(s.classifier.layout(), 5)}, s.test);
    REQUIRE(untrained < 0.6);
    for (const std::uint32_t part : {0U, 1U}) {
        const auto found = measure.compute(run, part);
        INFO(found.dump());
        CHECK(found.at("share") == measure.shares[part]);
        CHECK(found.at("labels") == (part == 0 ? 4 : 64));  // at least one of each class
        CHECK(found.at("top1") > 0.95);
        CHECK(found.at("training_top1") == 1);
        CHECK(found.at("seconds") > 0);
        CHECK(found.at("scratch_at_steps").at("top1") == untrained);
        CHECK(found.at("scratch_at_steps").at("epochs") == 15);
        CHECK(found.at("scratch_at_time") == found.at("scratch_at_steps"));  // pre-training took no time
    }
}

TEST_CASE("fine-tuning: training from scratch for the time that pre-training took as well", "[compare]") {
    const Solved& s = solved();
    const test::TemporaryFolder folder;
    const FineTuningMeasure measure{.epochs = 2, .shares = {1}};
    const TrainingImages data(s.images, {});
    const auto found = measure.compute(s.run(s.mae, s.theta, data, folder.path(), 1.3), 0);
    INFO(found.dump());
    CHECK(found.at("scratch_at_time").at("epochs") == 2 + 5);  // of 0.25 s each, whatever a clock says
    CHECK(found.at("scratch_at_steps").at("epochs") == 2);
    auto unknown = s.run(s.mae, s.theta, data, folder.path(), 1.3);
    unknown.tuning_epoch_seconds = 0;
    CHECK_THROWS_AS(measure.compute(unknown, 0), ConfigError);
    // without a rate of its own fine-tuning has the study's, which is 0 here: the head is as it was drawn
    const auto start = classifier_values(s.mae, s.theta.to_host(), s.classifier, 5);
    CHECK(found.at("top1") == s.training().top1({s.backend, start}, s.test));
}

TEST_CASE("fine-tuning: a stop keeps what was trained from scratch, and others use it", "[compare]") {
    const Solved& s = solved();
    const test::TemporaryFolder folder;
    const FineTuningMeasure measure{.epochs = 1, .shares = {1}};
    const TrainingImages data(s.images, {});
    const auto file = folder.path() / "from_scratch.json";
    auto run = s.run(s.mae, s.theta, data, folder.path(), 3000);  // would take long
    run.progress = [&](auto...) {
        if (std::filesystem::exists(file)) throw Interrupted("stopped");
    };
    CHECK_THROWS_AS(measure.compute(run, 0), Interrupted);
    const nlohmann::json kept = ResultStore(file).all();
    REQUIRE(kept.size() == 1);

    const auto again = s.run(s.mae, s.theta, data, folder.path());
    CHECK(measure.compute(again, 0).at("scratch_at_steps") == kept.begin().value());  // seconds and all
    CHECK(ResultStore(file).all() == kept);
    // wrong labels or another seed make another training
    const TrainingImages noisy(s.images, {.label_noise = 0.5});
    (void)measure.compute(s.run(s.mae, s.theta, noisy, folder.path()), 0);
    CHECK(ResultStore(file).all().size() == 2);
    auto other = s.run(s.mae, s.theta, data, folder.path());
    other.seed = 6;
    (void)measure.compute(other, 0);
    CHECK(ResultStore(file).all().size() == 3);
}

TEST_CASE("fine-tuning: nothing of a classifier, which is another measure, and nothing without classes",
          "[compare]") {
    const Solved& s = solved();
    const test::TemporaryFolder folder;
    const FineTuningMeasure measure{.epochs = 3, .shares = {0.1, 1}};
    const TrainingImages noisy(s.images, {.label_noise = 0.4, .noise_seed = 2});
    const auto run = s.run(s.classifier, s.whole, noisy, folder.path());
    for (const std::uint32_t part : {0U, 1U})
        for (const char* number : {"top1", "training_top1", "scratch_at_steps", "scratch_at_time"})
            CHECK(measure.compute(run, part).at(number).is_null());
    CHECK_FALSE(std::filesystem::exists(folder.path() / "from_scratch.json"));

    auto unlabelled = s.run(s.mae, s.theta, noisy, folder.path());
    unlabelled.labelled = false;
    CHECK(measure.compute(unlabelled, 1).at("top1").is_null());
    CHECK_FALSE(std::filesystem::exists(folder.path() / "from_scratch.json"));
}

TEST_CASE("fine-tuning: its rows", "[compare]") {
    const FineTuningMeasure measure{.epochs = 4};
    std::map<std::string, Row> rows;
    for (const Row& row : rows_of(std::tuple{measure}, CompletedRuns{}, ComparisonPlan{}))
        rows.emplace(row.key, row);
    const auto part = [](double top1, double at_steps, double at_time) {
        return nlohmann::json{{"top1", top1},
                              {"training_top1", 0.875},
                              {"scratch_at_steps", {{"top1", at_steps}, {"epochs", 4}}},
                              {"scratch_at_time", {{"top1", at_time}, {"epochs", 9}}}};
    };
    const nlohmann::json nothing = {{"top1", nullptr},
                                    {"training_top1", nullptr},
                                    {"scratch_at_steps", nullptr},
                                    {"scratch_at_time", nullptr}};
    const nlohmann::json run = {{"fine_tuning-0", nothing},
                                {"fine_tuning-1", part(0.5, 0.25, 0.75)},
                                {"fine_tuning-2", part(0.75, 0.5, 0.5)}};
    const auto value = [&](const std::string& key) {
        return rows.at("fine-tuning." + key).of({run, "results.json"}).value;
    };
    CHECK(value("top1_10") == 0.5);
    CHECK(value("gain_10_at_steps") == 0.25);
    CHECK(value("gain_10_at_time") == -0.25);
    CHECK(value("scratch_epochs_10_at_time") == 9);
    CHECK(value("top1_100") == 0.75);
    CHECK(value("training_top1") == 0.875);
    CHECK(value("generalization_gap") == 0.125);
    for (const char* key : {"top1_1", "gain_1_at_steps", "gain_1_at_time", "scratch_epochs_1_at_time"})
        CHECK(std::isnan(value(key)));
    CHECK(rows.size() == 14);
    CHECK(value_range(rows.at("fine-tuning.gain_1_at_time")) == ValueRange::real);
    CHECK(value_range(rows.at("fine-tuning.top1_1")) == ValueRange::fraction);
    CHECK(rows.at("fine-tuning.generalization_gap").better == Better::lower);
    CHECK(result_names(std::tuple{measure}).size() == 5 + 3);
    CHECK(rows_of(std::tuple{FineTuningMeasure{}}, CompletedRuns{}, ComparisonPlan{}).empty());  // off
    CHECK(result_names(std::tuple{FineTuningMeasure{}}).size() == 5);
}

TEST_CASE("fine-tuning: what it costs, and what a budget makes of it", "[compare]") {
    const FineTuningMeasure measure{.epochs = 10, .shares = {0.01, 0.1, 1}};
    RunSpeed speed{.images = 1000, .test_images = 200, .probe_images = 500, .training = 60};
    speed.method.tuning = 1e-3, speed.method.encoding = 1e-4;
    // fine-tuning and two trainings from scratch of 10 s, one of which is longer by the 60 s of pre-training
    CHECK(measure.seconds(speed, 1) == Approx(30 + 60 + 0.05 + 3 * 0.02));
    RunSpeed classifier = speed;
    classifier.classifies = true;
    CHECK(measure.seconds(classifier, 2) == 0);
    speed.labelled = false;
    CHECK(measure.seconds(speed, 1) == 0);

    CHECK(measure.coarser(1).shares == std::vector<double>{0.1, 1});
    CHECK(measure.coarser(1).epochs == 10);
    CHECK(measure.coarser(2).epochs == 5);
    CHECK(measure.coarser(3).shares == std::vector<double>{1});
    CHECK(FineTuningMeasure{}.coarser(3).parts() == 0);
    CHECK(FineTuningMeasure{.epochs = 1, .shares = {0.1}}.coarser(3).shares == std::vector<double>{0.1});

    CHECK_NOTHROW(measure.check());
    CHECK_THROWS_WITH((FineTuningMeasure{.shares = {1, 0.1}}.check()),
                      "the shares of labels must ascend; 0.1 stands behind 1");
    CHECK_THROWS_AS((FineTuningMeasure{.shares = {}}.check()), ConfigError);
    CHECK_THROWS_AS((FineTuningMeasure{.shares = {0, 1}}.check()), ConfigError);
    CHECK_THROWS_AS((FineTuningMeasure{.layer_decay = 0}.check()), ConfigError);
}

TEST_CASE("fine-tuning: the part of its time that grows with the epochs is known", "[compare]") {
    const Solved& s = solved();
    const Contestant<MaskedAutoencoder<>> mae{"mae", "MAE", s.mae};
    ComparisonPlan plan = s.plan;
    const std::tuple measures{FineTuningMeasure{.epochs = 10}};
    const MethodSpeed speed{.training = 1e-2, .encoding = 1e-3, .tuning = 2e-2};
    const auto time = [&](std::uint32_t epochs) {
        plan.training.epochs = epochs;
        return ExpectedRun<Device, MaskedAutoencoder<>>(plan, mae, speed, 100, 10, true).all(measures);
    };
    CHECK(time(7).per_training == Approx(3 * 7.0));  // three shares, a second each epoch
    CHECK(time(9).measures - time(7).measures == Approx(3 * 2.0));
    CHECK(time(7).measures - time(7).per_training == Approx(time(9).measures - time(9).per_training));
    plan.training.epochs = 7;
    const auto cheap =
        ExpectedRun<Device, MaskedAutoencoder<>>(plan, mae, speed, 100, 10, true, true).all(measures);
    CHECK(cheap.training == 0);
    CHECK(cheap.per_training == Approx(3 * 7.0));
    Contestant<MaskedAutoencoder<>> given = mae;
    given.origin = Origin::given;  // fine-tuned, and trained from scratch for as many steps
    const auto tuned =
        ExpectedRun<Device, MaskedAutoencoder<>>(plan, given, speed, 100, 10, true).all(measures);
    CHECK(tuned.training == 0);
    CHECK(tuned.per_training == 0);
    CHECK(tuned.measures > 0);
}

}  // namespace fine_tuning_test
