// SPDX-License-Identifier: Apache-2.0
//
// The fused linear layers of the CPU backend against the same in primitives.
#include <vitscape/backend/eigen/cpu.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"

namespace fused_linear_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

struct Size {
    Index rows, out, in;
};
constexpr Size sizes[] = {{1, 1, 1},    {3, 5, 7},      {17, 10, 192}, {33, 96, 31},
                          {100, 1, 33}, {515, 401, 19}, {1030, 65, 9}};

/// A layer's numbers on a backend.
template <class B>
struct Layer {
    using S = typename B::Scalar;
    using M = operand::Matrix<typename B::Pointer>;
    Size size;
    Numbers<B> x, weight, bias, residual, y;

    Layer(const B& backend, const Size& s)
        : size(s),
          x(backend, random_scalars<S>(s.rows * s.in, 1)),
          weight(backend, random_scalars<S>(s.out * s.in, 2)),
          bias(backend, random_scalars<S>(s.out, 3)),
          residual(backend, random_scalars<S>(s.rows * s.out, 4)),
          y(backend, not_a_number<S>(s.rows * s.out)) {}

    /// y = [residual +] x W^T + bias in primitives.
    void run(B& backend, bool with_residual) const {
        const operand::PerColumn<typename B::Pointer> per_column{bias.data()};
        const M target{y.data(), size.out};
        if (with_residual)
            backend.map(size.rows, size.out, functor::Add{}, target, M{residual.data(), size.out},
                        per_column);
        else
            backend.map(size.rows, size.out, functor::Identity{}, target, per_column);
        backend.multiply({.transpose_b = true,
                          .m = size.rows,
                          .n = size.out,
                          .k = size.in,
                          .stride_a = size.in,
                          .stride_b = size.in,
                          .stride_c = size.out,
                          .beta = 1},
                         x.data(), weight.data(), y.data());
    }
};

}  // namespace

TEMPLATE_TEST_CASE("fused linear: as the primitives, with and without residual", "[backend][fused]", double,
                   float) {
    using P = CpuPrimitives<TestType>;
    using F = Cpu<TestType>;
    STATIC_REQUIRE(FusedLinear<F>);
    STATIC_REQUIRE_FALSE(FusedLinear<P>);
    P primitives(2);
    F fused(2);
    for (const Size& size : sizes)
        for (const bool with_residual : {false, true}) {
            INFO(size.rows << " rows, " << size.in << " to " << size.out << ", residual " << with_residual);
            const Layer<P> expected(primitives, size);
            const Layer<F> layer(fused, size);
            expected.run(primitives, with_residual);
            fused.linear(size.rows, size.out, size.in, layer.x.data(), layer.weight.data(), layer.bias.data(),
                         with_residual ? layer.residual.data() : nullptr, layer.y.data());
            CHECK(distance(layer.y.host(), expected.y.host()) < rounding_tolerance<TestType>);
        }
}

TEMPLATE_TEST_CASE(
    "fused linear with GELU: as the primitives, with and without its argument; and its derivative",
    "[backend][fused]", double, float) {
    using P = CpuPrimitives<TestType>;
    using F = Cpu<TestType>;
    P primitives(2);
    F fused(2);
    for (const Size& size : sizes) {
        INFO(size.rows << " rows, " << size.in << " to " << size.out);
        const Index count = size.rows * size.out;
        const Layer<P> expected(primitives, size);
        const Layer<F> layer(fused, size);
        const Numbers<P> slope(primitives, not_a_number<TestType>(count));
        const Numbers<F> argument(fused, not_a_number<TestType>(count)),
            again(fused, not_a_number<TestType>(count));
        expected.run(primitives, false);
        const operand::Matrix<TestType*> h{expected.y.data(), size.out};
        const auto expected_argument = expected.y.host();
        primitives.map(size.rows, size.out, functor::GeluDerivative{},
                       operand::Matrix<TestType*>{slope.data(), size.out}, h);
        primitives.map(size.rows, size.out, functor::Gelu{}, h, h);
        for (TestType* const where : {argument.data(), static_cast<TestType*>(nullptr)}) {
            fused.linear_gelu(size.rows, size.out, size.in, layer.x.data(), layer.weight.data(),
                              layer.bias.data(), layer.y.data(), where);
            CHECK(distance(layer.y.host(), expected.y.host()) < rounding_tolerance<TestType>);
            CHECK(distance(argument.host(), expected_argument) < rounding_tolerance<TestType>);
        }
        fused.gelu_and_derivative(count, argument.data(), again.data());
        CHECK(distance(again.host(), expected.y.host()) < rounding_tolerance<TestType>);
        CHECK(distance(argument.host(), slope.host()) < rounding_tolerance<TestType>);
    }
}

