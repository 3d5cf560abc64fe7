// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <tuple>

#include <vitscape/study/measure_list.hpp>
#include <vitscape/study/measures/convergence.hpp>

#include "support/catch.hpp"

using namespace vitscape;
using nlohmann::json;

TEST_CASE("epochs until a level are read between epochs", "[compare]") {
    const json json_curve = {
        {"epoch", {1, 2, 3, 4}}, {"falling", {4.0, 2.0, 1.0, 0.5}}, {"rising", {nullptr, 0.2, nullptr, 0.4}}};
    const JsonValue curve(json_curve, "results.json");
    CHECK(detail::epochs_until(curve, "falling", 3, true) == 1.5);
    CHECK(detail::epochs_until(curve, "falling", 5, true) == 1);
    CHECK(detail::epochs_until(curve, "rising", 0.3, false) == Approx(3));
    CHECK(std::isnan(detail::epochs_until(curve, "falling", 0.1, true)));
    CHECK(std::isnan(detail::epochs_until(curve, "missing", 0.1, true)));
}

TEST_CASE("convergence: the levels are those of the first that reconstructs and of the worst that is probed",
          "[compare]") {
    const json none = {nullptr, nullptr, nullptr, nullptr};
    const auto run = [](const json& reconstruction, const json& probe) {
        return json{
            {"training",
             {{"epoch", {1, 2, 3, 4}}, {"reconstruction_loss", reconstruction}, {"probe_accuracy", probe}}}};
    };
    CompletedRuns runs{.seeds = {0, 1},
                       .methods = {{"head", "Head"}, {"pixels", "Pixels"}, {"late", "Late"}}};
    const json slow = {nullptr, 0.25, nullptr, 0.5}, fast = {nullptr, 0.5, nullptr, 0.75};
    runs.results["head"] = {run(none, slow), run(none, slow)};
    runs.results["pixels"] = {run({1, 0.75, 0.625, 0.5}, fast), run({1.25, 0.75, 0.5, 0.25}, fast)};
    runs.results["late"] = {run({8, 6, 4, 2}, fast), run({1, 1, 0.5, 0.5}, fast)};
    const auto rows = rows_of(std::tuple{ConvergenceMeasure{}}, runs, ComparisonPlan{});
    REQUIRE(rows.size() == 3);
    const auto epochs = [&](std::size_t row, const char* method, std::size_t seed) {
        return rows[row].of(runs.result(method, seed)).value;
    };
    CHECK(rows[0].name ==
          "to a reconstruction error of 0.75");  // the mean of "pixels" after half of its epochs
    CHECK(epochs(0, "pixels", 0) == 2);
    CHECK(epochs(0, "late", 1) == 2.5);
    CHECK(std::isnan(epochs(0, "late", 0)));                      // it does not get there
    CHECK(std::isnan(epochs(0, "head", 0)));                      // it does not reconstruct
    CHECK(rows[1].name == "to a reconstruction error of 0.375");  // after all of them, 0.5 and 0.25
    CHECK(std::isnan(epochs(1, "pixels", 0)));
    CHECK(epochs(1, "pixels", 1) == 3.5);
    CHECK(rows[2].name == "to a probe accuracy of 45 %");  // nine tenths of the least at the end
    CHECK(epochs(2, "head", 0) == Approx(3.6));
    CHECK(epochs(2, "pixels", 0) == 2);
    for (const Row& row : rows) {
        CHECK(row.unit == "epochs");
        CHECK(row.better == Better::lower);
        CHECK(row.loss.empty());
        CHECK_FALSE(row.meaning.empty());
    }
}

TEST_CASE("convergence: without anybody who reconstructs its rows say nothing", "[compare]") {
    CompletedRuns runs{.seeds = {0}, .methods = {{"head", "Head"}}};
    runs.results["head"] = {
        json{{"training", {{"epoch", {1}}, {"reconstruction_loss", {nullptr}}, {"probe_accuracy", {0.5}}}}}};
    for (const Row& row : rows_of(std::tuple{ConvergenceMeasure{}}, runs, ComparisonPlan{}))
        if (row.key != "convergence.probe") {
            CHECK(std::isnan(row.of(runs.result("head", 0)).value));
            CHECK(row.name == "to a reconstruction error, which no method has");
        }
}
