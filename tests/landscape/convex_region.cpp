// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <filesystem>
#include <numbers>
#include <vector>

#include <vitscape/landscape/convex_region.hpp>
#include <vitscape/landscape/convex_region_io.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"

using namespace vitscape;
using namespace vitscape::test;

static_assert(TwiceDifferentiable<SmoothFunction, Cpu64> && !TwiceDifferentiable<PlaneFunction, Cpu64>);

namespace {
const Grid unit{.from = -1, .to = 1, .steps = 21};
}

TEST_CASE("the curvature in a plane is that along its directions") {
    const SmoothFunction function = smooth_quadratic();
    const PlaneCurvature own = plane_curvature(function, coordinate_plane(function.cpu), 0.3, -0.7);
    CHECK(own.xx == Approx(4));
    CHECK(own.xy == Approx(1));
    CHECK(own.yy == Approx(2));
    CHECK(own.smallest() == Approx(3 - std::numbers::sqrt2));
    CHECK(own.largest() == Approx(3 + std::numbers::sqrt2));

    // d = (1, 1), e = (0, 2)
    const Plane<Cpu64> oblique{Vector<Cpu64>(function.cpu, std::vector<double>{0, 0}),
                               Vector<Cpu64>(function.cpu, std::vector<double>{1, 1}),
                               Vector<Cpu64>(function.cpu, std::vector<double>{0, 2})};
    const PlaneCurvature other = plane_curvature(function, oblique, 1, 1);
    CHECK(other.xx == Approx(4 + 2 * 1 + 2));
    CHECK(other.xy == Approx(2 * 1 + 2 * 2));
    CHECK(other.yy == Approx(4 * 2));

    const SmoothFunction saddle = smooth_monkey_saddle();
    const PlaneCurvature there = plane_curvature(saddle, coordinate_plane(saddle.cpu, 0.1, 0.2), 0.2, 0.2);
    CHECK(there.largest() == Approx(6 * 0.5));
    CHECK(there.smallest() == Approx(-6 * 0.5));
}

TEST_CASE("a quadratic with positive curvature is convex everywhere") {
    const SmoothFunction function = smooth_quadratic();
    const PlaneGrid grid{Grid{.from = -1, .to = 2, .steps = 7}, Grid{.from = -0.5, .to = 0.5, .steps = 5}};
    const ConvexRegion region = convex_region(function, coordinate_plane(function.cpu), grid);
    CHECK(region.area == Approx(3).epsilon(1e-12));
    CHECK(region.radius == 0.5);
    CHECK(region.reaches_border);
    CHECK(region.evaluated == 35);
    CHECK(function.products == 70);
    for (const auto flag : region.inside) CHECK(flag == 1);
    CHECK(region.complete());
}

TEST_CASE("a point of convexity alone is no region") {
    const SmoothFunction function = smooth_monkey_saddle();
    const ConvexRegion region = convex_region(function, coordinate_plane(function.cpu), unit);
    CHECK(region.area == 0);
    CHECK(region.radius == 0);
    CHECK_FALSE(region.reaches_border);
    CHECK(region.evaluated == 9);  // the centre and its neighbours
    CHECK(region.inside(10, 10) == 1);
}

TEST_CASE("a centre that is not convex has no region") {
    const SmoothFunction function = smooth_double_well();
    const ConvexRegion region = convex_region(function, coordinate_plane(function.cpu), unit);
    CHECK(region.area == 0);
    CHECK(region.radius == 0);
    CHECK_FALSE(region.reaches_border);
    CHECK(region.evaluated == 1);
    CHECK(region.xx(10, 10) == -4);
    CHECK(std::isnan(region.xx(10, 11)));
    for (const auto flag : region.inside) CHECK(flag == 0);
}

