// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/landscape/adaptive_sharpness.hpp>
#include <vitscape/landscape/critical_sharpness.hpp>

#include "landscape/functions.hpp"
#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"

namespace adaptive_sharpness_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// (theta - centre)^T A (theta - centre) / 2 + slope . theta, of a few parameters.
template <Backend B>
struct Quadratic {
    std::vector<std::vector<double>> a;
    std::vector<double> centre, slope;
    B cpu = make_backend<B>(1);
    ParameterLayout parameters{};
    mutable int values = 0, gradients = 0;

    Quadratic(std::vector<std::vector<double>> matrix, std::vector<double> middle, std::vector<double> tilt)
        : a(std::move(matrix)), centre(std::move(middle)), slope(std::move(tilt)) {
        parameters.add("p", Shape{static_cast<Index>(centre.size())}, ParameterKind::bias,
                       Initializer::zeros());
    }
    [[nodiscard]] B backend() const { return cpu; }
    [[nodiscard]] const ParameterLayout& layout() const { return parameters; }
    [[nodiscard]] Vector<B> at(const std::vector<double>& theta) const { return {cpu, theta}; }
    [[nodiscard]] double value(const Vector<B>& theta) const {
        ++values;
        return compute(theta).first;
    }
    double gradient(const Vector<B>& theta, Vector<B>& out) const {
        ++gradients;
        const auto [value, derivative] = compute(theta);
        out = at(derivative);
        return value;
    }
    [[nodiscard]] std::pair<double, std::vector<double>> compute(const Vector<B>& theta) const {
        const std::vector<double> x = theta.to_host();
        double value = 0;
        std::vector<double> derivative = slope;
        for (std::size_t i = 0; i < x.size(); ++i) {
            value += slope[i] * x[i];
            for (std::size_t j = 0; j < x.size(); ++j) {
                derivative[i] += a[i][j] * (x[j] - centre[j]);
                value += (x[i] - centre[i]) * a[i][j] * (x[j] - centre[j]) / 2;
            }
        }
        return {value, derivative};
    }
};
using Quadratic64 = Quadratic<Cpu64>;

const std::vector<std::vector<double>> zero3(3, std::vector<double>(3, 0.0));
constexpr auto maximum = PerturbationNorm::maximum;

}  // namespace

TEMPLATE_LIST_TEST_CASE("the worst case of a linear loss, in both norms", "", test::Plain) {
    const Quadratic<TestType> loss(zero3, {0, 0, 0}, {1, -2, 4});
    const auto theta = loss.at({3, 0.5, -1});
    const double rho = 0.1, tolerance = 1e-5;  // |theta_i slope_i| = 3, 1, 4
    const WorstCaseRise ball = worst_case_adaptive_sharpness(loss, theta, rho);
    CHECK(ball.rise == Approx(rho * std::sqrt(26.0)).epsilon(tolerance));
    REQUIRE(ball.starts.size() == 3);
    for (const double rise : ball.starts) CHECK(rise == Approx(ball.rise).epsilon(0.01));
    const WorstCaseRise cube = worst_case_adaptive_sharpness(loss, theta, rho, {.norm = maximum});
    CHECK(cube.rise == Approx(rho * 8).epsilon(tolerance));
    // a zero is not perturbed, whatever its slope
    const auto with_zero = loss.at({3, 0.5, 0});
    CHECK(worst_case_adaptive_sharpness(loss, with_zero, rho).rise ==
          Approx(rho * std::sqrt(10.0)).epsilon(tolerance));
    CHECK(worst_case_adaptive_sharpness(loss, with_zero, rho, {.norm = maximum}).rise ==
          Approx(rho * 4).epsilon(tolerance));
    CHECK(worst_case_adaptive_sharpness(loss, loss.at({0, 0, 0}), rho).rise == 0);
}

