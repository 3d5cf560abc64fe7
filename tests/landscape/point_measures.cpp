// SPDX-License-Identifier: Apache-2.0
//
// Numbers at the points of a surface beside the loss: of functions whose derivatives are known, interrupted, resumed and in
// files.
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/landscape/point_eigenvalues.hpp>
#include <vitscape/landscape/point_norms.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/surface_io.hpp>

#include "landscape/functions.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/surfaces.hpp"
#include "support/temporary_folder.hpp"

namespace point_measures_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

const PlaneGrid grid{Grid{.from = -1, .to = 1, .steps = 5}, Grid{.from = 0, .to = 1, .steps = 3}};

/// x of the point with an error of 2; counts how often it is asked.
struct Abscissa {
    std::string name = "abscissa", meaning = "x";
    int asked = 0;
    std::vector<NumberCard> numbers() const {
        return {{.name = name, .label = "x", .meaning = meaning, .error = NumberError::bound}};
    }
    template <class Point>
    void measure(Point& point, std::span<MeasuredNumber> out) {
        ++asked;
        out[0] = {point.theta().data()[0], 2};
    }
};

/// A surface with holes and two numbers, one of them with errors.
Surface measured_surface() {
    Surface surface = holed_surface();
    for (const NumberError error : {NumberError::standard_error, NumberError::none}) {
        SurfaceNumber number = SurfaceNumber::of(
            {error == NumberError::none ? "weight_norm" : "accuracy_top1", "label", "meaning, \"so\"", error},
            surface.loss);
        for (std::size_t i = 0; i < 11; ++i) {
            number.values.data()[i] = 0.1 * static_cast<double>(i);
            if (error != NumberError::none) number.errors.data()[i] = 0.01 * static_cast<double>(i);
        }
        number.centre = {0.25, error == NumberError::none ? std::nan("") : 0.125};
        surface.numbers.push_back(std::move(number));
    }
    return surface;
}

}  // namespace

TEST_CASE("norms and eigenvalues at the points are those of the function") {
    const SmoothFunction saddle = smooth_monkey_saddle();
    const double x0 = 0.5, y0 = -0.25;
    const Surface surface =
        project(saddle, coordinate_plane(saddle.cpu, x0, y0), grid, {}, PointWeightNorm{},
                PointGradientNorm{}, PointEigenvalues{.steps = 10, .tolerance = 1e-8, .seed = 3});
    std::vector<std::string> names;
    for (const SurfaceNumber& number : surface.numbers) names.push_back(number.card.name);
    REQUIRE(names == std::vector<std::string>{"weight_norm", "gradient_norm", "eigenvalue_max",
                                              "eigenvalue_min", "eigenvalue_ratio"});
    const auto& n = surface.numbers;
    for (std::size_t row = 0; row < 3; ++row)
        for (std::size_t column = 0; column < 5; ++column) {
            const double x = x0 + surface.x[column], y = y0 + surface.y[row];
            CHECK(surface.loss(row, column) == Approx(monkey_saddle(x, y)).margin(1e-14));
            CHECK(n[0].values(row, column) == Approx(std::hypot(x, y)));
            CHECK(n[1].values(row, column) ==
                  Approx(std::hypot(3 * x * x - 3 * y * y, 6 * x * y)).margin(1e-14));
            CHECK(std::isnan(n[1].errors(row, column)));
            const double ends = 6 * std::hypot(x, y);  // of both signs
            CHECK(std::abs(n[2].values(row, column) - ends) <= n[2].errors(row, column));
            CHECK(std::abs(n[3].values(row, column) + ends) <= n[3].errors(row, column));
            CHECK(n[2].errors(row, column) < 1e-7 * std::max(ends, 1e-3));
            CHECK(std::abs(n[4].values(row, column) - 1) <= n[4].errors(row, column));
            CHECK(n[4].errors(row, column) < 1e-6);
        }
    CHECK(n[0].centre.value == Approx(std::hypot(x0, y0)));
    CHECK(n[2].centre.value == Approx(6 * std::hypot(x0, y0)));
    CHECK(std::abs(n[3].centre.value + 6 * std::hypot(x0, y0)) <= n[3].centre.error);
}

