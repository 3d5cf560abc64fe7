// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numbers>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/landscape/merge_tree.hpp>
#include <vitscape/landscape/merge_tree_io.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/smoothness.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"

#include <unistd.h>

namespace merge_tree_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

const double infinity = std::numeric_limits<double>::infinity();

Surface surface_of(double (*f)(double, double), const PlaneGrid& grid) {
    const PlaneFunction function{f};
    return project(function, coordinate_plane(function.cpu), grid);
}

/// A surface of given losses, row by row from y = 0 upwards.
Surface surface_of(const std::vector<std::vector<double>>& losses) {
    std::vector<double> x(losses.front().size()), y(losses.size());
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<double>(i);
    Surface surface(x, y);
    for (std::size_t row = 0; row < y.size(); ++row)
        for (std::size_t column = 0; column < x.size(); ++column) {
            surface.loss(row, column) = losses[row][column];
            surface.computed(row, column) = 1;
        }
    return surface;
}

/// By definition: from a point, always on to the lowest point beside those that were reached, until one lies lower than the
/// start; the highest on the way is the death. Pairs (birth, death) of positive persistence, in order.
std::vector<std::pair<double, double>> flooded(const Surface& surface) {
    const std::size_t rows = surface.y.size(), columns = surface.x.size();
    using Level = std::pair<double, std::size_t>;
    const auto level = [&](std::size_t i) { return Level{surface.loss(i / columns, i % columns), i}; };
    std::vector<std::pair<double, double>> pairs;
    for (std::size_t start = 0; start < rows * columns; ++start) {
        if (!std::isfinite(level(start).first)) continue;
        std::set<Level> shore{level(start)};
        std::set<std::size_t> seen{start};
        double highest = level(start).first, death = infinity;
        while (!shore.empty()) {
            const Level lowest = *shore.begin();
            shore.erase(shore.begin());
            highest = std::max(highest, lowest.first);
            if (lowest < level(start)) {
                death = highest;
                break;
            }
            const std::size_t row = lowest.second / columns, column = lowest.second % columns;
            for (std::size_t r = row > 0 ? row - 1 : 0; r < std::min(rows, row + 2); ++r)
                for (std::size_t c = column > 0 ? column - 1 : 0; c < std::min(columns, column + 2); ++c)
                    if (std::isfinite(surface.loss(r, c)) && seen.insert(r * columns + c).second)
                        shore.insert(level(r * columns + c));
        }
        if (death > level(start).first) pairs.emplace_back(level(start).first, death);
    }
    std::sort(pairs.begin(), pairs.end());
    return pairs;
}

std::vector<std::pair<double, double>> pairs_of(const MergeTree& tree) {
    std::vector<std::pair<double, double>> pairs;
    for (const SurfaceMinimum& minimum : tree.minima) pairs.emplace_back(minimum.birth(), minimum.death());
    std::sort(pairs.begin(), pairs.end());
    return pairs;
}

}  // namespace

TEST_CASE("a bowl has one minimum, which lives for ever") {
    const MergeTree tree = merge_tree(surface_of([](double x, double y) { return x * x + 2 * y * y; },
                                                 Grid{.from = -1, .to = 1, .steps = 9}));
    REQUIRE(tree.minima.size() == 1);
    const SurfaceMinimum& minimum = tree.minima.front();
    CHECK(minimum.point.x == 0);
    CHECK(minimum.point.y == 0);
    CHECK(minimum.persistence() == infinity);
    CHECK_FALSE(minimum.saddle.has_value());
    CHECK(minimum.share == 1);
    CHECK(minimum.joins == 0);
    CHECK_FALSE(minimum.border);
    CHECK(tree.significant(3) == 1);  // whatever the errors
    CHECK(tree.highest == 3);
    CHECK(saddle_minimum_distance(tree).mean == 0);
}

TEST_CASE("two wells, of which the lower one stays") {
    // slightly tilted: minima near x = -1 and x = 1, the saddle near 0
    const Surface surface = surface_of([](double x, double y) { return double_well(x, y) + x / 8; },
                                       Grid{.from = -2, .to = 2, .steps = 33});
    const MergeTree tree = merge_tree(surface);
    REQUIRE(tree.minima.size() == 2);
    CHECK(tree.minima[0].point.x == -1);
    CHECK(tree.minima[0].birth() == -0.125);
    const SurfaceMinimum& upper = tree.minima[1];
    CHECK(upper.point.x == 1);
    CHECK(upper.birth() == 0.125);
    REQUIRE(upper.saddle.has_value());
    CHECK(upper.saddle->x == 0);
    CHECK(upper.saddle->y == 0);
    CHECK(upper.persistence() == 0.875);
    CHECK(upper.joins == 0);
    CHECK(tree.minima[0].share + upper.share == Approx(1));
    CHECK(upper.share == Approx(0.5).margin(0.05));
    CHECK_FALSE(upper.significant(3));  // no errors are known
    const SaddleMinimumDistance smad = saddle_minimum_distance(tree);
    CHECK(smad.mean == Approx((1.125 + 0.875) / 2));
    CHECK(smad.relative == Approx(smad.mean / (tree.highest + 0.125)));
    CHECK(smad.weighted == Approx((1.125 * tree.minima[0].share + 0.875 * upper.share) / 2));
}