TEST_CASE("the worst case at the minimum of a quadratic is half the largest eigenvalue of D A D") {
    const std::vector<double> theta = {2, -1, 0.5};
    const Quadratic64 loss({{2, 1, 0}, {1, 3, -1}, {0, -1, 8}}, theta, {0, 0, 0});
    // D A D = {{8, 2, 0}, {2, 3, -0.5}, {0, -0.5, 2}} up to signs of rows and columns; its largest eigenvalue by powers
    std::vector<double> e = {1, 1, 1}, next(3);
    double largest = 0;
    for (int round = 0; round < 200; ++round) {
        largest = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            next[i] = 0;
            for (std::size_t j = 0; j < 3; ++j)
                next[i] += std::abs(theta[i]) * loss.a[i][j] * std::abs(theta[j]) * e[j];
            largest += next[i] * next[i];
        }
        largest = std::sqrt(largest);
        for (std::size_t i = 0; i < 3; ++i) e[i] = next[i] / largest;
    }
    const double rho = 0.3;
    const WorstCaseRise found = worst_case_adaptive_sharpness(loss, loss.at(theta), rho, {.steps = 60});
    CHECK(found.rise == Approx(rho * rho / 2 * largest).epsilon(1e-6));
    CHECK(found.rise <= rho * rho / 2 * largest * (1 + 1e-12));  // a lower bound
    // the gradient at the minimum shows no way, so the first start is a random one
    for (const double rise : found.starts) CHECK(rise == Approx(found.rise).epsilon(1e-3));
}

TEST_CASE("the worst case in a cube of a separable quadratic is in a corner") {
    const std::vector<double> theta = {2, -1, 0.5};
    const Quadratic64 loss({{2, 0, 0}, {0, 3, 0}, {0, 0, 8}}, theta, {0, 0, 0});
    CHECK(worst_case_adaptive_sharpness(loss, loss.at(theta), 0.3, {.norm = maximum}).rise ==
          Approx(0.09 / 2 * (2 * 4 + 3 + 8 * 0.25)));
    // off the minimum: the corner with the signs of the gradient
    const std::vector<double> there = {3, -1, 1};
    const double expected = (2 * 0.9 * 0.9 / 2 + 2 * 0.9) + 3 * 0.09 / 2 + (8 * 0.09 / 2 + 4 * 0.3);
    CHECK(worst_case_adaptive_sharpness(loss, loss.at(there), 0.3, {.norm = maximum}).rise ==
          Approx(expected));
}

TEST_CASE("the worst case does not see a rescaling of the weights that leaves the function alone") {
    const auto product = [](double x, double y) { return (x * y - 1) * (x * y - 1); };
    const auto slopes = [](double x, double y) {
        return std::array{2 * y * (x * y - 1), 2 * x * (x * y - 1)};
    };
    const auto none = [](double, double) { return std::array{0.0, 0.0, 0.0}; };
    const SmoothFunction loss(product, slopes, none);
    const auto rise = [&](double x, double y, PerturbationNorm norm) {
        return worst_case_adaptive_sharpness(loss, Vector<Cpu64>(loss.cpu, std::vector<double>{x, y}), 0.2,
                                             {.norm = norm})
            .rise;
    };
    CHECK(rise(0.5, 4, maximum) == Approx(rise(20, 0.1, maximum)).epsilon(1e-10));
    CHECK(rise(0.5, 4, PerturbationNorm::euclidean) ==
          Approx(rise(20, 0.1, PerturbationNorm::euclidean)).epsilon(1e-10));
    CHECK(rise(0.5, 4, maximum) == Approx((2 * 1.44 - 1) * (2 * 1.44 - 1) - 1));
}

TEST_CASE("restarts find what lies behind a hill, and a loss that is not finite is infinitely high") {
    // in z = x - 1: a slope up to the right, and a higher rise to the left, behind a valley
    const auto none = [](double, double) { return std::array{0.0, 0.0, 0.0}; };
    const SmoothFunction loss(
        [](double x, double) {
            const double z = x - 1;
            return z > 0 ? z : 10 * z * (z + 0.4);
        },
        [](double x, double) {
            const double z = x - 1;
            return std::array{z > 0 ? 1.0 : 20 * z + 4, 0.0};
        },
        none);
    const Vector<Cpu64> theta(loss.cpu, std::vector<double>{1, 1});
    const WorstCaseRise found = worst_case_adaptive_sharpness(loss, theta, 0.9, {.restarts = 8});
    CHECK(found.starts[0] == Approx(0.9));
    CHECK(found.rise == Approx(10 * 0.9 * 0.5));
    CHECK(worst_case_adaptive_sharpness(loss, theta, 0.9, {.restarts = 0}).starts.size() == 1);
    std::vector<double> parts;  // any start by itself is that of the whole
    for (Index first = 0; first <= 8; ++first)
        parts.push_back(
            worst_case_adaptive_sharpness(loss, theta, 0.9, {.restarts = 0, .first = first}).rise);
    CHECK(parts == found.starts);

    const SmoothFunction log([](double x, double) { return -std::log(x); },
                             [](double x, double) {
                                 return std::array{-1 / x, 0.0};
                             },
                             none);
    CHECK(worst_case_adaptive_sharpness(log, theta, 1.5).rise == std::numeric_limits<double>::infinity());
}