TEST_CASE("an eigenvalue that the steps do not reach has the bound that it has") {
    // 30 dimensions whose Hessian has the eigenvalues 1 to 30
    struct Bowl {
        Cpu64 cpu{1};
        ParameterLayout parameters{};
        Bowl() { parameters.add("p", Shape{1, 30}, ParameterKind::weight, Initializer::zeros()); }
        Cpu64 backend() const { return cpu; }
        const ParameterLayout& layout() const { return parameters; }
        double value(const Vector<Cpu64>& theta) const {
            double sum = 0;
            for (std::size_t i = 0; i < 30; ++i)
                sum += 0.5 * static_cast<double>(i + 1) * theta.data()[i] * theta.data()[i];
            return sum;
        }
        double gradient(const Vector<Cpu64>& theta, Vector<Cpu64>& out) const {
            hessian_vector(theta, theta, out);
            return value(theta);
        }
        void hessian_vector(const Vector<Cpu64>&, const Vector<Cpu64>& v, Vector<Cpu64>& out) const {
            for (std::size_t i = 0; i < 30; ++i) out.data()[i] = static_cast<double>(i + 1) * v.data()[i];
        }
    };
    Bowl bowl;
    const Vector<Cpu64> theta(bowl.cpu, 30), along(bowl.cpu, std::vector<double>(30, 0.1));
    const Line<Cpu64> line(theta, along);
    for (const Index steps : {4, 30}) {
        const Surface surface = project(bowl, line, Grid{.from = 0, .to = 1, .steps = 2}, {},
                                        PointEigenvalues{.steps = steps, .tolerance = 1e-9});
        const double high = surface.numbers[0].values(0, 0), low = surface.numbers[1].values(0, 0),
                     ratio = surface.numbers[2].values(0, 0);
        // some eigenvalue, a whole number here, lies within the bound
        CHECK(std::abs(high - std::round(high)) <= surface.numbers[0].errors(0, 0));
        CHECK(std::abs(low - std::round(low)) <= surface.numbers[1].errors(0, 0));
        CHECK((surface.numbers[0].errors(0, 0) > 0.01) == (steps == 4));
        if (steps == 4) continue;
        CHECK(high == Approx(30));
        CHECK(low == Approx(1));
        CHECK(ratio == Approx(1.0 / 30));
    }
    CHECK_THROWS_AS(
        project(bowl, line, Grid{.from = 0, .to = 1, .steps = 2}, {}, PointEigenvalues{.steps = 1}),
        ConfigError);
}

TEST_CASE("where nothing is finite the numbers are gaps, and the point counts as computed") {
    const SmoothFunction root{[](double x, double y) { return std::sqrt(x) + y; },
                              [](double x, double) {
                                  return std::array{0.5 / std::sqrt(x), 1.0};
                              },
                              [](double x, double) {
                                  return std::array{-0.25 / (x * std::sqrt(x)), 0.0, 0.0};
                              }};
    const Surface surface =
        project(root, coordinate_plane(root.cpu, 1, 0), Grid{.from = -2, .to = 2, .steps = 5}, {},
                PointGradientNorm{}, PointEigenvalues{.steps = 5}, PointWeightNorm{});
    CHECK(surface.complete());
    for (const std::size_t column : {0u, 1u}) {  // x is -1, without a loss, and 0, with one but no derivative
        CHECK(std::isnan(surface.loss(2, column)) == (column == 0));
        for (std::size_t i = 0; i < 4; ++i) {
            CHECK(std::isnan(surface.numbers[i].values(2, column)));
            CHECK(std::isnan(surface.numbers[i].errors(2, column)));
        }
        CHECK(surface.numbers[4].values(2, column) == Approx(column == 0 ? 1 : 0));
    }
    CHECK(surface.numbers[2].values(2, 2) == Approx(-0.25));
    CHECK(std::isnan(surface.numbers[3].values(2, 2)));  // the largest eigenvalue is zero there
}

