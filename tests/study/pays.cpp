// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <vitscape/study/pays.hpp>

#include "support/catch.hpp"

namespace pays_test {

using namespace vitscape;
using nlohmann::json;

namespace {

/// A training of three epochs of an hour each with the probe's accuracies, and fine-tuned accuracies with 1 %, 10 % and all labels.
json run_of(const std::vector<double>& probe, const std::vector<double>& tuned,
            const std::vector<double>& scratch) {
    json run = {
        {"training", {{"epoch", {1, 2, 3}}, {"seconds", {3600, 3600, 3600}}, {"probe_accuracy", probe}}}};
    const std::vector<double> shares{0.01, 0.1, 1};
    for (std::size_t k = 0; k < tuned.size(); ++k)
        run["fine_tuning-" + std::to_string(k)] = {
            {"share", shares[k]},
            {"top1", tuned[k]},
            {"scratch_at_time", scratch.empty() ? json() : json{{"top1", scratch[k]}}}};
    return run;
}
json row_of(const json& report, const std::string& start) {
    for (const json& row : report.at("tables").at(0).at("rows"))
        if (row.at("name").get<std::string>().starts_with(start)) return row.at("values");
    return json::object();
}

}  // namespace

TEST_CASE("what pre-training pays: hours, prices, gains at equal time and labels saved", "[compare]") {
    CompletedRuns runs{.seeds = {0, 1},
                       .methods = {{"mae", "MAE"},
                                   {"late", "Late"},
                                   {"supervised", "Supervised"},
                                   {"start", "Start"},
                                   {"file", "File"}},
                       .origins = {{"start", Origin::initial}, {"file", Origin::given}}};
    runs.results["mae"] = {run_of({0.2, 0.4, 0.6}, {0.5, 0.7, 0.9}, {0.2, 0.5, 0.8}),
                           run_of({0.2, 0.4, 0.6}, {0.5, 0.7, 0.9}, {0.2, 0.5, 0.8})};
    runs.results["late"] = {run_of({0.1, 0.3, 0.5}, {0.4, 0.5, 0.6}, {0.2, 0.5, 0.8}),
                            run_of({0.1, 0.3, 0.5}, {0.4, 0.5, 0.6}, {0.2, 0.5, 0.8})};
    runs.results["supervised"] = {run_of({0.5, 0.6, 0.7}, {}, {}), run_of({0.7, 0.8, 0.9}, {}, {})};
    for (const char* untrained : {"start", "file"})
        runs.results[untrained] = {run_of({}, {}, {}), run_of({}, {}, {})};
    json report;
    put_pays(report, runs, {.price_per_hour = 2.5});
    CHECK(row_of(report, "hours of training").at("mae").at("value") == 3);
    CHECK(row_of(report, "hours of training").at("mae").at("note") == "price 7.5");
    CHECK_FALSE(row_of(report, "hours of training").contains("start"));
    CHECK_FALSE(row_of(report, "hours of training").contains("file"));
    const json until = row_of(report, "hours until the linear probe reaches 50 %");  // what all reach
    CHECK(until.at("mae").at("value").get<double>() == Approx(2.5));
    CHECK(until.at("late").at("value").get<double>() == Approx(3));
    CHECK(until.at("supervised").at("value").get<double>() == Approx(1));
    const json gain = row_of(report, "gain of fine-tuning over training from scratch with 10 %");
    CHECK(gain.at("mae").at("value").get<double>() == Approx(0.2));
    CHECK(gain.at("mae").at("note") == "70 against 50");
    CHECK_FALSE(gain.contains("supervised"));
    // 0.8 lies half way between 10 % and all labels: the square root of 0.1
    CHECK(row_of(report, "labels saved").at("mae").at("value").get<double>() == Approx(1 - std::sqrt(0.1)));
    CHECK(row_of(report, "labels saved").at("late").at("value") == 0);

    // of a method that learned nothing the time is given, but it does not lower the target
    json judged = {{"methods",
                    {{{"name", "mae"}, {"learning", {{"learned", true}}}},
                     {{"name", "late"}, {"learning", {{"learned", false}}}},
                     {{"name", "supervised"}, {"learning", {{"learned", true}}}},
                     {{"name", "start"}, {"learning", {{"learned", false}}}}}}};
    put_pays(judged, runs, {});
    const json higher = row_of(judged, "hours until the linear probe reaches 60 %");
    CHECK(higher.at("mae").at("value").get<double>() == Approx(3));
    CHECK(higher.at("late").at("note") == "not reached by every training");

    for (auto& [name, results] : runs.results)  // short trainings in minutes
        for (json& run : results) run["training"]["seconds"] = {60, 60, 60};
    json minutes;
    put_pays(minutes, runs, {.price_per_hour = 2.5});
    CHECK(row_of(minutes, "minutes of training").at("mae").at("value").get<double>() == Approx(3));
    CHECK(row_of(minutes, "minutes of training").at("mae").at("note") == "price 0.125");
    CHECK(
        row_of(minutes, "minutes until the linear probe reaches 50 %").at("mae").at("value").get<double>() ==
        Approx(2.5));

    for (auto& [name, results] : runs.results)
        for (json& run : results) run["training"]["seconds"] = {3600, 3600, 3600};
    json priceless;
    put_pays(priceless, runs, {.target = 0.8});
    CHECK(row_of(priceless, "hours of training").at("mae").at("note") == "");
    const json reached = row_of(priceless, "hours until the linear probe reaches 80 %");
    CHECK(reached.at("mae").at("value").is_null());
    CHECK(reached.at("mae").at("note") == "not reached by every training");
    CHECK(reached.at("supervised").at("value").is_null());  // one of two runs does not get there
}

}  // namespace pays_test
