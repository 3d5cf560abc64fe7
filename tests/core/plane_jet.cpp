// SPDX-License-Identifier: Apache-2.0
#include <vitscape/core/plane_jet.hpp>

#include "core/differentiable.hpp"
#include "support/catch.hpp"

namespace plane_jet_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

using Jet = PlaneJet<double>;

/// f(x, y) at (x, y) against central differences of f on plain numbers.
template <class F>
void check_derivatives(const F& f, double x, double y) {
    const Jet found = f(Jet{x, 1, 0, 0, 0, 0}, Jet{y, 0, 1, 0, 0, 0});
    const double h = 1e-4;
    const auto at = [&](double i, double j) { return f(x + i * h, y + j * h); };
    CHECK(found.value == Approx(at(0, 0)).epsilon(1e-14));
    CHECK(found.x == Approx((at(1, 0) - at(-1, 0)) / (2 * h)).epsilon(1e-6).margin(1e-7));
    CHECK(found.y == Approx((at(0, 1) - at(0, -1)) / (2 * h)).epsilon(1e-6).margin(1e-7));
    CHECK(found.xx == Approx((at(1, 0) - 2 * at(0, 0) + at(-1, 0)) / (h * h)).epsilon(1e-5).margin(1e-6));
    CHECK(found.yy == Approx((at(0, 1) - 2 * at(0, 0) + at(0, -1)) / (h * h)).epsilon(1e-5).margin(1e-6));
    CHECK(found.xy ==
          Approx((at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h * h)).epsilon(1e-5).margin(1e-6));
}

}  // namespace

TEST_CASE("plane jets have the first and second derivatives of what is computed on them") {
    for_each_function([](const auto& f, double x, double y) { check_derivatives(f, x, y); });
}

TEST_CASE("a constant has no derivatives and only values are compared") {
    const Jet seven = 7;
    CHECK(seven.value == 7);
    for (int i = 1; i < 6; ++i) CHECK(Jet(seven).part(i) == 0);
    CHECK(Jet{1, 9, 9, 9, 9, 9} < Jet{2, 0, 0, 0, 0, 0});
    CHECK(value_of(Jet{3, 1, 1, 1, 1, 1}) == 3);
    Jet sum{1, 2, 3, 4, 5, 6};
    sum += Jet{1, 1, 1, 1, 1, 1};
    for (int i = 0; i < 6; ++i) CHECK(sum.part(i) == i + 2);
    CHECK(PlaneJet<float>(sum).yy == 7.0F);
}

}  // namespace plane_jet_test
