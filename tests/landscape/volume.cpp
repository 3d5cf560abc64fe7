// SPDX-License-Identifier: Apache-2.0
//
// Volumes: losses and further numbers at the right places, the plane at gamma = 0 to the last bit, and resumption.
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <vitscape/io/npy.hpp>
#include <vitscape/landscape/point_norms.hpp>
#include <vitscape/landscape/rounding_error.hpp>
#include <vitscape/landscape/volume_io.hpp>
#include <vitscape/landscape/volume_projector.hpp>

#include "landscape/volume_functions.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/surfaces.hpp"
#include "support/temporary_folder.hpp"

namespace volume_test {

using namespace vitscape;
using namespace vitscape::test;
using namespace vitscape::test::volumes;

TEST_CASE("a volume has alpha along x, beta along y and gamma along z") {
    const VolumeFunction function;
    const VolumeGrid grid = small_grid();
    const Volume volume = project(function, skew_space(function.cpu), grid);
    REQUIRE(volume.loss.shape(0) == 3);
    REQUIRE(volume.loss.shape(1) == 4);
    REQUIRE(volume.loss.shape(2) == 5);
    CHECK(volume.complete());
    CHECK(volume.samples == 9);
    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t j = 0; j < 4; ++j)
            for (std::size_t i = 0; i < 5; ++i) {
                std::array<double, 3> at{};
                for (std::size_t p = 0; p < 3; ++p)
                    at[p] = theta[p] + volume.x[i] * delta[p] + volume.y[j] * eta[p] + volume.z[k] * zeta[p];
                std::vector<double> losses, rises;
                for (std::size_t s = 0; s < 9; ++s) {
                    losses.push_back(function.sample(s, at[0], at[1], at[2]));
                    rises.push_back(losses.back() - function.sample(s, theta[0], theta[1], theta[2]));
                }
                CHECK(volume.loss(k, j, i) == Approx(mean_and_error(losses).mean).epsilon(1e-13));
                CHECK(volume.standard_error(k, j, i) ==
                      Approx(mean_and_error(losses).standard_error).epsilon(1e-12));
                CHECK(volume.difference_standard_error(k, j, i) ==
                      Approx(mean_and_error(rises).standard_error).epsilon(1e-12).margin(1e-14));
            }
}

TEST_CASE(
    "the layer of a volume at gamma = 0 has the bytes of the surface, and others are those of planes beside "
    "it") {
    const VolumeFunction function;
    const VolumeGrid grid = small_grid();
    const AffineSpace<Cpu64> space = skew_space(function.cpu);
    const Volume volume = project(function, space, grid);
    const Surface plane =
        project(function, Plane<Cpu64>(space.theta(), space.delta(), space.eta()), PlaneGrid(grid.x, grid.y));
    REQUIRE(volume.z[1] == 0);
    CHECK(surface_json(volume.slice(1), {}) == surface_json(plane, {}));

    Vector<Cpu64> base(function.cpu, 3);
    line_point(space.theta(), volume.z[2], space.zeta(), base);
    const Surface beside =
        project(function, Plane<Cpu64>(base, space.delta(), space.eta()), PlaneGrid(grid.x, grid.y));
    CHECK(same_numbers(volume.slice(2).loss, beside.loss));
    const PlaneGeometry geometry = volume.slice(2).geometry;
    CHECK(geometry.theta_norm == Approx(beside.geometry.theta_norm));
    CHECK(geometry.theta_dot_delta == Approx(beside.geometry.theta_dot_delta));
    CHECK(geometry.theta_dot_eta == Approx(beside.geometry.theta_dot_eta));
    CHECK(geometry.delta_dot_eta == beside.geometry.delta_dot_eta);

    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t j = 0; j < 4; ++j)
            for (std::size_t i = 0; i < 5; ++i) {
                CHECK(volume.slice(k).loss(j, i) == volume.loss(k, j, i));
                CHECK(volume.slice_along_z(j).loss(k, i) == volume.loss(k, j, i));
                CHECK(volume.slice_across(i).standard_error(k, j) == volume.standard_error(k, j, i));
            }
    CHECK(volume.slice_across(0).x == volume.y);
    CHECK(volume.slice_across(0).y == volume.z);
}

