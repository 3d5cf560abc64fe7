// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/direction_file.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/surface_io.hpp>

#include "landscape/functions.hpp"
#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"

#include <unistd.h>

namespace surface_io_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {
struct Folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("vitscape-landscape-" + std::to_string(::getpid()));
    Folder() { std::filesystem::create_directories(path); }
    Folder(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }
};

Surface example() {
    const PlaneFunction function{half_plane};
    return project(
        function, coordinate_plane(function.cpu, 1, 0.1),
        PlaneGrid{Grid{.from = -1.5, .to = 1.5, .steps = 4}, Grid{.from = 0, .to = 0.2, .steps = 3}});
}
}  // namespace

TEST_CASE("a surface reads back as it was written") {
    const Folder folder;
    Surface surface = example();
    surface.computed(2, 3) = 0;  // as if it had not come to that
    surface.loss(2, 3) = std::nan("");
    const auto prefix = folder.path / "run.epoch-3";
    write_surfaces(prefix, {".npy", ".csv", ".json"}, surface, {{"seed", 7}});
    const StoredSurface stored = load_surface(folder.path / "run.epoch-3.json");
    CHECK(stored.metadata.at("seed") == 7);
    CHECK(stored.surface.x == surface.x);
    CHECK(stored.surface.y == surface.y);
    CHECK((stored.surface.computed == surface.computed));
    CHECK(stored.surface.geometry.matches(surface.geometry));
    CHECK(stored.surface.loss(1, 2) == surface.loss(1, 2));
    CHECK(std::isnan(stored.surface.loss(0, 0)));
    CHECK(with_checksum(surface_json(stored.surface, stored.metadata)) ==
          read_text(folder.path / "run.epoch-3.json"));

    const auto json = load_json(folder.path / "run.epoch-3.json");
    CHECK(json.at("loss").size() == 3);  // rows follow y
    CHECK(json.at("loss")[1].size() == 4);
    CHECK(json.at("loss")[1][2] == surface.loss(1, 2));
    CHECK(json.at("loss")[0][0].is_null());
    CHECK(json.at("standard_error")[0][0].is_null());

    const std::string csv = read_text(folder.path / "run.epoch-3.csv");
    CHECK(csv.starts_with("x,y,loss,standard_error,difference_standard_error\n-1.5,0,nan,nan,nan\n-0.5,0,"));
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 1 + 11);
    const auto array = load_npy<double>(folder.path / "run.epoch-3.npy");
    REQUIRE(array.dimension() == 2);
    CHECK(array.shape(0) == 3);
    CHECK(array(1, 2) == surface.loss(1, 2));
}

TEST_CASE("surfaces of other programs and broken files") {
    const Folder folder;
    const auto path = folder.path / "surface.json";
    write_atomically(path, R"({"x": [0, 1], "y": [0], "loss": [[1, null]], "standard_error": [[0.5, null]],
                              "difference_standard_error": [[0.25, null]]})");
    const Surface surface = load_surface(path).surface;
    CHECK(surface.computed(0, 0) == 1);
    CHECK(surface.computed(0, 1) == 0);
    for (const std::string bad : {"{}", "[]", "3", R"({"x": [], "y": []})",
                                  R"({"x": [0, 1], "y": [0], "loss": [[1]], "standard_error": [[1, 2]]})",
                                  R"({"x": [0, 1], "y": [0], "loss": [[1, 2], [3, 4]]})",
                                  R"({"x": [0, 1], "y": [0], "loss": [[1, "two"]]})",
                                  R"({"x": "no", "y": [0]})", R"({"x": [0], "y": [0], "loss": 3})"}) {
        INFO(bad);
        write_atomically(path, bad);
        CHECK_THROWS_AS(load_surface(path), IoError);
    }
    CHECK_THROWS_AS(load_surface(folder.path / "missing.json"), IoError);
    CHECK_THROWS_AS(write_surface(folder.path / "missing" / "surface.json", example()), IoError);
}

TEMPLATE_LIST_TEST_CASE("directions read back as they were written", "", test::Plain) {
    using B = TestType;
    const B cpu = test::make_backend<B>(1);
    const Folder folder;
    const auto path = folder.path / "directions.safetensors";
    ParameterLayout layout;
    layout.add("patch_embed.proj.weight", Shape{4, 3, 2, 2}, ParameterKind::weight, Initializer::zeros());
    layout.add("norm.bias", Shape{4}, ParameterKind::bias, Initializer::zeros());
    const std::vector<Vector<B>> directions = {gaussian_direction(cpu, layout, 3, 0),
                                               gaussian_direction(cpu, layout, 3, 1)};
    write_directions(path, layout, directions);
    const auto loaded = load_directions(cpu, path, layout);
    REQUIRE(loaded.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) CHECK(loaded[i].to_host() == directions[i].to_host());
    CHECK(SafeTensors::load(path).at("1.patch_embed.proj.weight").shape == Shape{4, 3, 2, 2});

    SECTION("another shape: both are printed") {
        ParameterLayout other;
        other.add("patch_embed.proj.weight", Shape{5, 3, 2, 2}, ParameterKind::weight, Initializer::zeros());
        std::string text;
        try {
            (void)load_directions(cpu, path, other);
        } catch (const ShapeError& error) {
            text = error.what();
        }
        CHECK(text.find("(4, 3, 2, 2)") != text.npos);
        CHECK(text.find("(5, 3, 2, 2)") != text.npos);
        CHECK(text.find("0.patch_embed.proj.weight") != text.npos);
    }
    SECTION("a parameter more in the model or in the file") {
        ParameterLayout more = layout;
        more.add("norm.weight", Shape{4}, ParameterKind::norm, Initializer::zeros());
        CHECK_THROWS_AS(load_directions(cpu, path, more), IoError);
        ParameterLayout less;
        less.add("norm.bias", Shape{4}, ParameterKind::bias, Initializer::zeros());
        CHECK_THROWS_AS(load_directions(cpu, path, less), IoError);
    }
    SECTION("a direction that is not there, is too short or is not finite") {
        CHECK_THROWS_AS(load_directions(cpu, path, layout, 3), IoError);
        CHECK_THROWS_AS(write_directions(path, layout, std::vector<Vector<B>>{Vector<B>(cpu, 3)}),
                        ShapeError);
        Vector<B> broken(cpu, layout.size());
        fill(std::nan(""), broken);
        write_directions(path, layout, std::vector<Vector<B>>{broken, broken});
        CHECK_THROWS_AS(load_directions(cpu, path, layout), IoError);
    }
}

}  // namespace surface_io_test
