// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>
#include <vector>

#include <vitscape/backend/cuda/kernels/cross_entropy.hpp>
#include <vitscape/backend/cuda/kernels/element_loss.hpp>

#include "kernel_test.hpp"

namespace losses_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

struct Case {
    Index samples, count, offset = 0;
};

}  // namespace

namespace {

/// The kernels of a loss of a difference against loops over `value` and `derivative`, written by hand in double.
template <class T, class Loss>
void check_element_loss(const Loss& loss, const std::function<double(double)>& value,
                        const std::function<double(double)>& derivative) {
    for (const Case& size : {Case{1, 1}, {3, 5}, {2, 768}, {5, 9000}, {3, 8195}, {2, 4096, 1}}) {
        const auto [samples, count, offset] = size;
        CAPTURE(samples, count, offset);
        const GuardedArray<T> prediction(numbers_around(0, samples * count, 1), offset),
            target(numbers_around(0.5, samples * count, 2));
        const GuardedArray<float> upstream(numbers_around(1, samples, 3));
        const auto p = prediction.host(), t = target.host(), u = upstream.host();
        std::vector<double> losses(u.size()), gradient(p.size());
        for (std::size_t i = 0; i < p.size(); ++i) {
            const std::size_t sample = i / static_cast<std::size_t>(count);
            losses[sample] += value(p[i] - t[i]) / static_cast<double>(count);
            gradient[i] = u[sample] / static_cast<double>(count) * derivative(p[i] - t[i]);
        }
        GuardedArray<float> losses_out(samples);
        GuardedArray<T> gradient_out(samples * count);
        run(kernels::ElementLoss<T, Loss>{loss, samples, count, prediction.data(), target.data(),
                                          losses_out.data()});
        run(kernels::ElementLossBackward<T, Loss>{loss, samples, count, upstream.data(), prediction.data(),
                                                  target.data(), gradient_out.data()});
        CHECK(distance(losses_out.host(), losses) < sum_tolerance);
        CHECK(distance(gradient_out.host(), gradient) < storage_tolerance<T>);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("The squared error kernels against plain loops", "[cuda][losses]", float, bfloat16) {
    check_element_loss<TestType>(
        functor::SquaredLoss{}, [](double d) { return d * d; }, [](double d) { return 2 * d; });
}

TEMPLATE_TEST_CASE("The absolute error kernels against plain loops", "[cuda][losses]", float, bfloat16) {
    check_element_loss<TestType>(
        functor::AbsoluteLoss{}, [](double d) { return std::abs(d); },
        [](double d) { return d > 0   ? 1.0
                              : d < 0 ? -1.0
                                      : 0.0; });
}

TEMPLATE_TEST_CASE("The smooth absolute error kernels against plain loops", "[cuda][losses]", float,
                   bfloat16) {
    check_element_loss<TestType>(
        functor::SmoothAbsoluteLoss<float>{0.75F},
        [](double d) { return std::abs(d) < 0.75 ? d * d / 1.5 : std::abs(d) - 0.375; },
        [](double d) { return std::abs(d) < 0.75 ? d / 0.75
                              : d > 0            ? 1.0
                                                 : -1.0; });
}

TEMPLATE_TEST_CASE("The cross entropy kernels against plain loops", "[cuda][losses]", float, bfloat16) {
    using T = TestType;
    for (const Case& size : {Case{1, 2}, {3, 5}, {17, 10}, {9, 1000}, {2, 33, 1}}) {
        const auto [samples, classes, offset] = size;
        CAPTURE(samples, classes, offset);
        auto logit_numbers =
            numbers_around(20, samples * classes, 1);  // the shift of the exponentials matters
        for (double& x : logit_numbers) x = 20 + 8 * (x - 20);
        auto target_numbers = random_numbers(samples * classes, 2);  // soft, with any sum
        for (double& x : target_numbers) x = x * x / static_cast<double>(classes);
        const GuardedArray<T> logits(logit_numbers, offset), targets(target_numbers);
        const GuardedArray<float> upstream(numbers_around(1, samples, 3));
        const auto x = logits.host(), t = targets.host(), u = upstream.host();
        std::vector<double> losses(u.size()), log_sums(u.size()), gradient(x.size());
        const auto row = static_cast<std::size_t>(classes);
        for (std::size_t sample = 0; sample < u.size(); ++sample) {
            double sum = 0, target_sum = 0;
            for (std::size_t c = 0; c < row; ++c) {
                sum += std::exp(x[sample * row + c]);
                target_sum += t[sample * row + c];
            }
            log_sums[sample] = std::log(sum);
            for (std::size_t c = 0; c < row; ++c) {
                const double log_probability = x[sample * row + c] - log_sums[sample];
                losses[sample] -= t[sample * row + c] * log_probability;
                gradient[sample * row + c] =
                    u[sample] * (std::exp(log_probability) * target_sum - t[sample * row + c]);
            }
        }
        GuardedArray<float> losses_out(samples), log_sums_out(samples);
        GuardedArray<T> gradient_out(samples * classes, offset);
        run(kernels::CrossEntropy<T>{samples, classes, logits.data(), targets.data(), losses_out.data(),
                                     log_sums_out.data()});
        run(kernels::CrossEntropyBackward<T>{samples, classes, upstream.data(), logits.data(), targets.data(),
                                             log_sums_out.data(), gradient_out.data()});
        CHECK(distance(losses_out.host(), losses) < sum_tolerance);
        CHECK(distance(log_sums_out.host(), log_sums) < sum_tolerance);
        CHECK(distance(gradient_out.host(), gradient) < storage_tolerance<T>);
    }
}

}  // namespace losses_test
