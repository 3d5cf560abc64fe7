// SPDX-License-Identifier: Apache-2.0
//
// Volumes: losses at the right places, the plane at gamma = 0 to the last bit, resumption, and files.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/io/hdf5_reader.hpp>
#include <vitscape/io/npy.hpp>
#include <vitscape/landscape/point_norms.hpp>
#include <vitscape/landscape/rounding_error.hpp>
#include <vitscape/landscape/volume_io.hpp>
#include <vitscape/landscape/volume_projector.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/python.hpp"
#include "support/surfaces.hpp"
#include "support/temporary_folder.hpp"
#include "support/vtk_file.hpp"

namespace volume_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// Mean over samples of exp(a_i u / 4) + b_i v w + c_i w^2 + u v, of the parameters u, v, w.
struct VolumeFunction {
    std::vector<double> a, b, c;
    Cpu64 cpu{1};
    ParameterLayout parameters;
    mutable int evaluations = 0;

    explicit VolumeFunction(Index samples = 9) {
        parameters.add("p", Shape{1, 3}, ParameterKind::weight, Initializer::zeros());
        RandomSequence random({.seed = 8, .purpose = Purpose::test});
        for (Index i = 0; i < samples; ++i) {
            a.push_back(random.normal());
            b.push_back(random.normal());
            c.push_back(random.uniform(0.5, 2));
        }
    }
    [[nodiscard]] Cpu64 backend() const { return cpu; }
    [[nodiscard]] const ParameterLayout& layout() const { return parameters; }
    [[nodiscard]] Index samples() const { return static_cast<Index>(a.size()); }
    [[nodiscard]] double sample(std::size_t i, double u, double v, double w) const {
        return std::exp(a[i] * u / 4) + b[i] * v * w + c[i] * w * w + u * v;
    }
    void sample_losses(const Vector<Cpu64>& theta, std::span<double> out) const {
        ++evaluations;
        for (std::size_t i = 0; i < a.size(); ++i)
            out[i] = sample(i, theta.data()[0], theta.data()[1], theta.data()[2]);
    }
    [[nodiscard]] double value(const Vector<Cpu64>& theta) const {
        std::vector<double> losses(a.size());
        sample_losses(theta, losses);
        return mean_and_error(losses).mean;
    }
};

Vector<Cpu64> vector_of(const Cpu64& cpu, const std::vector<double>& values) { return {cpu, values}; }

const std::vector<double> theta{0.3, -0.2, 0.1}, delta{1, 0.1, 0.3}, eta{-0.2, 0.9, 0.4},
    zeta{0.1, -0.3, 1.1};

AffineSpace<Cpu64> skew_space(const Cpu64& cpu) {
    return {vector_of(cpu, theta), vector_of(cpu, delta), vector_of(cpu, eta), vector_of(cpu, zeta)};
}
VolumeGrid small_grid() {
    return {Grid{.from = -1, .to = 1, .steps = 5}, Grid{.from = -0.5, .to = 1, .steps = 4},
            Grid{.from = -1, .to = 1, .steps = 3}};
}

/// A volume of 3 x 2 x 2 points: one without a finite loss, one that is not computed.
Volume holed_volume() {
    Volume volume({-1, 0, 1}, {0, 0.5}, {-2, 2});
    for (std::size_t i = 0; i < 12; ++i) {
        volume.loss.data()[i] = static_cast<double>(i) + 0.25;
        volume.standard_error.data()[i] = 0.5 * static_cast<double>(i);
        volume.difference_standard_error.data()[i] = 0.125 * static_cast<double>(i);
        volume.computed.data()[i] = 1;
    }
    volume.loss.data()[4] = volume.loss.data()[11] = std::nan("");
    volume.computed.data()[11] = 0;
    volume.centre_loss = 1.0 / 3;
    volume.centre_standard_error = 0.25;
    volume.samples = 7;
    volume.geometry = {.plane = {.theta_norm = 3,
                                 .delta_norm = 2,
                                 .eta_norm = 1,
                                 .theta_dot_delta = 0.5,
                                 .theta_dot_eta = -0.5,
                                 .delta_dot_eta = 0.25},
                       .zeta_norm = 4,
                       .theta_dot_zeta = 0.75,
                       .delta_dot_zeta = -1,
                       .eta_dot_zeta = 1.0 / 3};
    return volume;
}

}  // namespace

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

