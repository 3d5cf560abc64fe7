// SPDX-License-Identifier: Apache-2.0
//
// exp and the normal distribution of tensors' elements, against the standard library's in double.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <vitscape/core/elementary.hpp>

#include "support/catch.hpp"

namespace elementary_test {

using namespace vitscape;

namespace {

/// Calls f for every 1009th float, from the least to the largest exponent, both signs, and no NaN.
template <class F>
void for_floats(const F& f) {
    for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 1009) {
        const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
        if (!std::isnan(x)) f(x);
    }
}
constexpr float infinity = std::numeric_limits<float>::infinity(),
                not_a_number = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("exp in float: within one unit of the last place, to infinity and to the subnormal numbers") {
    double largest = 0;  // in units of the last place
    for_floats([&](float x) {
        const double exact = std::exp(static_cast<double>(x));
        const auto rounded = static_cast<float>(exact);
        if (std::isinf(rounded)) {
            if (elementary::exp(x) < std::numeric_limits<float>::max()) FAIL("exp(" << x << ") is infinite");
            return;
        }
        const double unit = std::nextafter(rounded, infinity) - rounded;
        largest = std::max(largest, std::abs(static_cast<double>(elementary::exp(x)) - exact) / unit);
    });
    CHECK(largest < 1);
    CHECK(elementary::exp(0.F) == 1);
    CHECK(elementary::exp(89.F) == infinity);
    CHECK(elementary::exp(infinity) == infinity);
    CHECK(elementary::exp(-infinity) == 0);
    CHECK(std::isnan(elementary::exp(not_a_number)));
}

TEST_CASE("the normal distribution in float: its tail keeps its relative error") {
    double largest = 0, in_tail = 0;
    for_floats([&](float x) {
        const double exact = 0.5 * std::erfc(-static_cast<double>(x) / std::sqrt(2.0));
        const double error = std::abs(static_cast<double>(elementary::normal_cdf(x)) - exact);
        largest = std::max(largest, error);
        if (x > -6 && x < 0) in_tail = std::max(in_tail, error / exact);
    });
    CHECK(largest < 2e-7);  // three units of the last place of 1/2
    CHECK(in_tail < 2e-6);  // x^2 / 2 is rounded before its exponential
    CHECK(elementary::normal_cdf(0.F) == 0.5F);
    CHECK(elementary::normal_cdf(infinity) == 1);
    CHECK(elementary::normal_cdf(-infinity) == 0);
    CHECK(std::isnan(elementary::normal_cdf(not_a_number)));
    for (const float x : {-40.F, -3.F, -0.5F, 0.F, 1.F, 7.F})
        CHECK(elementary::normal_density(x) ==
              Approx(std::exp(-0.5 * static_cast<double>(x * x)) / std::sqrt(2 * 3.14159265358979323846))
                  .epsilon(1e-6));
}

TEST_CASE("exp and the normal distribution in double are the standard library's") {
    for (const double x : {-30.0, -1.5, -1e-9, 0.0, 0.3, 2.0, 40.0}) {
        CHECK(elementary::exp(x) == std::exp(x));
        CHECK(elementary::normal_cdf(x) == 0.5 * std::erfc(-x * 0.70710678118654752440));
    }
}

}  // namespace elementary_test
