// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <vitscape/study/budget.hpp>

#include "support/catch.hpp"

using namespace vitscape;

namespace {

/// A plan whose epochs take 30 s, and whose measures `finest` seconds as they were asked for, less where they are coarser.
struct Priced {
    ComparisonPlan plan{};
    double finest;
    explicit Priced(double seconds) : finest(seconds) {}
    [[nodiscard]] double points() const {
        return static_cast<double>(plan.measure.grid * plan.measure.grid) * plan.measure.pairs;
    }
    void fit(double minutes) {
        const double all = points();
        fit_budget(plan, minutes, [&] { return PlanTime{30, finest * points() / all}; });
    }
};

}  // namespace

TEST_CASE("a budget: the measures stay as asked where they leave room, the epochs fill the rest",
          "[compare]") {
    Priced priced(100);
    const MeasurePlan asked = priced.plan.measure;
    priced.fit(10);  // 540 s of 600 are planned: (540 - 100) / 30 epochs
    CHECK(priced.plan.training.epochs == 14);
    CHECK(priced.plan.measure.grid == asked.grid);
    CHECK(priced.plan.measure.pairs == asked.pairs);
}

TEST_CASE("a budget: measures that would take most of it become coarser, never finer than asked",
          "[compare]") {
    Priced priced(600);
    priced.fit(
        10);  // at most 324 s for measures: 2 planes of 11 x 11 points instead of 3 of 15 x 15 take 215 s
    CHECK(priced.plan.measure.pairs == 2);
    CHECK(priced.plan.measure.grid == 11);
    CHECK(priced.plan.training.epochs == 10);

    Priced coarse(600);
    coarse.plan.measure.grid = 5, coarse.plan.measure.pairs = 1;
    coarse.plan.measure.lanczos_steps = 8;
    CHECK_THROWS_AS(coarse.fit(10), ConfigError);  // nothing is left to make coarser, 600 s are more than 540
    CHECK(coarse.plan.measure.grid == 5);
    CHECK(coarse.plan.measure.lanczos_steps == 8);
}

TEST_CASE("a budget too small for an epoch: how many minutes are needed", "[compare]") {
    Priced priced(6000);  // the coarsest: 1 plane of 7 x 7 of 3 of 15 x 15: 435.6 s, and 30 s for an epoch
    try {
        priced.fit(5);
        FAIL("5 minutes were enough");
    } catch (const ConfigError& error) {
        const std::string text = error.what();
        INFO(text);
        CHECK(text.find("budget of 5 minutes is too small") != std::string::npos);
        CHECK(text.find("about 9 minutes") != std::string::npos);
    }
    Priced again(6000);
    CHECK_NOTHROW(again.fit(9));
}
