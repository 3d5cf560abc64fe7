// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include <vitscape/landscape/adaptive.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"

namespace adaptive_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

const Grid square{.from = -1, .to = 1};

double kink(double x, double y) { return std::abs(x - 0.3) + y * y; }

Line<Cpu64> first_axis(Cpu64 cpu) {
    return {Vector<Cpu64>(cpu, std::vector<double>{0, 0}), Vector<Cpu64>(cpu, std::vector<double>{1, 0})};
}

/// Largest error of an interpolation on a dense grid, all of whose points are evaluated here.
double dense_error(const AdaptiveSurface& surface, double (*f)(double, double)) {
    const InterpolatedSurface dense = surface.to_surface(Grid{.from = -1, .to = 1, .steps = 101});
    double largest = 0;
    for (std::size_t row = 0; row < 101; ++row)
        for (std::size_t column = 0; column < 101; ++column)
            largest = std::max(largest, std::abs(dense.loss(row, column) - f(dense.x[column], dense.y[row])));
    return largest;
}

}  // namespace

TEST_CASE("a polynomial of degree 4 needs no more than the first division") {
    const PlaneFunction function{
        [](double x, double y) { return x * x * x * x - 3 * x * x * y + y * y * y - 2; }};
    const AdaptiveSurface surface =
        project_adaptively(function, coordinate_plane(function.cpu), square, {.tolerance = 1e-3, .depth = 2});
    CHECK(surface.refined);
    CHECK(surface.points.size() <= 17 * 17 + 64);
    CHECK(surface.measured_error().points == 64);
    CHECK(surface.measured_error().largest < 1e-12);
    CHECK(function.evaluations == static_cast<int>(surface.points.size()) + 1);  // and the centre
}

TEST_CASE("the tolerance is met with points where the loss bends") {
    for (double (*f)(double, double) : {narrow_dent, kink}) {
        const PlaneFunction function{f};
        const AdaptiveSurface surface = project_adaptively(function, coordinate_plane(function.cpu), square,
                                                           {.tolerance = 0.01, .held_out = 500});
        CHECK(surface.refined);
        const InterpolationError& error = surface.measured_error();
        CHECK(error.points == 500);
        CHECK(error.largest < 0.01);
        CHECK(error.root_mean_square <= error.largest);
        // 500 places see what 10 000 see, but for the rarest: by its definition less than 1 % of them
        CHECK(dense_error(surface, f) < 2 * 0.01);
        std::set<std::pair<double, double>> places;
        for (const AdaptivePoint& point : surface.points) {
            CHECK(point.loss == f(point.x, point.y));
            CHECK(places.insert({point.x, point.y}).second);  // none twice
        }
    }
    const PlaneFunction function{narrow_dent};
    const AdaptiveSurface surface = project_adaptively(function, coordinate_plane(function.cpu), square,
                                                       {.tolerance = 0.01, .held_out = 0});
    const auto beside =
        std::count_if(surface.points.begin(), surface.points.end(),
                      [](const AdaptivePoint& point) { return point.x >= 0 && point.y >= 0; });
    CHECK(static_cast<std::size_t>(beside) > 2 * surface.points.size() / 3);
}

TEST_CASE("leaves side by side differ by at most one division, also when points run out") {
    for (const Index most : {10000, 300}) {
        const PlaneFunction function{narrow_dent};
        const AdaptiveSurface surface =
            project_adaptively(function, coordinate_plane(function.cpu), square,
                               {.tolerance = 1e-4, .most_points = most, .held_out = 0});
        CHECK(surface.refined == (most == 10000));
        CHECK(static_cast<Index>(surface.points.size()) <= most);
        const auto& cells = surface.cells->cells();
        const auto is_leaf = [](const auto& cell) { return cell.child == detail::AdaptiveCells::none; };
        Index smallest = 1000000;
        for (const auto& a : cells)
            for (const auto& b : cells) {
                if (!is_leaf(a) || !is_leaf(b)) continue;
                smallest = std::min(smallest, a.half);
                const auto overlap = [](Index from, Index size, Index other, Index other_size) {
                    return std::min(from + size, other + other_size) - std::max(from, other);
                };
                const Index x = overlap(a.corner.x, 2 * a.half, b.corner.x, 2 * b.half),
                            y = overlap(a.corner.y, 2 * a.half, b.corner.y, 2 * b.half);
                if ((x == 0 && y > 0) || (y == 0 && x > 0)) CHECK(a.half <= 2 * b.half);
            }
        CHECK(smallest <= cells.front().half / 4);
    }
}

TEST_CASE("an error that was not measured is not stated") {
    const PlaneFunction function{kink};
    const AdaptiveSurface surface = project_adaptively(function, coordinate_plane(function.cpu), square,
                                                       {.tolerance = 0.05, .held_out = 0});
    CHECK(surface.refined);
    CHECK_THROWS_AS(surface.measured_error(), ConfigError);
    CHECK_THROWS_AS(AdaptiveSurface{}.measured_error(), ConfigError);
}

