// SPDX-License-Identifier: Apache-2.0
//
// Files of volumes.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>

#include <vitscape/io/hdf5_reader.hpp>
#include <vitscape/io/npy.hpp>
#include <vitscape/landscape/volume_io.hpp>

#include "landscape/volume_functions.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/python.hpp"
#include "support/surfaces.hpp"
#include "support/temporary_folder.hpp"
#include "support/vtk_file.hpp"

namespace volume_formats_test {

using namespace vitscape;
using namespace vitscape::test;
using namespace vitscape::test::volumes;

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

}  // namespace volume_formats_test
