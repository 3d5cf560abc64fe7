// SPDX-License-Identifier: Apache-2.0
//
// The measures of losses on a function whose derivatives are known: the half-gain radius.
#include <cmath>
#include <cstddef>
#include <map>
#include <string>

#include <vitscape/study/measures/half_gain.hpp>
#include <vitscape/study/measures/surface.hpp>

#include "well.hpp"

namespace half_gain_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("half-gain radius: which part of the variance comes from seeds, masks, directions and images",
          "[compare]") {
    CompletedRuns runs{.seeds = {0, 1, 2}, .methods = {{"mae", "MAE"}, {"head", "Head"}}};
    for (int seed = 0; seed < 3; ++seed) {
        nlohmann::json radii = nlohmann::json::array();
        for (int mask = 0; mask < 2; ++mask)
            for (int ray = 0; ray < 4; ++ray) {
                nlohmann::json groups = nlohmann::json::array();
                for (std::size_t g = 0; g < HalfGainMeasure::groups; ++g)
                    groups.push_back(3 + 0.5 * seed + 0.1 * ray);
                radii.push_back(
                    {{"mask", mask}, {"ray", ray}, {"radius", 3}, {"reached", true}, {"groups", groups}});
            }
        const nlohmann::json result = {{"centre_loss", 1}, {"trivial_loss", 2}, {"radii", radii}};
        runs.results["mae"].push_back({{"training.half_gain", result}});
        runs.results["head"].push_back({{"training.half_gain", {{"centre_loss", 2}, {"trivial_loss", 1}}}});
    }
    nlohmann::json report;
    HalfGainMeasure{}.put_into(report, runs);
    REQUIRE(report.at("variance").size() == 1);  // nothing of the one that gained nothing
    const auto& entry = report.at("variance").at(0);
    CHECK(entry.at("method") == "mae");
    // variances 0.25 of three seeds and 0.01 * 5 / 3 of four rays
    const double seeds = 0.25, rays = 0.01 * 5 / 3;
    std::map<std::string, double> parts;
    for (const auto& part : entry.at("parts")) parts[part.at("source")] = part.at("fraction");
    REQUIRE(parts.size() == 5);
    CHECK(parts.at("training seed") == Approx(seeds / (seeds + rays)));
    CHECK(parts.at("direction") == Approx(rays / (seeds + rays)));
    CHECK(parts.at("masks") == Approx(0).margin(1e-9));
    CHECK(parts.at("images") == Approx(0).margin(1e-9));
    CHECK(entry.at("parts").at(0).at("degrees") == 2);
}

TEST_CASE("half-gain radius: of a paraboloid, along each ray", "[compare]") {
    const Well well;
    const HalfGainMeasure measure{.images = 10, .rays = 5, .masks = 3};
    const auto found = measured(measure, well);
    double mean = 0;
    for (std::uint32_t ray = 0; ray < 5; ++ray) {
        const Pair d = Directions::direction(well, {.direction_seed = 1}, first_ray_direction + ray);
        mean += std::sqrt(well.gain / bend(well, d, d)) / 5;  // d' A d r^2 / 2 = gain / 2
    }
    const Found& radius = found.at("training.half_gain_radius");
    CHECK(radius.value.value == Approx(mean).epsilon(1e-4));
    CHECK(radius.row.better == Better::higher);
    CHECK(radius.row.headline);
    CHECK(radius.images == 10);
    CHECK(found.at("training.half_gain_unreached").value.value == 0);
    check_scales(measure, well);
    Well wide = well;  // so wide that no ray gets there
    wide.gain = 1e6;
    const auto bound = measured(measure, wide);
    CHECK(bound.at("training.half_gain_radius").value.value == measure.longest);
    CHECK(bound.at("training.half_gain_unreached").value.value == 1);
    Well worse = well;  // a constant prediction is better: there is nothing to lose
    worse.gain = -0.1;
    CHECK(std::isnan(measured(measure, worse).at("training.half_gain_radius").value.value));
    CHECK(std::isnan(measured(SurfaceMeasure{.grid = 3}, worse).at("training.rise_1").value.value));
}

TEST_CASE("half-gain radius: by another normalization of the same directions", "[compare]") {
    const Well well;  // one filter: of norm 1 instead of the weights', the radius is longer by their norm
    HalfGainMeasure measure{.images = 10, .rays = 5};
    measure.normalizations = {"filter", "dfilter", "layer"};
    const auto found = measured(measure, well);
    const double radius = found.at("training.half_gain_radius").value.value,
                 length = std::hypot(well.theta[0], well.theta[1]);
    CHECK(found.at("training.half_gain_radius_dfilter").value.value == Approx(radius * length).epsilon(1e-3));
    CHECK(found.at("training.half_gain_radius_layer").value.value == Approx(radius).epsilon(1e-6));
    CHECK_FALSE(found.at("training.half_gain_radius_layer").row.headline);
    for (const Normalizations& wrong : {Normalizations{}, Normalizations{"layer"},
                                        Normalizations{"filter", "filter"}, Normalizations{"filter", "x"}}) {
        measure.normalizations = wrong;
        CHECK_THROWS_AS(measure.check(), ConfigError);
    }
}

}  // namespace half_gain_test