TEST_CASE("one well of two: area and radius, and the other is not entered") {
    const SmoothFunction function = smooth_double_well();
    const double edge = 1 - 1 / std::sqrt(3.0);  // from the minimum x = 1 to where x^2 = 1/3
    // The other well's convex half plane begins at alpha = -1 - 1 / sqrt(3), within this grid.
    for (const Index steps : {31, 61}) {
        const PlaneGrid grid{Grid{.from = -2.5, .to = 0.5, .steps = steps},
                             Grid{.from = -1, .to = 1, .steps = 11}};
        const ConvexRegion region = convex_region(function, coordinate_plane(function.cpu, 1, 0), grid);
        const double step = 3 / static_cast<double>(steps - 1);
        // 12 x^2 - 4 by chords: too high by at most 12 step^2 / 8 * 2 where its slope is 8 sqrt(3)
        const double error = 12 * step * step / 4 / (8 * std::sqrt(3.0));
        CHECK(std::abs(region.radius - edge) < error);
        CHECK(std::abs(region.area - 2 * (0.5 + edge)) < 2 * error);
        CHECK(region.reaches_border);
        CHECK(region.evaluated < steps * 11 / 2);
        const auto other = static_cast<std::size_t>(std::lround(0.4 / step));  // alpha = -2.1, x = -1.1
        CHECK(region.inside(5, other) == 0);
        CHECK(region.computed(5, other) == 0);
    }
}

TEST_CASE("a dent is convex within a circle, of which the grid's points are few") {
    const SmoothFunction function = smooth_dent();
    double last_area = 1, last_radius = 1;
    for (const Index steps : {11, 21, 41}) {
        const Grid grid{.from = -1.93, .to = 1.93, .steps = steps};
        const ConvexRegion region = convex_region(function, coordinate_plane(function.cpu), grid);
        const double step = 3.86 / static_cast<double>(steps - 1);
        const double area_error = std::abs(region.area - std::numbers::pi),
                     radius_error = std::abs(region.radius - 1);
        CHECK(area_error < step * step);
        CHECK(radius_error < 0.5 * step * step);
        CHECK(area_error < last_area);
        CHECK(radius_error < last_radius);
        last_area = area_error;
        last_radius = radius_error;
        CHECK_FALSE(region.reaches_border);
        CHECK(region.evaluated < steps * steps / 2);
        // mirrored points are treated alike
        for (std::size_t row = 0; row < region.y.size(); ++row)
            for (std::size_t column = 0; column < region.x.size(); ++column) {
                CHECK(region.inside(row, column) == region.inside(column, row));
                CHECK(region.inside(row, column) == region.inside(row, region.x.size() - 1 - column));
                const double distance = std::hypot(region.x[column], region.y[row]);
                if (distance < 1 - 1e-9) CHECK(region.inside(row, column) == 1);
                if (distance > 1 + 1e-9) CHECK(region.inside(row, column) == 0);
            }
        const RegionMap map = region_map(region);
        REQUIRE(map.x.size() == static_cast<std::size_t>(4 * (steps - 1) + 1));
        for (std::size_t row = 0; row < map.y.size(); ++row)
            for (std::size_t column = 0; column < map.x.size(); ++column) {
                const double distance = std::hypot(map.x[column], map.y[row]);
                if (distance < 1 - step * step) CHECK(map.inside(row, column) == 1);
                if (distance > 1 + step * step) CHECK(map.inside(row, column) == 0);
            }
    }
}

TEST_CASE("rounding does not end a region of no curvature") {
    // The second derivative by y is zero but for a noise of 1e-8 of the other.
    const SmoothFunction function{[](double x, double) { return x * x; },
                                  [](double x, double) {
                                      return std::array{2 * x, 0.0};
                                  },
                                  [](double x, double y) {
                                      return std::array{2.0, 0.0, 2e-8 * std::sin(50 * (x + y)) - 1e-9};
                                  }};
    const Plane<Cpu64> plane = coordinate_plane(function.cpu);
    const ConvexRegion region = convex_region(function, plane, unit);
    CHECK(region.tolerance == Approx(2e-6));
    CHECK(region.area == Approx(4));
    ConvexRegionOptions strict;
    strict.relative_tolerance = 0;
    CHECK(convex_region(function, plane, unit, strict).area == 0);
}

