// SPDX-License-Identifier: Apache-2.0
#include <vitscape/backend/cuda/kernels/adamw.hpp>

#include "kernel_test.hpp"

namespace adamw_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// Groups of odd sizes with gaps before, between and behind them.
const std::vector<kernels::AdamWGroup> groups = {{3, 10, 1, 1},       {13, 1, 0, 1},
                                                 {14, 4097, 1, 0.5f}, {4120, 33, 0, 0.25f},
                                                 {4153, 3000, 1, 2},  {7200, 64, 0, 1}};
constexpr double momentum = 0.996;

struct State {
    std::vector<double> theta, first, second, teacher;
};

/// The formula of `AdamWStep` for each group, then the teacher's average over everything.
State reference(State s, const std::vector<double>& gradient, const AdamWStep& step) {
    for (const auto& group : groups)
        for (Index at = group.offset; at < group.offset + group.count; ++at) {
            const auto i = static_cast<std::size_t>(at);
            const double g = step.gradient_scale * gradient[i];
            const double rate = step.learning_rate * static_cast<double>(group.learning_rate_scale);
            s.first[i] = step.beta1 * s.first[i] + (1 - step.beta1) * g;
            s.second[i] = step.beta2 * s.second[i] + (1 - step.beta2) * g * g;
            s.theta[i] =
                (1 - rate * step.weight_decay * static_cast<double>(group.weight_decay_scale)) * s.theta[i] -
                rate * s.first[i] / step.correction1 /
                    (std::sqrt(s.second[i] / step.correction2) + step.epsilon);
        }
    for (std::size_t i = 0; i < s.theta.size(); ++i)
        s.teacher[i] = momentum * s.teacher[i] + (1 - momentum) * s.theta[i];
    return s;
}

/// What moved: small against the numbers themselves, so it is compared by itself.
std::vector<double> change(const std::vector<double>& after, const std::vector<double>& before) {
    std::vector<double> difference(after.size());
    for (std::size_t i = 0; i < after.size(); ++i) difference[i] = after[i] - before[i];
    return difference;
}

}  // namespace

TEST_CASE("The AdamW kernel against plain loops over groups", "[cuda][adamw]") {
    const AdamWStep step{.learning_rate = 0.01,
                         .beta1 = 0.9,
                         .beta2 = 0.95,
                         .epsilon = 1e-8,
                         .weight_decay = 0.3,
                         .correction1 = 1 - 0.9 * 0.9,
                         .correction2 = 1 - 0.95 * 0.95,
                         .gradient_scale = 0.7};
    const Index n = 7301;
    for (const Index offset : {0, 1}) {
        CAPTURE(offset);
        GuardedArray<float> theta(random_numbers(n, 1), offset), first(random_numbers(n, 2)),
            second(numbers_around(4, n, 3)), teacher(random_numbers(n, 4));
        const GuardedArray<float> gradient(random_numbers(n, 5));
        const State before{theta.host(), first.host(), second.host(), teacher.host()};
        const State expected = reference(before, gradient.host(), step);
        GuardedArray<float> theta_alone(before.theta), first_alone(before.first), second_alone(before.second);

        const auto numbers = kernels::AdamWNumbers::of(step, momentum);
        const kernels::AdamW kernel{n,
                                    groups.data(),
                                    static_cast<int>(groups.size()),
                                    numbers,
                                    theta.data(),
                                    gradient.data(),
                                    first.data(),
                                    second.data(),
                                    teacher.data()};
        run(kernel);
        CHECK(distance(first.host(), expected.first) < sum_tolerance);
        CHECK(distance(second.host(), expected.second) < sum_tolerance);
        CHECK(distance(theta.host(), expected.theta) < sum_tolerance);
        CHECK(distance(teacher.host(), expected.teacher) < sum_tolerance);
        // float numbers near 1 change by 0.01: 2^-24 / 0.01
        CHECK(distance(change(theta.host(), before.theta), change(expected.theta, before.theta)) < 2e-5);
        const auto untouched = [&](Index i) {
            const auto at = static_cast<std::size_t>(i);
            return theta.host()[at] == before.theta[at] && first.host()[at] == before.first[at] &&
                   second.host()[at] == before.second[at];
        };
        CHECK((untouched(0) && untouched(2) && untouched(4111) && untouched(4119) && untouched(7199) &&
               untouched(7300)));

        SECTION("without teacher") {
            const kernels::AdamW alone{n,
                                       groups.data(),
                                       static_cast<int>(groups.size()),
                                       numbers,
                                       theta_alone.data(),
                                       gradient.data(),
                                       first_alone.data(),
                                       second_alone.data()};
            run(alone);
            CHECK(identical(theta_alone.host(), theta.host()));
            CHECK(identical(second_alone.host(), second.host()));
        }
    }
}

}  // namespace adamw_test
