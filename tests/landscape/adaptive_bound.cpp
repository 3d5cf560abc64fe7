// SPDX-License-Identifier: Apache-2.0
//
// Refinement until held-out points agree, and what is then stated.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <set>
#include <utility>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/landscape/adaptive_bound.hpp>
#include <vitscape/landscape/adaptive_io.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace adaptive_bound_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

const Grid square{.from = -1, .to = 1};

double ripple(double x, double y) { return std::sin(9 * x * (1 + 0.3 * y)) + y * y; }
/// Waves that the points of the first divisions do not see, as they all lie at multiples of 1/8.
double hidden(double x, double y) {
    return std::sin(4 * x) * std::cos(2 * y) + 0.05 * std::sin(8 * std::numbers::pi * x);
}

/// Counts evaluations but those at the centre, which are one for each refinement.
struct Counted : PlaneFunction {
    mutable int elsewhere = 0;
    explicit Counted(double (*f)(double, double)) : PlaneFunction(f) {}
    [[nodiscard]] double value(const Vector<Cpu64>& theta) const {
        elsewhere += theta.data()[0] != 0 || theta.data()[1] != 0 ? 1 : 0;
        return function(theta.data()[0], theta.data()[1]);
    }
};
/// Points of a surface but the centre.
int elsewhere(const AdaptiveSurface& surface) {
    return static_cast<int>(std::count_if(surface.points.begin(), surface.points.end(),
                                          [](const auto& p) { return p.x != 0 || p.y != 0; }));
}

Index held_out(const AdaptiveSurface& surface) {
    return std::count_if(surface.points.begin(), surface.points.end(),
                         [](const AdaptivePoint& point) { return point.held_out; });
}
std::set<std::array<double, 3>> places(const AdaptiveSurface& surface) {
    std::set<std::array<double, 3>> all;
    for (const AdaptivePoint& point : surface.points)
        all.insert({point.x, point.y, point.held_out ? 1.0 : 0.0});
    return all;
}

}  // namespace

TEST_CASE("a bounded surface keeps to the tolerance at its held-out points, and evaluates each point once") {
    int several = 0;
    using Case = std::pair<double (*)(double, double), double>;
    for (const auto& [f, tolerance] : {Case{narrow_dent, 0.003}, {ripple, 0.003}, {hidden, 0.04}}) {
        const Counted function{f};
        const AdaptiveSurface surface =
            project_to_bound(function, coordinate_plane(function.cpu), PlaneGrid(square),
                             {.tolerance = tolerance, .held_out = 100});
        REQUIRE(surface.bounded);
        CHECK(surface.tolerance == tolerance);
        const InterpolationError& error = surface.measured_error();
        CHECK(error.points == 100);
        CHECK(error.largest <= tolerance);
        const Index checks = held_out(surface) / 100;
        several += checks > 1 ? 1 : 0;
        CHECK(error.share == Approx(1 - std::pow(0.05 / std::pow(2.0, static_cast<double>(checks)), 0.01)));
        CHECK(places(surface).size() == surface.points.size());
        CHECK(function.elsewhere == elsewhere(surface));
        double largest = 0;  // of the last check, whose points follow those of the refinement
        const auto first = std::find_if(surface.points.begin(), surface.points.end(),
                                        [](const AdaptivePoint& point) { return point.held_out; });
        for (auto point = first; point != first + 100; ++point)
            largest = std::max(largest, std::abs(point->loss - (*surface.cells)(point->x, point->y)));
        CHECK(largest == error.largest);
    }
    CHECK(several > 0);  // a check did fail and was answered by more points
}

TEST_CASE("what is stated of other places is wrong for few draws of the held-out points") {
    const PlaneFunction function{ripple};
    RandomSequence random({.seed = 99, .purpose = Purpose::test});
    int wrong = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const AdaptiveSurface surface =
            project_to_bound(function, coordinate_plane(function.cpu), PlaneGrid(square),
                             {.tolerance = 0.02, .held_out = 50, .seed = seed});
        REQUIRE(surface.bounded);
        double worse = 0;
        for (int i = 0; i < 2000; ++i) {
            const double x = random.uniform(-1, 1), y = random.uniform(-1, 1);
            worse += std::abs((*surface.cells)(x, y) - ripple(x, y)) > surface.error->largest ? 1 : 0;
        }
        wrong += worse / 2000 > surface.error->share ? 1 : 0;
    }
    CHECK(wrong <= 11);  // 5 are allowed in the mean, and three standard deviations
}

