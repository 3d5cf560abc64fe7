// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <type_traits>
#include <vector>

#include <vitscape/curvature/lanczos.hpp>

#include "curvature/operators.hpp"
#include "support/backend_types.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"

namespace lanczos_test {

using namespace vitscape;
using namespace vitscape::test;

static_assert(TwiceDifferentiable<const MonkeySaddle, CpuPrimitives<double>>);
static_assert(SymmetricOperator<ReflectedDiagonal<CpuPrimitives<float>>, CpuPrimitives<float>>);

namespace {

/// The ends are those of the known spectrum: each within its own stated residual.
template <class Spectrum>
void check_ends(const Spectrum& spectrum, std::vector<double> expected, std::size_t largest,
                std::size_t smallest) {
    std::sort(expected.begin(), expected.end());
    REQUIRE(spectrum.smallest.size() == smallest);
    REQUIRE(spectrum.largest.size() == largest);
    CHECK(spectrum.converged());
    for (std::size_t i = 0; i < smallest; ++i) {
        INFO("smallest " << i);
        CHECK(std::abs(spectrum.smallest[i].value - expected[i]) <= spectrum.smallest[i].residual);
    }
    for (std::size_t i = 0; i < largest; ++i) {
        INFO("largest " << i << " off by " << spectrum.largest[i].value - expected[expected.size() - 1 - i]
                        << ", stated " << spectrum.largest[i].residual);
        CHECK(std::abs(spectrum.largest[i].value - expected[expected.size() - 1 - i]) <=
              spectrum.largest[i].residual);
    }
}

/// As of a trained network: a bulk near zero and clustered outliers on both sides.
std::vector<double> network_like(std::size_t size) {
    std::vector<double> values;
    RandomSequence random({.seed = 3, .purpose = Purpose::test});
    while (values.size() < size - 10) values.push_back(0.1 * random.normal());
    for (const double outlier : {5.0, 4.9, 4.88, 4.0, 1.5}) values.push_back(outlier);
    for (const double outlier : {-2.0, -1.99, -1.9, -1.2, -1.0}) values.push_back(outlier);
    return values;
}

std::vector<double> evenly_spaced(std::size_t size) {
    std::vector<double> values(size);
    for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<double>(i) / static_cast<double>(size);
    return values;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("the clustered ends of a spectrum of 2000 eigenvalues", "", test::Plain) {
    ReflectedDiagonal<TestType> a(network_like(2000));
    const auto spectrum = lanczos(a);
    check_ends(spectrum, a.eigenvalues, 5, 5);
    CHECK(spectrum.verified);
    CHECK(spectrum.products == a.products);
    CHECK(spectrum.products < 200);
    const double tolerance = std::is_same_v<typename TestType::Storage, float> ? 2e-4 : 2e-6;
    for (const auto& pair : spectrum.largest) CHECK(pair.residual < tolerance * 5);
    CHECK(spectrum.largest[0].vector.size() == 0);
}

TEMPLATE_LIST_TEST_CASE("the spectrum of the reference's Hessian", "", test::Plain) {
    ReflectedDiagonal<TestType> a(golden_tensors("hessian").at("eigenvalues").to<double>());
    const auto spectrum = lanczos(a);
    check_ends(spectrum, a.eigenvalues, 5, 5);
    CHECK(spectrum.verified);
    CHECK(spectrum.products < 150);
}

TEST_CASE("ends that are no outliers") {
    const std::vector<double> even = evenly_spaced(500);
    ReflectedDiagonal<CpuPrimitives<double>> a(even);
    check_ends(lanczos(a, {.largest = 3, .smallest = 2}), even, 3, 2);
}

TEST_CASE("residuals and vectors are what they claim to be") {
    using B = CpuPrimitives<double>;
    ReflectedDiagonal<CpuPrimitives<double>> a(network_like(300));
    const auto stated = lanczos(a, {.largest = 2, .smallest = 2, .tolerance = 1e-3, .vectors = true});
    const auto measured =
        lanczos(a, {.largest = 2, .smallest = 2, .tolerance = 1e-3, .measure_residuals = true});
    CHECK(measured.products == stated.products + 4);
    for (std::size_t i = 0; i < 2; ++i) {
        const Vector<B>& v = stated.largest[i].vector;
        Vector<B> image(a.cpu, v.size());
        a.apply(v, image);
        CHECK(norm(v) == Approx(1).epsilon(1e-12));
        CHECK(dot(v, image) == Approx(stated.largest[i].value).epsilon(1e-10));
        axpby(-stated.largest[i].value, v, 1, image);
        CHECK(norm(image) == Approx(measured.largest[i].residual).epsilon(1e-9));
        CHECK(norm(image) <= stated.largest[i].residual);
        CHECK(stated.largest[i].residual <= 1.0001 * norm(image) + 1e-12);
        CHECK(std::abs(dot(v, stated.smallest[i].vector)) < 1e-10);
    }
}

TEST_CASE("copies of multiple eigenvalues are found") {
    std::vector<double> values = network_like(400);
    for (int copies = 0; copies < 3; ++copies) values.push_back(5.0);  // four in all
    for (int copies = 0; copies < 2; ++copies) values.push_back(-2.0);
    ReflectedDiagonal<CpuPrimitives<double>> a(values);
    check_ends(lanczos(a), values, 5, 5);

    // A positive semidefinite operator of low rank: its smallest eigenvalue, 0, has many copies.
    std::vector<double> low_rank(200, 0.0);
    for (int i = 0; i < 20; ++i) low_rank[static_cast<std::size_t>(i)] = 1 + i;
    ReflectedDiagonal<CpuPrimitives<double>> b(low_rank);
    check_ends(lanczos(b, {.largest = 3, .smallest = 3}), low_rank, 3, 3);
}

TEST_CASE("invariant subspaces: few distinct eigenvalues, the identity, zero") {
    std::vector<double> three(60);
    for (std::size_t i = 0; i < 60; ++i) three[i] = static_cast<double>(i % 3);
    ReflectedDiagonal<CpuPrimitives<double>> a(three);
    check_ends(lanczos(a), three, 5, 5);
    ReflectedDiagonal<CpuPrimitives<double>> identity(std::vector<double>(30, 1.0));
    check_ends(lanczos(identity), identity.eigenvalues, 5, 5);
    ReflectedDiagonal<CpuPrimitives<float>> zero(std::vector<double>(30, 0.0));
    check_ends(lanczos(zero), zero.eigenvalues, 5, 5);
}

TEST_CASE("dimensions below the steps and below the number of eigenvalues") {
    for (std::size_t dimension = 1; dimension <= 12; ++dimension) {
        INFO(dimension);
        std::vector<double> values;
        for (std::size_t i = 0; i < dimension; ++i) values.push_back(static_cast<double>(i * i) - 10);
        ReflectedDiagonal<CpuPrimitives<double>> a(values);
        const auto spectrum = lanczos(a);
        check_ends(spectrum, values, std::min<std::size_t>(5, dimension),
                   std::min<std::size_t>(5, dimension));
        CHECK(spectrum.verified);
        CHECK(spectrum.products <= static_cast<Index>(dimension) + 4);
    }
}

TEST_CASE("one end alone") {
    ReflectedDiagonal<CpuPrimitives<double>> a(network_like(300));
    check_ends(lanczos(a, {.largest = 4, .smallest = 0}), a.eigenvalues, 4, 0);
    check_ends(lanczos(a, {.largest = 0, .smallest = 1}), a.eigenvalues, 0, 1);
}

TEMPLATE_LIST_TEST_CASE("a memory limit is kept by restarting", "", test::Plain) {
    ReflectedDiagonal<TestType> a(network_like(2000));
    const std::size_t vector_bytes = 2000 * sizeof(typename TestType::Storage);
    const std::size_t before = a.cpu.memory().bytes_in_use();
    std::size_t most = 0;
    LanczosOptions options{.steps = 1000, .memory_limit = 40 * vector_bytes};
    options.progress = [&](const LanczosProgress&) {
        most = std::max(most, a.cpu.memory().bytes_in_use() - before);
    };
    const auto spectrum = lanczos(a, options);
    check_ends(spectrum, a.eigenvalues, 5, 5);
    CHECK(spectrum.products > 15);                          // 14 basis vectors fit beside the others
    CHECK(most <= 40 * (vector_bytes + vector_bytes / 8));  // the pool rounds sizes up by at most an eighth
    CHECK(a.cpu.memory().peak_bytes() - before <= 40 * (vector_bytes + vector_bytes / 8));

    options.memory_limit = 20 * vector_bytes;
    a.products = 0;
    CHECK_THROWS_AS(lanczos(a, options), ConfigError);
    CHECK(a.products == 0);
}

TEST_CASE("many restarts reach ends that are no outliers") {
    const std::vector<double> even = evenly_spaced(500);
    ReflectedDiagonal<CpuPrimitives<double>> a(even);
    const auto spectrum = lanczos(
        a,
        {.largest = 3, .smallest = 2, .steps = 3000, .memory_limit = std::size_t{40} * 500 * sizeof(double)});
    check_ends(spectrum, even, 3, 2);
    CHECK(spectrum.products > 100);
}

TEST_CASE("too few steps are reported, not hidden") {
    ReflectedDiagonal<CpuPrimitives<double>> a(network_like(2000));
    const auto spectrum = lanczos(a, {.steps = 12});
    CHECK(spectrum.products == 12);
    CHECK_FALSE(spectrum.converged());
    CHECK_FALSE(spectrum.verified);
    REQUIRE(spectrum.largest.size() == 5);
    const auto& values = a.eigenvalues;
    for (const auto& pair : spectrum.largest)  // the bound holds for pairs that have not converged, too
        CHECK(std::any_of(values.begin(), values.end(),
                          [&](double value) { return std::abs(value - pair.value) <= pair.residual; }));
}

TEST_CASE("progress, seeds and repeatability") {
    ReflectedDiagonal<CpuPrimitives<double>> a(network_like(500));
    Index calls = 0;
    double last_residual = 1;
    LanczosOptions options;
    options.progress = [&](const LanczosProgress& now) {
        CHECK(now.products == ++calls);
        CHECK(now.limit == 300);
        last_residual = now.residual;
    };
    const auto one = lanczos(a, options), two = lanczos(a), other = lanczos(a, {.seed = 1});
    CHECK(calls == one.products);
    CHECK(last_residual <= 1e-6);
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(one.largest[i].value == two.largest[i].value);
        CHECK(std::abs(one.largest[i].value - other.largest[i].value) <=
              one.largest[i].residual + other.largest[i].residual);
    }
    options.progress = [](const LanczosProgress&) { throw Interrupted("stop"); };
    CHECK_THROWS_AS(lanczos(a, options), Interrupted);
}

TEST_CASE("the Hessian of an objective") {
    using B = CpuPrimitives<double>;
    const MonkeySaddle saddle;
    const Vector<B> theta(saddle.cpu, std::vector<double>{0.5, -1});
    const auto spectrum = lanczos(hessian(saddle, theta), {.largest = 1, .smallest = 1});
    CHECK(spectrum.largest[0].value == Approx(6 * std::sqrt(1.25)));
    CHECK(spectrum.smallest[0].value == Approx(-6 * std::sqrt(1.25)));
    CHECK_THROWS_AS(hessian(saddle, spectrum.largest[0].vector), ShapeError);
}

TEST_CASE("invalid options and products that are not finite") {
    ReflectedDiagonal<CpuPrimitives<double>> a(network_like(100));
    CHECK_THROWS_AS(lanczos(a, {.largest = 0, .smallest = 0}), ConfigError);
    CHECK_THROWS_AS(lanczos(a, {.largest = -1}), ConfigError);
    CHECK_THROWS_AS(lanczos(a, {.steps = 9}), ConfigError);
    CHECK(a.products == 0);
    ReflectedDiagonal<CpuPrimitives<double>> nothing(std::vector<double>{});
    CHECK_THROWS_AS(lanczos(nothing), ConfigError);
    a.eigenvalues[3] = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(lanczos(a), NumericError);
}

}  // namespace lanczos_test
