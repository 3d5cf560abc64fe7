// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/optim/lars.hpp>
#include <vitscape/optim/sgd.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"

namespace sgd_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("SGD: two steps by hand", "[optim]") {
    using B = CpuPrimitives<double>;
    const B backend(1);
    const Sgd sgd{.momentum = 0.5, .weight_decay = 0.1};
    Vector<B> theta(backend, std::vector<double>{1, 2, 3});
    const Vector<B> gradient(backend, std::vector<double>{10, 20, 30});
    auto state = sgd.start(backend, 3);
    const std::vector<ParameterGroup> groups{{0, 1, 1, 1}, {1, 1, 0, 2}};  // the third does not move
    sgd.step(state, std::span<const ParameterGroup>(groups), 0.1, 1, gradient, theta);
    // u = 10 + 0.1 * 1 = 10.1; u = 20
    CHECK(distance(theta.to_host(), {1 - 0.1 * 10.1, 2 - 0.2 * 20, 3}) < 1e-15);
    sgd.step(state, std::span<const ParameterGroup>(groups), 0.1, 0.5, gradient, theta);
    // u = 5.05 + 5 + 0.1 * -0.01 = 10.049; u = 10 + 10
    CHECK(distance(theta.to_host(), {-0.01 - 0.1 * 10.049, -2 - 0.2 * 20, 3}) < 1e-15);
    CHECK(state.steps == 2);
    CHECK(state.vectors()[0].first == "momentum_buffer");
    CHECK(distance(state.vectors()[0].second->to_host(), {10.049, 20, 0}) < 1e-15);
}

TEST_CASE("LARS: SGD where nothing is scaled, and a group's step is its weights' norm times trust",
          "[optim]") {
    using B = CpuPrimitives<double>;
    const B backend(1);
    const Lars lars{.momentum = 0.5, .trust = 0.01, .weight_decay = 0.1};
    const Sgd sgd{.momentum = 0.5, .weight_decay = 0.1};
    const std::vector<double> start{3, 4, 1, 2};
    Vector<B> by_lars(backend, start), by_sgd(backend, start);
    const Vector<B> gradient(backend, std::vector<double>{10, 20, 30, 40});
    auto lars_state = lars.start(backend, 4), sgd_state = sgd.start(backend, 4);
    CHECK(lars_state.vectors()[0].first == "mu");
    // offset, count, scale of the weight decay, of the learning rate
    const std::vector<ParameterGroup> groups{{0, 2, 1, 1}, {2, 2, 0, 3}};
    for (int step = 0; step < 3; ++step) {
        const Vector<B> before = by_lars;
        lars.step(lars_state, std::span<const ParameterGroup>(groups), 0.1, 0.7, gradient, by_lars);
        sgd.step(sgd_state, std::span<const ParameterGroup>(groups), 0.1, 0.7, gradient, by_sgd);
        const auto now = by_lars.to_host(), plain = by_sgd.to_host(), old = before.to_host();
        CHECK(std::abs(now[2] - plain[2]) + std::abs(now[3] - plain[3]) < 1e-14);
        if (step == 0)  // lr trust |theta|, with no velocity yet
            CHECK(std::hypot(now[0] - old[0], now[1] - old[1]) == Approx(0.1 * 0.01 * 5).epsilon(1e-13));
    }
}

TEMPLATE_LIST_TEST_CASE("SGD: the formula on every backend", "[optim]", Every) {
    using B = TestType;
    const B backend = make_backend<B>(2);
    for (const Index size : {1, 17, 30001}) {
        INFO(size << " parameters");
        const Sgd sgd{.momentum = 0.9, .weight_decay = 0.05};
        Vector<B> theta(backend, random_numbers(size, 1));
        std::vector<double> expected = random_numbers(size, 1), velocity(expected.size(), 0);
        auto state = sgd.template start<B>(backend, size);
        const std::vector<ParameterGroup> groups{{0, size, 1, 1}};
        for (std::uint32_t step = 0; step < 4; ++step) {
            const auto numbers = random_numbers(size, 10 + step);
            const Vector<B> gradient(backend, numbers);
            const double rate = 0.1 / (1 + step);
            sgd.step(state, std::span<const ParameterGroup>(groups), rate, 0.7, gradient, theta);
            for (std::size_t i = 0; i < expected.size(); ++i) {
                velocity[i] = 0.9 * velocity[i] + 0.7 * numbers[i] + 0.05 * expected[i];
                expected[i] -= rate * velocity[i];
            }
        }
        CHECK(distance(theta.to_host(), expected) < rounding_tolerance<typename B::Storage>);
    }
}

}  // namespace sgd_test
