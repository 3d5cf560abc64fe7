// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>
#include <vector>

#include <vitscape/curvature/spectral_density.hpp>
#include <vitscape/curvature/trace.hpp>

#include "curvature/operators.hpp"
#include "support/backend_types.hpp"
#include "support/catch.hpp"

namespace spectral_density_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

using B64 = CpuPrimitives<double>;

/// As of a trained network: most eigenvalues near zero, a tail of large ones and a few negative ones.
std::vector<double> heavy_tail(std::size_t size) {
    std::vector<double> values;
    RandomSequence random({.seed = 9, .purpose = Purpose::test});
    while (values.size() < size - 12) values.push_back(0.5 * random.normal());
    for (int i = 0; i < 12; ++i) values.push_back(i < 9 ? 1.5 + 0.4 * i : -2 + 0.1 * i);
    return values;
}
double exact_share(const std::vector<double>& values, double x) {
    const auto count = std::count_if(values.begin(), values.end(), [&](double value) { return value <= x; });
    return static_cast<double>(count) / static_cast<double>(values.size());
}
double exact_moment(const std::vector<double>& values, int order) {
    double sum = 0;
    for (const double value : values) sum += std::pow(value, order);
    return sum / static_cast<double>(values.size());
}
std::vector<double> points_between(double low, double high, int count) {
    std::vector<double> points;
    for (int i = 0; i < count; ++i) points.push_back(low + (high - low) * (i + 0.5) / count);
    return points;
}

}  // namespace

TEST_CASE("the distribution of 300 eigenvalues lies within its stated errors at 95 % of all points") {
    ReflectedDiagonal<B64> a(heavy_tail(300));
    const std::vector<double> points = points_between(-2.2, 5, 100);
    for (const ProbeKind kind : {ProbeKind::normal, ProbeKind::signs}) {
        int inside = 0, near = 0, negative = 0;
        double widest = 0;
        for (std::uint64_t seed = 0; seed < 10; ++seed) {
            const SpectralDensity spectrum =
                spectral_density(a, {.probes = 20, .steps = 50, .kind = kind, .seed = seed});
            for (const double x : points) {
                const SpectralShare found = spectrum.cumulative(x);
                const double exact = exact_share(a.eigenvalues, x);
                inside += exact >= found.low - 2 * found.standard_error &&
                          exact <= found.high + 2 * found.standard_error;
                near += std::abs(exact - found.value) <= 2 * found.standard_error + 0.005;
                widest = std::max(widest, found.high - found.low);
                CHECK((found.low <= found.value && found.value <= found.high));
                CHECK(spectrum.share_above(x).value == Approx(1 - found.value).margin(1e-12));
            }
            const SpectralShare below = spectrum.share_negative();
            const double exact = exact_share(a.eigenvalues, 0);
            negative += below.low - 2 * below.standard_error <= exact &&
                        exact <= below.high + 2 * below.standard_error;
        }
        CHECK(inside >= 950);
        CHECK(near >= 850);    // the value alone, without the bounds of the quadrature
        CHECK(widest < 0.15);  // two nodes' weights of 50 nodes
        CHECK(negative >= 9);
    }
}

TEMPLATE_LIST_TEST_CASE("a spectral density on every backend", "", test::Plain) {
    ReflectedDiagonal<TestType> a(heavy_tail(300));
    const SpectralDensity spectrum = spectral_density(a, {.probes = 20, .steps = 50, .seed = 4});
    CHECK(spectrum.dimension() == 300);
    CHECK(spectrum.products() == 20 * 50);
    CHECK(a.products == 20 * 50);
    for (const int order : {1, 2, 3}) {
        const MeanAndError found = spectrum.moment(order);
        CHECK(std::abs(found.mean - exact_moment(a.eigenvalues, order)) <= 3 * found.standard_error);
        CHECK(found.standard_error > 0);
    }
    CHECK(spectrum.trace().mean == Approx(300 * spectrum.moment(1).mean));
    // the ends converge first
    const auto [smallest, largest] = std::minmax_element(a.eigenvalues.begin(), a.eigenvalues.end());
    const double tolerance = std::is_same_v<typename TestType::Storage, float> ? 1e-4 : 1e-9;
    CHECK(spectrum.range().low == Approx(*smallest).epsilon(tolerance));
    CHECK(spectrum.range().high == Approx(*largest).epsilon(tolerance));
    // the same probes and steps in double on the processor
    ReflectedDiagonal<B64> b(heavy_tail(300));
    const SpectralDensity other = spectral_density(b, {.probes = 20, .steps = 50, .seed = 4});
    for (const double x : points_between(-2.2, 5, 50))
        CHECK(spectrum.cumulative(x).value == Approx(other.cumulative(x).value).margin(0.01));
}

