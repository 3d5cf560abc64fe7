// SPDX-License-Identifier: Apache-2.0
//
// Functions of two numbers that exercise all that numbers with derivatives can do.
#pragma once

#include <cmath>

#include <vitscape/core/elementary.hpp>
#include <vitscape/core/functors.hpp>

namespace vitscape::test {

/// Calls check(f, x, y) for functions f of two numbers of any type, and a point of each.
template <class Check>
void for_each_function(const Check& check) {
    using elementary::normal_cdf, elementary::normal_density;
    using std::exp, std::log, std::sqrt;
    check([](auto x, auto y) { return x * x * y - 3.0 * y + x; }, 0.7, -1.2);
    check([](auto x, auto y) { return (x + 2.0 * y) / (1.0 + x * x + y * y); }, 0.4, 0.9);
    check([](auto x, auto y) { return exp(x * y) * log(2.0 + x) - sqrt(3.0 + y); }, 0.3, 0.5);
    check([](auto x, auto y) { return normal_cdf(x + 0.5 * y) * -y; }, -0.4, 0.6);
    check([](auto x, auto y) { return normal_density(x - 0.5 * y) * y; }, -0.4, 0.6);
    check([](auto x, auto y) { return functor::Gelu{}(x - x * y); }, 1.1, 0.2);
    check([](auto x, auto y) { return functor::SmoothAbsoluteLoss<double>{0.5}.value(x - y); }, 0.3, 0.1);
    check([](auto x, auto y) { return functor::AbsoluteLoss{}.value(x * y); }, 0.3, -2.0);
}

}  // namespace vitscape::test
