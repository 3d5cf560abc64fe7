// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <vitscape/landscape/flatness.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/weight_noise.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"

namespace flatness_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

const std::vector<double> radii = {0.1, 0.5, 2};

/// |theta|^2 / 2 of a linear layer with 3 filters of 4 weights, its biases and a position embedding.
struct SquaredNorm {
    Cpu64 cpu{1};
    ParameterLayout parameters;
    mutable int evaluations = 0;

    SquaredNorm() {
        parameters.add("w", Shape{3, 4}, ParameterKind::weight, Initializer::zeros());
        parameters.add("b", Shape{3}, ParameterKind::bias, Initializer::zeros());
        parameters.add("p", Shape{1, 2, 4}, ParameterKind::position, Initializer::zeros());
    }
    [[nodiscard]] Cpu64 backend() const { return cpu; }
    [[nodiscard]] const ParameterLayout& layout() const { return parameters; }
    [[nodiscard]] double value(const Vector<Cpu64>& theta) const {
        ++evaluations;
        return 0.5 * dot(theta, theta);
    }
};

}  // namespace

TEST_CASE("rises on circles of a quadratic") {
    // 2 x^2 + x y + y^2 + 3 x on a circle: mean (2 + 1) r^2 / 2
    const SmoothFunction function = smooth_quadratic();
    const std::vector<RadialRise> rises = radial_rises(function, coordinate_plane(function.cpu), radii);
    REQUIRE(rises.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        const double r = radii[i];
        CHECK(rises[i].radius == r);
        CHECK(rises[i].mean == Approx(1.5 * r * r));
        double worst = 0;
        for (int k = 0; k < 16; ++k) {
            const double t = std::numbers::pi * k / 8;
            worst = std::max(worst, function.function(r * std::cos(t), r * std::sin(t)));
        }
        CHECK(rises[i].worst == Approx(worst));
    }
    CHECK(function.evaluations == 1 + 3 * 16);
    // around another point, and against the loss there
    const PlaneFunction well{double_well};
    const RadialRise one = radial_rises(well, coordinate_plane(well.cpu, 1, 0), std::vector{1.0}, 4).front();
    CHECK(one.mean == Approx((9 + 0.5 + 1 + 0.5) / 4));
    CHECK(one.worst == Approx(9));
}

TEST_CASE("a loss that is not finite is infinitely high") {
    const PlaneFunction function{half_plane};
    const std::vector<RadialRise> rises =
        radial_rises(function, coordinate_plane(function.cpu, 1, 0), std::vector{0.5, 2.0});
    CHECK(std::isfinite(rises[0].mean));
    CHECK(rises[1].mean == std::numeric_limits<double>::infinity());
    CHECK(rises[1].worst == std::numeric_limits<double>::infinity());
    CHECK_THROWS_AS(radial_rises(function, coordinate_plane(function.cpu, -1, 0), radii), NumericError);
}

TEST_CASE("rises are counted, can be stopped and need sound radii") {
    const PlaneFunction function{double_well};
    const Plane<Cpu64> plane = coordinate_plane(function.cpu);
    WorkControl options;
    Index reported = 0;
    options.progress = [&](Index done, Index total) {
        CHECK(done == ++reported);
        CHECK(total == 12);
    };
    (void)radial_rises(function, plane, radii, 4, options);
    CHECK(reported == 12);
    reported = 0;
    options.interrupted = [&] { return reported == 5; };
    CHECK_THROWS_AS(radial_rises(function, plane, radii, 4, options), Interrupted);
    CHECK(reported == 5);
    function.evaluations = 0;
    CHECK_THROWS_AS(radial_rises(function, plane, std::vector{0.0}), ConfigError);
    CHECK_THROWS_AS(radial_rises(function, plane, radii, 0), ConfigError);
    const Vector<Cpu64> three(function.cpu, 3);
    CHECK_THROWS_AS(radial_rises(function, Plane<Cpu64>{three, three, three}, radii), ShapeError);
    CHECK(function.evaluations == 0);
}

TEST_CASE("the area below a level") {
    const PlaneFunction bowl{[](double x, double y) { return x * x + 4 * y * y; }};
    for (const Index steps : {21, 41}) {
        const Surface surface =
            project(bowl, coordinate_plane(bowl.cpu), Grid{.from = -1, .to = 1, .steps = steps});
        const double step = 2 / static_cast<double>(steps - 1);
        // an ellipse of half axes r and r / 2; chords lie up to (1 + 4) step^2 / 4 above the bowl
        for (const double level : {0.25, 0.49}) {
            const RegionExtent extent = area_below(surface, level);
            CHECK(extent.area < std::numbers::pi * level / 2);
            CHECK(extent.area > std::numbers::pi * (level - 1.25 * step * step) / 2);
            CHECK(std::abs(extent.radius - std::sqrt(level) / 2) < 2 * step * step);
            CHECK_FALSE(extent.reaches_border);
        }
        CHECK(area_below(surface, 2).reaches_border);
        CHECK(area_below(surface, 2).area < 4);
        CHECK(area_below(surface, 5).area == Approx(4));
        CHECK(area_below(surface, 5).radius == 1);
        CHECK(area_below(surface, -0.1).area == 0);
        CHECK(area_below(surface, -0.1).radius == 0);
    }
}

