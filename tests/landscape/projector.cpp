// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/surface_io.hpp>
#include <vitscape/landscape/surface_parts.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"

namespace projector_test {

using namespace vitscape;
using namespace vitscape::test;

static_assert(Evaluable<PlaneFunction, Cpu64> && !SampledObjective<PlaneFunction, Cpu64>);
static_assert(SampledObjective<const SampledFunction&, Cpu64> && !Objective<SampledFunction, Cpu64>);

TEST_CASE("a surface has alpha along the columns and beta along the rows") {
    const PlaneFunction function{parabola_and_ramp};
    const PlaneGrid grid{Grid{.from = -1, .to = 1, .steps = 5}, Grid{.from = 0, .to = 3, .steps = 4}};
    const Surface surface = project(function, coordinate_plane(function.cpu), grid);
    REQUIRE(surface.loss.shape(0) == 4);
    REQUIRE(surface.loss.shape(1) == 5);
    for (std::size_t row = 0; row < 4; ++row)
        for (std::size_t column = 0; column < 5; ++column)
            CHECK(surface.loss(row, column) == parabola_and_ramp(grid.x.at(static_cast<Index>(column)),
                                                                 grid.y.at(static_cast<Index>(row))));
    CHECK(surface.complete());
    CHECK(surface.centre_loss == 0);
    CHECK(std::isnan(surface.standard_error(0, 0)));
    CHECK(surface.samples == 0);
    CHECK(surface.range() == std::pair<double, double>{0, 13});
}

TEST_CASE("known functions around points that are not the origin") {
    const PlaneFunction saddle{monkey_saddle}, well{double_well};
    const Grid grid{.from = -1, .to = 1, .steps = 9};
    const Surface a = project(saddle, coordinate_plane(saddle.cpu, 0.5, -0.25), grid);
    CHECK(a.loss(6, 1) == Approx(monkey_saddle(0.5 - 0.75, -0.25 + 0.5)));
    const Surface b = project(well, coordinate_plane(well.cpu), grid);
    CHECK(b.loss(4, 0) == 0);
    CHECK(b.loss(4, 8) == 0);
    CHECK(b.loss(4, 4) == 1);
    CHECK(b.range().first == 0);
}

TEST_CASE("a line is a surface of one row") {
    const PlaneFunction well{double_well};
    const Line<Cpu64> line{Vector<Cpu64>(well.cpu, std::vector<double>{-1, 0}),
                           Vector<Cpu64>(well.cpu, std::vector<double>{2, 0})};
    const Surface surface = project(well, line, Grid{.from = 0, .to = 1, .steps = 5});
    CHECK(surface.is_line());
    for (std::size_t i = 0; i < 5; ++i)
        CHECK(surface.loss(0, i) == Approx(double_well(-1 + 0.5 * static_cast<double>(i), 0)).margin(1e-15));
}

TEST_CASE("standard errors are those of the samples and of their differences to the centre") {
    const SampledFunction function{37};
    const Grid grid{.from = -1, .to = 1, .steps = 3};
    const Surface surface = project(function, coordinate_plane(function.cpu, 0.3, 0.1), grid);
    const auto direct = [&](double x, double y, bool difference) {
        double sum = 0, square = 0;
        for (std::size_t i = 0; i < 37; ++i) {
            const double value = function.sample(i, x, y) - (difference ? function.sample(i, 0.3, 0.1) : 0);
            sum += value;
            square += value * value;
        }
        return std::sqrt((square - sum * sum / 37) / 36 / 37);
    };
    for (std::size_t row = 0; row < 3; ++row)
        for (std::size_t column = 0; column < 3; ++column) {
            const double x = 0.3 + static_cast<double>(column) - 1, y = 0.1 + static_cast<double>(row) - 1;
            CHECK(surface.standard_error(row, column) == Approx(direct(x, y, false)).epsilon(1e-10));
            CHECK(surface.difference_standard_error(row, column) ==
                  Approx(direct(x, y, true)).epsilon(1e-10).margin(1e-12));
        }
    CHECK(surface.loss(1, 1) == surface.centre_loss);
    CHECK(surface.difference_standard_error(1, 1) == 0);  // the very same numbers, not merely close ones
    CHECK(surface.samples == 37);
}

TEST_CASE("one sample has no standard error") {
    const SampledFunction function{1};
    const Surface surface =
        project(function, coordinate_plane(function.cpu), Grid{.from = -1, .to = 1, .steps = 3});
    CHECK(std::isfinite(surface.loss(0, 0)));
    CHECK(std::isnan(surface.standard_error(0, 0)));
}

TEST_CASE("a loss that is not finite stays NaN and counts as computed") {
    const PlaneFunction function{half_plane};
    const Plane<Cpu64> plane = coordinate_plane(function.cpu, 1, 0);
    const Surface surface = project(function, plane, Grid{.from = -2, .to = 2, .steps = 5});
    CHECK(std::isnan(surface.loss(2, 0)));  // log(-1)
    CHECK(std::isnan(surface.loss(2, 1)));  // log(0), minus infinity
    CHECK(surface.loss(2, 2) == 0);
    CHECK(surface.complete());

    function.evaluations = 0;
    ProjectionOptions options;
    options.resume = &surface;
    const Surface again = project(function, plane, Grid{.from = -2, .to = 2, .steps = 5}, options);
    CHECK(function.evaluations == 1);  // the centre alone
    CHECK(surface_json(again, {}) == surface_json(surface, {}));
}

TEST_CASE("an interrupted surface resumes to the bytes of an undisturbed one") {
    const SampledFunction function{8};
    const Plane<Cpu64> plane = coordinate_plane(function.cpu, 0.3, 0.1);
    const PlaneGrid grid{Grid{.from = -1, .to = 1, .steps = 4}, Grid{.from = 0, .to = 1, .steps = 3}};
    const Surface whole = project(function, plane, grid);
    for (int stop = 0; stop <= 12; ++stop) {
        Surface saved;
        Index reported = 0;
        int asked = 0, rows = 0;
        ProjectionOptions options;
        options.after_row = [&](const Surface& surface) {
            saved = surface;
            ++rows;
        };
        options.work.progress = [&](Index done, Index total) {
            reported = done;
            CHECK(total == 12);
        };
        options.work.interrupted = [&] { return asked++ == stop; };
        if (stop < 12) {
            CHECK_THROWS_AS(project(function, plane, grid, options), Interrupted);
            CHECK(saved.computed_points() == stop);
            CHECK(reported == stop);
            CHECK(rows == stop / 4 + 1);
        }
        function.evaluations = 0;
        ProjectionOptions second;
        second.resume = &saved;
        const Surface resumed = project(function, plane, grid, second);
        CHECK(function.evaluations == 1 + 12 - (stop < 12 ? stop : 0));
        CHECK(surface_json(resumed, {}) == surface_json(whole, {}));
    }
}

TEST_CASE("a surface is not completed with something else") {
    const SampledFunction function{8}, other{9};
    const Plane<Cpu64> plane = coordinate_plane(function.cpu, 0.3, 0.1);
    const Grid grid{.from = -1, .to = 1, .steps = 3};
    const Surface surface = project(function, plane, grid);
    ProjectionOptions options;
    options.resume = &surface;
    CHECK_THROWS_AS(project(function, plane, Grid{.from = -1, .to = 1, .steps = 5}, options), ConfigError);
    CHECK_THROWS_AS(project(other, plane, grid, options), ConfigError);
    CHECK_THROWS_AS(project(function, coordinate_plane(function.cpu, 0.4, 0.1), grid, options), ConfigError);
    const Plane<Cpu64> turned{plane.theta(), plane.eta(), plane.delta()};
    CHECK_THROWS_AS(project(function, turned, grid, options), ConfigError);
}

TEST_CASE("errors come before any work") {
    const PlaneFunction function{half_plane};
    CHECK_THROWS_AS(project(function, coordinate_plane(function.cpu, -1, 0), Grid{}), NumericError);
    CHECK(function.evaluations == 1);
    CHECK_THROWS_AS(project(function, coordinate_plane(function.cpu), Grid{.from = 1, .to = 0}), ConfigError);
    const Vector<Cpu64> three(function.cpu, 3), two(function.cpu, 2);
    CHECK_THROWS_AS((Plane<Cpu64>{two, two, three}), ShapeError);
    CHECK_THROWS_AS((Line<Cpu64>{two, three}), ShapeError);
    CHECK_THROWS_AS(project(function, Plane<Cpu64>{three, three, three}, Grid{}), ShapeError);
    CHECK(function.evaluations == 1);
}

TEST_CASE("points of a surface allocate no parameter vectors") {
    const PlaneFunction function{monkey_saddle};
    const Plane<Cpu64> plane = coordinate_plane(function.cpu);
    std::size_t after_first = 0, after_last = 0;
    const std::size_t before = function.cpu.memory().bytes_in_use();
    ProjectionOptions options;
    options.work.progress = [&](Index done, Index total) {
        if (done == 1) after_first = function.cpu.memory().system_allocations();
        if (done == total) after_last = function.cpu.memory().system_allocations();
    };
    (void)project(function, plane, Grid{.from = -1, .to = 1, .steps = 11}, options);
    CHECK(after_first == after_last);
    CHECK(function.cpu.memory().bytes_in_use() == before);
}

namespace {
/// The losses of a `SampledFunction` three evaluations late, as a device would give them.
struct LateFunction : SampledFunction {
    using SampledFunction::SampledFunction;
    std::array<std::vector<double>, 3> under_way;
    std::size_t started = 0, most = 0;