TEST_CASE("a measure of one's own, or an optional one, stands where it was given") {
    const PlaneFunction function{parabola_and_ramp};
    const auto plane = coordinate_plane(function.cpu, 0.25, 0);
    Abscissa own;
    std::optional<PointWeightNorm> norm, none;
    norm.emplace();
    const Surface surface = project(function, plane, grid, {}, own, none, norm);
    REQUIRE(surface.numbers.size() == 2);
    CHECK(own.asked == 1 + 15);
    CHECK(surface.numbers[0].card == own.numbers().front());
    CHECK(surface.numbers[0].values(1, 3) == 0.75);
    CHECK(surface.numbers[0].errors(1, 3) == 2);
    CHECK(surface.numbers[0].centre.value == 0.25);
    CHECK(surface.numbers[1].values(0, 2) == 0.25);
    CHECK(same_numbers(surface.loss, project(function, plane, grid).loss));
    const Surface shown = surface_of(surface, surface.numbers[0]);
    CHECK(same_numbers(shown.loss, surface.numbers[0].values));
    CHECK(std::isnan(shown.standard_error(0, 0)));  // a bound is none
    CHECK(shown.complete());

    const auto refusal = [&](const std::string& name) {
        return error_text<ConfigError>(
            [&] { (void)project(function, plane, grid, {}, Abscissa{.name = name}, PointWeightNorm{}); });
    };
    CHECK(contains(refusal("weight_norm"), "two measures give a number called 'weight_norm'"));
    for (const char* name :
         {"", "loss", "computed", "train_loss", "a b", "Top", "1st", "a_bound", "b_standard_error"})
        CHECK(contains(refusal(name), "cannot be called '" + std::string(name) + "'"));
}

TEST_CASE("a surface with numbers goes on where it was stopped, also within a measure") {
    const SmoothFunction saddle = smooth_monkey_saddle();
    const auto plane = coordinate_plane(saddle.cpu, 0.3, 0.1);
    const PointEigenvalues ends{.steps = 8, .seed = 1};
    const Surface whole = project(saddle, plane, grid, {}, ends, PointGradientNorm{});
    bool within = false;
    for (int stop = 3; stop < 60; stop += 4) {  // questions whether to stop come before points and products
        Surface saved;
        int asked = 0;
        ProjectionOptions options;
        options.after_row = [&](const Surface& surface) { saved = surface; };
        options.work.interrupted = [&] { return ++asked == stop; };
        const std::string text = error_text<Interrupted>(
            [&] { (void)project(saddle, plane, grid, options, ends, PointGradientNorm{}); });
        if (text.empty()) break;
        within = within || (saved.computed_points() > 0 && !saved.complete());
        if (saved.x.empty()) continue;  // before the first point
        CHECK(contains(text, message("stopped after ", saved.computed_points(), " of 15")));
        for (std::size_t i = 0; i < 15; ++i)
            CHECK(std::isnan(saved.numbers[0].values.data()[i]) == (saved.computed.data()[i] == 0));
        ProjectionOptions again;
        Index left = -1;
        again.resume = &saved;
        again.after_centre = [&](const Surface& surface, Index points) {
            left = points;
            CHECK(std::isfinite(surface.numbers[0].centre.value));
        };
        const Surface resumed = project(saddle, plane, grid, again, ends, PointGradientNorm{});
        CHECK(left == 15 - saved.computed_points());
        CHECK(surface_json(resumed, {}) == surface_json(whole, {}));
    }
    CHECK(within);
    Abscissa own;
    ProjectionOptions complete;
    const Surface with_own = project(saddle, plane, grid, {}, own);
    complete.resume = &with_own;
    own.asked = 0;
    (void)project(saddle, plane, grid, complete, own);
    CHECK(own.asked == 0);
}