TEST_CASE("an interrupted convex region resumes to the bytes of an undisturbed one") {
    const SmoothFunction function = smooth_dent();
    const Plane<Cpu64> plane = coordinate_plane(function.cpu, 0.2, 0.1);
    const Grid grid{.from = -2, .to = 2, .steps = 9};
    const ConvexRegion whole = convex_region(function, plane, grid);
    REQUIRE(whole.evaluated > 9);
    const std::filesystem::path path =
        std::filesystem::temp_directory_path() / "vitscape-test-convex-region.json";
    for (Index stop = 0; stop < whole.evaluated; ++stop) {
        Index asked = 0, reported = 0;
        ConvexRegionOptions options;
        options.after_point = [&](const ConvexRegion& region) {
            CHECK_FALSE(region.complete());
            write_convex_region(path, region);
        };
        options.work.progress = [&](Index done, Index total) {
            reported = done;
            CHECK(total == 81);
        };
        options.work.interrupted = [&] { return asked++ == stop; };
        REQUIRE_THROWS_AS(convex_region(function, plane, grid, options), Interrupted);
        CHECK(reported == stop);
        const ConvexRegion saved = load_convex_region(path);
        CHECK(saved.evaluated == stop);
        function.products = 0;
        ConvexRegionOptions second;
        second.resume = &saved;
        const ConvexRegion resumed = convex_region(function, plane, grid, second);
        // the centre is looked at again, to see whether it is the same
        CHECK(function.products == 2 * (whole.evaluated - stop + (stop > 0 ? 1 : 0)));
        CHECK(to_json(resumed) == to_json(whole));
    }
    std::filesystem::remove(path);
}

TEST_CASE("a convex region reads back from its file") {
    const SmoothFunction function = smooth_dent();
    const ConvexRegion region = convex_region(function, coordinate_plane(function.cpu), unit);
    const std::string text = to_json(region).dump();
    const ConvexRegion again = convex_region_from_json({nlohmann::json::parse(text), "a test"});
    CHECK(to_json(again).dump() == text);
    CHECK(again.area == region.area);
    CHECK(std::isfinite(again.yy(10, 10)));
    auto broken = nlohmann::json::parse(text);
    broken.erase("yy");
    CHECK_THROWS_AS(convex_region_from_json({broken, "a test"}), IoError);
    broken["yy"] = broken["xx"];
    broken["yy"].erase(0);
    CHECK_THROWS_AS(convex_region_from_json({broken, "a test"}), IoError);
}

TEST_CASE("products that are not finite are outside, and not at the centre") {
    const SmoothFunction function{[](double x, double y) { return x * x + y * y; },
                                  [](double x, double y) {
                                      return std::array{2 * x, 2 * y};
                                  },
                                  [](double x, double) {
                                      return std::array{x > 0.45 ? std::nan("") : 2.0, 0.0, 2.0};
                                  }};
    const ConvexRegion region = convex_region(function, coordinate_plane(function.cpu), unit);
    CHECK(region.computed(10, 15) == 1);
    CHECK(region.inside(10, 15) == 0);
    CHECK(region.inside(10, 14) == 1);
    CHECK(region.radius == Approx(0.4));
    CHECK(region.area == Approx(2 * 1.4));
    CHECK_THROWS_AS(convex_region(function, coordinate_plane(function.cpu, 0.5), unit), NumericError);
}

TEST_CASE("what a convex region cannot be of") {
    const SmoothFunction function = smooth_dent(), other = smooth_quadratic();
    const Plane<Cpu64> plane = coordinate_plane(function.cpu);
    CHECK_THROWS_AS(convex_region(function, plane, Grid{.from = -1, .to = 1, .steps = 10}), ConfigError);
    CHECK_THROWS_AS(convex_region(function, plane, Grid{.from = 1, .to = -1, .steps = 3}), ConfigError);
    CHECK_THROWS_AS(convex_region(function, plane, Grid{.from = 0, .to = 0, .steps = 1}), ConfigError);
    const Vector<Cpu64> three(function.cpu, 3);
    CHECK_THROWS_AS(convex_region(function, Plane<Cpu64>{three, three, three}, unit), ShapeError);
    CHECK(function.products == 0);

    const ConvexRegion region = convex_region(function, plane, unit);
    ConvexRegionOptions options;
    options.resume = &region;
    CHECK_THROWS_AS(convex_region(function, plane, Grid{.from = -1, .to = 1, .steps = 3}, options),
                    ConfigError);
    CHECK_THROWS_AS(convex_region(function, coordinate_plane(function.cpu, 0.5), unit, options), ConfigError);
    CHECK_THROWS_AS(convex_region(other, plane, unit, options), ConfigError);
}
