// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <vitscape/landscape/loss_barrier.hpp>
#include <vitscape/landscape/model_plane.hpp>
#include <vitscape/landscape/projector.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"

namespace loss_barrier_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

Line<Cpu64> line_between(const Cpu64& cpu, const std::vector<double>& a, const std::vector<double>& b) {
    const Vector<Cpu64> from(cpu, a), to(cpu, b);
    return {from, direction_to(from, to)};
}

}  // namespace

TEST_CASE("the barrier of a double well, above the line between unequal ends") {
    // (x^2 - 1)^2 + y^2 / 2 from (-1, 0) to (1, 2): 0 and 2 at the ends; 1 + 1/2 in the middle, 0.5 above the line
    const PlaneFunction well{double_well};
    const auto line = line_between(well.cpu, {-1, 0}, {1, 2});
    const Surface along = project(well, line, Grid{.from = -0.25, .to = 1.25, .steps = 25});
    const LossBarrier barrier = loss_barrier<Cpu64>(well, line, along);
    double highest = -1, at = 0;
    for (int i = 1; i < 16; ++i) {  // the points inside
        const double x = i / 16.0, u = 2 * x - 1, height = (u * u - 1) * (u * u - 1) + 2 * x * x - 2 * x;
        if (height > highest) highest = height, at = x;
    }
    CHECK(barrier.height == Approx(highest));
    CHECK(barrier.at == Approx(at));
    CHECK(barrier.from == Approx(0).margin(1e-12));
    CHECK(barrier.to == Approx(2));
    CHECK(std::isnan(barrier.standard_error));
}

TEST_CASE("a convex path has a negative barrier") {
    const PlaneFunction bowl{[](double x, double y) { return x * x + y * y; }};
    const auto line = line_between(bowl.cpu, {-1, 0}, {1, 0});
    const Surface along = project(bowl, line, Grid{.from = 0, .to = 1, .steps = 5});
    const LossBarrier barrier = loss_barrier<Cpu64>(bowl, line, along);
    CHECK(barrier.height == Approx(-0.75));  // at 1/4 or 3/4: 0.25 - 1
    CHECK((barrier.at == 0.25 || barrier.at == 0.75));
}

TEST_CASE("the error of a barrier is over samples, of the difference to both ends") {
    const SampledFunction function(20);
    const auto line = line_between(function.cpu, {-1, 0.5}, {2, 1});
    const Surface along = project(function, line, Grid{.from = 0, .to = 1, .steps = 9});
    const LossBarrier barrier = loss_barrier<Cpu64>(function, line, along);
    // a_i (x - c_i)^2 is below its chord by a_i 9 t (1 - t); b_i y is linear and drops out
    const double t = barrier.at, bend = 9 * t * (1 - t);
    CHECK(t * (1 - t) == Approx(0.125 * 0.875));
    std::vector<double> rises;
    for (const double a : function.a) rises.push_back(-a * bend);
    const MeanAndError expected = mean_and_error(rises);
    CHECK(barrier.height == Approx(expected.mean));
    CHECK(barrier.standard_error == Approx(expected.standard_error));
    CHECK(expected.standard_error > 0);
    REQUIRE(barrier.rises.size() == rises.size());
    for (std::size_t i = 0; i < rises.size(); ++i) CHECK(barrier.rises[i] == Approx(rises[i]));
}

TEST_CASE("a barrier where the loss is not finite, and one that cannot be measured") {
    const PlaneFunction half{half_plane};
    const auto across = [&](double a, double b) { return line_between(half.cpu, {a, 0}, {b, 0}); };
    const Grid grid{.from = 0, .to = 1, .steps = 5};
    const PlaneFunction hole{[](double x, double) { return std::log(std::abs(x) - 0.4); }};
    const auto over = line_between(hole.cpu, {-1, 0}, {1, 0});
    const LossBarrier infinite = loss_barrier<Cpu64>(hole, over, project(hole, over, grid));
    CHECK(std::isinf(infinite.height));
    CHECK(infinite.at == 0.5);
    CHECK(std::isnan(infinite.standard_error));

    const auto out = across(1, -1), in = across(1, 2);
    CHECK_THROWS_AS(loss_barrier<Cpu64>(half, out, project(half, out, grid)), NumericError);
    const Surface beyond = project(half, in, Grid{.from = 1, .to = 2, .steps = 3});
    CHECK_THROWS_AS(loss_barrier<Cpu64>(half, in, beyond), ConfigError);
}

}  // namespace loss_barrier_test