TEST_CASE("the area below a level is that of the centre's own basin") {
    const PlaneFunction well{double_well};
    const PlaneGrid grid{Grid{.from = -3, .to = 1, .steps = 81}, Grid{.from = -2, .to = 2, .steps = 41}};
    const Surface surface = project(well, coordinate_plane(well.cpu, 1, 0), grid);
    // below 1, the height of the pass, the wells are apart; a well's area is the integral of 2 sqrt(2 (h - (x^2 - 1)^2))
    const double level = 0.64;
    double area = 0;
    for (int i = 0; i < 100000; ++i) {
        const double x = 2 * (i + 0.5) / 100000, rest = level - (x * x - 1) * (x * x - 1);
        area += rest > 0 ? 2 * std::sqrt(2 * rest) * 2e-5 : 0;
    }
    const RegionExtent one = area_below(surface, level);
    CHECK(one.area == Approx(area).epsilon(0.01));
    CHECK_FALSE(one.reaches_border);
    CHECK(area_below(surface, 1.1).area > 2.2 * area);
}

TEST_CASE("gaps are outside, and a centre is needed") {
    const PlaneFunction function{half_plane};  // centre at x = 1, nothing at alpha = -1 and -2
    const Surface surface =
        project(function, coordinate_plane(function.cpu, 1, 0), Grid{.from = -2, .to = 2, .steps = 5});
    const RegionExtent extent = area_below(surface, 100);
    CHECK(extent.area == Approx(8));  // alpha from 0 to 2
    CHECK(extent.radius == 0);
    CHECK(extent.reaches_border);
    CHECK_THROWS_AS(area_below(surface, std::nan("")), NumericError);
    CHECK_THROWS_AS(area_below(Surface({-1, 1}, {-1, 0, 1}), 1), ConfigError);
    CHECK_THROWS_AS(area_below(Surface({-1, 0, 1}, {0}), 1), ConfigError);
}

TEST_CASE("sharpness along the gradient") {
    const SmoothFunction function = smooth_quadratic();
    // at (0, 0) the gradient is (3, 0): the step goes along x
    const Vector<Cpu64> origin(function.cpu, 2);
    CHECK(sam_sharpness(function, origin, 0.1) == Approx(2 * 0.01 + 3 * 0.1));
    // at (1, -1) it is (6, -1)
    const Vector<Cpu64> other(function.cpu, std::vector<double>{1, -1});
    const double x = 1 + 0.5 * 6 / std::sqrt(37.0), y = -1 - 0.5 / std::sqrt(37.0);
    CHECK(sam_sharpness(function, other, 0.5) == Approx(function.function(x, y) - function.function(1, -1)));
    const SmoothFunction well = smooth_double_well();
    CHECK(sam_sharpness(well, Vector<Cpu64>(well.cpu, std::vector<double>{1, 0}), 0.5) == 0);
    CHECK_THROWS_AS(sam_sharpness(function, origin, 0), ConfigError);
    CHECK_THROWS_AS(sam_sharpness(function, Vector<Cpu64>(function.cpu, 3), 1), ShapeError);
    CHECK_THROWS_AS(
        sam_sharpness(function, Vector<Cpu64>(function.cpu, std::vector<double>{std::nan(""), 0}), 1),
        NumericError);
}

TEST_CASE("noise has the filters' size and leaves the rest alone") {
    const SquaredNorm function;
    std::vector<double> numbers(23);
    for (std::size_t i = 0; i < numbers.size(); ++i)
        numbers[i] = random_normal({.seed = 1, .purpose = Purpose::test}, i);
    const Vector<Cpu64> theta(function.cpu, numbers);
    double filters = 0;
    for (std::size_t i = 0; i < 12; ++i) filters += numbers[i] * numbers[i];
    const std::vector<double> deviations = {0.1, 0.5, 1};
    const std::vector<NoiseRise> rises =
        weight_noise(function, function.parameters, theta, deviations, 40, 7);
    CHECK(function.evaluations == 1 + 3 * 40);
    REQUIRE(rises.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        const double sigma = deviations[i];
        const NoiseRise& rise = rises[i];
        CHECK(rise.deviation == sigma);
        REQUIRE(rise.rises.size() == 40);
        // |w + sigma d|^2 / 2 - |w|^2 / 2 = sigma w . d + sigma^2 |w|^2 / 2 with |d_i| = |w_i|; the mean of w . d is 0
        CHECK(std::abs(rise.mean - sigma * sigma * filters / 2) < 4 * rise.standard_error);
        CHECK(rise.standard_error < sigma * filters / 6);
        const MeanAndError all = mean_and_error(rise.rises);
        CHECK(rise.mean == all.mean);
        CHECK(rise.standard_error == all.standard_error);
        // one set of directions for all deviations
        const auto along = [&](std::size_t size) {
            const double s = deviations[size];
            return (rises[size].rises[3] - s * s * filters / 2) / s;
        };
        CHECK(along(i) == Approx(along(0)).epsilon(1e-9));
    }
    const std::vector<NoiseRise> again = weight_noise(function, function.parameters, theta, deviations, 2, 7);
    CHECK(again[1].rises[1] == rises[1].rises[1]);
    CHECK(again[1].rises[0] != again[1].rises[1]);
    CHECK(weight_noise(function, function.parameters, theta, deviations, 2, 8)[1].rises[1] !=
          rises[1].rises[1]);
    CHECK(std::isnan(weight_noise(function, function.parameters, theta, deviations, 1, 7)[0].standard_error));

    function.evaluations = 0;
    CHECK_THROWS_AS(weight_noise(function, function.parameters, theta, deviations, 0, 7), ConfigError);
    CHECK_THROWS_AS(weight_noise(function, function.parameters, theta, std::vector{-1.0}, 1, 7), ConfigError);
    CHECK_THROWS_AS(
        weight_noise(function, function.parameters, Vector<Cpu64>(function.cpu, 3), deviations, 1, 7),
        ShapeError);
    CHECK(function.evaluations == 0);
    WorkControl options;
    options.interrupted = [&] { return function.evaluations == 4; };
    CHECK_THROWS_AS(weight_noise(function, function.parameters, theta, deviations, 5, 7, options),
                    Interrupted);
}

}  // namespace flatness_test