TEST_CASE("interpolated losses are not passed off as evaluated ones") {
    const PlaneFunction function{narrow_dent};
    const AdaptiveSurface surface =
        project_adaptively(function, coordinate_plane(function.cpu), square, {.tolerance = 0.01});
    const InterpolatedSurface dense = surface.to_surface(
        PlaneGrid{Grid{.from = -1, .to = 1, .steps = 33}, Grid{.from = -0.5, .to = 0.7, .steps = 4}});
    REQUIRE(dense.loss.shape(0) == 4);
    REQUIRE(dense.loss.shape(1) == 33);
    Index exact = 0;
    for (std::size_t row = 0; row < 4; ++row)
        for (std::size_t column = 0; column < 33; ++column) {
            const bool known = std::any_of(
                surface.points.begin(), surface.points.end(),
                [&](const AdaptivePoint& p) { return p.x == dense.x[column] && p.y == dense.y[row]; });
            CHECK((dense.exact(row, column) == 1) == known);
            exact += known;
            if (known) CHECK(dense.loss(row, column) == narrow_dent(dense.x[column], dense.y[row]));
        }
    CHECK(exact > 0);
    CHECK(exact < 4 * 33);
    CHECK_THROWS_AS(surface.to_surface(Grid{.from = -1.1, .to = 1, .steps = 3}), ConfigError);
    CHECK_THROWS_AS(AdaptiveSurface{}.to_surface(square), ConfigError);
}

TEST_CASE("an adaptive line") {
    const PlaneFunction function{kink};
    const AdaptiveSurface line =
        project_adaptively(function, first_axis(function.cpu), square, {.tolerance = 0.01, .held_out = 200});
    CHECK(line.refined);
    CHECK(line.points.size() < 200 + 60);
    CHECK(line.measured_error().largest < 0.01);
    const InterpolatedSurface dense = line.to_surface(
        PlaneGrid{Grid{.from = -1, .to = 1, .steps = 21}, Grid{.from = 0, .to = 0, .steps = 1}});
    for (std::size_t i = 0; i < 21; ++i) CHECK(dense.loss(0, i) == Approx(kink(dense.x[i], 0)).margin(0.02));
}

TEST_CASE("losses that are not finite are followed to their edge and remain gaps") {
    const PlaneFunction function{half_plane};  // exists right of x = -0.5 in this plane
    const AdaptiveSurface surface =
        project_adaptively(function, coordinate_plane(function.cpu, 0.5, 0), square,
                           {.tolerance = 0.1, .depth = 4, .held_out = 300});
    CHECK(surface.refined);
    const InterpolationError& error = surface.measured_error();
    CHECK(error.points > 200);  // of about three quarters
    CHECK(error.points + error.gaps < 250);
    const InterpolatedSurface dense = surface.to_surface(Grid{.from = -1, .to = 1, .steps = 11});
    for (std::size_t row = 0; row < 11; ++row) {
        CHECK(std::isnan(dense.loss(row, 0)));
        CHECK(std::isfinite(dense.loss(row, 10)));
    }
}

TEST_CASE("an interrupted adaptive surface goes on with the points at hand") {
    const SampledFunction function{20};
    const auto plane = coordinate_plane(function.cpu, 0.2, 0.1);
    AdaptiveOptions options{.tolerance = 1e-9, .cells = 2, .depth = 3};
    const AdaptiveSurface expected = project_adaptively(function, plane, square, options);
    CHECK(expected.centre.samples == 20);
    CHECK(expected.points.front().difference_standard_error > 0);

    for (const Index stop : {0, 7, 90}) {
        Index asked = 0;
        AdaptiveSurface saved;
        options.resume = nullptr;
        options.work.interrupted = [&] { return ++asked > stop; };
        options.after_round = [&](const AdaptiveSurface& surface) { saved = surface; };
        REQUIRE_THROWS_AS(project_adaptively(function, plane, square, options), Interrupted);
        CHECK(static_cast<Index>(saved.points.size()) == stop);
        CHECK_THROWS_AS(saved.measured_error(), ConfigError);
        AdaptiveOptions resumed{.tolerance = 1e-9, .cells = 2, .depth = 3};
        resumed.resume = &saved;
        const int before = function.evaluations;
        const AdaptiveSurface rest = project_adaptively(function, plane, square, resumed);
        CHECK(function.evaluations - before == static_cast<int>(expected.points.size()) - stop + 1);
        REQUIRE(rest.points.size() == expected.points.size());
        for (std::size_t i = 0; i < rest.points.size(); ++i) {
            CHECK(rest.points[i].loss == expected.points[i].loss);
            CHECK(rest.points[i].standard_error == expected.points[i].standard_error);
            CHECK(rest.points[i].held_out == expected.points[i].held_out);
        }
        CHECK(rest.measured_error().largest == expected.measured_error().largest);
        CHECK_THROWS_AS(project_adaptively(SampledFunction{21}, plane, square, resumed), ConfigError);
    }
}

TEST_CASE("bad options of an adaptive surface are refused before any work") {
    const PlaneFunction function{kink};
    const auto plane = coordinate_plane(function.cpu);
    for (const AdaptiveOptions& bad :
         {AdaptiveOptions{.tolerance = 0}, AdaptiveOptions{.tolerance = std::nan("")},
          AdaptiveOptions{.cells = 0}, AdaptiveOptions{.cells = 65}, AdaptiveOptions{.depth = 13},
          AdaptiveOptions{.most_points = 0}, AdaptiveOptions{.held_out = -1}})
        CHECK_THROWS_AS(project_adaptively(function, plane, square, bad), ConfigError);
    CHECK_THROWS_AS(
        project_adaptively(function, plane, PlaneGrid(square, Grid{.from = 0, .to = 0, .steps = 1})),
        ConfigError);
    CHECK_THROWS_AS(project_adaptively(function, plane, Grid{.from = 1, .to = 0}), ConfigError);
    const Vector<Cpu64> three(function.cpu, 3);
    CHECK_THROWS_AS(project_adaptively(function, Plane<Cpu64>{three, three, three}, square), ShapeError);
    CHECK(function.evaluations == 0);
    CHECK_THROWS_AS(project_adaptively(function, plane, square, {.most_points = 24}), ConfigError);
}

}  // namespace adaptive_test