TEST_CASE("a field of 3 x 4 wells") {
    const Surface surface = surface_of(
        [](double x, double y) {
            return -std::cos(2 * std::numbers::pi * x) - std::cos(2 * std::numbers::pi * y) + 0.01 * x +
                   0.03 * y;
        },
        PlaneGrid{Grid{.from = -1.5, .to = 1.5, .steps = 49}, Grid{.from = -0.5, .to = 3.5, .steps = 65}});
    const MergeTree tree = merge_tree(surface);
    REQUIRE(tree.minima.size() == 12);
    CHECK(local_minima(surface).interior == 12);
    CHECK(pairs_of(tree) == flooded(surface));
    for (std::size_t k = 1; k < 12; ++k) {
        CHECK(tree.minima[k].persistence() == Approx(2).margin(0.05));
        CHECK(tree.minima[k].joins != k);
        CHECK(tree.minima[tree.minima[k].joins].birth() < tree.minima[k].birth());
        CHECK(tree.minima[k].leaf_end <= tree.minima[k].death());
        CHECK(tree.minima[k].persistence() <= tree.minima[k - 1].persistence());
        CHECK(tree.minima[k].share == Approx(1.0 / 12).margin(0.02));
    }
    CHECK(saddle_minimum_distance(tree).mean == Approx(2).margin(0.05));
}

TEST_CASE("pairs are those of flooding from each minimum, with ties and holes as well") {
    RandomSequence random({.seed = 11, .purpose = Purpose::test});
    for (const std::size_t levels : {3u, 8u, 1000u})
        for (int repeat = 0; repeat < 60; ++repeat) {
            const auto rows = static_cast<std::size_t>(random.uniform(1, 9)),
                       columns = static_cast<std::size_t>(random.uniform(1, 12));
            std::vector<std::vector<double>> losses(rows, std::vector<double>(columns));
            for (auto& row : losses)
                for (double& loss : row)
                    loss = random.uniform(0, 1) < 0.15
                               ? std::nan("")
                               : std::floor(random.uniform(0, static_cast<double>(levels)));
            const Surface surface = surface_of(losses);
            const MergeTree tree = merge_tree(surface);
            CHECK(pairs_of(tree) == flooded(surface));
            double share = 0;
            for (const SurfaceMinimum& minimum : tree.minima) share += minimum.share;
            CHECK(share == Approx(tree.minima.empty() ? 0 : 1));
        }
}

TEST_CASE("a plateau is one minimum, and a level surface too") {
    CHECK(merge_tree(surface_of({{1, 1, 1}, {1, 1, 1}})).minima.size() == 1);
    const MergeTree tree = merge_tree(surface_of({{0, 9, 9, 9, 1}, {9, 9, 9, 1, 9}, {9, 9, 9, 9, 1}}));
    REQUIRE(tree.minima.size() == 2);
    CHECK(tree.minima[1].birth() == 1);
    CHECK(tree.minima[1].death() == 9);
    CHECK(tree.minima[1].border);
}

TEST_CASE("a saddle where three basins meet ends two of them") {
    const MergeTree tree = merge_tree(surface_of({{0, 9, 1, 9, 9}, {9, 5, 9, 9, 9}, {9, 9, 2, 9, 9}}));
    REQUIRE(tree.minima.size() == 3);
    for (const std::size_t k : {1u, 2u}) {
        CHECK(tree.minima[k].death() == 5);
        CHECK(tree.minima[k].joins == 0);
    }
    // joins the middle one at 4 and, with it, the lowest at 6: dies at its first saddle, the other later
    const MergeTree chain = merge_tree(surface_of({{0, 6, 1, 4, 2}}));
    REQUIRE(chain.minima.size() == 3);
    CHECK(chain.minima[1].birth() == 1);
    CHECK(chain.minima[1].death() == 6);
    CHECK(chain.minima[1].leaf_end == 4);
    CHECK(chain.minima[2].joins == 1);
    CHECK(saddle_minimum_distance(chain).mean == Approx((6 + 3 + 2) / 3.0));
}