TEST_CASE("a surface is not completed with other measures") {
    const SmoothFunction saddle = smooth_monkey_saddle();
    const auto plane = coordinate_plane(saddle.cpu, 0.3, 0.1);
    const Surface plain = project(saddle, plane, grid);
    const Surface measured =
        project(saddle, plane, grid, {}, PointGradientNorm{}, PointEigenvalues{.steps = 8});
    const auto refusal = [&](const Surface& resume, auto... measures) {
        ProjectionOptions options;
        options.resume = &resume;
        return error_text<ConfigError>([&] { (void)project(saddle, plane, grid, options, measures...); });
    };
    CHECK(contains(refusal(plain, PointGradientNorm{}), "the loss alone; requested are gradient_norm"));
    CHECK(contains(
        refusal(measured),
        "gradient_norm, eigenvalue_max, eigenvalue_min, eigenvalue_ratio; requested are the loss alone"));
    CHECK(contains(refusal(measured, PointEigenvalues{.steps = 8}, PointGradientNorm{}), "other numbers"));
    const std::string steps = refusal(measured, PointGradientNorm{}, PointEigenvalues{.steps = 9});
    CHECK(contains(steps, "eigenvalue_max measured in another way"));
    CHECK(contains(steps, "at most 9 Lanczos steps"));
    CHECK(refusal(measured, PointGradientNorm{}, PointEigenvalues{.steps = 8}).empty());
}

TEST_CASE("every format holds the numbers, and those that are read give them back") {
    const TemporaryFolder folder;
    const Surface surface = measured_surface();
    std::vector<std::string> endings{".json", ".csv", ".npy", ".vts", ".obj"};
    if (has_hdf5) endings.emplace_back(".h5");
    write_surfaces(folder / "a.b", endings, surface, {{"seed", 7}});
    for (const std::string ending : {".json", ".h5"}) {
        if (ending == ".h5" && !has_hdf5) continue;
        const StoredSurface stored = load_surface(folder / ("a.b" + ending));
        CHECK(surface_json(stored.surface, stored.metadata) == surface_json(surface, {{"seed", 7}}));
        REQUIRE(stored.surface.numbers.size() == 2);
        for (std::size_t i = 0; i < 2; ++i) {
            CHECK(stored.surface.numbers[i].card == surface.numbers[i].card);
            CHECK(same_numbers(stored.surface.numbers[i].values, surface.numbers[i].values));
            CHECK(same_numbers(stored.surface.numbers[i].errors, surface.numbers[i].errors));
        }
    }
    const std::string csv = read_text(folder / "a.b.csv");
    CHECK(
        csv.starts_with("x,y,loss,standard_error,difference_standard_error,accuracy_top1,accuracy_top1_"
                        "standard_error,weight_norm\n-1,0,0.5,0.1,0,0,0,0\n0,0,1.5,0.1,0.01,0.1,0.01,0.1\n"));
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 1 + 11);
    CHECK(load_npy<double>(folder / "a.b_accuracy_top1.npy")(1, 2) == surface.numbers[0].values(1, 2));
    CHECK(std::isnan(load_npy<double>(folder / "a.b_weight_norm.npy")(2, 3)));
    const std::string vts = read_text(folder / "a.b.vts");
    for (const char* name : {"accuracy_top1", "accuracy_top1_standard_error", "weight_norm"})
        CHECK(contains(vts, message("Name=\"", name, "\"")));
    CHECK_FALSE(contains(vts, "weight_norm_"));
}

TEST_CASE("files whose numbers do not fit are refused by name") {
    const TemporaryFolder folder;
    const auto path = folder / "a.json";
    const std::string good = surface_json(measured_surface(), {});
    const auto refusal = [&](const std::string& from, const std::string& to) {
        std::string text = good;
        text.replace(text.find(from), from.size(), to);
        write_atomically(path, text);
        return error_text<IoError>([&] { (void)load_surface(path); });
    };
    CHECK(refusal("\"label\"", "\"label\"").empty());
    CHECK(contains(refusal("\"name\":\"accuracy_top1\"", "\"name\":\"loss\""),
                   "no name that a number can have"));
    CHECK(contains(refusal("\"name\":\"accuracy_top1\"", "\"name\":\"weight_norm\""), "that of two numbers"));
    CHECK(contains(refusal("\"error\":\"standard_error\"", "\"error\":\"guess\""), "no kind of error"));
    CHECK(contains(refusal("\"error\":\"standard_error\"", "\"error\":\"bound\""), "accuracy_top1_bound"));
    CHECK(contains(refusal("\"meaning\"", "\"meant\""), "meaning"));
    CHECK(contains(refusal("\"weight_norm\": [", "\"weight\": ["), "weight_norm"));
    CHECK(contains(refusal("\"weight_norm\": [", "\"weight_norm\": [[],"), "has 4 rows"));
}

}  // namespace point_measures_test
