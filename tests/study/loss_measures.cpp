// SPDX-License-Identifier: Apache-2.0
//
// The measures of losses on a function whose derivatives are known: surfaces, regions, sharpness and noise.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include <vitscape/study/measures/adaptive_sharpness.hpp>
#include <vitscape/study/measures/convex_region.hpp>
#include <vitscape/study/measures/extreme_plane.hpp>
#include <vitscape/study/measures/perturbation.hpp>
#include <vitscape/study/measures/surface.hpp>

#include "well.hpp"

namespace loss_measures_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("surface: rises, area, slope and minima of a paraboloid, the mean over planes", "[compare]") {
    const Well well{.gain = 0.5};  // half of it is lost where the loss is twice that at the bottom
    SurfaceMeasure measure{.images = 9, .grid = 41, .circle = 12, .radii = {0.5, 1}};
    measure.planes = two_wide_planes;
    const auto found = measured(measure, well);
    Pair rise{}, worst{}, area{}, slope{};
    for (std::uint32_t part = 0; part < 2; ++part) {
        const Directions d(well, measure.planes, part);
        const double xx = bend(well, d.delta, d.delta), xy = bend(well, d.delta, d.eta),
                     yy = bend(well, d.eta, d.eta);
        // x^2 xx / 2 + x y xy + y^2 yy / 2, on a circle of radius 1/2
        rise[part] = 0.25 * (xx + yy) / 4;
        for (int k = 0; k < 12; ++k) {
            const double c = std::cos(std::numbers::pi * k / 6), s = std::sin(std::numbers::pi * k / 6);
            worst[part] = std::max(worst[part], 0.25 * (0.5 * c * c * xx + c * s * xy + 0.5 * s * s * yy));
        }
        area[part] = 2 * std::numbers::pi * well.height / std::sqrt(xx * yy - xy * xy);  // of an ellipse,
        REQUIRE(2 * well.height * std::max(xx, yy) < xx * yy - xy * xy);  // that lies in [-1, 1] x [-1, 1]
        constexpr int steps = 400;
        for (int i = 0; i < steps; ++i)
            for (int j = 0; j < steps; ++j) {
                const double x = (2 * i + 1.0) / steps - 1, y = (2 * j + 1.0) / steps - 1;
                slope[part] += std::hypot(x * xx + y * xy, x * xy + y * yy) / (steps * steps);
            }
    }
    check_mean(found.at("training.absolute_rise_0.5"), rise, 1e-9);
    check_mean(found.at("training.rise_over_loss_0.5"), {rise[0] / 0.25, rise[1] / 0.25}, 1e-9);
    for (Pair* of_loss : {&rise, &worst, &slope}) *of_loss = {(*of_loss)[0] / 0.5, (*of_loss)[1] / 0.5};
    check_mean(found.at("training.rise_0.5"), rise, 1e-9);
    check_mean(found.at("training.rise_1"), {4 * rise[0], 4 * rise[1]}, 1e-9);
    check_mean(found.at("training.worst_rise_0.5"), worst, 1e-9);
    check_mean(found.at("training.area_below_twice"), area, 0.02);
    check_mean(found.at("training.area_half_gain"), area, 0.02);
    check_mean(found.at("training.total_variation"), slope, 0.01);
    CHECK(found.at("training.local_minima").value.value == 1);
    CHECK(found.at("training.rise_1").row.headline);
    CHECK_FALSE(found.at("training.rise_0.5").row.headline);
    CHECK(found.at("training.rise_1").row.better == Better::lower);
    CHECK(found.at("training.area_below_twice").row.better == Better::higher);
    CHECK(found.at("training.rise_1").images == 9);
    check_scales(measure, well);
}

