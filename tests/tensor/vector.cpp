// SPDX-License-Identifier: Apache-2.0
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/tensor/vector.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace vector_test {

using namespace vitscape;
using namespace vitscape::test;

TEMPLATE_LIST_TEST_CASE("vector: operations of a vector space", "[tensor]", Plain) {
    using B = TestType;
    const B backend = make_backend<B>(2);
    for (const Index n : {1, 3, 17, 100, 30001}) {
        INFO(n << " numbers");
        const auto x = random_numbers(n, 1), y = random_numbers(n, 2), z = random_numbers(n, 3);
        const Vector<B> X(backend, x), Z(backend, z);
        Vector<B> Y(backend, y), out(backend, n);
        CHECK(out.to_host() == std::vector<double>(static_cast<std::size_t>(n), 0.0));
        double product = 0, square = 0;
        std::vector<double> sum, point;
        for (std::size_t i = 0; i < x.size(); ++i) {
            product += x[i] * y[i];
            square += x[i] * x[i];
            sum.push_back(1.5 * x[i] - 0.25 * y[i]);
            point.push_back(x[i] + 0.5 * y[i] - 2 * z[i]);
        }
        const double tolerance = rounding_tolerance<typename B::Storage>;
        CHECK(std::abs(dot(X, Y) - product) < tolerance * std::sqrt(square) * norm(Y));
        CHECK(norm(X) == Approx(std::sqrt(square)).epsilon(tolerance));
        plane_point(X, 0.5, Y, -2, Z, out);
        CHECK(distance(out.to_host(), point) < tolerance);
        axpby(1.5, X, -0.25, Y);
        CHECK(distance(Y.to_host(), sum) < tolerance);
        scale(-4, Y);
        for (double& number : sum) number *= -4;
        CHECK(distance(Y.to_host(), sum) < tolerance);
        fill(0.5, Y);
        CHECK(Y.to_host() == std::vector<double>(static_cast<std::size_t>(n), 0.5));
    }
}

TEST_CASE("vector: a copy has numbers of its own, and keeps its memory when assigned", "[tensor]") {
    using B = CpuPrimitives<double>;
    const B backend(1);
    const Vector<B> original(backend, std::vector<double>{1, 2, 3});
    Vector<B> copy = original;
    scale(2, copy);
    CHECK(original.to_host() == std::vector<double>{1, 2, 3});
    CHECK(copy.to_host() == std::vector<double>{2, 4, 6});
    const auto* const before = copy.data();
    copy = original;
    CHECK(copy.data() == before);
    CHECK(copy.to_host() == original.to_host());
    Vector<B> other(backend, 5);
    other = original;  // another size
    CHECK(other.to_host() == original.to_host());
    const Vector<B> moved = std::move(other);
    CHECK(moved.size() == 3);
    Vector<B> empty;
    CHECK(empty.size() == 0);
    const Vector<B> copy_of_empty = empty;
    CHECK(copy_of_empty.size() == 0);
    empty = original;
    CHECK(empty.to_host() == original.to_host());
}

TEST_CASE("vector: two spaces do not mix, the error names both sizes", "[tensor]") {
    using B = CpuPrimitives<double>;
    const B backend(1);
    const Vector<B> three(backend, 3);
    Vector<B> four(backend, 4);
    const auto text_of = [](const auto& action) { return error_text<ShapeError>(action); };
    for (const std::string& text :
         {text_of([&] { (void)dot(three, four); }), text_of([&] { axpby(1, three, 1, four); }),
          text_of([&] { plane_point(four, 1, three, 1, four, four); }),
          text_of([&] { plane_point(four, 1, four, 1, three, four); })}) {
        CHECK(contains(text, "3"));
        CHECK(contains(text, "4"));
    }
    CHECK(four.to_host() == std::vector<double>(4, 0.0));
}

TEST_CASE("vector: a dual backend's plane point carries tangents", "[tensor]") {
    using B = Dual<CpuPrimitives<double>>;
    const B backend(CpuPrimitives<double>(1));
    const Vector<B> theta(backend, std::vector<double>{1, 2}), direction(backend, std::vector<double>{3, 4});
    Vector<B> out(backend, 2);
    theta.data().part(1)[0] = 10;
    direction.data().part(1)[0] = 1;
    plane_point(theta, 2, direction, 0, direction, out);
    CHECK(out.to_host() == std::vector<double>{7, 10});
    CHECK(out.data().part(1)[0] == 12);
    CHECK(out.data().part(1)[1] == 0);
}

}  // namespace vector_test