TEST_CASE("moments of a spectrum with outliers, whose errors are skewed, from many seeds") {
    ReflectedDiagonal<B64> a(heavy_tail(200));
    int inside = 0, near = 0;
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        const SpectralDensity spectrum = spectral_density(a, {.probes = 30, .steps = 8, .seed = seed});
        for (const int order : {1, 2, 4}) {
            const MeanAndError found = spectrum.moment(order);
            const double off = std::abs(found.mean - exact_moment(a.eigenvalues, order));
            inside += off <= 3 * found.standard_error;
            near += off <= found.standard_error;
        }
    }
    CHECK(inside >= 86);  // 89 of 90 expected if the errors were normal
    CHECK(near >= 45);    // 60 expected
    CHECK(near <= 75);
}

TEST_CASE("a probe's quadrature is exact for polynomials") {
    ReflectedDiagonal<B64> a(heavy_tail(200));
    const SpectralDensity spectrum = spectral_density(a, {.probes = 3, .steps = 4, .seed = 5});
    for (std::uint32_t k = 0; k < 3; ++k) {
        const SpectralProbe& probe = spectrum.probes()[k];
        REQUIRE(probe.nodes.size() == 4);
        CHECK(std::is_sorted(probe.nodes.begin(), probe.nodes.end()));
        CHECK_FALSE(probe.exact);
        Vector<B64> v(a.cpu, a.size());
        draw_probe(ProbeKind::normal, 5, k, v);
        Vector<B64> power = v, next = v;
        for (int order = 0; order < 8; ++order) {
            double sum = 0;
            for (std::size_t j = 0; j < 4; ++j) sum += probe.weights[j] * std::pow(probe.nodes[j], order);
            CHECK(sum == Approx(dot(v, power) / dot(v, v)).epsilon(1e-10));
            a.apply(power, next);
            power = next;
        }
    }
}

TEST_CASE("with signs as probes the first moment is the trace's estimate") {
    ReflectedDiagonal<B64> a(heavy_tail(150));
    const TraceEstimate expected = trace(a, {.samples = 6, .seed = 2});
    const MeanAndError found =
        spectral_density(a, {.probes = 6, .steps = 3, .kind = ProbeKind::signs, .seed = 2}).trace();
    CHECK(found.mean == Approx(expected.value).epsilon(1e-10));
    CHECK(found.standard_error == Approx(expected.standard_error).epsilon(1e-10));
}

TEST_CASE("few distinct eigenvalues are found exactly, each with its share") {
    std::vector<double> values(200, 0.0);
    for (std::size_t i = 0; i < 200; ++i) values[i] = i < 20 ? -1 : i < 120 ? 0 : i < 190 ? 2 : 5;
    DiagonalMatrix<B64> a(values);
    for (const Index steps : {4, 30}) {
        a.products = 0;
        const SpectralDensity spectrum =
            spectral_density(a, {.probes = 3, .steps = steps, .kind = ProbeKind::signs});
        CHECK(a.products == 3 * 4);
        CHECK(spectrum.products() == 3 * 4);
        for (const SpectralProbe& probe : spectrum.probes()) {
            REQUIRE(probe.nodes.size() == 4);
            const double expected[] = {-1, 0, 2, 5}, shares[] = {0.1, 0.5, 0.35, 0.05};
            for (std::size_t j = 0; j < 4; ++j) {
                CHECK(std::abs(probe.nodes[j] - expected[j]) < 1e-9);
                CHECK(std::abs(probe.weights[j] - shares[j]) < 1e-9);
            }
        }
        for (const double x : {-2.0, -0.5, 1.0, 3.0, 6.0}) {
            const SpectralShare found = spectrum.cumulative(x);
            CHECK(found.value == Approx(exact_share(values, x)).margin(1e-9));
            CHECK(found.standard_error < 1e-9);
            if (steps == 30) {
                CHECK(found.high - found.low < 1e-9);
            }
        }
        CHECK(spectrum.share_negative().value == Approx(0.1));  // zeros do not count, whatever their rounding
        CHECK(spectrum.share_above(1).value == Approx(0.4));
        CHECK(spectrum.share_below(-1 - 1e-6).value == 0);
    }
}

