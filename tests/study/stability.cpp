// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <vitscape/io/npy.hpp>
#include <vitscape/study/measures/stability.hpp>
#include <vitscape/study/page/report_tables.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace stability_test {

using namespace vitscape;
using nlohmann::json;

namespace {

json run_of(double top1, double noisy, double rounded) {
    return {
        {"probe", {{"shares", {{{"top1", 0.1}}, {{"top1", top1}}}}}},
        {"rounding",
         {{"none", {{"probe", 0.8}, {"own_head", 0.5}}}, {"int8", {{"probe", rounded}, {"own_head", 0.25}}}}},
        {"robustness",
         {{{"probe", {{"top1", 0.8}}}}, {{"probe", {{"top1", noisy}}}}, {{"probe", {{"top1", 0.7}}}}}}};
}
void predict(const CompletedRuns& runs, const std::string& method, std::uint64_t seed,
             const std::vector<std::int32_t>& classes) {
    const auto folder = runs.folder(method, seed);
    std::filesystem::create_directories(folder);
    write_npy(folder / predictions_file, xt::xarray<std::int32_t>(xt::adapt(classes, {classes.size()})));
}
/// The row whose name starts so.
json row_of(const json& report, const std::string& start) {
    for (const json& row : report.at("tables").at(0).at("rows"))
        if (row.at("name").get<std::string>().starts_with(start)) return row.at("values");
    return {};
}

}  // namespace

TEST_CASE("stability: the spread of accuracies, the worst seed, and disagreements of pairs", "[compare]") {
    const test::TemporaryFolder folder;
    CompletedRuns runs{
        .out = folder.path(), .seeds = {0, 1, 5}, .methods = {{"mae", "MAE"}, {"other", "Other"}}};
    runs.results["mae"] = {run_of(0.5, 0.4, 0.76), run_of(0.7, 0.6, 0.72), run_of(0.3, 0.2, 0.8)};
    runs.results["other"] = {run_of(0.5, 0.8, 0.8), run_of(0.5, 0.8, 0.8), run_of(std::nan(""), 0.8, 0.8)};
    predict(runs, "mae", 0, {0, 1, 2, 3});
    predict(runs, "mae", 1, {0, 1, 2, 0});  // 1 of 4
    predict(runs, "mae", 5, {1, 1, 2, 2});  // 2 of 4 and 2 of 4
    json report;
    StabilityMeasure{}.put_into(report, runs);
    CHECK(row_of(report, "spread").at("mae").at("value").get<double>() == Approx(0.2));
    CHECK(row_of(report, "spread").at("other").at("value").is_null());
    CHECK(row_of(report, "accuracy of the worst").at("mae").at("value") == 0.3);
    CHECK(row_of(report, "accuracy of the worst").at("mae").at("note") == "seed 5");
    CHECK(row_of(report, "disagreement").at("mae").at("value").get<double>() == Approx((1 + 2 + 2) / 12.0));
    CHECK(row_of(report, "disagreement").at("mae").at("note") == "3 pairs");
    CHECK(row_of(report, "disagreement").at("other").at("value").is_null());  // without predictions
    const std::string rounding = "accuracy kept after rounding the weights to 8-bit integers, ";
    CHECK(row_of(report, rounding + "own head").at("mae").at("value").get<double>() == 0.5);
    CHECK(row_of(report, "accuracy kept under the worst corruption, own head").is_null());
    CHECK(row_of(report, rounding + "linear probe").at("mae").at("value").get<double>() == Approx(0.95));
    CHECK(row_of(report, "accuracy kept under").at("mae").at("value").get<double>() == Approx(0.5));
    CHECK(row_of(report, "accuracy kept under").at("other").at("value").get<double>() == Approx(0.875));

    // probes of one model that was given are no trainings
    runs.origins["mae"] = Origin::given;
    json of_given;
    StabilityMeasure{}.put_into(of_given, runs);
    for (const char* row : {"spread", "accuracy of the worst", "disagreement"}) {
        INFO(row);
        const json values = row_of(of_given, row);
        CHECK((values.is_null() || values.at("mae").at("value").is_null()));
    }
    CHECK(row_of(of_given, rounding + "linear probe") == row_of(report, rounding + "linear probe"));
    runs.origins.clear();

    report["methods"] = {{{"name", "mae"}, {"title", "MAE"}}, {{"name", "other"}, {"title", "Other"}}};
    const std::string html = detail::report_tables_html(report, true);
    CHECK(html.find("<h3>Stability</h3>") != html.npos);
    CHECK(html.find("41.67<small>3 pairs</small>") != html.npos);
    CHECK(html.find("lower is better") != html.npos);

    predict(runs, "mae", 5, {1, 1});
    CHECK_THROWS_AS(StabilityMeasure{}.put_into(report, runs), ShapeError);
}

TEST_CASE("stability: images without classes have no table", "[compare]") {
    CompletedRuns runs{.out = "nowhere", .seeds = {0, 1}, .methods = {{"mae", "MAE"}}};
    const json run = {{"probe", {{"shares", {{{"top1", nullptr}}}}}}};
    runs.results["mae"] = {run, run};
    json report;
    StabilityMeasure{}.put_into(report, runs);
    CHECK_FALSE(report.contains("tables"));
}

}  // namespace stability_test
