// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <vitscape/landscape/level_radius.hpp>

#include "functions.hpp"
#include "support/catch.hpp"

namespace level_radius_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

Vector<Cpu64> pair(double x, double y) { return {Cpu64{1}, std::vector<double>{x, y}}; }

/// Samples i = 0, ..., 3 with the losses (1 + i) |theta|^2.
struct FourParaboloids : PlaneFunction {
    FourParaboloids() : PlaneFunction([](double x, double y) { return 2.5 * (x * x + y * y); }) {}
    [[nodiscard]] Index samples() const { return 4; }
    void sample_losses(const Vector<Cpu64>& theta, std::span<double> out) const {
        const double square = theta.data()[0] * theta.data()[0] + theta.data()[1] * theta.data()[1];
        for (std::size_t i = 0; i < 4; ++i) out[i] = (1 + static_cast<double>(i)) * square;
    }
};

}  // namespace

TEST_CASE("the radius of a level of a paraboloid, with its slope and its samples", "[landscape]") {
    FourParaboloids loss;
    const LevelRadius found = level_radius(loss, pair(0, 0), pair(0.6, 0.8), 1.6, {.precision = 1e-4});
    CHECK(found.reached);
    CHECK(found.radius == Approx(0.8).epsilon(1e-7));
    CHECK(found.slope == Approx(2 * 2.5 * 0.8).epsilon(1e-3));
    REQUIRE(found.sample_losses.size() == 4);
    for (std::size_t i = 0; i < 4; ++i)
        CHECK(found.sample_losses[i] == Approx((1 + static_cast<double>(i)) * 0.64).epsilon(1e-6));
}

TEST_CASE("a level that is not reached gives a lower bound, one that holds at the start the radius 0",
          "[landscape]") {
    PlaneFunction slope([](double x, double) { return x; });
    const LevelRadius never = level_radius(slope, pair(0, 0), pair(1, 0), 5, {.longest = 4});
    CHECK_FALSE(never.reached);
    CHECK(never.radius == 4);
    CHECK(level_radius(slope, pair(0, 0), pair(1, 0), 5, {.longest = 5.5}).radius == Approx(5));
    const LevelRadius at_once = level_radius(slope, pair(7, 0), pair(1, 0), 5);
    CHECK(at_once.reached);
    CHECK(at_once.radius == 0);
}

TEST_CASE("a loss that is not finite is above any level", "[landscape]") {
    PlaneFunction wall([](double x, double) { return x < 3 ? 0 : std::numeric_limits<double>::quiet_NaN(); });
    const LevelRadius found = level_radius(wall, pair(0, 0), pair(1, 0), 1, {.precision = 1e-3});
    CHECK(found.reached);
    CHECK(found.radius == Approx(3).epsilon(1e-3));
    CHECK(std::isinf(found.slope));
}

TEST_CASE("radii of levels refuse what cannot be sought", "[landscape]") {
    PlaneFunction slope([](double x, double) { return x; });
    CHECK_THROWS_AS(level_radius(slope, pair(0, 0), pair(1, 0), std::nan("")), ConfigError);
    CHECK_THROWS_AS(level_radius(slope, pair(0, 0), pair(1, 0), 1, {.growth = 1}), ConfigError);
    CHECK_THROWS_AS(level_radius(slope, pair(0, 0), pair(1, 0), 1, {.first = 2, .longest = 1}), ConfigError);
    CHECK_THROWS_AS(level_radius(slope, pair(0, 0), Vector<Cpu64>(Cpu64{1}, 3), 1), ShapeError);
}

}  // namespace level_radius_test
