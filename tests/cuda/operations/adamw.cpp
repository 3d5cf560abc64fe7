// SPDX-License-Identifier: Apache-2.0
//
// AdamW over all groups in one pass on a device, and the weights that a model reads.
#include <array>

#include <vitscape/optim/adamw.hpp>

#include "../device_test.hpp"

namespace adamw_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// Groups of odd sizes, not in their order, with gaps before, between and behind them.
constexpr std::array<ParameterGroup, 5> groups = {
    ParameterGroup{14, 4097, 1, 0.5}, {3, 10, 1, 1}, {4120, 33, 0, 0.25}, {13, 1, 0, 1}, {4153, 3000, 1, 2}};
constexpr Index size = 7301;

/// theta, first and second moment and a teacher after some steps of one gradient each.
template <class B>
std::array<std::vector<double>, 4> steps(const B& backend, int count, std::span<const ParameterGroup> g) {
    Vector<B> theta(backend, numbers_of<float>(size, 1)), teacher(backend, numbers_of<float>(size, 2));
    const AdamW optimizer{.weight_decay = 0.3};
    auto state = optimizer.start(backend, size);
    for (int step = 0; step < count; ++step) {
        const Vector<B> gradient(backend, numbers_of<float>(size, 10 + static_cast<std::uint32_t>(step)));
        optimizer.step(state, g, 0.01, 0.7, gradient, theta, &teacher, 0.75);
    }
    return {theta.to_host(), state.first.to_host(), state.second.to_host(), teacher.to_host()};
}

std::vector<double> change(std::vector<double> theta) {
    const auto before = numbers_of<float>(size, 1);
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] -= before[i];
    return theta;
}

}  // namespace

TEST_CASE("device AdamW: as in double, for groups with gaps", "[cuda]") {
    STATIC_REQUIRE(FusedAdamW<Cuda<float>>);
    STATIC_REQUIRE_FALSE(FusedAdamW<Cuda<bfloat16>>);
    const Cuda<bfloat16> half;
    for (const int count : {1, 5}) {
        const auto expected = steps(Reference(1), count, groups);
        for (const auto& backend : {Cuda<float>(), half.master()}) {
            const auto result = steps(backend, count, groups);
            CHECK(distance(result[0], expected[0]) < 1e-6);
            CHECK(distance(result[1], expected[1]) < 1e-6);
            CHECK(distance(result[2], expected[2]) < 1e-6);
            const Index moving = 7153;  // where the last group ends
            CHECK(distance(part(result[3], 0, moving), part(expected[3], 0, moving)) < 1e-6);
            // numbers near 1 change by 0.01 in each step: an error of 2^-24 / 0.01
            CHECK(distance(change(result[0]), change(expected[0])) < 2e-5);
        }
    }
    // what is in no group stays as it is
    const auto theta = steps(half.master(), 3, groups)[0], before = numbers_of<float>(size, 1);
    for (const auto& [first, count] : {std::pair<Index, Index>{0, 3}, {4111, 9}, {7153, 148}})
        CHECK(bool(part(theta, first, count) == part(before, first, count)));
}

TEST_CASE("device AdamW: other groups at the next step", "[cuda]") {
    const Cuda<float> backend;
    const std::array<ParameterGroup, 1> one = {ParameterGroup{0, size, 1, 1}};
    CHECK(distance(steps(backend, 2, groups)[0], steps(Reference(1), 2, groups)[0]) < 1e-6);
    CHECK(distance(steps(backend, 2, one)[0], steps(Reference(1), 2, one)[0]) < 1e-6);
    CHECK(distance(steps(backend, 2, groups)[0], steps(Reference(1), 2, groups)[0]) < 1e-6);
}

TEMPLATE_TEST_CASE("device vector: a sum does not depend on the run", "[cuda]", float, double) {
    const Cuda<TestType> backend;
    for (const Index n : {0, 1, 1000, 3000001}) {
        const auto x = numbers_of<TestType>(n, 1), y = numbers_of<TestType>(n, 2);
        double expected = 0, scale = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            expected += x[i] * y[i];
            scale += std::abs(x[i] * y[i]);
        }
        const Vector<Cuda<TestType>> a(backend, x), b(backend, y);
        const double sum = dot(a, b);
        CHECK(std::abs(sum - expected) <= 1e-14 * scale);  // taken in double
        for (int i = 0; i < 3; ++i) CHECK(dot(a, b) == sum);
    }
}

}  // namespace adamw_test