TEST_CASE("an interrupted volume resumes to the bytes of an undisturbed one, and not as something else") {
    const VolumeFunction function;
    const VolumeGrid grid = small_grid();
    const AffineSpace<Cpu64> space = skew_space(function.cpu);
    const Volume whole = project(function, space, grid);
    for (const int stop : {0, 1, 5, 19, 20, 33, 59}) {
        INFO(stop);
        Volume saved;
        int asked = 0;
        VolumeProjectionOptions options;
        options.after_row = [&](const Volume& volume) { saved = volume; };
        options.work.interrupted = [&] { return asked++ == stop; };
        options.work.progress = [&](Index, Index total) { CHECK(total == 60); };
        CHECK_THROWS_AS(project(function, space, grid, options), Interrupted);
        CHECK(saved.computed_points() == stop);
        function.evaluations = 0;
        const Volume resumed = project(function, space, grid, {.resume = &saved});
        CHECK(function.evaluations == 1 + 60 - stop);
        CHECK(volume_json(resumed, {}) == volume_json(whole, {}));
    }
    const VolumeProjectionOptions options{.resume = &whole};
    VolumeGrid other = grid;
    other.z.to = 2;
    CHECK_THROWS_AS(project(function, space, other, options), ConfigError);
    CHECK_THROWS_AS(project(VolumeFunction(8), space, grid, options), ConfigError);
    const AffineSpace<Cpu64> turned(space.theta(), space.delta(), space.eta(), space.delta());
    CHECK_THROWS_AS(project(function, turned, grid, options), ConfigError);
    const Vector<Cpu64> two(function.cpu, 2);
    CHECK_THROWS_AS((AffineSpace<Cpu64>(space.theta(), space.delta(), space.eta(), two)), ShapeError);
    CHECK_THROWS_AS((project(function, AffineSpace<Cpu64>(two, two, two, two), grid)), ShapeError);
}

TEST_CASE(
    "a volume has the numbers of measures, those of the plane at gamma = 0, and is resumed with the same "
    "alone") {
    const TemporaryFolder folder;
    const VolumeFunction function;
    const VolumeGrid grid = small_grid();
    const AffineSpace<Cpu64> space = skew_space(function.cpu);
    Index announced = 0;
    VolumeProjectionOptions options;
    options.after_centre = [&](const Volume& volume, Index left) {
        announced = left;
        CHECK(volume.numbers.front().centre.value == Approx(norm(space.theta())));
    };
    const Volume volume = project(function, space, grid, options, PointWeightNorm{});
    CHECK(announced == 60);
    REQUIRE(volume.numbers.size() == 1);
    const VolumeNumber& number = volume.numbers.front();
    CHECK(number.card.name == "weight_norm");
    Vector<Cpu64> base(function.cpu, 3), point(function.cpu, 3);
    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t j = 0; j < 4; ++j)
            for (std::size_t i = 0; i < 5; ++i) {
                space.layer(volume.z[k], base).point(volume.x[i], volume.y[j], point);
                CHECK(number.values(k, j, i) == norm(point));
            }
    const Surface plane = project(function, Plane<Cpu64>(space.theta(), space.delta(), space.eta()),
                                  PlaneGrid{grid.x, grid.y}, {}, PointWeightNorm{});
    REQUIRE(volume.z[1] == 0);
    CHECK(same_numbers(volume.slice(1).numbers.front().values, plane.numbers.front().values));
    CHECK(volume.slice_across(0).numbers.front().values(2, 1) == number.values(2, 1, 0));
    CHECK(same_numbers(volume_of(volume, number).loss, number.values));

    Volume saved;
    int asked = 0;
    VolumeProjectionOptions stopped;
    stopped.after_row = [&](const Volume& rows) { saved = rows; };
    stopped.work.interrupted = [&] { return asked++ == 33; };
    CHECK_THROWS_AS(project(function, space, grid, stopped, PointWeightNorm{}), Interrupted);
    write_volumes(folder / "a", {".json", ".npy", ".csv", ".vts"}, saved);
    const StoredVolume read = load_volume(folder / "a.json");
    CHECK(volume_json(read.volume, {}) == volume_json(saved, {}));
    const VolumeProjectionOptions resume{.resume = &read.volume};
    CHECK(volume_json(project(function, space, grid, resume, PointWeightNorm{}), {}) ==
          volume_json(volume, {}));
    CHECK(contains(error_text<ConfigError>([&] { (void)project(function, space, grid, resume); }),
                   "weight_norm"));

    CHECK(load_npy<double>(folder / "a_weight_norm.npy")(0, 0, 0) == number.values(0, 0, 0));
    CHECK(read_text(folder / "a.csv")
              .starts_with("x,y,z,loss,standard_error,difference_standard_error,weight_norm\n"));
    CHECK(contains(read_text(folder / "a.vts"), "Name=\"weight_norm\""));
    nlohmann::ordered_json damaged = nlohmann::ordered_json::parse(volume_json(saved, {}));
    damaged["weight_norm"].erase(2);
    write_atomically(folder / "b.json", damaged.dump());
    CHECK_THROWS_AS(load_volume(folder / "b.json"), IoError);
    damaged.erase("weight_norm");
    write_atomically(folder / "b.json", damaged.dump());
    CHECK_THROWS_AS(load_volume(folder / "b.json"), IoError);
}

