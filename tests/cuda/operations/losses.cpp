// SPDX-License-Identifier: Apache-2.0
//
// The losses of a device against plain loops in double.
#include <cmath>
#include <functional>

#include "../device_test.hpp"

namespace losses_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// A device's loss of a difference against loops over `value` and `derivative`, written by hand in double.
template <class T, class Loss>
void check_element_loss(const Loss& loss, const std::function<double(double)>& value,
                        const std::function<double(double)>& derivative) {
    using B = Cuda<T>;
    STATIC_REQUIRE(FusedLosses<B>);
    B backend;
    const auto sums = backend.master();
    // odd counts; 37 masked patches of 16 x 16 pixels; many small samples
    for (const auto& [samples, count] : {std::pair<Index, Index>{1, 1}, {3, 37}, {5, 37 * 768}, {700, 48}}) {
        INFO(samples << " samples of " << count);
        const auto prediction = numbers_of<T>(samples * count, 1), target = numbers_of<T>(samples * count, 2);
        const auto upstream = numbers_of<float>(samples, 3);
        std::vector<double> losses(static_cast<std::size_t>(samples)), gradient(prediction.size());
        for (std::size_t i = 0; i < prediction.size(); ++i) {
            const std::size_t sample = i / static_cast<std::size_t>(count);
            const double difference = prediction[i] - target[i];
            losses[sample] += value(difference) / static_cast<double>(count);
            gradient[i] = upstream[sample] / static_cast<double>(count) * derivative(difference);
        }
        const auto p = on(backend, prediction), t = on(backend, target),
                   dp = unwritten(backend, samples * count);
        const auto l = unwritten(sums, samples), u = on(sums, upstream);
        backend.element_loss(loss, samples, count, p.data(), t.data(), l.data());
        backend.element_loss_backward(loss, samples, count, u.data(), p.data(), t.data(), dp.data());
        CHECK(distance(read(l, sums), losses) < sum_tolerance);
        CHECK(distance(read(dp, backend), gradient) < storage_tolerance<T>());
    }
}

}  // namespace

TEMPLATE_TEST_CASE("device squared error: as in double", "[cuda]", float, bfloat16) {
    check_element_loss<TestType>(
        functor::SquaredLoss{}, [](double d) { return d * d; }, [](double d) { return 2 * d; });
}

TEMPLATE_TEST_CASE("device absolute errors: as in double", "[cuda]", float, bfloat16) {
    check_element_loss<TestType>(
        functor::AbsoluteLoss{}, [](double d) { return std::abs(d); },
        [](double d) { return d > 0   ? 1.0
                              : d < 0 ? -1.0
                                      : 0.0; });
    check_element_loss<TestType>(
        functor::SmoothAbsoluteLoss<float>{0.75F},
        [](double d) { return std::abs(d) < 0.75 ? d * d / 1.5 : std::abs(d) - 0.375; },
        [](double d) { return std::abs(d) < 0.75 ? d / 0.75
                              : d > 0            ? 1.0
                                                 : -1.0; });
}

TEMPLATE_TEST_CASE("device cross entropy: as in double, for one-hot and soft targets", "[cuda]", float,
                   bfloat16) {
    Cuda<TestType> backend;
    const auto sums = backend.master();
    for (const auto& [samples, classes] : {std::pair<Index, Index>{1, 2}, {33, 10}, {300, 1000}})
        for (const double size : {1.0, 100.0}) {  // large logits do not overflow
            INFO(samples << " samples of " << classes << " classes, logits of size " << size);
            const auto n = static_cast<std::size_t>(classes);
            const auto logits = numbers_of<TestType>(samples * classes, 1, size);
            auto targets = numbers_of<TestType>(samples * classes, 2);
            const auto upstream = numbers_of<float>(samples, 3);
            for (std::size_t i = 0; i < targets.size(); ++i)
                targets[i] = i / n % 2 == 0 ? (i % n == i / n % n ? 1 : 0) : std::abs(targets[i]);
            std::vector<double> losses, log_sums, gradient;
            for (std::size_t i = 0; i < logits.size(); i += n) {
                double most = logits[i], sum = 0, target_sum = 0, loss = 0;
                for (std::size_t c = i; c < i + n; ++c) most = std::max(most, logits[c]);
                for (std::size_t c = i; c < i + n; ++c) sum += std::exp(logits[c] - most);
                log_sums.push_back(most + std::log(sum));
                for (std::size_t c = i; c < i + n; ++c) {
                    loss += targets[c] * (log_sums.back() - logits[c]);
                    target_sum += targets[c];
                }
                losses.push_back(loss);
                for (std::size_t c = i; c < i + n; ++c)
                    gradient.push_back(upstream[i / n] *
                                       (std::exp(logits[c] - log_sums.back()) * target_sum - targets[c]));
            }
            const auto x = on(backend, logits), t = on(backend, targets),
                       dx = unwritten(backend, samples * classes);
            const auto l = unwritten(sums, samples), s = unwritten(sums, samples), u = on(sums, upstream);
            backend.cross_entropy(samples, classes, x.data(), t.data(), l.data(), s.data());
            backend.cross_entropy_backward(samples, classes, u.data(), x.data(), t.data(), s.data(),
                                           dx.data());
            CHECK(distance(read(l, sums), losses) < sum_tolerance);
            CHECK(distance(read(s, sums), log_sums) < sum_tolerance);
            // a probability is off by what the logarithm of its sum is, some 2^-24 of the largest logit
            CHECK(distance(read(dx, backend), gradient) < storage_tolerance<TestType>() + size * 4 * 0x1p-24);
        }
}

}  // namespace losses_test
