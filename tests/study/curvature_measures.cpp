// SPDX-License-Identifier: Apache-2.0
//
// The measures of losses on a function whose derivatives are known: eigenvalues, traces and spectra.
#include <cmath>
#include <map>
#include <numbers>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <vitscape/study/measures/block_spectrum.hpp>
#include <vitscape/study/measures/curvature.hpp>
#include <vitscape/study/measures/spectrum.hpp>

#include "well.hpp"

namespace curvature_measures_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("eigenvalues: both ends with their residuals, and how far from convex", "[compare]") {
    const Well saddle{.a = {{{2, 2}, {2, -1}}}};  // eigenvalues 3 and -2
    const EigenvalueMeasure measure{.images = 5};
    const auto found = measured(measure, saddle);
    REQUIRE(found.size() == 9);  // for each of three losses
    const Found& largest = found.at("training.largest_eigenvalue");
    CHECK(largest.value.value == Approx(3));
    CHECK(largest.value.standard_error < 1e-9);
    CHECK(largest.row.better == Better::lower);
    CHECK(largest.row.unit.empty());
    CHECK(largest.row.headline);
    CHECK(largest.images == 5);
    CHECK(found.at("training.smallest_eigenvalue").value.value == Approx(-2));
    CHECK(found.at("training.smallest_eigenvalue").row.better == Better::higher);
    CHECK(found.at("training.eigenvalue_ratio").value.value == Approx(2.0 / 3));
    CHECK(std::isnan(found.at("training.eigenvalue_ratio").value.standard_error));
    // a classifier's only loss serves as both
    CHECK(found.at("classification.largest_eigenvalue").value.value == largest.value.value);
    CHECK(found.at("classification.largest_eigenvalue").row.loss == "classification");
    check_scales(measure, saddle);
}

TEST_CASE("eigenvalues: one that is not resolved by its own size is a bound", "[compare]") {
    CompletedRuns runs{.seeds = {0}, .methods = {{"mae", "MAE"}}};
    runs.results["mae"] = {nlohmann::json{
        {"training.eigenvalues",
         {{"largest", 1000}, {"largest_residual", 1}, {"smallest", -0.5}, {"smallest_residual", 2}}}}};
    std::map<std::string, MeasuredValue> found;
    for (const Row& row : rows_of(std::tuple{EigenvalueMeasure{}}, runs, ComparisonPlan{}))
        found[row.key] = row.of(runs.result("mae", 0));
    CHECK(found.at("training.largest_eigenvalue").value == 1000);
    CHECK(found.at("training.largest_eigenvalue").standard_error == 1);
    CHECK(std::isnan(found.at("training.largest_eigenvalue").bound));
    CHECK(std::isnan(found.at("training.smallest_eigenvalue").value));
    CHECK(found.at("training.smallest_eigenvalue").bound == 2.5);
    CHECK(std::isnan(found.at("training.eigenvalue_ratio").value));
}

TEST_CASE("spectrum: the share of negative eigenvalues with its error", "[compare]") {
    const Well saddle{.a = {{{2, 2}, {2, -1}}}};
    const SpectrumMeasure measure{.probes = 40, .steps = 4};
    const auto found = measured(measure, saddle);
    const Found& share = found.at("training.negative_share");
    CHECK(std::abs(share.value.value - 0.5) < 3 * share.value.standard_error);
    CHECK(share.value.standard_error < 0.1);
    CHECK(share.row.unit == "fraction");
    check_scales(measure, saddle);
    CHECK(measured(measure, Well{}).at("training.negative_share").value.value == 0);
}

TEST_CASE("trace: the mean over random signs and its standard error", "[compare]") {
    const Well saddle{.a = {{{2, 2}, {2, -1}}}};  // z' A z = 1 + 4 z_1 z_2
    const TraceMeasure measure{.samples = 16};
    const auto found = measured(measure, saddle);
    const Found& trace = found.at("training.trace");
    const double mean_sign = (trace.value.value - 1) / 4;
    CHECK(std::abs(mean_sign) < 1);
    CHECK(trace.value.standard_error == Approx(4 * std::sqrt((1 - mean_sign * mean_sign) / 15)));
    CHECK(std::abs(trace.value.value - 1) < 3 * trace.value.standard_error);
    CHECK(trace.row.better == Better::lower);
    CHECK(trace.row.unit.empty());
    CHECK(measured(measure, Well{.a = {{{2, 0}, {0, -1}}}}).at("training.trace").value.value == Approx(1));
    CHECK(found.at("training.gauss_newton_trace").value.value == Approx(trace.value.value));
    Well quartic{.a = {{{3, 1}, {1, 2}}}, .quartic = 6};
    quartic.bottom = {quartic.theta[0] - 0.5, quartic.theta[1] - 0.25};
    const auto apart = measured(measure, quartic);  // the same signs for both: the difference has no error
    CHECK(apart.at("training.residual_trace").value.value == Approx(-6 * (0.25 + 0.0625)));
    CHECK(apart.at("training.residual_trace").value.standard_error < 1e-9);
    CHECK(apart.at("training.gauss_newton_trace").value.value ==
          Approx(apart.at("training.trace").value.value + 6 * (0.25 + 0.0625)));
    check_scales(measure, saddle);
}

