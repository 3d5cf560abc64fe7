// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include <vitscape/landscape/convex_region.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"

namespace convex_region_test {

using namespace vitscape;
using namespace vitscape::test;

static_assert(TwiceDifferentiable<SmoothFunction, Cpu64> && !TwiceDifferentiable<PlaneFunction, Cpu64>);

namespace {

/// Mean over samples of 1 - exp(-(x^2 + y^2) / (2 w_i^2)), dents of several widths, with the derivatives of each.
struct Dents {
    std::vector<double> widths;
    Cpu64 cpu{1};
    ParameterLayout parameters;

    explicit Dents(std::vector<double> w) : widths(std::move(w)) {
        parameters.add("p", Shape{1, 2}, ParameterKind::weight, Initializer::zeros());
    }
    [[nodiscard]] Cpu64 backend() const { return cpu; }
    [[nodiscard]] const ParameterLayout& layout() const { return parameters; }
    [[nodiscard]] Index samples() const { return static_cast<Index>(widths.size()); }
    void sample_losses(const Vector<Cpu64>& theta, std::span<double> out) const {
        std::vector<PlaneJet<double>> jets(out.size());
        sample_jets(theta, theta, theta, jets);
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = jets[i].value;
    }
    [[nodiscard]] double value(const Vector<Cpu64>& theta) const {
        std::vector<double> losses(widths.size());
        sample_losses(theta, losses);
        double sum = 0;
        for (const double loss : losses) sum += loss;
        return sum / static_cast<double>(losses.size());
    }
    void sample_jets(const Vector<Cpu64>& theta, const Vector<Cpu64>& delta, const Vector<Cpu64>& eta,
                     std::span<PlaneJet<double>> out) const {
        const auto coordinate = [&](Index i) {
            return PlaneJet<double>{theta.data()[i], delta.data()[i], eta.data()[i], 0, 0, 0};
        };
        const PlaneJet<double> x = coordinate(0), y = coordinate(1);
        for (std::size_t i = 0; i < widths.size(); ++i)
            out[i] = 1 - exp((x * x + y * y) / (-2 * widths[i] * widths[i]));
    }
};
static_assert(PlaneDifferentiable<Dents, Cpu64>);

/// Where the mean of dents stops being convex: where the second derivative along the radius is 0.
double edge_of(const std::vector<double>& widths) {
    const auto along = [&](double r) {
        double sum = 0;
        for (const double w : widths) sum += (1 - r * r / (w * w)) / (w * w) * std::exp(-r * r / (2 * w * w));
        return sum;
    };
    double in = 0, out = 10;
    while (out - in > 1e-12) (along((in + out) / 2) > 0 ? in : out) = (in + out) / 2;
    return in;
}

}  // namespace

TEST_CASE("the curvature in a plane is that along its directions") {
    const SmoothFunction function = smooth_quadratic();
    const Plane<Cpu64> straight = coordinate_plane(function.cpu);
    const PlaneCurvature own = PlaneCurvatures(function, straight).at(0.3, -0.7);
    CHECK(own.xx == Approx(4));
    CHECK(own.xy == Approx(1));
    CHECK(own.yy == Approx(2));
    CHECK(own.smallest() == Approx(3 - std::numbers::sqrt2));
    CHECK(own.largest() == Approx(3 + std::numbers::sqrt2));

    // d = (1, 1), e = (0, 2)
    const Plane<Cpu64> oblique{Vector<Cpu64>(function.cpu, std::vector<double>{0, 0}),
                               Vector<Cpu64>(function.cpu, std::vector<double>{1, 1}),
                               Vector<Cpu64>(function.cpu, std::vector<double>{0, 2})};
    const PlaneCurvature other = PlaneCurvatures(function, oblique).at(1, 1);
    CHECK(other.xx == Approx(4 + 2 * 1 + 2));
    CHECK(other.xy == Approx(2 * 1 + 2 * 2));
    CHECK(other.yy == Approx(4 * 2));

    const SmoothFunction saddle = smooth_monkey_saddle();
    const Plane<Cpu64> moved = coordinate_plane(saddle.cpu, 0.1, 0.2);
    const PlaneCurvature there = PlaneCurvatures(saddle, moved).at(0.2, 0.2);
    CHECK(there.largest() == Approx(6 * 0.5));
    CHECK(there.smallest() == Approx(-6 * 0.5));
}

TEST_CASE("curvature from samples is that from products with the Hessian") {
    const Dents dents({1.0});
    const SmoothFunction dent = smooth_dent();
    const Plane<Cpu64> plane{Vector<Cpu64>(dent.cpu, std::vector<double>{0.2, -0.1}),
                             Vector<Cpu64>(dent.cpu, std::vector<double>{1, 0.5}),
                             Vector<Cpu64>(dent.cpu, std::vector<double>{-0.3, 2})};
    PlaneCurvatures by_samples(dents, plane);
    const PlaneCurvature a = by_samples.at(0.4, 0.3), b = PlaneCurvatures(dent, plane).at(0.4, 0.3);
    CHECK(a.xx == Approx(b.xx).epsilon(1e-12));
    CHECK(a.xy == Approx(b.xy).epsilon(1e-12));
    CHECK(a.yy == Approx(b.yy).epsilon(1e-12));
    CHECK(by_samples.samples().size() == 1);
}

TEST_CASE("a quadratic with positive curvature is convex everywhere") {
    const SmoothFunction function = smooth_quadratic();
    const ConvexRegion region =
        convex_region(function, coordinate_plane(function.cpu), {.rays = 5, .longest = 3});
    CHECK(region.radius() == Approx(3));
    CHECK(region.area() == Approx(9 * std::numbers::pi));
    CHECK(region.smallest_radius() == 3);
    CHECK(region.open_share() == 1);
    CHECK(region.rays.size() == 5);
    CHECK(function.products == 2 * region.evaluated);
}

TEST_CASE("a point of convexity alone is no region") {
    const SmoothFunction function = smooth_monkey_saddle();
    const ConvexRegion region = convex_region(function, coordinate_plane(function.cpu), {.rays = 7});
    CHECK(region.radius() < 1e-3);
    CHECK(region.open_share() == 0);
}

TEST_CASE("a centre that is not convex has no region") {
    const SmoothFunction function = smooth_double_well();
    const ConvexRegion region = convex_region(function, coordinate_plane(function.cpu));
    CHECK(region.area() == 0);
    CHECK(region.radius() == 0);
    CHECK(region.open_share() == 0);
    CHECK(region.evaluated == 1);
}

TEST_CASE("one well of two: its edge along each ray, and the other is not entered") {
    const SmoothFunction function = smooth_double_well();
    const double edge = 1 - 1 / std::sqrt(3.0);  // from the minimum x = 1 to where x^2 = 1/3
    const ConvexRegion region =
        convex_region(function, coordinate_plane(function.cpu, 1, 0), {.rays = 12, .longest = 4});
    for (const ConvexRay& ray : region.rays) {
        const double along = -std::cos(ray.angle);  // towards the other well
        INFO(ray.angle);
        CHECK(ray.reached == (along > 1e-9 && edge / along < 4));
        CHECK(ray.radius == Approx(ray.reached ? edge / along : 4).epsilon(0.01));
        CHECK(ray.groups.empty());  // one function, no samples
    }
    CHECK(region.open_share() == Approx(7.0 / 12));
    CHECK(region.smallest_radius() == Approx(edge).epsilon(0.01));
}

TEST_CASE("a dent is convex within a circle, to the precision that is asked for") {
    const SmoothFunction function = smooth_dent();
    const Plane<Cpu64> plane = coordinate_plane(function.cpu);
    Index before = 0;
    for (const double precision : {0.1, 0.01, 1e-4, 1e-8}) {
        const ConvexRegion region =
            convex_region(function, plane, {.precision = precision, .relative_tolerance = 0});
        REQUIRE(region.rays.size() == 32);
        for (const ConvexRay& ray : region.rays) {
            CHECK(ray.reached);
            CHECK(ray.radius == Approx(1).epsilon(precision));
        }
        CHECK(region.area() == Approx(std::numbers::pi).epsilon(2 * precision));
        CHECK(region.evaluated >= before);
        CHECK(region.evaluated < 1 + 32 * 24);
        before = region.evaluated;
    }
}

TEST_CASE("a guess saves evaluations and may be wrong") {
    const SmoothFunction function = smooth_dent();
    const Plane<Cpu64> plane = coordinate_plane(function.cpu);
    const ConvexRegion from_centre = convex_region(function, plane);
    for (const double guessed : {0.0, 0.01, 0.3, 0.97, 1.03, 3.0, 100.0}) {
        ConvexRegion guess;
        for (Index i = 0; i < 32; ++i) guess.rays.push_back({.radius = guessed, .reached = guessed < 4});
        const ConvexRegion region = convex_region(function, plane, {.guess = &guess});
        INFO(guessed);
        for (const ConvexRay& ray : region.rays) CHECK(ray.radius == Approx(1).epsilon(0.01));
        if (std::abs(guessed - 1) < 0.1) CHECK(region.evaluated < from_centre.evaluated / 2);
    }
}

TEST_CASE("groups of samples have the radii that they would have alone") {
    std::vector<double> widths;  // sample i is in group i % 8
    for (std::size_t i = 0; i < 64; ++i) widths.push_back(1 + 0.005 * static_cast<double>(i % 8));
    const Dents dents(widths);
    const ConvexRegion region =
        convex_region(dents, coordinate_plane(dents.cpu), {.rays = 3, .precision = 1e-6});
    for (const ConvexRay& ray : region.rays) {
        CHECK(ray.radius == Approx(edge_of(widths)).epsilon(1e-6));
        REQUIRE(ray.groups.size() == 8);
        for (std::size_t g = 0; g < 8; ++g)  // each has one width; to first order in 2 %
            CHECK(ray.groups[g] == Approx(widths[g]).epsilon(0.001));
    }
    const Dents few(std::vector<double>(15, 1.0));  // fewer than two of each group
    CHECK(convex_region(few, coordinate_plane(few.cpu), {.rays = 1}).rays[0].groups.empty());
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
    const ConvexRegion region = convex_region(function, plane);
    CHECK(region.tolerance == Approx(2e-6));
    CHECK(region.open_share() == 1);
    CHECK(convex_region(function, plane, {.relative_tolerance = 0}).radius() == 0);
}

TEST_CASE("derivatives that are not finite are outside, and not at the centre") {
    const SmoothFunction function{[](double x, double y) { return x * x + y * y; },
                                  [](double x, double y) {
                                      return std::array{2 * x, 2 * y};
                                  },
                                  [](double x, double) {
                                      return std::array{x > 0.45 ? std::nan("") : 2.0, 0.0, 2.0};
                                  }};
    const ConvexRegion region = convex_region(function, coordinate_plane(function.cpu), {.rays = 4});
    CHECK(region.rays[0].radius == Approx(0.45).epsilon(0.01));
    CHECK(region.rays[0].reached);
    for (const std::size_t other : {1u, 2u, 3u}) CHECK_FALSE(region.rays[other].reached);
    CHECK_THROWS_AS(convex_region(function, coordinate_plane(function.cpu, 0.5)), NumericError);
}

TEST_CASE("a convex region stops where the user asks, and shows its progress") {
    const SmoothFunction function = smooth_dent();
    const Plane<Cpu64> plane = coordinate_plane(function.cpu);
    std::vector<Index> shown;
    ConvexRegionOptions options{.rays = 3};
    options.work.progress = [&](Index done, Index all) {
        CHECK(all == 3);
        shown.push_back(done);
    };
    (void)convex_region(function, plane, options);
    CHECK(shown == std::vector<Index>{1, 2, 3});
    options.work.interrupted = [&] { return function.products >= 8; };
    function.products = 0;
    CHECK_THROWS_AS(convex_region(function, plane, options), Interrupted);
    CHECK(function.products == 8);
}

TEST_CASE("what a convex region cannot be of") {
    const SmoothFunction function = smooth_dent();
    const Plane<Cpu64> plane = coordinate_plane(function.cpu);
    for (const ConvexRegionOptions& wrong :
         {ConvexRegionOptions{.rays = 0}, ConvexRegionOptions{.first = 0}, ConvexRegionOptions{.growth = 1},
          ConvexRegionOptions{.longest = 0.01}, ConvexRegionOptions{.precision = 0},
          ConvexRegionOptions{.groups = 0}, ConvexRegionOptions{.relative_tolerance = -1},
          ConvexRegionOptions{.longest = std::nan("")}})
        CHECK_THROWS_AS(convex_region(function, plane, wrong), ConfigError);
    const ConvexRegion other = convex_region(function, plane, {.rays = 4});
    CHECK_THROWS_AS(convex_region(function, plane, {.rays = 5, .guess = &other}), ConfigError);
    function.products = 0;
    const Vector<Cpu64> three(function.cpu, 3);
    CHECK_THROWS_AS(convex_region(function, Plane<Cpu64>{three, three, three}), ShapeError);
    CHECK(function.products == 0);
}

}  // namespace convex_region_test
