// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <vitscape/core/file.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/landscape/merge_tree.hpp>
#include <vitscape/report/persistence_figure.hpp>

#include "support/catch.hpp"

#include <unistd.h>

namespace persistence_figure_test {

using namespace vitscape;

namespace {

struct Folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("vitscape-persistence-" + std::to_string(::getpid()));
    Folder() { std::filesystem::create_directories(path); }
    Folder(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }
};

/// A double well with noise of a known size.
Surface noisy_wells(double size) {
    std::vector<double> axis;
    for (int i = 0; i < 25; ++i) axis.push_back(-1.5 + i / 8.0);
    Surface surface(axis, axis);
    RandomSequence random({.seed = 8, .purpose = Purpose::test});
    for (std::size_t row = 0; row < 25; ++row)
        for (std::size_t column = 0; column < 25; ++column) {
            const double x = axis[column], y = axis[row];
            surface.loss(row, column) =
                1 + (x * x - 1) * (x * x - 1) + y * y / 2 + x / 8 + size * random.normal();
            surface.standard_error(row, column) = surface.difference_standard_error(row, column) = size;
            surface.computed(row, column) = 1;
        }
    return surface;
}

}  // namespace

TEST_CASE("figures of persistence") {
    if (!find_gnuplot()) {
        WARN("gnuplot is not installed; figures are not tested");
        return;
    }
    const Folder folder;
    const MergeTree wells = merge_tree(noisy_wells(0.03));
    CHECK(wells.significant(3) == 2);
    write_persistence_figure(folder.path / "wells.png", wells, {.title = "it's\n$x; exit"});
    write_persistence_figure(folder.path / "wells.svg", wells);
    CHECK(read_text(folder.path / "wells.png").starts_with("\x89PNG\r\n"));
    const std::string svg = read_text(folder.path / "wells.svg");
    CHECK(svg.find("</svg>") != svg.npos);
    CHECK(svg.find("significant") != svg.npos);
    CHECK(svg.find("for ever") != svg.npos);
    // one minimum, and one of a loss that is level
    Surface flat({0, 1}, {0});
    flat.loss.fill(2);
    flat.computed.fill(1);
    write_persistence_figure(folder.path / "flat.svg", merge_tree(flat));
    CHECK(std::filesystem::file_size(folder.path / "flat.svg") > 1000);
}

TEST_CASE("no lines of a drawn merge tree cross") {
    const MergeTree tree = merge_tree(noisy_wells(0.2));
    REQUIRE(tree.minima.size() > 30);
    const std::vector<std::size_t> places = detail::branch_places(tree);
    std::vector<bool> taken(places.size());
    for (const std::size_t place : places) {
        REQUIRE(place < places.size());
        CHECK_FALSE(taken[place]);
        taken[place] = true;
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
        const SurfaceMinimum& from = tree.minima[i];
        if (!from.saddle) continue;
        const auto [left, right] = std::minmax(places[i], places[from.joins]);
        for (std::size_t k = 0; k < places.size(); ++k)  // what stands between ends below the line
            if (places[k] > left && places[k] < right) CHECK(tree.minima[k].death() <= from.death());
    }
}

TEST_CASE("figures of persistence without minima or with bad options") {
    const Folder folder;
    const MergeTree nothing = merge_tree(Surface({0, 1}, {0})), wells = merge_tree(noisy_wells(0.03));
    CHECK_THROWS_AS(write_persistence_figure(folder.path / "a.png", nothing), ConfigError);
    CHECK_THROWS_AS(write_persistence_figure(folder.path / "a.jpeg", wells), ConfigError);
    CHECK_THROWS_AS(write_persistence_figure(folder.path / "a.png", wells, {.significant_at = 0}),
                    ConfigError);
    CHECK(std::filesystem::is_empty(folder.path));
}

}  // namespace persistence_figure_test
