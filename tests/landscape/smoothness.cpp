// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/smoothness.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"

namespace smoothness_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

Surface surface_of(double (*f)(double, double), const PlaneGrid& grid) {
    const PlaneFunction function{f};
    return project(function, coordinate_plane(function.cpu), grid);
}

}  // namespace

TEST_CASE("the total variation of a ramp is its slope, whatever the grid") {
    for (const Index steps : {2, 5, 30}) {
        const PlaneGrid grid{Grid{.from = -1, .to = 1, .steps = steps}, Grid{.from = 0, .to = 7, .steps = 4}};
        CHECK(total_variation(surface_of([](double x, double y) { return 3 * x - 4 * y; }, grid)) ==
              Approx(5));
    }
}

TEST_CASE("the error of a total variation is bounded by its derivatives with respect to the losses") {
    const PlaneGrid grid{Grid{.from = -1, .to = 1, .steps = 6}, Grid{.from = 0, .to = 3, .steps = 5}};
    Surface surface = surface_of([](double x, double y) { return std::sin(3 * x) + x * y * y; }, grid);
    for (std::size_t i = 0; i < surface.loss.size(); ++i)
        surface.difference_standard_error.data()[i] = 0.01 * static_cast<double>(i % 7);
    double bound = 0;
    for (std::size_t i = 0; i < surface.loss.size(); ++i) {
        constexpr double step = 1e-6;
        Surface higher = surface, lower = surface;
        higher.loss.data()[i] += step;
        lower.loss.data()[i] -= step;
        bound += std::abs(total_variation(higher) - total_variation(lower)) / (2 * step) *
                 surface.difference_standard_error.data()[i];
    }
    CHECK(bound > 0);
    CHECK(bound_of_total_variation_error(surface) == Approx(bound).epsilon(1e-6));
    surface.loss.fill(1);
    CHECK(bound_of_total_variation_error(surface) == 0);
    surface.loss.fill(std::numeric_limits<double>::quiet_NaN());
    CHECK(std::isnan(bound_of_total_variation_error(surface)));
}

TEST_CASE("the total variation of a bowl tends to the mean of its slope") {
    // |grad (x^2 + y^2) / 2| = r; over the square of half width 1 its mean is (sqrt 2 + asinh 1) / 3
    const double exact = (std::numbers::sqrt2 + std::asinh(1.0)) / 3;
    double last = 1;
    for (const Index steps : {5, 9, 17, 33}) {
        const double step = 2 / static_cast<double>(steps - 1);
        const double error =
            std::abs(total_variation(surface_of([](double x, double y) { return (x * x + y * y) / 2; },
                                                Grid{.from = -1, .to = 1, .steps = steps})) -
                     exact);
        CHECK(error < 0.15 * step * step);
        CHECK(error < last);
        last = error;
    }
}

TEST_CASE("total variation of a surface with gaps") {
    Surface surface = surface_of([](double x, double y) { return x < 0 ? 3 * x : x + 0 * y; },
                                 Grid{.from = -1, .to = 1, .steps = 5});
    CHECK(total_variation(surface) == Approx(2));
    for (std::size_t row = 0; row < 5; ++row) surface.loss(row, 4) = std::numeric_limits<double>::quiet_NaN();
    CHECK(total_variation(surface) == Approx((2 * 3 + 1) / 3.0));
    for (std::size_t row = 0; row < 5; ++row) surface.loss(row, 1) = surface.loss(row, 4);
    CHECK(total_variation(surface) == Approx(1));
    surface.loss(1, 2) = surface.loss(3, 2) = surface.loss(0, 4);
    CHECK(std::isnan(total_variation(surface)));
    CHECK_THROWS_AS(total_variation(Surface({-1, 0, 1}, {0})), ConfigError);
}

TEST_CASE("local minima inside and on the border") {
    const Grid grid{.from = -2, .to = 2, .steps = 17};
    const LocalMinima well = local_minima(surface_of(double_well, grid));
    CHECK(well.interior == 2);
    CHECK(well.border == 0);
    CHECK(well.undecided == 0);
    const LocalMinima hill =
        local_minima(surface_of([](double x, double y) { return -x * x - y * y; }, grid));
    CHECK(hill.interior == 0);
    CHECK(hill.border == 4);
    // equal neighbours: no strict minimum
    const LocalMinima valley = local_minima(surface_of([](double x, double) { return x * x; }, grid));
    CHECK(valley.interior + valley.border + valley.undecided == 0);
    // lower than its 4 neighbours along the axes, not than those across
    const LocalMinima diagonal = local_minima(surface_of(
        [](double x, double y) { return x * x + y * y + 3 * x * y; }, Grid{.from = -1, .to = 1, .steps = 3}));
    CHECK(diagonal.interior == 0);
    CHECK(diagonal.border == 2);
    const LocalMinima ripples = local_minima(surface_of(
        [](double x, double y) {
            return -std::cos(2 * std::numbers::pi * x) - std::cos(2 * std::numbers::pi * y);
        },
        Grid{.from = -1.5, .to = 1.5, .steps = 25}));
    CHECK(ripples.interior == 9);
    CHECK(ripples.border == 0);
}

TEST_CASE("local minima of a line and beside gaps") {
    const PlaneFunction well{double_well};
    const Line<Cpu64> line{Vector<Cpu64>(well.cpu, std::vector<double>{0, 0}),
                           Vector<Cpu64>(well.cpu, std::vector<double>{1, 0})};
    const LocalMinima two = local_minima(project(well, line, Grid{.from = -2, .to = 2, .steps = 17}));
    CHECK(two.interior == 2);
    CHECK(two.border == 0);
    const LocalMinima cut = local_minima(project(well, line, Grid{.from = -0.5, .to = 1.5, .steps = 9}));
    CHECK(cut.interior == 1);
    CHECK(cut.border == 1);

    Surface surface =
        surface_of([](double x, double y) { return x * x + y * y; }, Grid{.from = -1, .to = 1, .steps = 3});
    surface.loss(0, 1) = std::numeric_limits<double>::quiet_NaN();  // it diverged
    CHECK(local_minima(surface).interior == 1);
    surface.computed(0, 1) = 0;  // it may be lower
    CHECK(local_minima(surface).interior == 0);
    CHECK(local_minima(surface).undecided == 1);
    surface.loss(1, 1) = surface.loss(0, 1);
    CHECK(local_minima(surface).undecided == 0);
    CHECK(local_minima(Surface({0}, {0})).border == 0);
}

}  // namespace smoothness_test
