// SPDX-License-Identifier: Apache-2.0
//
// The measures of losses on a function whose derivatives are known: eigenvalues, traces and spectra.
#include <cmath>
#include <map>
#include <string>
#include <tuple>

#include <vitscape/study/measures/curvature.hpp>

#include "well.hpp"

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
