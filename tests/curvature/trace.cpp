// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include <vitscape/curvature/block.hpp>
#include <vitscape/curvature/spectral_density.hpp>
#include <vitscape/curvature/trace.hpp>

#include "curvature/operators.hpp"
#include "support/backend_types.hpp"
#include "support/catch.hpp"

namespace trace_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {
std::vector<double> ramp(std::size_t size) {
    std::vector<double> values(size);
    for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<double>(i % 7) - 2;
    return values;
}
/// A diagonal matrix, for which each probe is exact.
struct Diagonal {
    using B = CpuPrimitives<double>;
    B cpu{1};
    std::vector<double> values;
    [[nodiscard]] B backend() const { return cpu; }
    [[nodiscard]] Index size() const { return static_cast<Index>(values.size()); }
    void apply(const Vector<B>& v, Vector<B>& out) const {
        for (Index i = 0; i < size(); ++i) out.data()[i] = values[static_cast<std::size_t>(i)] * v.data()[i];
    }
};
}  // namespace

TEST_CASE("the trace of a diagonal operator is exact and without error") {
    const Diagonal a{.values = ramp(300)};
    const TraceEstimate estimate = trace(a, {.samples = 3});
    CHECK(estimate.value == Approx(std::accumulate(a.values.begin(), a.values.end(), 0.0)));
    CHECK(estimate.standard_error < 1e-10);
}

TEMPLATE_LIST_TEST_CASE("the trace of a dense operator within its standard error", "", test::Plain) {
    ReflectedDiagonal<TestType> a(ramp(300));
    a.eigenvalues[0] = 500;  // makes the matrix far from diagonal
    const double exact = std::accumulate(a.eigenvalues.begin(), a.eigenvalues.end(), 0.0);
    int inside = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const TraceEstimate estimate = trace(a, {.samples = 40, .seed = seed});
        inside += std::abs(estimate.value - exact) < 2 * estimate.standard_error;
        CHECK(std::abs(estimate.value - exact) < 5 * estimate.standard_error);
        CHECK(estimate.standard_error > 0);
    }
    CHECK(inside >= 16);  // 19 of 20 expected
}

TEST_CASE("the standard error is that of the samples and shrinks with their number") {
    ReflectedDiagonal<CpuPrimitives<double>> a(ramp(300));
    a.eigenvalues[0] = 500;
    const TraceEstimate few = trace(a, {.samples = 25}), many = trace(a, {.samples = 400});
    REQUIRE(few.samples.size() == 25);
    CHECK(std::equal(few.samples.begin(), few.samples.end(), many.samples.begin()));
    double sum = 0, square = 0;
    for (const double sample : few.samples) {
        sum += sample;
        square += sample * sample;
    }
    CHECK(few.value == Approx(sum / 25));
    CHECK(few.standard_error == Approx(std::sqrt((square - sum * sum / 25) / 24 / 25)));
    CHECK(many.standard_error == Approx(few.standard_error / 4).epsilon(0.4));
}

TEST_CASE("an operator that shares work among products is asked for several together") {
    struct Together : Diagonal {
        std::vector<std::size_t> asked{};
        void apply_all(std::span<const Vector<B>* const> v, std::span<Vector<B>* const> out) {
            asked.push_back(v.size());
            for (std::size_t i = 0; i < v.size(); ++i) apply(*v[i], *out[i]);
        }
    };
    Diagonal plain{.values = ramp(10)};
    Together together{{.values = ramp(10)}};
    CHECK(trace(together, {.samples = 10}).samples == trace(plain, {.samples = 10}).samples);
    CHECK(together.asked == std::vector<std::size_t>{4, 4, 2});
    const ParameterRange half{5, 5};
    CHECK(trace(block(together, half), {.samples = 5}).value == Approx(3 + 4 - 2 - 1));
    together.asked.clear();
    const SpectralDensity density = spectral_density(together, {.probes = 6, .steps = 3}),
                          expected = spectral_density(plain, {.probes = 6, .steps = 3});
    CHECK(together.asked == std::vector<std::size_t>{4, 4, 4, 2, 2, 2});
    CHECK(density.products() == 18);
    for (std::size_t i = 0; i < 6; ++i) CHECK(density.probes()[i].nodes == expected.probes()[i].nodes);
}

TEMPLATE_LIST_TEST_CASE("parts of a trace and of a spectral density are those of the whole, to the last bit",
                        "", test::Plain) {
    ReflectedDiagonal<TestType> a(ramp(300));
    const std::vector<double> whole = trace(a, {.samples = 10, .seed = 3}).samples;
    std::vector<double> parts;
    for (const Index first : {0, 4, 8})
        for (const double sample : trace_samples(a, {.samples = first < 8 ? 4 : 2, .seed = 3}, first))
            parts.push_back(sample);
    CHECK(parts == whole);
    CHECK(TraceEstimate::of(parts).standard_error == trace(a, {.samples = 10, .seed = 3}).standard_error);
    CHECK(trace_samples(a, {.samples = 1, .seed = 3}, 4).size() == 1);

    const SpectralDensity density = spectral_density(a, {.probes = 6, .steps = 9, .seed = 3});
    Index probe = 0, products = 0;
    double rounding = 0;
    REQUIRE(probes_at_once(9, 300) == 4);
    for (const Index first : {0, 4}) {
        const SpectralProbes part =
            spectral_probes(a, {.probes = first == 0 ? 4 : 2, .steps = 9, .seed = 3}, first);
        for (const SpectralProbe& one : part.probes) {
            const SpectralProbe& same = density.probes().at(static_cast<std::size_t>(probe++));
            CHECK(one.nodes == same.nodes);
            CHECK(one.weights == same.weights);
        }
        products += part.products;
        rounding = std::max(rounding, part.rounding);
    }
    CHECK(probe == 6);
    CHECK(products == density.products());
    CHECK(rounding == density.rounding());

    CHECK_THROWS_AS(trace_samples(a, {.samples = 0}), ConfigError);
    CHECK_THROWS_AS(trace_samples(a, {.samples = 1}, -1), ConfigError);
    CHECK_THROWS_AS(spectral_probes(a, {.probes = 0}), ConfigError);
    CHECK_THROWS_AS(spectral_probes(a, {.probes = 1}, -1), ConfigError);
}

TEST_CASE("progress and bad input of the trace") {
    Diagonal a{.values = ramp(10)};
    Index calls = 0;
    TraceOptions options{.samples = 10};
    options.work.progress = [&](Index done, Index total) {
        CHECK(done == std::min<Index>(products_at_once * ++calls, 10));
        CHECK(total == 10);
    };
    (void)trace(a, options);
    CHECK(calls == 3);
    calls = 0;
    options.work.interrupted = [&] { return calls == 2; };
    CHECK_THROWS_AS(trace(a, options), Interrupted);
    CHECK(calls == 2);
    CHECK_THROWS_AS(trace(a, {.samples = 1}), ConfigError);
    a.values[2] = std::nan("");
    CHECK_THROWS_AS(trace(a), NumericError);
}

}  // namespace trace_test