TEMPLATE_LIST_TEST_CASE("the average case of a quadratic, within its standard error", "", test::Plain) {
    const Quadratic<TestType> loss({{2, 1, 0}, {1, 3, -1}, {0, -1, 8}}, {1, 1, 1}, {0.3, -1, 2});
    const std::vector<double> theta = {2, -1, 0};
    const double rho = 0.3, expected = rho * rho / 2 * (2 * 4 + 3 * 1);
    const NoiseRise found =
        average_case_adaptive_sharpness(loss, loss.at(theta), rho, {.draws = 400, .seed = 4});
    CHECK(std::abs(found.mean - expected) < 3 * found.standard_error);
    CHECK(found.standard_error > 0);
    CHECK(found.standard_error < 0.3);
    CHECK(found.deviation == rho);
    REQUIRE(found.rises.size() == 400);
    CHECK(loss.values == 401);
    // the draws are the stated ones
    const std::vector<double> z =
        gaussian_direction(loss.cpu, loss.parameters, 4, first_adaptive_noise + 1).to_host();
    std::vector<double> moved = theta;
    for (std::size_t i = 0; i < 3; ++i) moved[i] += rho * std::abs(theta[i]) * z[i];
    CHECK(moved[2] == 0);
    CHECK(found.rises[1] == Approx(loss.value(loss.at(moved)) - loss.value(loss.at(theta))).epsilon(1e-4));
    CHECK(
        std::isnan(average_case_adaptive_sharpness(loss, loss.at(theta), rho, {.draws = 1}).standard_error));
}

TEMPLATE_LIST_TEST_CASE("critical sharpness of a quadratic is the curvature along its gradient", "",
                        test::Plain) {
    // 9 along (1, 1, 0) / sqrt 2, 1 across and 4 along the third axis
    const Quadratic<TestType> loss({{5, 4, 0}, {4, 5, 0}, {0, 0, 4}}, {0, 0, 0}, {0, 0, 0});
    for (const double first : {0.0, 1e-4, 1e-2, 10.0}) {
        const auto sharpness = [&](std::vector<double> theta) {
            const CriticalSharpness found =
                critical_sharpness(loss, loss.at(theta), {.first_step = first, .tolerance = 1e-5});
            CHECK(found.low <= found.step);
            CHECK(found.step <= found.high);
            CHECK(found.high <= found.low * (1 + 1.1e-5));
            CHECK(found.sharpness == 2 / found.step);
            return found.sharpness;
        };
        const double tolerance = std::is_same_v<typename TestType::Storage, float> ? 1e-3 : 2e-5;
        CHECK(sharpness({1, 1, 0}) == Approx(9).epsilon(tolerance));  // eigenvectors
        CHECK(sharpness({1, -1, 0}) == Approx(1).epsilon(tolerance));
        CHECK(sharpness({0, 0, -3}) == Approx(4).epsilon(tolerance));
        // g = (9, 9, 4): g^T A g / g^T g
        CHECK(sharpness({1, 1, 1}) == Approx((9.0 * 162 + 4 * 16) / 178).epsilon(tolerance));
    }
}

