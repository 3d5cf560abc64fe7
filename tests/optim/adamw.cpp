// SPDX-License-Identifier: Apache-2.0
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/optim/adamw.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"

namespace adamw_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// Parameters after some steps with a new gradient each, on one backend.
template <class B>
std::vector<double> steps(B backend, Index size, const std::vector<ParameterGroup>& groups,
                          double gradient_scale, int count) {
    const AdamW adamw{.weight_decay = 0.1};
    Vector<B> theta(backend, random_numbers(size, 1));
    auto state = adamw.template start<B>(backend, size);
    for (int step = 0; step < count; ++step) {
        const Vector<B> gradient(backend, random_numbers(size, static_cast<std::uint32_t>(10 + step)));
        adamw.step(state, std::span<const ParameterGroup>(groups), 0.01 * (step + 1), gradient_scale,
                   gradient, theta);
    }
    CHECK(state.steps == count);
    return theta.to_host();
}

}  // namespace

TEMPLATE_TEST_CASE("AdamW: the fused step is the primitives' step and the formula", "[optim][fused]", double,
                   float) {
    STATIC_REQUIRE(FusedAdamW<Cpu<TestType>>);
    STATIC_REQUIRE_FALSE(FusedAdamW<CpuPrimitives<TestType>>);
    for (const Index size : {3, 17, 30001}) {
        INFO(size << " parameters");
        // the last parameter moves in no group
        const std::vector<ParameterGroup> groups{{0, 2, 1, 1}, {2, size - 3, 0, 0.5}};
        const double scale = 0.3;
        const auto fused = steps(Cpu<TestType>(2), size, groups, scale, 4);
        const auto plain = steps(CpuPrimitives<TestType>(2), size, groups, scale, 4);
        CHECK(distance(fused, plain) < rounding_tolerance<TestType>);

        std::vector<double> expected = random_numbers(size, 1);
        std::vector<double> first(expected.size(), 0), second(expected.size(), 0);
        for (int step = 1; step <= 4; ++step) {
            const auto gradient = random_numbers(size, static_cast<std::uint32_t>(9 + step));
            for (std::size_t i = 0; i + 1 < expected.size(); ++i) {
                const double rate = 0.01 * step * (i < 2 ? 1 : 0.5), decay = i < 2 ? 0.1 : 0,
                             g = scale * gradient[i];
                first[i] = 0.9 * first[i] + 0.1 * g;
                second[i] = 0.95 * second[i] + 0.05 * g * g;
                const double mean = first[i] / (1 - std::pow(0.9, step)),
                             square = second[i] / (1 - std::pow(0.95, step));
                expected[i] -= rate * (mean / (std::sqrt(square) + 1e-8) + decay * expected[i]);
            }
        }
        CHECK(distance(fused, expected) < rounding_tolerance<TestType>);
    }
}

TEMPLATE_TEST_CASE("AdamW: a teacher follows as if it were averaged after the step", "[optim][fused]",
                   Cpu<double>, CpuPrimitives<double>, Cpu<float>, CpuPrimitives<float>) {
    using B = TestType;
    const B backend(2);
    const Index size = 30001;
    const AdamW adamw{.weight_decay = 0.1};
    const std::vector<std::vector<ParameterGroup>> divisions{
        {{0, size, 1, 1}}, {{2, size - 2, 0, 0.5}, {0, 2, 1, 1}}, {{0, 7, 1, 0}, {7, size - 7, 1, 2}}};
    for (const auto& groups : divisions) {
        INFO(groups.size() << " groups");
        const Vector<B> start(backend, random_numbers(size, 2));
        Vector<B> theta(backend, random_numbers(size, 1)), apart = theta, teacher = start, follower = start;
        auto state = adamw.template start<B>(backend, size), state_apart = state;
        for (int step = 0; step < 4; ++step) {
            const Vector<B> gradient(backend, random_numbers(size, static_cast<std::uint32_t>(10 + step)));
            const double momentum = 0.9 + 0.02 * step, rate = 0.01 * (step + 1);
            const std::span<const ParameterGroup> all(groups);
            adamw.step(state, all, rate, 0.3, gradient, theta, &teacher, momentum);
            adamw.step(state_apart, all, rate, 0.3, gradient, apart);
            axpby(1 - momentum, apart, momentum, follower);
        }
        CHECK(theta.to_host() == apart.to_host());
        CHECK(distance(teacher.to_host(), follower.to_host()) < rounding_tolerance<typename B::Storage>);
        CHECK(distance(teacher.to_host(), start.to_host()) > 0.1);
    }
}

TEST_CASE("AdamW: a teacher's momentum of 1 leaves it, of 0 makes it the student", "[optim][fused]") {
    using B = Cpu<double>;
    const B backend(1);
    const std::vector<ParameterGroup> groups{{0, 5, 1, 1}};
    const Vector<B> gradient(backend, random_numbers(5, 3)), start(backend, random_numbers(5, 2));
    Vector<B> theta(backend, random_numbers(5, 1)), teacher = start;
    auto state = AdamW{}.start(backend, 5);
    AdamW{}.step(state, std::span<const ParameterGroup>(groups), 0.1, 1, gradient, theta, &teacher, 1);
    CHECK(teacher.to_host() == start.to_host());
    AdamW{}.step(state, std::span<const ParameterGroup>(groups), 0.1, 1, gradient, theta, &teacher, 0);
    CHECK(teacher.to_host() == theta.to_host());
}

TEST_CASE("AdamW: a checkpoint keeps both moments", "[optim]") {
    using B = Cpu<double>;
    const B backend(1);
    auto state = AdamW{}.start(backend, 3);
    CHECK(state.vectors()[0].first == "exp_avg");
    CHECK(state.vectors()[1].first == "exp_avg_sq");
    CHECK(state.vectors()[0].second == &state.first);
    CHECK(state.vectors()[1].second == &state.second);
    CHECK(norm(state.first) + norm(state.second) == 0);
}

}  // namespace adamw_test
