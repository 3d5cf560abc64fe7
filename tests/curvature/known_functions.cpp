// SPDX-License-Identifier: Apache-2.0
//
// The Hessians of the functions whose surfaces the tests of landscape/ know, by Lanczos.
#include <cmath>
#include <numbers>
#include <vector>

#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/curvature/trace.hpp>
#include <vitscape/landscape/plane_curvature.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"

namespace known_functions_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

void check_spectrum(SmoothFunction function, double x, double y, double smallest, double largest) {
    const Vector<Cpu64> theta(function.cpu, std::vector<double>{x, y});
    LanczosOptions options;
    options.largest = options.smallest = 1;
    const auto spectrum = lanczos(hessian(function, theta), options);
    REQUIRE(spectrum.largest.size() == 1);
    REQUIRE(spectrum.smallest.size() == 1);
    CHECK(spectrum.largest[0].value == Approx(largest).epsilon(1e-10));
    CHECK(spectrum.smallest[0].value == Approx(smallest).epsilon(1e-10));
    CHECK(spectrum.converged());
    const TraceEstimate sum = trace(hessian(function, theta));
    CHECK(std::abs(sum.value - (smallest + largest)) <= 4 * sum.standard_error + 1e-12);

    // with the plane's two directions being all there are, the plane's curvature is the Hessian
    const Plane<Cpu64> plane = coordinate_plane(function.cpu, x, y);
    const PlaneCurvature curvature = PlaneCurvatures(function, plane).at(0, 0);
    CHECK(curvature.largest() == Approx(largest).epsilon(1e-12));
    CHECK(curvature.smallest() == Approx(smallest).epsilon(1e-12));
}

}  // namespace

TEST_CASE("eigenvalues of a quadratic's Hessian, the same everywhere") {
    check_spectrum(smooth_quadratic(), 0, 0, 3 - std::numbers::sqrt2, 3 + std::numbers::sqrt2);
    check_spectrum(smooth_quadratic(), -3, 8, 3 - std::numbers::sqrt2, 3 + std::numbers::sqrt2);
}

TEST_CASE("eigenvalues of the monkey saddle's Hessian, 6 times the distance and both signs") {
    check_spectrum(smooth_monkey_saddle(), 0.3, -0.4, -3, 3);
    check_spectrum(smooth_monkey_saddle(), 0, 2, -12, 12);
}

TEST_CASE("eigenvalues of the double well's Hessian, in a well and on the pass") {
    check_spectrum(smooth_double_well(), 1, 0, 1, 8);
    check_spectrum(smooth_double_well(), -1, 3, 1, 8);
    check_spectrum(smooth_double_well(), 0, 0, -4, 1);
}

TEST_CASE("eigenvalues of a dent's Hessian, across and along the way to its middle") {
    const double e = std::exp(-0.5 * (0.36 + 0.64 * 4));  // |(0.6, 1.6)|^2 = 2.92
    check_spectrum(smooth_dent(), 0.6, 1.6, (1 - 2.92) * e, e);
}

}  // namespace known_functions_test