TEST_CASE("critical sharpness counts its losses, and knows what it cannot know") {
    const Quadratic64 loss({{4, 0, 0}, {0, 4, 0}, {0, 0, 4}}, {0, 0, 0}, {0, 0, 0});
    loss.values = loss.gradients = 0;
    const CriticalSharpness found = critical_sharpness(loss, loss.at({1, 2, 3}), {.first_step = 0.3});
    CHECK(found.sharpness == Approx(4).epsilon(1e-3));
    CHECK(found.evaluations == loss.values - 1);
    CHECK(found.evaluations <= 13);
    CHECK(loss.gradients == 1);

    const Quadratic64 slope(zero3, {0, 0, 0}, {1, 1, 1});  // falls for ever
    const CriticalSharpness flat = critical_sharpness(slope, slope.at({1, 2, 3}), {.doublings = 20});
    CHECK(flat.sharpness == 0);
    CHECK(flat.step == std::numeric_limits<double>::infinity());
    CHECK(flat.low == Approx(0.02 * std::pow(2, 20)));  // of the loss 6, with |g|^2 = 3
    CHECK(std::isnan(critical_sharpness(loss, loss.at({0, 0, 0})).sharpness));

    // where the loss ends, it counts as a rise
    const SmoothFunction ends([](double x, double) { return x < 0.5 ? std::nan("") : x; },
                              [](double, double) {
                                  return std::array{1.0, 0.0};
                              },
                              [](double, double) {
                                  return std::array{0.0, 0.0, 0.0};
                              });
    const Vector<Cpu64> four(ends.cpu, std::vector<double>{4, 0});
    CHECK(critical_sharpness(ends, four).step == Approx(3.5).epsilon(1e-3));

    // uphill all the way: the gradient has the wrong sign
    const SmoothFunction wrong([](double x, double) { return x; },
                               [](double, double) {
                                   return std::array{-1.0, 0.0};
                               },
                               [](double, double) {
                                   return std::array{0.0, 0.0, 0.0};
                               });
    CHECK_THROWS_AS(critical_sharpness(wrong, four), NumericError);
    CHECK_THROWS_AS(critical_sharpness(loss, loss.at({1, 2})), ShapeError);
    CHECK_THROWS_AS(critical_sharpness(loss, loss.at({1, 2, 3}), {.first_step = -1}), ConfigError);
    CHECK_THROWS_AS(critical_sharpness(loss, loss.at({1, 2, 3}), {.tolerance = 1}), ConfigError);
    CHECK_THROWS_AS(critical_sharpness(loss, loss.at({1, 2, 3}), {.doublings = 0}), ConfigError);
    CHECK_THROWS_AS(critical_sharpness(loss, loss.at({std::nan(""), 2, 3})), NumericError);
}

TEST_CASE("adaptive sharpness is counted, can be stopped and needs sound options") {
    const Quadratic64 loss({{4, 0, 0}, {0, 4, 0}, {0, 0, 4}}, {0, 0, 0}, {0, 0, 0});
    const Vector<Cpu64> theta = loss.at({1, 2, 3});
    WorstCaseOptions options{.steps = 4, .restarts = 1};
    Index reported = 0;
    options.work.progress = [&](Index done, Index total) {
        CHECK(done == ++reported);
        CHECK(total == 8);
    };
    loss.values = loss.gradients = 0;
    (void)worst_case_adaptive_sharpness(loss, theta, 0.1, options);
    CHECK(reported == 8);
    CHECK(loss.gradients == 8);
    CHECK(loss.values == 9);
    reported = 0;
    options.work.interrupted = [&] { return reported == 3; };
    CHECK_THROWS_AS(worst_case_adaptive_sharpness(loss, theta, 0.1, options), Interrupted);
    AverageCaseOptions noise{.draws = 5};
    noise.work.interrupted = [] { return true; };
    CHECK_THROWS_AS(average_case_adaptive_sharpness(loss, theta, 0.1, noise), Interrupted);

    loss.values = loss.gradients = 0;
    CHECK_THROWS_AS(worst_case_adaptive_sharpness(loss, theta, 0), ConfigError);
    CHECK_THROWS_AS(worst_case_adaptive_sharpness(loss, theta, 1, {.steps = 0}), ConfigError);
    CHECK_THROWS_AS(worst_case_adaptive_sharpness(loss, theta, 1, {.restarts = -1}), ConfigError);
    CHECK_THROWS_AS(worst_case_adaptive_sharpness(loss, theta, 1, {.first = -1}), ConfigError);
    CHECK_THROWS_AS(average_case_adaptive_sharpness(loss, theta, -1), ConfigError);
    CHECK_THROWS_AS(average_case_adaptive_sharpness(loss, theta, 1, {.draws = 0}), ConfigError);
    CHECK_THROWS_AS(average_case_adaptive_sharpness(loss, loss.at({1, 2}), 1), ShapeError);
    CHECK_THROWS_AS(worst_case_adaptive_sharpness(loss, loss.at({1, 2}), 1), ShapeError);
    CHECK(loss.values == 0);
    CHECK(loss.gradients == 0);
    CHECK_THROWS_AS(worst_case_adaptive_sharpness(loss, loss.at({std::nan(""), 2, 3}), 1), NumericError);
}

}  // namespace adaptive_sharpness_test