/// The mean over rays of the distance to the edge of the box |x_i| <= half_i, as far as it is seen, with each plane's directions.
Pair radii_of_box(const Well& well, const ConvexRegionMeasure& measure, const Pair& half, Pair& area) {
    Pair radius{};
    for (std::uint32_t part = 0; part < 2; ++part) {
        const Directions d(well, Planes{.direction_seed = measure.direction_seed}, part);
        for (std::uint32_t k = 0; k < measure.rays; ++k) {
            const double angle = 2 * std::numbers::pi * k / measure.rays;
            const Pair along{std::cos(angle) * d.delta[0] + std::sin(angle) * d.eta[0],
                             std::cos(angle) * d.delta[1] + std::sin(angle) * d.eta[1]};
            const double edge = std::min(half[0] / std::abs(along[0]), half[1] / std::abs(along[1]));
            radius[part] += edge / measure.rays;
            area[part] += std::numbers::pi * edge * edge / measure.rays;
        }
    }
    return radius;
}

TEST_CASE("convex region: the edge of a box along rays, and the whole plane", "[compare]") {
    // the Hessian diag(3 - q x^2, 2 - q y^2) is positive semi-definite where |x| and |y| are at most sqrt(3 / q), sqrt(2 / q)
    const Well well{.a = {{{3, 0}, {0, 2}}}, .quartic = 40};
    ConvexRegionMeasure measure;
    measure.images = 70, measure.rays = 24, measure.planes = 2;
    const auto found = measured(measure, well);
    Pair area{};
    const Pair radius = radii_of_box(well, measure, {std::sqrt(3.0 / 40), std::sqrt(2.0 / 40)}, area);
    check_mean(found.at("training.convex_radius"), radius, 0.01);
    check_mean(found.at("training.convex_area"), area, 0.02);
    CHECK(found.at("training.convex_smallest_radius").value.value <
          found.at("training.convex_radius").value.value);
    CHECK(found.at("training.convex_at_border").value.value == 0);
    CHECK(found.at("training.convex_radius").row.better == Better::higher);
    CHECK(found.at("training.convex_radius").row.headline);
    CHECK(found.at("training.convex_at_border").row.unit == "fraction");
    CHECK(found.at("training.convex_radius").images == 70);
    check_scales(measure, well);

    ConvexRegionMeasure both = measure;
    both.normalizations = {"filter", "dfilter"};  // one filter: longer by the norm of the weights
    const auto by_both = measured(both, well);
    CHECK(by_both.at("training.convex_radius").value.value == found.at("training.convex_radius").value.value);
    CHECK(by_both.at("training.convex_radius_dfilter").value.value ==
          Approx((radius[0] + radius[1]) / 2 * std::hypot(well.theta[0], well.theta[1])).epsilon(0.01));

    const auto whole = measured(measure, Well{});  // convex everywhere
    CHECK(whole.at("training.convex_radius").value.value == Approx(measure.longest));
    CHECK(whole.at("training.convex_at_border").value.value == 1);

    const auto none = measured(measure, Well{.a = {{{2, 2}, {2, -1}}}});  // a saddle is convex nowhere
    CHECK(none.at("training.convex_area").value.value == 0);
    CHECK(none.at("training.convex_radius").value.value == 0);
}

TEST_CASE("extreme plane: of a box along its own axes, and none where the smallest eigenvalue is negative",
          "[compare]") {
    const Well well{.a = {{{3, 0}, {0, 2}}}, .quartic = 40};  // its eigenvectors are the axes
    ExtremePlaneMeasure measure;
    measure.images = 70, measure.rays = 4, measure.steps = 4;
    const double length = std::hypot(well.theta[0], well.theta[1]);  // of a filter-normalized direction
    const double radius = (std::sqrt(3.0 / 40) + std::sqrt(2.0 / 40)) / 2 / length;
    CHECK(measured(measure, well).at("training.convex_extreme_radius").value.value ==
          Approx(radius).epsilon(0.01));
    Well saddle = well;
    saddle.a = {
        {{3, 0},
         {0, -1e-3}}};  // random planes of this saddle are convex nowhere either: it has two dimensions
    CHECK(measured(measure, saddle).at("training.convex_extreme_radius").value.value == 0);
}

