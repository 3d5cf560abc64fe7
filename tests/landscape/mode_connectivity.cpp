// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <vitscape/landscape/loss_barrier.hpp>
#include <vitscape/landscape/mode_connectivity.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"

namespace mode_connectivity_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// (y - 1 + x^2)^2: a valley along the parabola from (-1, 0) over (0, 1) to (1, 0).
SmoothFunction curved_valley() {
    return {[](double x, double y) { return (y - 1 + x * x) * (y - 1 + x * x); },
            [](double x, double y) {
                const double d = 2 * (y - 1 + x * x);
                return std::array{2 * x * d, d};
            },
            [](double, double) {
                return std::array{0.0, 0.0, 0.0};
            }};  // not needed
}

Vector<Cpu64> at(const Cpu64& cpu, double x, double y) { return {cpu, std::vector<double>{x, y}}; }

}  // namespace

TEST_CASE("a Bezier curve finds the parabola, a chain the best two segments") {
    SmoothFunction valley = curved_valley();
    const auto from = at(valley.cpu, -1, 0), to = at(valley.cpu, 1, 0);
    const Grid grid{.from = 0, .to = 1, .steps = 21};
    const Curve<Cpu64> straight(CurveKind::bezier, from, to);
    CHECK(loss_barrier<Cpu64>(valley, straight, project(valley, straight, grid)).height == Approx(1));

    ConnectionOptions options{.steps = 600, .points = 4, .learning_rate = 0.05};
    const auto bezier = connect(valley, from, to, options);
    // x = 2 t - 1 and y = 4 t (1 - t) = 1 - x^2 with the bend (0, 2)
    CHECK(bezier.bend().to_host()[0] == Approx(0).margin(0.01));
    CHECK(bezier.bend().to_host()[1] == Approx(2).epsilon(0.01));
    const Surface along = project(valley, bezier, grid);
    CHECK(loss_barrier<Cpu64>(valley, bezier, along).height < 1e-3);
    CHECK(along.x == grid.coordinates());
    CHECK(along.geometry.delta_norm == Approx(2));
    CHECK(along.geometry.eta_norm == Approx(std::sqrt(5)).epsilon(0.01));

    // with the bend (0, b) the mean over a segment is that of u^2 (u + b - 2)^2, u uniform in (0, 1): b = 2 - 3/4
    options.kind = CurveKind::chain;
    const auto chain = connect(valley, from, to, options);
    CHECK(chain.bend().to_host()[0] == Approx(0).margin(0.03));
    CHECK(chain.bend().to_host()[1] == Approx(1.25).epsilon(0.02));
}

TEST_CASE("the points of a curve") {
    const Cpu64 cpu{1};
    for (const CurveKind kind : {CurveKind::bezier, CurveKind::chain}) {
        Curve<Cpu64> curve(kind, at(cpu, -1, 3), at(cpu, 1, 7));
        Vector<Cpu64> point(cpu, 2);
        for (const double t : {0.0, 0.25, 0.5, 0.75, 1.0}) {  // a straight line at first
            curve.point(t, 0, point);
            CHECK(point.to_host()[0] == Approx(-1 + 2 * t));
            CHECK(point.to_host()[1] == Approx(3 + 4 * t));
            const auto weights = curve.weights(t);
            CHECK(weights[0] + weights[1] + weights[2] == Approx(1));
        }
        curve.bend() = at(cpu, 5, 5);
        curve.point(0.5, 0, point);
        const bool bezier = kind == CurveKind::bezier;
        CHECK(point.to_host()[0] == Approx(bezier ? 2.5 : 5));
        curve.point(1, 0, point);
        CHECK(point.to_host() == std::vector<double>{1, 7});
        curve.point(0, 0, point);
        CHECK(point.to_host() == std::vector<double>{-1, 3});
    }
}

TEST_CASE("a curve is a function of its seed, and what cannot be connected is refused") {
    SmoothFunction valley = curved_valley();
    const auto from = at(valley.cpu, -1, 0), to = at(valley.cpu, 1, 0);
    const auto bend = [&](std::uint64_t seed) {
        return connect(valley, from, to, {.steps = 5, .learning_rate = 0.1, .seed = seed}).bend().to_host();
    };
    CHECK(bend(1) == bend(1));
    CHECK(bend(1) != bend(2));
    CHECK_THROWS_AS(connect(valley, from, from), NumericError);
    CHECK_THROWS_AS(connect(valley, from, to, {.steps = 0}), ConfigError);
    CHECK_THROWS_AS(connect(valley, from, to, {.points = 0}), ConfigError);
    CHECK_THROWS_AS(connect(valley, from, to, {.learning_rate = 0}), ConfigError);
    CHECK_THROWS_AS(connect(valley, from, to, {.steps = 50, .learning_rate = 1e200}), NumericError);
    CHECK_THROWS_AS(connect(valley, Vector<Cpu64>(valley.cpu, 3), Vector<Cpu64>(valley.cpu, 3)), ShapeError);
    Index seen = 0;
    WorkControl stop;
    stop.progress = [&](Index done, Index total) {
        CHECK(total == 10);
        seen = done;
    };
    stop.interrupted = [&] { return seen == 3; };
    CHECK_THROWS_AS(connect(valley, from, to, {.steps = 10, .work = stop}), Interrupted);
    CHECK(seen == 3);
}

}  // namespace mode_connectivity_test
