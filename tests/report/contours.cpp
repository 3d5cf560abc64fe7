// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <vitscape/report/color_scale.hpp>
#include <vitscape/report/contour_labels.hpp>
#include <vitscape/report/contour_lines.hpp>

#include "support/catch.hpp"

namespace contours_test {

using namespace vitscape;

namespace {
GridValues grid_of(std::size_t columns, std::size_t rows, double (*f)(double, double)) {
    GridValues grid;
    for (std::size_t i = 0; i < columns; ++i)
        grid.x.push_back(-1 + 2 * static_cast<double>(i) / static_cast<double>(columns - 1));
    for (std::size_t j = 0; j < rows; ++j)
        grid.y.push_back(-1 + 2 * static_cast<double>(j) / static_cast<double>(rows - 1));
    grid.values = xt::xtensor<double, 2>(std::array{rows, columns});
    for (std::size_t j = 0; j < rows; ++j)
        for (std::size_t i = 0; i < columns; ++i) grid.values(j, i) = f(grid.x[i], grid.y[j]);
    return grid;
}
double bowl(double x, double y) { return x * x + 4 * y * y; }
double saddle(double x, double y) { return x * y; }
double ramp(double x, double) { return x; }
}  // namespace

TEST_CASE("the contour of an elliptic bowl is one closed ellipse") {
    const GridValues grid = refine(grid_of(21, 31, bowl), 8);
    const auto lines = contour_lines(grid, 0.5);
    REQUIRE(lines.size() == 1);
    const auto& points = lines[0].points;
    REQUIRE(points.size() > 100);
    CHECK(points.front() == points.back());
    double length = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
        CHECK(bowl(points[i][0], points[i][1]) == Approx(0.5).margin(2e-4));
        if (i > 0) length += std::hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]);
    }
    CHECK(length ==
          Approx(3.4257).epsilon(1e-3));  // half axes 0.7071 and 0.3536 (complete elliptic integral)
}

TEST_CASE("lines that reach the border, saddles and levels beyond the range") {
    const auto ramps = contour_lines(grid_of(5, 7, ramp), 0.25);
    REQUIRE(ramps.size() == 1);
    CHECK(ramps[0].points.size() == 7);
    for (const auto& point : ramps[0].points) CHECK(point[0] == Approx(0.25));

    const auto branches = contour_lines(grid_of(8, 8, saddle), 0.1);
    CHECK(branches.size() == 2);
    for (const auto& branch : branches)
        for (const auto& point : branch.points) CHECK(point[0] * branch.points[0][0] > 0);
    CHECK(contour_lines(grid_of(5, 5, ramp), 2).empty());
    CHECK(contour_lines(grid_of(5, 5, ramp), -2).empty());
}

TEST_CASE("points that are NaN cut lines and nothing else") {
    GridValues grid = grid_of(21, 21, ramp);
    grid.values(10, 10) = std::nan("");
    const auto lines = contour_lines(grid, 0.03);
    REQUIRE(lines.size() == 2);  // above and below the hole
    CHECK(lines[0].points.size() + lines[1].points.size() == 20);
    grid.values.fill(std::nan(""));
    CHECK(contour_lines(grid, 0).empty());
}

TEST_CASE("refining keeps the given points and follows smooth functions") {
    const GridValues grid = grid_of(11, 9, bowl), fine = refine(grid, 4);
    REQUIRE(fine.x.size() == 41);
    REQUIRE(fine.y.size() == 33);
    for (std::size_t j = 0; j < 9; ++j)
        for (std::size_t i = 0; i < 11; ++i) CHECK(fine.values(4 * j, 4 * i) == grid.values(j, i));
    for (std::size_t j = 8; j < 24; ++j)  // away from the border the curve is exact for a parabola
        for (std::size_t i = 8; i < 32; ++i)
            CHECK(fine.values(j, i) == Approx(bowl(fine.x[i], fine.y[j])).margin(1e-12));

    GridValues hole = grid;
    hole.values(4, 5) = std::nan("");
    const GridValues refined = refine(hole, 4);
    CHECK(std::isnan(refined.values(18, 22)));  // inside a cell that has the hole as a corner
    CHECK(std::isnan(refined.values(14, 18)));
    CHECK_FALSE(std::isnan(refined.values(12, 16)));  // the next given point
    CHECK_FALSE(std::isnan(refined.values(10, 22)));
}

TEST_CASE("labels lie on their lines, apart from each other, and lines leave them room") {
    const GridValues grid = refine(grid_of(21, 21, bowl), 8);
    ContourLabeller labeller({-1, 1}, {-1, 1}, 0.02, 0.04);
    std::vector<ContourLine> lines;
    for (const double level : {0.3, 0.6, 0.9, 1.2, 2.0, 3.0})
        for (const auto& line : contour_lines(grid, level)) {
            labeller.place(line, "0.00");
            lines.push_back(line);
        }
    const auto& labels = labeller.labels();
    REQUIRE(labels.size() >= 5);
    for (const ContourLabel& label : labels) {
        CHECK(bowl(label.position[0], label.position[1]) == Approx(label.level).margin(0.03));
        CHECK(std::abs(label.angle) <= 90);
        CHECK(std::max(std::abs(label.position[0]), std::abs(label.position[1])) + label.half_width < 1);
        for (const ContourLabel& other : labels)
            if (&other != &label)
                CHECK(
                    std::hypot(label.position[0] - other.position[0], label.position[1] - other.position[1]) >
                    label.half_width + other.half_width);
    }
    for (const auto& line : lines)
        for (const auto& piece : cut_at_labels(line, labels))
            for (const auto& point : piece.points)
                for (const ContourLabel& label : labels)
                    CHECK_FALSE((label.level == line.level && label.covers(point)));
}

TEST_CASE("scales choose round levels inside the range") {
    const ColorScale linear = make_color_scale(0.42, 2.7, LossScale::automatic);
    CHECK_FALSE(linear.logarithmic);
    REQUIRE(linear.levels.size() > 5);
    CHECK(linear.levels.front() == Approx(0.6));
    CHECK(linear.text(linear.levels.front()) == "0.6");
    CHECK(linear.position(0.42) == 0);
    CHECK(linear.position(2.7) == 1);

    const ColorScale wide = make_color_scale(0.4, 3e5, LossScale::automatic);
    CHECK(wide.logarithmic);
    CHECK(wide.levels.size() < 20);
    for (const double level : wide.levels) CHECK((level > 0.4 && level < 3e5));
    CHECK(wide.position(std::sqrt(0.4 * 3e5)) == Approx(0.5));

    const ColorScale narrow = make_color_scale(1.20001, 1.20009, LossScale::automatic);
    CHECK(narrow.levels.size() >= 5);
    CHECK(narrow.text(narrow.levels[0]) != narrow.text(narrow.levels[1]));
    CHECK(make_color_scale(-3, 3, LossScale::linear).text(-1) == "\u22121.0");
    const ColorScale flat = make_color_scale(2, 2, LossScale::automatic);
    CHECK(flat.low < flat.high);
    CHECK(make_color_scale(0, 0, LossScale::automatic).low < 0);
    CHECK_THROWS_AS(make_color_scale(-1, 1, LossScale::logarithmic), ConfigError);
    CHECK_THROWS_AS(make_color_scale(std::nan(""), 1, LossScale::linear), ConfigError);
}

}  // namespace contours_test
