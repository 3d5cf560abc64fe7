// SPDX-License-Identifier: Apache-2.0
//
// Eigenvalues far smaller than the largest, which are known by their own size or not at all.
#include <cmath>
#include <limits>
#include <vector>

#include <vitscape/curvature/lanczos.hpp>

#include "curvature/operators.hpp"
#include "support/backend_types.hpp"
#include "support/catch.hpp"

namespace resolved_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

using B64 = CpuPrimitives<double>;

/// 1000, `smallest`, and a bulk between 0 and 1.
std::vector<double> one_large(double smallest) {
    std::vector<double> values = {1000, smallest};
    for (int i = 1; i < 299; ++i) values.push_back(i / 300.0);
    return values;
}

}  // namespace

TEST_CASE("a pair that has converged by the largest eigenvalue may still be noise") {
    ReflectedDiagonal<B64> a(one_large(-0.001));
    const auto few = lanczos(a, {.largest = 1, .smallest = 1});
    CHECK(few.converged());  // within 1e-6 of 1000
    CHECK(few.largest[0].resolved());
    CHECK(few.largest[0].value == Approx(1000));
    CHECK_FALSE(few.smallest[0].resolved());
    CHECK_FALSE(few.resolved());
    CHECK(few.smallest[0].bound() == std::abs(few.smallest[0].value) + few.smallest[0].residual);
    CHECK(few.smallest[0].bound() >= 0.001);

    const auto more = lanczos(a, {.largest = 1, .smallest = 1, .own_share = 0.1});
    CHECK(more.converged());
    CHECK(more.resolved());
    CHECK(more.products > few.products);
    CHECK(more.smallest[0].value < 0);
    CHECK(std::abs(more.smallest[0].value + 0.001) <= more.smallest[0].residual);
    CHECK(more.smallest[0].residual <= 0.1 * 0.001 * 1.1);
    CHECK(more.smallest[0].resolved(0.1));
    CHECK(more.largest[0].resolved(1e-6));

    const auto stopped = lanczos(a, {.largest = 1, .smallest = 1, .steps = 10, .own_share = 0.1});
    CHECK(stopped.products == 10);
    CHECK_FALSE(stopped.converged());
    CHECK_FALSE(stopped.resolved());
    CHECK(stopped.largest[0].resolved());
}

TEST_CASE("a tighter share gives more digits") {
    ReflectedDiagonal<B64> a(one_large(-0.05));
    const auto rough = lanczos(a, {.largest = 0, .smallest = 1, .own_share = 0.5}),
               fine = lanczos(a, {.largest = 0, .smallest = 1, .own_share = 1e-4});
    CHECK(fine.products > rough.products);
    CHECK(fine.smallest[0].resolved(1e-4));
    CHECK(fine.smallest[0].value == Approx(-0.05).epsilon(1e-4));
}

TEST_CASE("an eigenvalue of zero cannot be resolved, and the search for it ends at rounding") {
    ReflectedDiagonal<B64> a(one_large(0));
    const auto spectrum = lanczos(a, {.largest = 1, .smallest = 1, .own_share = 0.1});
    CHECK(spectrum.converged());
    CHECK_FALSE(spectrum.smallest[0].resolved());
    CHECK(spectrum.smallest[0].bound() < 1e-9);
    CHECK(spectrum.products <= 300);
}

TEST_CASE("further copies of a small eigenvalue are told apart by its own size") {
    std::vector<double> values = one_large(-0.02);
    values[2] = -0.02;
    values[3] = -0.015;
    ReflectedDiagonal<B64> a(values);
    const auto spectrum = lanczos(a, {.largest = 1, .smallest = 3, .steps = 1000, .own_share = 0.01});
    CHECK(spectrum.verified);
    CHECK(spectrum.resolved(0.01));
    CHECK(spectrum.smallest[0].value == Approx(-0.02).epsilon(0.01));
    CHECK(spectrum.smallest[1].value == Approx(-0.02).epsilon(0.01));
    CHECK(spectrum.smallest[2].value == Approx(-0.015).epsilon(0.01));
}

TEMPLATE_LIST_TEST_CASE("the share of a pair's own size on every backend, with restarts", "", test::Plain) {
    ReflectedDiagonal<TestType> a(one_large(-0.5));
    const auto spectrum = lanczos(a, {.largest = 1,
                                      .smallest = 1,
                                      .steps = 2000,
                                      .own_share = 0.1,
                                      .memory_limit = 40 * 300 * sizeof(typename TestType::Storage)});
    CHECK(spectrum.resolved());
    CHECK(std::abs(spectrum.smallest[0].value + 0.5) <= spectrum.smallest[0].residual);
}

TEST_CASE("a share of an eigenvalue's own size lies below 1") {
    ReflectedDiagonal<B64> a(one_large(-1));
    CHECK_THROWS_AS(lanczos(a, {.own_share = 1}), ConfigError);
    CHECK_THROWS_AS(lanczos(a, {.own_share = -0.1}), ConfigError);
    CHECK_THROWS_AS(lanczos(a, {.own_share = std::numeric_limits<double>::quiet_NaN()}), ConfigError);
    CHECK(a.products == 0);
}

}  // namespace resolved_test
