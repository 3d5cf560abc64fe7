// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <vitscape/study/budget.hpp>
#include <vitscape/study/measure_list.hpp>
#include <vitscape/study/measures/usual.hpp>

#include "support/catch.hpp"

namespace budget_test {

using namespace vitscape;

namespace {

using Surfaces = std::tuple<SurfaceMeasure>;

/// Epochs of 30 s, and surfaces that take `finest` seconds as they were asked for, less where they are coarser.
struct Priced {
    Surfaces measures{};
    double finest;
    explicit Priced(double seconds) : finest(seconds) {}
    [[nodiscard]] static double points(const Surfaces& all) {
        const auto& surface = std::get<0>(all);
        return static_cast<double>(surface.grid * surface.grid) * surface.parts();
    }
    [[nodiscard]] BudgetFit fit(double minutes) const {
        return fit_budget(minutes, [&](int level) {
            return PlanTime{30, finest * points(at_level(measures, level)) / points(measures)};
        });
    }
};

}  // namespace

TEST_CASE("a budget: the measures stay as asked where they leave room, the epochs fill the rest",
          "[compare]") {
    const BudgetFit found = Priced(100).fit(10);  // 540 s of 600 are planned: (540 - 100) / 30 epochs
    CHECK(found.epochs == 14);
    CHECK(found.level == 0);
}

TEST_CASE("a budget: where nothing is trained measures have all of it", "[compare]") {
    const auto fit = [](double rest) {
        return fit_budget(10, [&](int level) { return PlanTime{0, rest * (level == 0 ? 1 : 0.5)}; });
    };
    CHECK(fit(500).level == 0);  // of the 540 s that are planned
    CHECK(fit(500).epochs == 1);
    CHECK(fit(600).level == 1);
    CHECK(fit(1000).level == 1);
    CHECK_THROWS_AS(fit(2000), ConfigError);
}

TEST_CASE("a budget: measures that would take most of it become coarser, never finer than asked",
          "[compare]") {
    // at most 324 s for measures: 2 planes of 11 x 11 points instead of 3 of 15 x 15 take 215 s
    const BudgetFit found = Priced(600).fit(10);
    const auto surface = std::get<0>(at_level(Surfaces{}, found.level));
    CHECK(surface.parts() == 2);
    CHECK(surface.grid == 11);
    CHECK(found.epochs == 10);

    Priced coarse(600);
    std::get<0>(coarse.measures).grid = 5, std::get<0>(coarse.measures).planes.pairs = 1;
    CHECK_THROWS_AS(coarse.fit(10), ConfigError);  // nothing is left to make coarser, 600 s are more than 540
    for (int level = 0; level <= coarsest_level; ++level)
        CHECK(std::get<0>(at_level(coarse.measures, level)).grid == 5);
    CHECK(at_level(EigenvalueMeasure{.steps = 8}, coarsest_level).steps == 8);
    CHECK(at_level(EigenvalueMeasure{}, 1).steps == 30);
    CHECK(at_level(EigenvalueMeasure{}, 3).steps == 12);
    CHECK(at_level(ConvexRegionMeasure{}, 1).rays == 16);
    CHECK(at_level(ConvexRegionMeasure{}, 2).rays == 8);
    CHECK(at_level(TraceMeasure{}, 3).samples == TraceMeasure{}.samples);
}

TEST_CASE("a budget too small for an epoch: how many minutes are needed", "[compare]") {
    const Priced priced(
        6000);  // the coarsest: 1 plane of 7 x 7 of 3 of 15 x 15: 435.6 s, and 30 s for an epoch
    try {
        (void)priced.fit(5);
        FAIL("5 minutes were enough");
    } catch (const ConfigError& error) {
        const std::string text = error.what();
        INFO(text);
        CHECK(text.find("budget of 5 minutes is too small") != std::string::npos);
        CHECK(text.find("about 9 minutes") != std::string::npos);
    }
    CHECK_NOTHROW(priced.fit(9));
}

}  // namespace budget_test