TEST_CASE("sharpness: the rise by a step along the gradient, relative to the loss", "[compare]") {
    Well well{.a = {{{2, 0}, {0, 2}}}};  // height + |x|^2, at |x| = 1/2
    well.bottom = {well.theta[0] - 0.3, well.theta[1] + 0.4};
    const SharpnessMeasure measure{.images = 11, .radius = 0.05};
    const auto found = measured(measure, well);
    const Found& sharpness = found.at("training.sharpness");
    CHECK(sharpness.value.value == Approx((0.55 * 0.55 - 0.25) / (2 - 0.25)));  // of the gain
    CHECK(sharpness.row.better == Better::lower);
    CHECK(sharpness.images == 11);
    check_scales(measure, well);
    well.bottom = well.theta;  // no gradient, no step
    CHECK(measured(measure, well).at("training.sharpness").value.value == 0);
}

TEST_CASE("adaptive sharpness: of a paraboloid, whatever the scale of the parameters", "[compare]") {
    const Well well;  // L = x' A x / 2 around theta, x_i = theta_i u_i with |u| <= 1/2
    const AdaptiveSharpnessMeasure measure{.images = 12, .steps = 60, .draws = 20};
    const auto found = measured(measure, well);
    const double aa = well.a[0][0] * well.theta[0] * well.theta[0],
                 bb = well.a[1][1] * well.theta[1] * well.theta[1],
                 ab = well.a[0][1] * well.theta[0] * well.theta[1];
    const double largest = 0.5 * (aa + bb) + std::hypot(0.5 * (aa - bb), ab);  // eigenvalue in u
    const Found& worst = found.at("training.worst_adaptive_sharpness");
    CHECK(worst.value.value == Approx(0.5 * 0.25 * largest / well.gain).epsilon(1e-3));
    CHECK(worst.row.better == Better::lower);
    CHECK(worst.images == 12);
    const Found& mean = found.at("training.mean_adaptive_sharpness");
    CHECK(std::abs(mean.value.value - 0.5 * 0.01 * (aa + bb) / well.gain) < 3 * mean.value.standard_error);
    check_scales(measure, well);
    Well moved{
        .a = {{{4, 0}, {0, 4}}}};  // the gradient is an eigenvector: critical sharpness is its eigenvalue
    moved.bottom = {moved.theta[0] - 0.3, moved.theta[1] + 0.4};
    CHECK(measured(measure, moved).at("training.critical_sharpness").value.value == Approx(4).epsilon(0.02));
}

TEST_CASE("weight noise: the mean rise over draws and its error, relative to the loss", "[compare]") {
    const Well well;
    const WeightNoiseMeasure measure{.images = 13, .deviations = {0.1, 0.5}, .draws = 6};
    const auto found = measured(measure, well);
    const WellObjective loss(well);
    std::vector<double> rises;
    for (std::uint32_t draw = 0; draw < 6; ++draw) {
        const Pair d = Directions::direction(well, {.direction_seed = 1}, first_noise_direction + draw);
        rises.push_back(0.5 * 0.25 * bend(well, d, d) / well.gain);
    }
    double mean = 0, square = 0;
    for (const double rise : rises) mean += rise / 6;
    for (const double rise : rises) square += (rise - mean) * (rise - mean);
    const Found& noise = found.at("training.weight_noise_0.5");
    CHECK(noise.value.value == Approx(mean));
    CHECK(noise.value.standard_error == Approx(std::sqrt(square / 5 / 6)));
    CHECK(found.at("training.weight_noise_0.1").value.value == Approx(mean / 25));
    CHECK(noise.row.better == Better::lower);
    CHECK(noise.images == 13);
    check_scales(measure, well);
    // the same in all directions: |d| = |w|, and no draw differs from another
    const auto round = measured(measure, Well{.a = {{{2, 0}, {0, 2}}}}).at("training.weight_noise_0.5").value;
    CHECK(round.value == Approx(0.25 * (1.2 * 1.2 + 0.9 * 0.9) / 2));
    CHECK(round.standard_error < 1e-9);
}

}  // namespace loss_measures_test