TEST_CASE("where points run out the error that is left is stated") {
    const Counted function{ripple};
    const AdaptiveSurface surface =
        project_to_bound(function, coordinate_plane(function.cpu), PlaneGrid(square),
                         {.tolerance = 1e-6, .most_points = 200, .held_out = 50});
    CHECK_FALSE(surface.bounded);
    CHECK_FALSE(surface.refined);
    CHECK(surface.measured_error().largest > 1e-6);
    CHECK(static_cast<Index>(surface.points.size()) - held_out(surface) <= 200);
    CHECK(held_out(surface) == 50);  // more checks would find the same
    const AdaptiveSurface flat = project_to_bound(function, coordinate_plane(function.cpu), PlaneGrid(square),
                                                  {.tolerance = 1e-6, .depth = 1, .held_out = 50});
    CHECK_FALSE(flat.bounded);
    CHECK(flat.refined);  // as far as cells may be divided
    CHECK(held_out(flat) == 50);
    // waves that no node sees, on what the interpolation has exactly: held-out points alone find them
    const Counted unseen{
        [](double x, double y) { return x * x + y + 0.05 * std::sin(8 * std::numbers::pi * x); }};
    const AdaptiveSurface fooled =
        project_to_bound(unseen, coordinate_plane(unseen.cpu), PlaneGrid(square), {.tolerance = 0.01});
    CHECK_FALSE(fooled.bounded);
    CHECK(fooled.measured_error().largest > 0.04);
    CHECK_THROWS_AS(project_to_bound(function, coordinate_plane(function.cpu), PlaneGrid(square),
                                     {.tolerance = 1e-6, .held_out = 0}),
                    ConfigError);
}

TEST_CASE("a bounded surface that was stopped goes on to the same one, from a file and between checks") {
    const TemporaryFolder folder;
    const Counted function{hidden};
    const auto plane = coordinate_plane(function.cpu);
    const AdaptiveOptions options{.tolerance = 0.02, .held_out = 40};
    const AdaptiveSurface whole = project_to_bound(function, plane, PlaneGrid(square), options);
    REQUIRE(held_out(whole) > 40);  // several checks
    const auto all = static_cast<int>(whole.points.size());
    for (const int stop : {0, 30, 150, all - 60, all - 1}) {
        int asked = 0;
        AdaptiveOptions first = options;
        first.work.interrupted = [&] { return ++asked > stop; };
        first.after_round = [&](const AdaptiveSurface& surface) {
            write_adaptive_surface(folder / "a.json", surface, {{"seed", 7}});
        };
        REQUIRE_THROWS_AS(project_to_bound(function, plane, PlaneGrid(square), first), Interrupted);
        const AdaptiveSurface stored = load_adaptive_surface(folder / "a.json");
        CHECK(static_cast<int>(stored.points.size()) == stop);
        CHECK(stored.tolerance == 0.02);
        AdaptiveOptions second = options;
        second.resume = &stored;
        function.elsewhere = 0;
        const AdaptiveSurface rest = project_to_bound(function, plane, PlaneGrid(square), second);
        CHECK(function.elsewhere == elsewhere(whole) - elsewhere(stored));
        CHECK(places(rest) == places(whole));
        CHECK(rest.measured_error().largest == whole.measured_error().largest);
        CHECK(rest.bounded == whole.bounded);
    }
    write_adaptive_surface(folder / "a.json", whole);
    const AdaptiveSurface stored = load_adaptive_surface(folder / "a.json");
    CHECK(stored.bounded);
    CHECK(stored.measured_error().share == whole.measured_error().share);
    // to a smaller tolerance with all points that there are
    AdaptiveOptions finer{.tolerance = 0.01, .held_out = 40};
    finer.resume = &stored;
    function.elsewhere = 0;
    const AdaptiveSurface more = project_to_bound(function, plane, PlaneGrid(square), finer);
    CHECK(more.bounded);
    CHECK(function.elsewhere == elsewhere(more) - elsewhere(stored));
    const auto had = places(whole), has = places(more);
    CHECK(std::includes(has.begin(), has.end(), had.begin(), had.end()));
}

}  // namespace adaptive_bound_test