TEST_CASE("the zero operator, and more steps than dimensions") {
    DiagonalMatrix<B64> zero(std::vector<double>(50, 0.0));
    const SpectralDensity nothing = spectral_density(zero, {.probes = 2});
    CHECK(zero.products == 2);
    for (const SpectralProbe& probe : nothing.probes()) {
        CHECK(probe.nodes == std::vector<double>{0});
        CHECK(probe.weights == std::vector<double>{1});
        CHECK(probe.exact);
    }
    CHECK(nothing.moment(1).mean == 0);
    CHECK(nothing.share_negative().value == 0);
    CHECK(nothing.cumulative(0).value == 1);

    const std::vector<double> values = {-3, -1, 0.5, 1, 2, 4, 7};
    ReflectedDiagonal<B64> small(values);
    const SpectralDensity all = spectral_density(small, {.probes = 4, .steps = 100});
    CHECK(small.products == 4 * 7);
    for (const SpectralProbe& probe : all.probes()) {
        REQUIRE(probe.nodes.size() == 7);
        double sum = 0;
        for (std::size_t j = 0; j < 7; ++j) {
            CHECK(std::abs(probe.nodes[j] - values[j]) < 1e-9);
            sum += probe.weights[j];
        }
        CHECK(sum == Approx(1));
        CHECK(probe.exact);
    }
    DiagonalMatrix<B64> one(std::vector<double>{-2});
    CHECK(spectral_density(one, {.probes = 2, .steps = 1}).moment(1).mean == Approx(-2));
}

TEST_CASE("the smoothed density is that of the eigenvalues, and integrates to 1") {
    ReflectedDiagonal<B64> a(heavy_tail(400));
    const SpectralDensity spectrum = spectral_density(a, {.probes = 60, .steps = 60, .seed = 8});
    const double width = 0.15;
    const std::vector<double> points = points_between(-4, 7, 220);
    const std::vector<MeanAndError> density = spectrum.density(points, width);
    double integral = 0;
    int near = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
        integral += density[i].mean * 11.0 / 220;
        double exact = 0;
        for (const double value : a.eigenvalues)
            exact += std::exp(-(points[i] - value) * (points[i] - value) / (2 * width * width));
        exact /= 400 * width * std::sqrt(2 * std::numbers::pi);
        near += std::abs(density[i].mean - exact) <= 3 * density[i].standard_error + 1e-6;
    }
    CHECK(integral == Approx(1).epsilon(1e-6));
    CHECK(near >= 209);  // 95 %
    CHECK_THROWS_AS(spectrum.density(points, 0), ConfigError);
    CHECK_THROWS_AS(spectrum.moment(-1), ConfigError);
}

TEST_CASE("progress, interruption and bad input of a spectral density") {
    DiagonalMatrix<B64> a(std::vector<double>{1, 2, 3, 4, 5, 6});
    SpectralDensityOptions options{.probes = 2, .steps = 3};
    Index calls = 0;
    options.work.progress = [&](Index done, Index total) {
        CHECK(done == 2 * ++calls);  // both probes at once
        CHECK(total == 6);
    };
    (void)spectral_density(a, options);
    CHECK(calls == 3);
    calls = 0;
    options.work.interrupted = [&] { return calls == 2; };
    CHECK_THROWS_AS(spectral_density(a, options), Interrupted);
    CHECK(calls == 2);
    a.products = 0;
    CHECK_THROWS_AS(spectral_density(a, {.probes = 1}), ConfigError);
    CHECK_THROWS_AS(spectral_density(a, {.steps = 0}), ConfigError);
    CHECK(a.products == 0);
    DiagonalMatrix<B64> bad(std::vector<double>{1, std::numeric_limits<double>::quiet_NaN()});
    CHECK_THROWS_AS(spectral_density(bad), NumericError);
}

}  // namespace spectral_density_test
