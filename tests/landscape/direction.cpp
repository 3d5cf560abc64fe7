// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/landscape/direction.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"

namespace direction_test {

using namespace vitscape;

namespace {
ParameterLayout small_layout() {
    ParameterLayout layout;
    layout.add("first.weight", Shape{40, 30}, ParameterKind::weight, Initializer::zeros());
    layout.add("first.bias", Shape{40}, ParameterKind::bias, Initializer::zeros());
    layout.add("second.weight", Shape{20, 40}, ParameterKind::weight, Initializer::zeros());
    return layout;
}
}  // namespace

TEST_CASE("a direction's elements are those of its parameters' random sequences") {
    const CpuPrimitives<double> cpu{2};
    const ParameterLayout layout = small_layout();
    const auto direction = gaussian_direction(cpu, layout, 7, 1).to_host();
    REQUIRE(direction.size() == 40u * 30u + 40u + 20u * 40u);
    const RandomKey second{.seed = 7, .purpose = Purpose::direction, .epoch = 1, .sample = 2};
    for (std::uint64_t i : {0u, 1u, 799u}) CHECK(direction[1240 + i] == random_normal(second, i));
    double sum = 0, square = 0;
    for (const double x : direction) {
        sum += x;
        square += x * x;
    }
    const double count = static_cast<double>(direction.size());
    CHECK(std::abs(sum / count) < 4 / std::sqrt(count));
    CHECK(std::abs(square / count - 1) < 4 * std::sqrt(2 / count));
}

TEST_CASE("directions of other numbers, seeds and more parameters") {
    const CpuPrimitives<double> cpu{1};
    ParameterLayout layout = small_layout();
    const auto zero = gaussian_direction(cpu, layout, 7, 0), one = gaussian_direction(cpu, layout, 7, 1),
               other_seed = gaussian_direction(cpu, layout, 8, 0);
    CHECK(std::abs(angle_in_degrees(zero, one) - 90) < 6);
    CHECK(std::abs(angle_in_degrees(zero, other_seed) - 90) < 6);

    layout.add("third.weight", Shape{3, 3}, ParameterKind::weight, Initializer::zeros());
    const auto longer = gaussian_direction(cpu, layout, 7, 0).to_host();
    const auto shorter = zero.to_host();
    CHECK(std::vector<double>(longer.begin(), longer.begin() + zero.size()) == shorter);
}

TEMPLATE_LIST_TEST_CASE("orthogonalize divides by the square of the norm", "", test::Plain) {
    using B = TestType;
    const B cpu = test::make_backend<B>(1);
    const double tolerance = std::is_same_v<typename B::Storage, float> ? 1e-5 : 1e-12;
    Vector<B> direction(cpu, std::vector<double>{3, 4, 5});
    const Vector<B> other(cpu, std::vector<double>{0, 10, 0});
    orthogonalize(direction, other);
    const auto host = direction.to_host();
    CHECK(host[0] == Approx(3));
    CHECK(std::abs(host[1]) < tolerance);
    CHECK(host[2] == Approx(5));

    auto a = gaussian_direction(cpu, small_layout(), 3, 0);
    const auto b = gaussian_direction(cpu, small_layout(), 3, 1);
    orthogonalize(a, b);
    CHECK(std::abs(dot(a, b)) < tolerance * norm(a) * norm(b));
    CHECK(angle_in_degrees(a, b) == Approx(90).margin(1e-3));
}

TEST_CASE("angles and degenerate directions") {
    using B = CpuPrimitives<double>;
    const B cpu{1};
    const Vector<B> x(cpu, std::vector<double>{1, 0}), diagonal(cpu, std::vector<double>{-2, 2}),
        zero(cpu, 2);
    CHECK(angle_in_degrees(x, diagonal) == Approx(135));
    CHECK(angle_in_degrees(x, x) == Approx(0).margin(1e-5));
    CHECK_THROWS_AS(angle_in_degrees(x, zero), NumericError);
    Vector<B> parallel(cpu, std::vector<double>{5, 0});
    CHECK_THROWS_AS(orthogonalize(parallel, x), NumericError);
    CHECK_THROWS_AS(orthogonalize(parallel, zero), NumericError);
    CHECK(parallel.to_host() == std::vector<double>{5, 0});  // unchanged by what failed
}

}  // namespace direction_test
