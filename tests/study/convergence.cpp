// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>
#include <tuple>

#include <vitscape/study/measure_list.hpp>
#include <vitscape/study/measures/convergence.hpp>

#include "support/catch.hpp"

namespace convergence_test {

using namespace vitscape;
using nlohmann::json;

TEST_CASE("points of a curve: area by trapezoids, values between and outside of points", "[compare]") {
    const json curve = {{"epoch", {1, 2, 3, 4}},
                        {"seconds", {10, 10, 20, 20}},
                        {"falling", {4.0, 2.0, 1.0, 0.5}},
                        {"rising", {nullptr, 0.2, nullptr, 0.4}}};
    const JsonValue read(curve, "results.json");
    const detail::CurvePoints falling(read, "falling"), rising(read, "rising"), missing(read, "missing");
    CHECK(falling.mean() == Approx((3 + 1.5 + 0.75) / 3));
    CHECK(rising.mean() == Approx(0.3));
    CHECK(rising.seconds == std::vector<double>{20, 60});
    CHECK(std::isnan(missing.mean()));
    CHECK(std::isnan(missing.at(5)));
    CHECK(falling.at(15) == 3);
    CHECK(falling.at(1) == 4);
    CHECK(falling.at(40) == 1);
    CHECK(falling.at(1000) == 0.5);
    CHECK(rising.at(30) == Approx(0.25));
}

TEST_CASE("convergence: area, end and equal time of those who have the curve", "[compare]") {
    const json none = {nullptr, nullptr, nullptr, nullptr};
    const auto run = [](const json& reconstruction, const json& probe, double seconds) {
        return json{{"training",
                     {{"epoch", {1, 2, 3, 4}},
                      {"seconds", {seconds, seconds, seconds, seconds}},
                      {"reconstruction_loss", reconstruction},
                      {"probe_accuracy", probe}}}};
    };
    CompletedRuns runs{.seeds = {0, 1},
                       .methods = {{"head", "Head"}, {"pixels", "Pixels"}, {"late", "Late"}}};
    const json probe = {nullptr, 0.2, nullptr, 0.4};
    runs.results["head"] = {run(none, probe, 1), run(none, probe, 2)};  // 6 seconds in the mean
    runs.results["pixels"] = {run({8, 4, 2, 1}, probe, 10), run({4, 4, 4, 4}, probe, 10)};
    runs.results["late"] = {run({8, 6, 4, 2}, probe, 20), run({8, 6, 4, 2}, probe, 20)};
    const auto rows = rows_of(std::tuple{ConvergenceMeasure{}}, runs, ComparisonPlan{});
    REQUIRE(rows.size() == 4);
    const auto value = [&](std::size_t row, const char* method, std::size_t seed) {
        return rows[row].of(runs.result(method, seed)).value;
    };
    CHECK(rows[0].key == "convergence.reconstruction_area");
    CHECK(value(0, "pixels", 0) == Approx((6 + 3 + 1.5) / 3));
    CHECK(value(0, "late", 1) == 5);
    CHECK(std::isnan(value(0, "head", 0)));
    CHECK(rows[1].key == "convergence.reconstruction_end");
    CHECK(value(1, "pixels", 0) == 1);
    CHECK(value(1, "late", 0) == 2);
    CHECK(rows[2].key == "convergence.reconstruction_at_time");  // after 40 seconds
    CHECK(value(2, "pixels", 0) == 1);
    CHECK(value(2, "late", 0) == 6);
    CHECK(std::isnan(value(2, "head", 0)));
    CHECK(rows[3].key == "convergence.probe_at_time");  // after 6 seconds
    CHECK(value(3, "head", 1) == Approx(0.3));
    CHECK(value(3, "pixels", 0) == Approx(0.2));
    CHECK(rows[3].better == Better::higher);
    CHECK(rows[2].better == Better::lower);
    for (const Row& row : rows) {
        CHECK(row.group == "convergence");
        CHECK_FALSE(row.meaning.empty());
    }
}

TEST_CASE("convergence: without anybody who reconstructs its rows say nothing", "[compare]") {
    CompletedRuns runs{.seeds = {0}, .methods = {{"head", "Head"}}};
    runs.results["head"] = {json{
        {"training",
         {{"epoch", {1}}, {"seconds", {1}}, {"reconstruction_loss", {nullptr}}, {"probe_accuracy", {0.5}}}}}};
    for (const Row& row : rows_of(std::tuple{ConvergenceMeasure{}}, runs, ComparisonPlan{}))
        CHECK(std::isnan(row.of(runs.result("head", 0)).value) == (row.key != "convergence.probe_at_time"));
}

}  // namespace convergence_test