    [[nodiscard]] static std::size_t max_in_flight() { return 3; }
    void start_losses(const Vector<Cpu64>& theta, std::size_t slot) {
        REQUIRE(under_way.at(slot).empty());  // its last one was fetched
        under_way[slot].resize(static_cast<std::size_t>(samples()));
        sample_losses(theta, under_way[slot]);
        most = std::max(most, ++started);
    }
    void finish_losses(std::size_t slot, std::span<double> out) {
        REQUIRE_FALSE(under_way.at(slot).empty());
        std::copy(under_way[slot].begin(), under_way[slot].end(), out.begin());
        under_way[slot].clear();
        --started;
    }
};
static_assert(DeferredObjective<LateFunction, Cpu64> && !DeferredObjective<SampledFunction, Cpu64>);
}  // namespace

TEST_CASE("several points under way give the same surface") {
    SampledFunction prompt(20);
    LateFunction late(20);
    const PlaneGrid grid{Grid{.from = -1, .to = 1, .steps = 7}, Grid{.from = 0, .to = 2, .steps = 2}};
    const Surface expected = project(prompt, coordinate_plane(prompt.cpu), grid);
    CHECK(bool(project(late, coordinate_plane(late.cpu), grid).loss == expected.loss));
    CHECK(late.most == 3);
    CHECK(late.started == 0);

    Index asked = 0;
    Surface saved;
    ProjectionOptions options;
    options.work.interrupted = [&] { return ++asked > 5; };
    options.after_row = [&](const Surface& surface) { saved = surface; };
    REQUIRE_THROWS_AS(project(late, coordinate_plane(late.cpu), grid, options), Interrupted);
    CHECK(saved.computed_points() == 5);  // what was under way is finished and kept
    CHECK(late.started == 0);
    ProjectionOptions resumed;
    resumed.resume = &saved;
    const Surface rest = project(late, coordinate_plane(late.cpu), grid, resumed);
    CHECK(bool(rest.loss == expected.loss));
    CHECK(bool(rest.difference_standard_error == expected.difference_standard_error));
}

TEST_CASE("parts of a surface in any order, read back from JSON, have the bits of the whole") {
    SampledFunction prompt(20);
    LateFunction late(20);
    const PlaneGrid grid{Grid{.from = -1, .to = 1, .steps = 7}, Grid{.from = 0, .to = 2, .steps = 3}};
    const Surface expected = project(prompt, coordinate_plane(prompt.cpu), grid);
    const auto plane = coordinate_plane(late.cpu);
    SurfaceParts<Cpu64, LateFunction, Plane<Cpu64>> parts(late, plane, grid.x.coordinates(),
                                                          grid.y.coordinates());
    Surface whole = parts.surface();
    CHECK(whole.centre_loss == expected.centre_loss);
    using Range = std::pair<std::size_t, std::size_t>;
    for (const auto& [first, last] : {Range{16, 21}, Range{0, 5}, Range{5, 16}}) {
        parts.compute(first, last);
        const nlohmann::json part = nlohmann::json::parse(part_json(parts.surface(), first, last).dump());
        set_part(whole, first, last, JsonValue(part, "part"));
        CHECK_THROWS_AS(set_part(whole, first, last + 1, JsonValue(part, "part")), IoError);
    }
    CHECK(whole.complete());
    CHECK(bool(whole.loss == expected.loss));
    CHECK(bool(whole.standard_error == expected.standard_error));
    CHECK(bool(whole.difference_standard_error == expected.difference_standard_error));
    SurfaceParts<Cpu64, LateFunction, Plane<Cpu64>> stopped(late, plane, {0, 1}, {0});
    CHECK_THROWS_AS(stopped.compute(0, 2, {.interrupted = [] { return true; }}), Interrupted);
    CHECK(late.started == 0);

    Surface holes({0, 1}, {0});  // not finite at one point: computed, and null in JSON
    const PlaneFunction steep{[](double x, double) { return x > 0.5 ? HUGE_VAL : x; }};
    const auto steep_plane = coordinate_plane(steep.cpu);
    SurfaceParts<Cpu64, const PlaneFunction, Plane<Cpu64>> with_holes(steep, steep_plane, {0, 1}, {0});
    with_holes.compute(0, 2);
    const nlohmann::json part = nlohmann::json::parse(part_json(with_holes.surface(), 0, 2).dump());
    set_part(holes, 0, 2, JsonValue(part, "part"));
    CHECK(holes.loss(0, 0) == 0);
    CHECK(std::isnan(holes.loss(0, 1)));
    CHECK(holes.complete());
}

}  // namespace projector_test