TEST_CASE("spectra: the densities of runs, in parts of the largest eigenvalue", "[compare]") {
    CompletedRuns runs{.seeds = {0, 1}, .methods = {{"mae", "MAE"}}};
    for (const double scale : {1.0, 50.0}) {  // of the loss, which makes no difference
        const nlohmann::json probe = {{"nodes", {-0.2 * scale, 0.0, scale}}, {"weights", {0.1, 0.8, 0.1}}};
        runs.results["mae"].push_back(
            {{"training.spectrum", {{"dimension", 100}, {"probes", {probe, probe}}}}});
    }
    nlohmann::json report;
    SpectrumMeasure{}.put_into(report, runs);
    REQUIRE(report.at("spectra").size() == 1);
    const auto& entry = report.at("spectra").at(0);
    CHECK(entry.at("count") == 2);
    const auto x = entry.at("x").get<std::vector<double>>();
    const double peak = 1 / (0.02 * std::sqrt(2 * std::numbers::pi));
    double area = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
        const nlohmann::json& y = entry.at("mean").at(k);
        const double width = k + 1 == x.size() ? 0.005 : 0.01;  // of the trapezoids around x
        if (!y.is_null()) area += width * y.get<double>();
        for (const auto& [node, weight] : {std::pair{-0.2, 0.1}, {0.0, 0.8}, {1.0, 0.1}})
            if (std::abs(x[k] - node) < 1e-9) CHECK(y.get<double>() == Approx(weight * peak).epsilon(1e-6));
        if (std::abs(x[k] - 0.5) < 1e-9) CHECK(y.is_null());  // nothing is there
    }
    CHECK(area == Approx(0.95).epsilon(0.01));  // half of the peak at 1 lies outside
}

TEST_CASE("blocks: the spectrum of a diagonal block, and a column for each method that has it", "[compare]") {
    const Well well{.a = {{{3, 1}, {1, 2}}}};  // one parameter of two weights is one block, the whole
    const auto result = result_of(BlockSpectrumMeasure{.probes = 300, .steps = 2}, well);
    REQUIRE(result.size() == 1);
    CHECK(result.at(0).at("name") == "w");
    CHECK(result.at(0).at("parameters") == 2);
    CHECK(std::abs(result.at(0).at("mean").get<double>() - 2.5) <
          4 * result.at(0).at("standard_error").get<double>() + 1e-9);
    CHECK(result.at(0).at("largest").get<double>() == Approx(2.5 + std::sqrt(1.25)));
    CHECK(result.at(0).at("smallest").get<double>() == Approx(2.5 - std::sqrt(1.25)));

    CompletedRuns runs{.seeds = {0, 1}, .methods = {{"mae", "MAE"}, {"head", "Head"}}};
    const auto block = [](const char* name, double mean, double low, double high) {
        return nlohmann::json{{"name", name}, {"mean", mean}, {"smallest", low}, {"largest", high}};
    };
    runs.results["mae"] = {{{"training.blocks", {block("blocks.0", 1, -1, 5), block("decoder", 4, 0, 9)}}},
                           {{"training.blocks", {block("blocks.0", 3, -2, 4), block("decoder", 4, 0, 9)}}}};
    runs.results["head"] = {{{"training.blocks", {block("blocks.0", 7, 6, 8)}}},
                            {{"training.blocks", {block("blocks.0", 7, 6, 8)}}}};
    nlohmann::json report;
    BlockSpectrumMeasure{}.put_into(report, runs);
    const auto& rows = report.at("tables").at(0).at("rows");
    REQUIRE(rows.size() == 2);
    CHECK(report.at("tables").at(0).at("top") == false);
    CHECK(rows.at(0).at("values").at("mae").at("value") == 2);
    CHECK(rows.at(0).at("values").at("mae").at("note") == "-2 to 5");
    CHECK(rows.at(0).at("values").at("head").at("value") == 7);
    CHECK(rows.at(1).at("name") == "decoder");
    CHECK(rows.at(1).at("values").at("head").at("value").is_null());
}

}  // namespace curvature_measures_test
