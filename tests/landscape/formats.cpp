// SPDX-License-Identifier: Apache-2.0
//
// Surfaces in the formats that are only written: their text and bytes, and what other programs make of them.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <vitscape/landscape/surface_io.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/python.hpp"
#include "support/surfaces.hpp"
#include "support/temporary_folder.hpp"
#include "support/vtk_file.hpp"

namespace formats_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("the ending of a name chooses the format") {
    const TemporaryFolder folder;
    const Surface surface = holed_surface();
    for (const std::string& ending : AllSurfaceFormats::endings()) {
        INFO(ending);
        if (is_hdf5_ending(ending) && !has_hdf5) {
            CHECK(contains(error_text<ConfigError>([&] { write_surface(folder / ("a" + ending), surface); }),
                           "libhdf5-dev"));
            continue;
        }
        write_surface(folder / ("run.epoch-3" + ending), surface);
        CHECK(std::filesystem::file_size(folder / ("run.epoch-3" + ending)) > 100);
        CHECK_THROWS_AS(write_surface(folder / "missing" / ("a" + ending), surface), IoError);
    }
    for (const char* name : {"surface", "surface.txt", "surface.JSON", ".json", "json", ""}) {
        INFO(name);
        const std::string refusal =
            error_text<ConfigError>([&] { write_surface(folder.path() / name, surface); });
        CHECK(contains(refusal, ".json, .npy, .csv, .h5, .hdf5, .vts, .obj"));
    }
    CHECK(contains(error_text<IoError>([&] { (void)load_surface(folder / "run.epoch-3.vts"); }),
                   ".json, .h5, .hdf5"));
}

TEST_CASE("several formats are written, or none where one of them cannot be") {
    const TemporaryFolder folder;
    CHECK_THROWS_AS(write_surfaces(folder / "a", {".json", ".txt"}, holed_surface()), ConfigError);
    CHECK(std::filesystem::is_empty(folder.path()));
    write_surfaces(folder / "a.b", {".npy", ".json"}, holed_surface(), {{"seed", 7}});
    CHECK(load_surface(folder / "a.b.json").metadata.at("seed") == 7);
    CHECK(load_npy<double>(folder / "a.b.npy")(1, 2) == 12.5);
}

TEST_CASE("a JSON file has this text") {
    Surface line = holed_line();
    line.samples = 3;
    CHECK(surface_json(line, {{"seed", 7}}) == R"({
 "metadata": {"seed":7},
 "samples": 3,
 "centre": {"loss":null,"standard_error":null},
 "geometry": {"theta_norm":null,"delta_norm":null,"eta_norm":null,"theta_dot_delta":null,"theta_dot_eta":null,"delta_dot_eta":null},
 "x": [-1.0,0.0,1.0],
 "y": [0.0],
 "loss": [
  [3.0,null,4.0]
 ],
 "standard_error": [
  [null,null,null]
 ],
 "difference_standard_error": [
  [null,null,null]
 ],
 "computed": [
  [true,false,true]
 ]
}
)");
}

TEST_CASE("a structured grid of VTK holds all numbers and hides the points that are missing") {
    const TemporaryFolder folder;
    const Surface surface = holed_surface();
    write_surface(folder / "a.vts", surface);
    const std::string file = read_text(folder / "a.vts");
    CHECK(contains(file, "WholeExtent=\"0 3 0 2 0 0\""));
    CHECK(file.ends_with("\n </AppendedData>\n</VTKFile>\n"));
    const auto points = appended<double>(file, "Points");
    REQUIRE(points.size() == 36);
    for (std::size_t row = 0, i = 0; row < 3; ++row)
        for (std::size_t column = 0; column < 4; ++column, ++i) {
            CHECK(points[3 * i] == surface.x[column]);
            CHECK(points[3 * i + 1] == surface.y[row]);
            CHECK(points[3 * i + 2] == (row == 2 && column > 1 ? 0.5 : surface.loss(row, column)));
        }
    CHECK(appended<std::uint8_t>(file, "vtkGhostType") ==
          std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2});
    CHECK(appended<std::uint8_t>(file, "computed") ==
          std::vector<std::uint8_t>{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0});
    const auto loss = appended<double>(file, "loss");
    REQUIRE(loss.size() == 12);
    CHECK(loss[6] == 12.5);
    CHECK(std::isnan(loss[10]));
    CHECK(appended<double>(file, "standard_error")[4] == 0.2);
    CHECK(appended<double>(file, "difference_standard_error")[2] == 0.02);
}

