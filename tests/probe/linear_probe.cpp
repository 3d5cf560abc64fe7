// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <vitscape/probe/accuracy.hpp>
#include <vitscape/probe/linear_probe.hpp>
#include <vitscape/probe/nearest_neighbours.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/model.hpp"

namespace linear_probe_test {

using namespace vitscape;
using namespace vitscape::test;

TEMPLATE_LIST_TEST_CASE(
    "linear probe: three LARS steps, running statistics and evaluation are the reference's", "[train]",
    Every) {
    using B = TestType;
    const SafeTensors file = golden_tensors("linear_probe");
    const nlohmann::json json = golden_json("linear_probe");
    const Shape shape = file.at("step0.weight").shape;  // (classes, width)
    LinearProbe<B> probe(make_backend<B>(2), shape[1], shape[0],
                         {.epsilon = json.at("bn_eps"),
                          .statistics_momentum = json.at("bn_momentum"),
                          .optimizer = {.momentum = json.at("momentum"),
                                        .trust = json.at("trust_coefficient"),
                                        .weight_decay = json.at("weight_decay")}});
    const auto parameters = [&](int step) {
        auto numbers = file.at(message("step", step, ".weight")).template to<double>();
        const auto bias = file.at(message("step", step, ".bias")).template to<double>();
        numbers.insert(numbers.end(), bias.begin(), bias.end());
        return numbers;
    };
    probe.theta() = Vector<B>(probe.theta().backend(), parameters(0));
    const auto losses = json.at("losses").template get<std::vector<double>>();
    for (int step = 0; step < static_cast<int>(losses.size()); ++step) {
        INFO("step " << step + 1);
        const auto features = file.at(message("features", step)).template to<double>();
        const auto labels = file.at(message("targets", step)).template to<std::int64_t>();
        const double loss = probe.step(std::span<const double>(features), labels, json.at("lr"));
        CHECK(relative_difference(loss, losses[static_cast<std::size_t>(step)]) < golden_tolerance<B>);
        CHECK(relative_difference(probe.theta().to_host(), parameters(step + 1)) < golden_tolerance<B>);
        const auto mean = file.at(message("step", step + 1, ".running_mean")).template to<double>();
        const auto variance = file.at(message("step", step + 1, ".running_var")).template to<double>();
        CHECK(relative_difference(probe.running_mean(), mean) < golden_tolerance<B>);
        CHECK(relative_difference(probe.running_variance(), variance) < golden_tolerance<B>);
    }
    // Evaluation goes through the folded head.
    const auto features = file.at("features0").template to<double>();
    CHECK(relative_difference(probe.head().logits(std::span<const double>(features)),
                              file.at("eval_logits").template to<double>()) < golden_tolerance<B>);
}

namespace {
/// Two clouds of points, well apart along the first axis, with a third number of large scale that says nothing.
Features clouds(std::size_t images, std::uint64_t seed) {
    Features features{3, {}, {}};
    RandomSequence random({seed, Purpose::test, 0, 0});
    for (std::size_t i = 0; i < images; ++i) {
        features.labels.push_back(static_cast<std::int64_t>(i % 2));
        features.values.push_back(static_cast<float>((i % 2 == 0 ? 2 : -2) + 0.5 * random.normal()));
        features.values.push_back(static_cast<float>(random.normal()));
        features.values.push_back(static_cast<float>(0.5 * random.normal()));
    }
    return features;
}
}  // namespace

TEST_CASE("linear probe and neighbours tell two clouds apart, and cannot where labels say nothing",
          "[train]") {
    const Features known = clouds(400, 1), asked = clouds(200, 2);
    LinearProbe<Cpu<float>> probe(Cpu<float>(1), 3, 2,
                                  {.epochs = 20, .warmup_epochs = 2, .batch = 64, .base_learning_rate = 20});
    probe.fit(known);
    const auto logits = probe.head().logits(asked.rows());
    CHECK(accuracy(logits, asked.labels).top1 > 0.98);
    CHECK(accuracy(logits, asked.labels).top5 == 1.0);
    CHECK(nearest_neighbour_accuracy(known, asked) > 0.97);
    Features shuffled = known;
    RandomSequence random({3, Purpose::test, 0, 0});
    random.shuffle(std::span(shuffled.labels));
    CHECK(nearest_neighbour_accuracy(shuffled, asked) < 0.75);
}

TEST_CASE("linear probe: epochs that are no whole number end with the schedule", "[train]") {
    // 2 2/3 epochs of 6 batches are 16 steps, not the 18 of 3 epochs, whose last would come after the schedule's end
    const Features rows = clouds(96, 4);
    const LinearProbeOptions options{.epochs = 8.0 / 3,
                                     .warmup_epochs = 1.0 / 3,
                                     .batch = 16,
                                     .base_learning_rate = 8,
                                     .optimizer = {.momentum = 0},
                                     .seed = 5};
    LinearProbe<Cpu<double>> fitted(Cpu<double>(1), 3, 2, options), stepped(Cpu<double>(1), 3, 2, options);
    fitted.fit(rows);
    const WarmupCosine schedule{.peak = 8.0 * 16 / 256, .warmup_epochs = 1.0 / 3};
    std::vector<std::uint32_t> order(96);
    for (std::uint32_t step = 0; step < 16; ++step) {
        if (step % 6 == 0) {
            std::iota(order.begin(), order.end(), 0U);
            RandomSequence random({5, Purpose::sample_order, step / 6, 0});
            random.shuffle(std::span(order));
        }
        std::vector<float> features;       // (16, 3)
        std::vector<std::int64_t> labels;  // (16)
        for (std::size_t i = step % 6 * 16; i < step % 6 * 16 + 16; ++i) {
            features.insert(features.end(), rows.row(order[i]), rows.row(order[i]) + 3);
            labels.push_back(rows.labels[order[i]]);
        }
        const double rate = schedule.at(step / 6 + step % 6 / 6.0, 8.0 / 3);
        stepped.step(std::span<const float>(features), labels, rate);
    }
    CHECK(fitted.theta().to_host() == stepped.theta().to_host());
}

TEST_CASE("a part of the images keeps the classes' shares", "[train]") {
    const Features all = clouds(400, 1), part = part_of_each_class(all, 0.1, 7);
    CHECK(part.images() == 40);
    CHECK(std::accumulate(part.labels.begin(), part.labels.end(), std::int64_t{0}) == 20);
    CHECK(part_of_each_class(all, 0.1, 7).values == part.values);
    CHECK(part_of_each_class(all, 0.1, 8).values != part.values);
    CHECK_THROWS_AS(part_of_each_class(all, 0, 7), ConfigError);
    CHECK(part_of_each_class(all, 1, 7).values == all.values);
}

TEST_CASE("accuracy counts labels among the largest logits", "[train]") {
    const std::vector<double> logits{0.1, 0.9, 0.0, 0.0, 0.0, 0.0, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0};  // (2, 6)
    const Accuracy result = accuracy(logits, std::vector<std::int64_t>{1, 5});
    CHECK(result.top1 == 0.5);
    CHECK(result.top5 == 0.5);
    CHECK(result.standard_error() == Approx(std::sqrt(0.125)));
    const double nothing = std::numeric_limits<double>::quiet_NaN();
    CHECK(accuracy(std::vector<double>{nothing, 1, 2, nothing}, std::vector<std::int64_t>{0, 0}).top1 == 0);
    CHECK_THROWS_AS(accuracy(logits, std::vector<std::int64_t>{1, 6}), DataError);
    CHECK_THROWS_AS(accuracy(logits, std::vector<std::int64_t>{1, 2, 3, 4, 5}), ShapeError);
}

TEST_CASE("a probe put into its classifier gives the probe's logits", "[train]") {
    const VitClassifier classifier({.encoder = {8, 4, {8, 1, 2}}, .classes = 3});
    std::vector<double> values = initial_values(classifier.layout(), 1);
    Batch batch;
    batch.images.resize(std::array<std::size_t, 4>{6, 3, 8, 8});
    for (std::size_t i = 0; i < batch.images.size(); ++i)
        batch.images.data()[i] = static_cast<float>(random_normal({.seed = 2}, i));
    const Cpu<double> backend(1);
    VitClassifier::Inputs<Cpu<double>> inputs;
    classifier.prepare_images(backend, batch.images, inputs);
    const auto run = [&](const auto& what) {
        const Vector<Cpu<double>> theta(backend, values);
        Eval<Cpu<double>> eval(backend, theta.data());
        return download(backend, what(eval).value.view());
    };
    const std::vector<double> features = run([&](auto& eval) { return classifier.features(eval, inputs); });
    LinearProbe<Cpu<double>> probe(backend, 8, 3, {.seed = 5});
    const std::vector<std::int64_t> labels{0, 1, 2, 0, 1, 2};
    for (int step = 0; step < 3; ++step) probe.step(std::span<const double>(features), labels, 50);
    probe.put_into(classifier.layout(), values);
    CHECK(relative_difference(run([&](auto& eval) { return classifier.logits(eval, inputs); }),
                              probe.head().logits(std::span<const double>(features))) < 1e-9);
    CHECK_THROWS_AS(LinearProbe<Cpu<double>>(backend, 4, 3).put_into(classifier.layout(), values),
                    ShapeError);
}

}  // namespace linear_probe_test
