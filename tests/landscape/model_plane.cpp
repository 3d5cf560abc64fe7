// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <vitscape/landscape/mark.hpp>
#include <vitscape/landscape/model_plane.hpp>
#include <vitscape/landscape/plane.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"

namespace model_plane_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {
const Cpu64 cpu{1};
Vector<Cpu64> vector(const std::vector<double>& values) { return {cpu, values}; }
}  // namespace

TEST_CASE("the direction from one model to another") {
    const auto a = vector({1, 2, 3}), b = vector({2, 2, 1});
    CHECK(direction_to(a, b).to_host() == std::vector<double>{1, 0, -2});
    CHECK_THROWS_AS(direction_to(a, a), NumericError);
    CHECK_THROWS_AS(direction_to(a, vector({2, INFINITY, 1})), NumericError);
    CHECK_THROWS_AS(direction_to(a, vector({2, 1})), ShapeError);
}

TEST_CASE("the plane through three models holds them at their coordinates, in units of the first distance") {
    const auto a = vector({1, 2, 3, 0}), b = vector({3, 2, 1, 1}), c = vector({0, -2, 5, 4});
    auto plane = plane_through(direction_to(a, b), direction_to(a, c));
    const double distance = norm(direction_to(a, b));
    CHECK(norm(plane.delta) == Approx(distance));
    CHECK(norm(plane.eta) == Approx(distance));
    CHECK(std::abs(dot(plane.delta, plane.eta)) < 1e-12);
    // by hand: u = (2, 0, -2, 1), v = (-1, -4, 2, 4), v.u / u.u = -2 / 9
    CHECK(plane.x == Approx(-2.0 / 9));
    CHECK(plane.y == Approx(std::sqrt((37 - 4.0 / 9) / 9)));
    const double x = plane.x, y = plane.y;
    const Plane<Cpu64> points(a, plane.delta, plane.eta);
    Vector<Cpu64> point(cpu, 4);
    points.point(1, 0, point);
    CHECK(norm(direction_to(point, vector({4, 2, 1, 1}))) == Approx(1));  // it is b, (3, 2, 1, 1)
    points.point(x, y, point);
    axpby(-1, c, 1, point);
    CHECK(norm(point) < 1e-12);
}

TEST_CASE("three models on a line span no plane") {
    CHECK_THROWS_AS(plane_through(vector({1, 2}), vector({-2, -4})), NumericError);
    CHECK_THROWS_AS(plane_through(vector({1, 2}), vector({1, 2, 3})), ShapeError);
}

TEST_CASE("a grid around marks reaches a quarter beyond them") {
    CHECK(grid_around({}) == PlaneGrid(Grid{.from = -1, .to = 1, .steps = 25}));
    const SurfaceMarks two{.points = {{"a", 0, 0}, {"b", 1, 0}}, .path = {}};
    CHECK(grid_around(two) ==
          PlaneGrid(Grid{.from = -0.25, .to = 1.25, .steps = 25}, Grid{.from = -1, .to = 1, .steps = 25}));
    CHECK(grid_around(two).x.at(4) == 0);
    CHECK(grid_around(two).x.at(20) == Approx(1).epsilon(1e-15));
    const SurfaceMarks path{.points = {}, .path = {{"", 2, -1}, {"", 1, 3}}};  // and the centre
    CHECK(grid_around(path, 9) ==
          PlaneGrid(Grid{.from = -0.5, .to = 2.5, .steps = 9}, Grid{.from = -2, .to = 4, .steps = 9}));
    const SurfaceMarks flat{.points = {{"a", 0, 0}, {"b", 2, 0.25}}, .path = {}};
    CHECK(grid_around(flat, 9) == PlaneGrid(Grid{.from = -0.5, .to = 2.5, .steps = 9},
                                            Grid{.from = -0.625, .to = 0.875, .steps = 9}));
}

}  // namespace model_plane_test