TEST_CASE("points of a volume allocate no parameter vectors") {
    const VolumeFunction function;
    const AffineSpace<Cpu64> space = skew_space(function.cpu);
    std::size_t after_first = 0, after_last = 0;
    VolumeProjectionOptions options;
    options.work.progress = [&](Index done, Index total) {
        if (done == 1) after_first = function.cpu.memory().system_allocations();
        if (done == total) after_last = function.cpu.memory().system_allocations();
    };
    (void)project(function, space, small_grid(), options);
    CHECK(after_first == after_last);
}

TEST_CASE("rounding errors of a volume are those of its corners, edges and middle") {
    VolumeFunction exact, rounded;
    for (double& number : rounded.c) number += 0.5;  // + w^2 / 2
    const auto errors = rounding_errors(rounded, exact, skew_space(exact.cpu), small_grid());
    REQUIRE(errors.size() == 27);
    CHECK(errors.front().z == -1);
    CHECK(errors.back().z == 1);
    const double w = theta[2] + delta[2] + eta[2] + zeta[2];
    CHECK(errors.back().error == Approx(0.5 * w * w));
}

TEST_CASE("grids of volumes") {
    CHECK(parse_volume_grid("-1:1:5") == VolumeGrid(Grid{.from = -1, .to = 1, .steps = 5}));
    CHECK(parse_volume_grid("z:0:1:2,x:-1:1:3,y:0:2:4") == VolumeGrid(Grid{.from = -1, .to = 1, .steps = 3},
                                                                      Grid{.from = 0, .to = 2, .steps = 4},
                                                                      Grid{.from = 0, .to = 1, .steps = 2}));
    for (const char* text :
         {"x:0:1:2", "x:0:1:2,y:0:1:2", "x:0:1:2,y:0:1:2,y:0:1:2", "x:0:1:2,y:0:1:2,w:0:1:2",
          "x:0:1:2,y:0:1:2,z:0:1", "x:0:1:2,,z:0:1:2", "z:", "", "0:1", "x:0:1:2,y:0:1:2,z:0:1:2,z:0:1:2"}) {
        INFO(text);
        CHECK_THROWS_AS(parse_volume_grid(text), ConfigError);
    }
    CHECK(names_third_axis("x:0:1:2,y:0:1:2,z:0:1:2"));
    CHECK(!names_third_axis("x:0:1:2,y:0:1:2"));
}

}  // namespace volume_test
