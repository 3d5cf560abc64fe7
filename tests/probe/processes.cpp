// SPDX-License-Identifier: Apache-2.0
//
// Evaluations and probes by several processes, which are threads here.
#include <string>
#include <vector>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/data/synthetic.hpp>
#include <vitscape/probe/evaluate.hpp>
#include <vitscape/probe/linear_probe.hpp>
#include <vitscape/probe/nearest_neighbours.hpp>

#include "support/catch.hpp"
#include "support/model.hpp"
#include "support/thread_processes.hpp"

namespace processes_test {

using namespace vitscape;
using test::Threads;

namespace {

using B = Cpu<float>;
const ImageTransform transform{.side = 16};

VitClassifier classifier() { return VitClassifier({.encoder = {16, 4, {16, 1, 2}}, .classes = 10}); }
Vector<B> theta_of(const VitClassifier& method) {
    return Vector<B>(B(1), initial_values(method.layout(), 3));
}

}  // namespace

TEST_CASE("several processes evaluate and encode to the bytes of one", "[probe][processes]") {
    const VitClassifier method = classifier();
    const Vector<B> theta = theta_of(method);
    const Synthetic data(50, 16);
    const Evaluation one = evaluate(B(1), method, theta, data, transform, 8);
    const Features features = encode_features(B(1), method, theta, data, transform, {.batch = 8});
    REQUIRE(features.values.size() == 50 * 16);
    REQUIRE(one.loss > 0);
    const double neighbours = nearest_neighbour_accuracy(features, features, {.neighbours = 3});
    for (const int processes : {2, 3, 9}) {  // 7 batches: two of nine have none
        INFO(processes << " processes");
        const auto n = static_cast<std::size_t>(processes);
        std::vector<Evaluation> evaluations(n);
        std::vector<Features> encoded(n);
        std::vector<double> shares(n);
        std::vector<std::size_t> done(n);
        test::run_processes(processes, [&](Threads process) {
            const auto rank = static_cast<std::size_t>(process.rank());
            const Vector<B> own = theta;
            evaluations[rank] = evaluate(B(1), method, own, data, transform, 8, {}, nullptr, process);
            encoded[rank] = encode_features(
                B(1), method, own, data, transform,
                {.batch = 8, .progress = [&done, rank](std::size_t images) { done[rank] = images; }},
                process);
            shares[rank] =
                nearest_neighbour_accuracy(encoded[rank], encoded[rank], {.neighbours = 3}, process);
        });
        std::size_t images = 0;
        for (std::size_t rank = 0; rank < n; ++rank) {
            CHECK(evaluations[rank].loss == one.loss);
            CHECK(evaluations[rank].accuracy == one.accuracy);
            CHECK(bool(encoded[rank].values == features.values));
            CHECK(bool(encoded[rank].labels == features.labels));
            CHECK(shares[rank] == neighbours);
            CHECK(done[rank] <= (50 + n - 1) / n + 8);
            images += done[rank];
        }
        CHECK(images == 50);  // each was encoded once
    }
}

TEST_CASE("neighbours of many images are looked for by all", "[probe][processes]") {
    Features known{4, {}, {}}, asked{4, {}, {}};
    RandomSequence random({1, Purpose::test, 0, 0});
    for (std::size_t i = 0; i < 700; ++i) {  // three blocks
        Features& set = i < 100 ? known : asked;
        for (int k = 0; k < 4; ++k) set.values.push_back(static_cast<float>(random.normal()));
        set.labels.push_back(static_cast<std::int64_t>(set.values.back() > 0 ? 1 : 0));
    }
    const double one = nearest_neighbour_accuracy(known, asked);
    REQUIRE(one > 0.6);
    REQUIRE(one < 1);
    for (const int processes : {2, 4}) {
        std::vector<double> shares(static_cast<std::size_t>(processes));
        test::run_processes(processes, [&](Threads process) {
            shares[static_cast<std::size_t>(process.rank())] =
                nearest_neighbour_accuracy(known, asked, {}, process);
        });
        for (const double share : shares) CHECK(share == one);
    }
}

TEST_CASE("several processes train a probe to the parameters of one", "[probe][processes]") {
    Features rows{3, {}, {}};
    RandomSequence random({2, Purpose::test, 0, 0});
    for (std::size_t i = 0; i < 90; ++i) {
        for (int k = 0; k < 3; ++k) rows.values.push_back(static_cast<float>(random.normal()));
        rows.labels.push_back(static_cast<std::int64_t>(rows.values.back() > 0 ? 1 : 0));
    }
    const LinearProbeOptions options{.epochs = 5, .warmup_epochs = 1, .batch = 31, .base_learning_rate = 5};
    LinearProbe<Cpu<double>> one(Cpu<double>(1), 3, 2, options);
    one.fit(rows);
    for (const int processes : {2, 4}) {
        std::vector<std::vector<double>> thetas(static_cast<std::size_t>(processes));
        test::run_processes(processes, [&](Threads process) {
            LinearProbe<Cpu<double>, Threads> probe(Cpu<double>(1), 3, 2, options, process);
            probe.fit(rows);
            thetas[static_cast<std::size_t>(process.rank())] = probe.theta().to_host();
        });
        for (const auto& theta : thetas) {
            CHECK(bool(theta == thetas.front()));
            CHECK(test::relative_difference(theta, one.theta().to_host()) < 1e-12);
        }
    }
}

}  // namespace processes_test