TEST_CASE("a line, holes and points that are not yet computed") {
    Surface line = surface_of({{3, 1, 2, 0, 4}});
    CHECK(pairs_of(merge_tree(line)) == std::vector<std::pair<double, double>>{{0, infinity}, {1, 2}});
    line.loss(0, 2) = std::nan("");  // it diverged: nothing joins the two
    MergeTree tree = merge_tree(line);
    REQUIRE(tree.minima.size() == 2);
    for (const SurfaceMinimum& minimum : tree.minima) {
        CHECK(minimum.persistence() == infinity);
        CHECK(minimum.significant(3));
    }
    CHECK(saddle_minimum_distance(tree).mean == 0);
    line.computed(0, 2) = 0;  // the path may be low
    tree = merge_tree(line);
    CHECK(tree.minima[0].undecided);
    CHECK(tree.significant(3) == 0);
    // decided again where the missing point is not beside the basin
    Surface wide = surface_of({{5, 1, 4, 0, 6, 7}});
    wide.loss(0, 5) = std::nan("");
    wide.computed(0, 5) = 0;
    tree = merge_tree(wide);
    CHECK_FALSE(tree.minima[1].undecided);
    CHECK(tree.minima[0].undecided);
    CHECK(merge_tree(Surface({0, 1}, {0})).minima.empty());
}

TEST_CASE("the bound of an error holds for each pair of points and is exact at the centre") {
    const SampledFunction function{29};
    const Grid grid{.from = -1, .to = 1, .steps = 5};
    const Surface surface = project(function, coordinate_plane(function.cpu, 0.2, 0.3), grid);
    const auto at = [&](std::size_t row, std::size_t column) {
        return SurfacePoint{row, column, surface.x[column], surface.y[row], surface.loss(row, column)};
    };
    std::vector<double> a(29), b(29);
    for (std::size_t first = 0; first < 25; ++first)
        for (std::size_t second = 0; second < 25; ++second) {
            const SurfacePoint p = at(first / 5, first % 5), q = at(second / 5, second % 5);
            for (std::size_t i = 0; i < 29; ++i) {
                a[i] = function.sample(i, 0.2 + p.x, 0.3 + p.y);
                b[i] = function.sample(i, 0.2 + q.x, 0.3 + q.y);
            }
            const double error = mean_and_error_of_difference(a, b).standard_error,
                         bound = bound_of_difference_error(surface, p, q);
            CHECK(error <= bound * (1 + 1e-12));
            if (second == 12) CHECK(bound == Approx(error));  // the centre itself
        }
}

TEST_CASE("noise of a known size has no significant minimum, wells above it do") {
    RandomSequence random({.seed = 3, .purpose = Purpose::test});
    const double size = 0.02;
    for (int repeat = 0; repeat < 20; ++repeat) {
        Surface noise = surface_of([](double x, double y) { return 0.1 * (x + y); },
                                   Grid{.from = -1, .to = 1, .steps = 25});
        Surface wells = surface_of([](double x, double y) { return double_well(x, y) + x / 8; },
                                   Grid{.from = -1.5, .to = 1.5, .steps = 25});
        for (Surface* surface : {&noise, &wells})
            for (std::size_t row = 0; row < 25; ++row)
                for (std::size_t column = 0; column < 25; ++column) {
                    surface->loss(row, column) += size * random.normal();
                    surface->standard_error(row, column) = size;
                    surface->difference_standard_error(row, column) = size;
                }
        const MergeTree only_noise = merge_tree(noise);
        CHECK(only_noise.minima.size() > 20);
        CHECK(only_noise.significant(3) == 1);  // the global minimum, which every surface has
        CHECK(merge_tree(wells).significant(3) == 2);
    }
}

TEST_CASE("a merge tree as JSON") {
    const auto path = std::filesystem::temp_directory_path() /
                      ("vitscape-merge-tree-" + std::to_string(::getpid()) + ".json");
    Surface surface = surface_of({{0, 6, 1, 4, 2}});
    surface.standard_error.fill(0.5);
    surface.difference_standard_error.fill(0.4);
    write_merge_tree(path, merge_tree(surface), 4);
    const auto json = load_json(path);
    std::filesystem::remove(path);
    CHECK(json.at("significant_at") == 4);
    CHECK(json.at("significant") == 2);
    CHECK(json.at("highest") == 6);
    CHECK(json.at("smad").at("mean").get<double>() == Approx(11 / 3.0));
    REQUIRE(json.at("minima").size() == 3);
    const auto& last = json.at("minima")[2];
    CHECK(last.at("x") == 4);
    CHECK(last.at("birth") == 2);
    CHECK(last.at("death") == 4);
    CHECK(last.at("saddle").at("column") == 3);
    CHECK(last.at("joins") == 1);
    CHECK(last.at("error_bound").get<double>() == Approx(0.8));
    CHECK(last.at("significant") == false);
    CHECK(last.at("border") == true);
    for (const char* name : {"death", "persistence", "saddle", "joins"})
        CHECK(json.at("minima")[0].at(name).is_null());
    for (const double k : {0.0, -1.0, infinity, std::nan("")})
        CHECK_THROWS_AS(merge_tree_json(merge_tree(surface), k), ConfigError);
}

}  // namespace merge_tree_test
