// SPDX-License-Identifier: Apache-2.0
#include <vitscape/core/dual_number.hpp>

#include "core/differentiable.hpp"
#include "support/catch.hpp"

namespace dual_number_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

using Dual3 = DualNumber<double, 3>;

/// f(x, y) at (x, y) along (1, 0), (0, 1) and (2, -3), against central differences of f on plain numbers.
template <class F>
void check_derivatives(const F& f, double x, double y) {
    const Dual3 found = f(Dual3{x, 1, 0, 2}, Dual3{y, 0, 1, -3});
    CHECK(found.value == Approx(f(x, y)).epsilon(1e-14));
    const double along[3][2] = {{1, 0}, {0, 1}, {2, -3}};
    for (int i = 0; i < 3; ++i) {
        const double h = 1e-5, dx = h * along[i][0], dy = h * along[i][1];
        const double slope = (f(x + dx, y + dy) - f(x - dx, y - dy)) / (2 * h);
        CHECK(found.tangent[i] == Approx(slope).epsilon(1e-7).margin(1e-8));
    }
    const DualNumber<double> one = f(DualNumber<double>{x, 2}, DualNumber<double>{y, -3});
    CHECK(one.value == found.value);
    CHECK(one.tangent[0] == found.tangent[2]);  // however many there are
}

}  // namespace

TEST_CASE("dual numbers have the derivatives of what is computed on them along each of their tangents") {
    for_each_function([](const auto& f, double x, double y) { check_derivatives(f, x, y); });
}

TEST_CASE("a constant has no tangents and only values are compared") {
    Dual3 seven = 7;
    CHECK(seven.value == 7);
    for (int i = 1; i < 4; ++i) CHECK(seven.part(i) == 0);
    CHECK(Dual3{1, 9, 9, 9} < Dual3{2, 0, 0, 0});
    CHECK(value_of(Dual3{3, 1, 1, 1}) == 3);
    seven += Dual3{1, 2, 3, 4};
    for (int i = 1; i < 4; ++i) CHECK(seven.part(i) == i + 1);
    CHECK(DualNumber<float, 3>(seven).tangent[2] == 4.0F);
}

}  // namespace dual_number_test