TEST_CASE("a volume in JSON is read back exactly") {
    const TemporaryFolder folder;
    const Volume volume = holed_volume();
    write_volume(folder / "a.json", volume, {{"seed", 7}});
    const StoredVolume read = load_volume(folder / "a.json");
    CHECK(volume_json(read.volume, read.metadata) == volume_json(volume, {{"seed", 7}}));
    CHECK(same_numbers(read.volume.loss, volume.loss));
    CHECK(read.volume.geometry.matches(volume.geometry));
    CHECK(contains(volume_json(volume, {}), R"( "loss": [
 [
  [0.25,1.25,2.25],
  [3.25,null,5.25]
 ],
 [
  [6.25,7.25,8.25],
  [9.25,10.25,null]
 ]
 ])"));
    write_surface(folder / "surface.json", holed_surface());
    CHECK(contains(error_text<IoError>([&] { (void)load_volume(folder / "surface.json"); }), "no volume"));
    CHECK_THROWS_AS(load_surface(folder / "a.json"), IoError);
    const auto damaged = [&](const char* key, const nlohmann::ordered_json& value) {
        nlohmann::ordered_json json = nlohmann::ordered_json::parse(volume_json(volume, {}));
        json[key] = value;
        write_atomically(folder / "b.json", json.dump());
        CHECK_THROWS_AS(load_volume(folder / "b.json"), IoError);
    };
    damaged("z", {1, 2, 3});
    damaged("z", nlohmann::ordered_json::array());
    damaged("x", {1, 2});
    damaged("loss", 1);
    damaged("loss", {1, 2});
    damaged("computed", {{{true}}});
}

TEST_CASE("volumes in other formats, and those that hold none") {
    const TemporaryFolder folder;
    const Volume volume = holed_volume();
    write_volumes(folder / "a", {".npy", ".csv", ".vts"}, volume);
    const auto loss = load_npy<double>(folder / "a.npy");
    REQUIRE(loss.dimension() == 3);
    CHECK(loss.shape(0) == 2);
    CHECK(loss.shape(2) == 3);
    CHECK(loss(1, 0, 2) == 8.25);
    const std::string csv = read_text(folder / "a.csv");
    CHECK(csv.starts_with("x,y,z,loss,standard_error,difference_standard_error\n-1,0,-2,0.25,0,0\n"));
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 12);  // the title, and all points but one
    const std::string refusal = error_text<ConfigError>([&] { write_volume(folder / "a.obj", volume); });
    CHECK(contains(refusal, ".json, .npy, .csv, .h5, .hdf5, .vts"));
    CHECK(contains(refusal, ".obj"));
    CHECK_THROWS_AS(write_volumes(folder / "c", {".json", ".obj"}, volume), ConfigError);
    CHECK(!std::filesystem::exists(folder / "c.json"));
    if (has_hdf5) {
        write_volume(folder / "a.h5", volume, {{"directions", "gaussian"}});
        const Hdf5Reader file = Hdf5Reader::load(folder / "a.h5");
        CHECK(file.list("zcoordinates") == volume.z);
        const Hdf5Numbers numbers = file.numbers("train_loss");
        CHECK(numbers.shape == Shape{2, 2, 3});
        CHECK(numbers.values[8] == 8.25);
        CHECK(numbers.values[11] == -1);
    }
}

TEST_CASE("VTK reads a volume, and hides the points that are missing") {
    const TemporaryFolder folder;
    write_volume(folder / "a.vts", holed_volume());
    const std::string file = read_text(folder / "a.vts");
    CHECK(contains(file, "WholeExtent=\"0 2 0 1 0 1\""));
    const auto points = appended<double>(file, "Points"), loss = appended<double>(file, "loss");
    REQUIRE(points.size() == 36);
    REQUIRE(loss.size() == 12);
    CHECK(std::vector(points.begin() + 24, points.begin() + 27) == std::vector<double>{1, 0, 2});
    CHECK(loss[8] == 8.25);
    CHECK(std::isnan(loss[4]));
    CHECK(appended<double>(file, "standard_error")[3] == 1.5);
    CHECK(appended<std::uint8_t>(file, "vtkGhostType") ==
          std::vector<std::uint8_t>{0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 2});
    const std::string python = python_with("vtkmodules.vtkIOXML");
    if (python.empty()) return;
    CHECK(run_python(python, R"(import sys
from vtkmodules.vtkIOXML import vtkXMLStructuredGridReader
reader = vtkXMLStructuredGridReader()
reader.SetFileName(sys.argv[1])
reader.Update()
grid = reader.GetOutput()
assert grid.GetDimensions() == (3, 2, 2), grid.GetDimensions()
assert grid.GetBounds() == (-1, 1, 0, 0.5, -2, 2), grid.GetBounds()
assert grid.GetPoint(8) == (1.0, 0.0, 2.0), grid.GetPoint(8)
numbers = grid.GetPointData()
assert numbers.GetScalars().GetName() == "loss"
assert numbers.GetScalars().GetValue(8) == 8.25
assert numbers.GetArray("standard_error").GetValue(3) == 1.5
assert [grid.IsPointVisible(i) for i in range(12)] == [1] * 4 + [0] + [1] * 6 + [0]
)",
                     folder / "a.vts"));
}

}  // namespace volume_test
