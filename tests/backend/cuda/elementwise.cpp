// SPDX-License-Identifier: Apache-2.0
//
// GELU and its derivative, points of a plane, casts.
#include <vitscape/backend/cuda/kernels/cast.hpp>
#include <vitscape/backend/cuda/kernels/gelu.hpp>
#include <vitscape/backend/cuda/kernels/plane_point.hpp>

#include "kernel_test.hpp"

namespace elementwise_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// Lengths around packs, parts of blocks and tails, with the elements that the arrays are off alignment.
constexpr std::pair<Index, Index> lengths[] = {{1, 0},    {7, 0},    {8, 0},    {1000, 1},
                                               {4099, 0}, {8192, 0}, {16411, 3}};

}  // namespace

TEMPLATE_TEST_CASE("The GELU kernel against the formula", "[cuda][gelu]", float, bfloat16) {
    using T = TestType;
    for (const auto& [n, offset] : lengths) {
        CAPTURE(n, offset);
        std::vector<double> numbers = random_numbers(n, 1);
        for (double& x : numbers) x *= 3;
        GuardedArray<T> h(numbers, offset), y(n, offset), y_again(n), in_place(numbers);
        const auto argument = h.host();
        auto value = argument, slope = argument;
        for (std::size_t i = 0; i < value.size(); ++i) {
            const double h = value[i], cumulative = 0.5 * std::erfc(-h / std::sqrt(2.0));
            value[i] = h * cumulative;
            slope[i] = cumulative + h * std::exp(-h * h / 2) / std::sqrt(2 * 3.14159265358979323846);
        }
        run(kernels::Gelu<T>{n, h.data(), y.data()});
        run(kernels::Gelu<T>{n, in_place.data(), in_place.data()});
        CHECK(identical(h.host(), argument));
        run(kernels::GeluAndDerivative<T>{n, h.data(), y_again.data()});
        CHECK(distance(y.host(), value) < storage_tolerance<T>);
        CHECK(distance(h.host(), slope) < storage_tolerance<T>);
        CHECK(identical(y.host(), in_place.host()));
        CHECK(identical(y.host(), y_again.host()));
    }
}

TEMPLATE_TEST_CASE("The kernel of plane points against the sum", "[cuda][plane_point]", float, bfloat16) {
    using T = TestType;
    const float alpha = 0.75f, beta = -0.3f;
    for (const auto& [n, offset] : lengths) {
        CAPTURE(n, offset);
        const GuardedArray<float> theta(random_numbers(n, 1)), delta(random_numbers(n, 2)),
            eta(random_numbers(n, 3), offset);
        GuardedArray<T> point(n, offset);
        auto expected = theta.host();
        const auto along_delta = delta.host(), along_eta = eta.host();
        for (std::size_t i = 0; i < expected.size(); ++i)
            expected[i] += double{alpha} * along_delta[i] + double{beta} * along_eta[i];
        const float position[] = {alpha, beta};
        run(kernels::PlanePointTo<T>{n, theta.data(), delta.data(), eta.data(), position, point.data()});
        CHECK(distance(point.host(), expected) < storage_tolerance<T>);
    }
}

TEST_CASE("The cast kernel rounds as bfloat16 does, and back is exact", "[cuda][cast]") {
    for (const auto& [n, offset] : lengths) {
        CAPTURE(n, offset);
        const auto numbers = random_numbers(n, 1);
        const GuardedArray<float> from(numbers, offset);
        GuardedArray<bfloat16> rounded(n);
        GuardedArray<float> back(n, offset), same(n);
        run(kernels::Cast<float, bfloat16>{n, from.data(), rounded.data()});
        run(kernels::Cast<bfloat16, float>{n, rounded.data(), back.data()});
        run(kernels::Cast<float, float>{n, from.data(), same.data()});
        CHECK(identical(rounded.host(), GuardedArray<bfloat16>(from.host()).host()));
        CHECK(identical(back.host(), rounded.host()));
        CHECK(identical(same.host(), from.host()));
    }
}

}  // namespace elementwise_test