TEST_CASE("VTK reads its file, and draws what touches no missing point") {
    const std::string python = python_with("vtkmodules.vtkIOXML");
    if (python.empty()) return;
    const TemporaryFolder folder;
    write_surface(folder / "a.vts", holed_surface());
    CHECK(run_python(python, R"(import sys
from vtkmodules.vtkIOXML import vtkXMLStructuredGridReader
from vtkmodules.vtkFiltersGeometry import vtkGeometryFilter
reader = vtkXMLStructuredGridReader()
reader.SetFileName(sys.argv[1])
reader.Update()
grid = reader.GetOutput()
assert grid.GetDimensions() == (4, 3, 1), grid.GetDimensions()
assert grid.GetPoint(6) == (1.0, 0.25, 12.5), grid.GetPoint(6)
numbers = grid.GetPointData()
names = [numbers.GetArrayName(i) for i in range(numbers.GetNumberOfArrays())]
assert names == ["loss", "standard_error", "difference_standard_error", "computed", "vtkGhostType"], names
assert numbers.GetScalars().GetName() == "loss"
assert numbers.GetArray("standard_error").GetValue(4) == 0.2
assert [grid.IsPointVisible(i) for i in range(12)] == [1] * 10 + [0] * 2
assert grid.GetBounds() == (-1, 2, 0, 0.5, 0.5, 21.5), grid.GetBounds()
surface = vtkGeometryFilter()
surface.SetInputData(grid)
surface.Update()
assert surface.GetOutput().GetNumberOfCells() == 4, surface.GetOutput().GetNumberOfCells()
)",
                     folder / "a.vts"));
}

TEST_CASE("a grid of VTK needs a number for each point") {
    const std::vector<double> points(12);
    CHECK(contains(error_text<ShapeError>([&] { VtkGrid(2, 3, 1, points); }), "needs 18 numbers, 12"));
    VtkGrid sheet(2, 2, 1, points);
    CHECK_THROWS_AS(sheet.add<double>("loss", points), ShapeError);
}

TEST_CASE("a mesh of Wavefront has holes where points are missing") {
    const TemporaryFolder folder;
    write_surface(folder / "a.obj", holed_surface());
    CHECK(read_text(folder / "a.obj") == R"(o loss
v -1 0 0.5
v 0 0 1.5
v 1 0 2.5
v 2 0 3.5
v -1 0.25 10.5
v 0 0.25 11.5
v 1 0.25 12.5
v 2 0.25 13.5
f 1 2 6 5
f 2 3 7 6
f 3 4 8 7
v -1 0.5 20.5
v 0 0.5 21.5
f 5 6 10 9
f 6 7 10
)");
    write_surface(folder / "line.obj", holed_line());
    CHECK(read_text(folder / "line.obj") == "o loss\nv -1 0 3\nv 1 0 4\n");
    Surface line({0, 1, 2}, {0});
    for (double& loss : line.loss) loss = 1;
    write_surface(folder / "line.obj", line);
    CHECK(read_text(folder / "line.obj") == "o loss\nv 0 0 1\nv 1 0 1\nv 2 0 1\nl 1 2\nl 2 3\n");
    Surface column({5}, {0, 1});
    for (double& loss : column.loss) loss = 1;
    write_surface(folder / "line.obj", column);
    CHECK(read_text(folder / "line.obj") == "o loss\nv 5 0 1\nv 5 1 1\nl 1 2\n");
}

}  // namespace formats_test