TEMPLATE_TEST_CASE("GELU: no number is off, in the tails either", "[backend][fused]", double, float) {
    // one input, weight 1, bias 0: y = GELU(x)
    Cpu<TestType> backend(1);
    std::vector<TestType> points;
    for (double x = -14; x <= 14; x += 0.01) points.push_back(static_cast<TestType>(x));
    const auto n = static_cast<Index>(points.size());
    const Numbers<Cpu<TestType>> x(backend, points), weight(backend, {TestType(1)}),
        bias(backend, {TestType(0)}), y(backend, not_a_number<TestType>(n)),
        again(backend, not_a_number<TestType>(n)), derivative(backend, not_a_number<TestType>(n));
    backend.linear_gelu(n, 1, 1, x.data(), weight.data(), bias.data(), y.data(), derivative.data());
    backend.gelu_and_derivative(n, derivative.data(), again.data());
    double worst = 0, worst_derivative = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const auto point = static_cast<double>(points[i]);
        for (const TestType value : {y.host()[i], again.host()[i]})
            worst = std::max(worst, std::abs(static_cast<double>(value) - functor::Gelu{}(point)));
        worst_derivative = std::max(worst_derivative, std::abs(static_cast<double>(derivative.host()[i]) -
                                                               functor::GeluDerivative{}(point)));
    }
    const double tolerance = std::is_same_v<TestType, float> ? 2e-6 : 1e-14;
    CHECK(worst < tolerance);
    CHECK(worst_derivative < tolerance);
}

TEMPLATE_TEST_CASE("fused gradient of weight and bias: as the primitives, for small and large weights",
                   "[backend][fused]", double, float) {
    using P = CpuPrimitives<TestType>;
    using F = Cpu<TestType>;
    P primitives(2);
    F fused(2);
    // few rows; many rows with a small weight (partial sums); a large weight with rows in several pieces
    for (const Size& size : {Size{1, 3, 5}, {33, 17, 9}, {257, 5, 7}, {1531, 10, 33}, {1037, 231, 301}}) {
        INFO(size.rows << " rows, " << size.in << " to " << size.out);
        const auto x = random_scalars<TestType>(size.rows * size.in, 1),
                   dy = random_scalars<TestType>(size.rows * size.out, 2),
                   before = random_scalars<TestType>(size.out * size.in, 3);
        const Numbers<P> px(primitives, x), pdy(primitives, dy), expected(primitives, before);
        const Numbers<F> fx(fused, x), fdy(fused, dy), dweight(fused, before);
        const auto bias_before = random_scalars<TestType>(size.out, 9);
        const Numbers<P> expected_bias(primitives, bias_before);
        const Numbers<F> dbias(fused, bias_before);
        primitives.multiply({.transpose_a = true,
                             .m = size.out,
                             .n = size.in,
                             .k = size.rows,
                             .stride_a = size.out,
                             .stride_b = size.in,
                             .stride_c = size.in,
                             .beta = 1},
                            pdy.data(), px.data(), expected.data());
        primitives.reduce_columns(size.rows, size.out, functor::Identity{}, 1, expected_bias.data(),
                                  operand::Matrix<TestType*>{pdy.data(), size.out});
        fused.linear_gradient(size.rows, size.out, size.in, fx.data(), fdy.data(), dweight.data(),
                              dbias.data());
        CHECK(distance(dweight.host(), expected.host()) < rounding_tolerance<TestType>);
        CHECK(distance(dbias.host(), expected_bias.host()) < rounding_tolerance<TestType>);
    }
}

}  // namespace fused_linear_test
