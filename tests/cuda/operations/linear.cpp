// SPDX-License-Identifier: Apache-2.0
//
// Linear layers on a device against plain products in double.
#include <cmath>

#include "../device_test.hpp"

namespace linear_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

struct Size {
    Index rows, in, out;
};
// One row; odd sizes, whose rows are not aligned; a small model's; more rows than one block's share
constexpr Size sizes[] = {{1, 8, 16}, {7, 5, 3}, {33, 31, 17}, {196, 192, 576}, {1003, 64, 128}};

/// One layer's numbers, and x W^T + bias in double.
template <class T>
struct Layer {
    std::vector<double> x, weight, bias, residual, h;
    explicit Layer(const Size& s)
        : x(numbers_of<T>(s.rows * s.in, 1)),
          weight(numbers_of<T>(s.out * s.in, 2, 1 / std::sqrt(static_cast<double>(s.in)))),
          bias(numbers_of<T>(s.out, 3, 0.5)),
          residual(numbers_of<T>(s.rows * s.out, 4)) {
        Reference backend(1);
        const auto a = on(backend, x), w = on(backend, weight), b = on(backend, bias),
                   y = unwritten(backend, s.rows * s.out);
        backend.map(s.rows, s.out, functor::Identity{}, operand::Matrix<double*>{y.data(), s.out},
                    operand::PerColumn<double*>{b.data()});
        backend.multiply({.transpose_b = true,
                          .m = s.rows,
                          .n = s.out,
                          .k = s.in,
                          .stride_a = s.in,
                          .stride_b = s.in,
                          .stride_c = s.out,
                          .beta = 1},
                         a.data(), w.data(), y.data());
        h = read(y, backend);
    }
};

}  // namespace

TEMPLATE_TEST_CASE("device linear layer: as in double, with and without residual", "[cuda]", float,
                   bfloat16) {
    using B = Cuda<TestType>;
    STATIC_REQUIRE(FusedLinear<B>);
    B backend;
    for (const Size& s : sizes) {
        const Layer<TestType> layer(s);
        const auto x = on(backend, layer.x), weight = on(backend, layer.weight),
                   bias = on(backend, layer.bias), residual = on(backend, layer.residual);
        for (const bool with_residual : {false, true}) {
            INFO(s.rows << " rows, " << s.in << " to " << s.out << ", residual " << with_residual);
            const auto y = unwritten(backend, s.rows * s.out);
            backend.linear(s.rows, s.out, s.in, x.data(), weight.data(), bias.data(),
                           with_residual ? residual.data() : nullptr, y.data());
            std::vector<double> expected = layer.h;
            if (with_residual)
                for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += layer.residual[i];
            // rounded once; twice where the bias is added first
            CHECK(distance(read(y, backend), expected) < storage_tolerance<TestType>(2));
            CHECK(bool(read(residual, backend) == layer.residual));
        }
    }
}

TEMPLATE_TEST_CASE("device linear layer: in place of its residual", "[cuda]", float, bfloat16) {
    Cuda<TestType> backend;
    const Size s{196, 192, 64};
    const Layer<TestType> layer(s);
    const auto x = on(backend, layer.x), weight = on(backend, layer.weight), bias = on(backend, layer.bias),
               y = on(backend, layer.residual);
    backend.linear(s.rows, s.out, s.in, x.data(), weight.data(), bias.data(), y.data(), y.data());
    std::vector<double> expected = layer.h;
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += layer.residual[i];
    CHECK(distance(read(y, backend), expected) < storage_tolerance<TestType>(2));
}

TEMPLATE_TEST_CASE(
    "device linear layer with GELU: as in double, with and without its argument; and its derivative",
    "[cuda]", float, bfloat16) {
    Cuda<TestType> backend;
    for (const Size& s : sizes) {
        const Layer<TestType> layer(s);
        const auto x = on(backend, layer.x), weight = on(backend, layer.weight),
                   bias = on(backend, layer.bias), argument = unwritten(backend, s.rows * s.out);
        std::vector<double> value, slope;
        for (const double h : layer.h) {
            value.push_back(functor::Gelu{}(h));
            slope.push_back(functor::GeluDerivative{}(h));
        }
        for (TestType* const where : {argument.data(), static_cast<TestType*>(nullptr)}) {
            INFO(s.rows << " rows, " << s.in << " to " << s.out << ", argument " << (where != nullptr));
            const auto y = unwritten(backend, s.rows * s.out);
            backend.linear_gelu(s.rows, s.out, s.in, x.data(), weight.data(), bias.data(), y.data(), where);
            // x W^T + bias is rounded, perhaps twice, and its function is: GELU and its derivative have slopes of
            // about 1, but a value may be smaller than its argument
            CHECK(distance(read(y, backend), value) < storage_tolerance<TestType>(4));
            CHECK(distance(read(argument, backend), layer.h) < storage_tolerance<TestType>(4));
        }
        const auto again = unwritten(backend, s.rows * s.out);
        backend.gelu_and_derivative(s.rows * s.out, argument.data(), again.data());
        CHECK(distance(read(again, backend), value) < storage_tolerance<TestType>(4));
        CHECK(distance(read(argument, backend), slope) < storage_tolerance<TestType>(4));
    }
}

TEMPLATE_TEST_CASE("device GELU: no number is off, in the tails either", "[cuda]", float, bfloat16) {
    // one input, weight 1, bias 0: y = GELU(x)
    Cuda<TestType> backend;
    std::vector<double> points;
    for (double x = -14; x <= 14; x += 0.01) points.push_back(x);
    points = rounded<TestType>(points);
    const auto n = static_cast<Index>(points.size());
    const auto x = on(backend, points), weight = on(backend, {1.0}), bias = on(backend, {0.0}),
               y = unwritten(backend, n), again = unwritten(backend, n), derivative = unwritten(backend, n);
    backend.linear_gelu(n, 1, 1, x.data(), weight.data(), bias.data(), y.data(), derivative.data());
    backend.gelu_and_derivative(n, derivative.data(), again.data());
    const auto value = read(y, backend), second = read(again, backend), slope = read(derivative, backend);
    double worst = 0, worst_slope = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
        for (const double y_i : {value[i], second[i]})
            worst = std::max(worst,
                             std::abs(y_i - functor::Gelu{}(points[i])) / std::max(1.0, std::abs(points[i])));
        worst_slope = std::max(worst_slope, std::abs(slope[i] - functor::GeluDerivative{}(points[i])));
    }
    const double tolerance = std::is_same_v<TestType, bfloat16> ? 0x1p-8 : 1e-6;
    CHECK(worst < tolerance);
    CHECK(worst_slope < tolerance);
}

TEMPLATE_TEST_CASE("device gradient of weight and bias: added to what is there, in float", "[cuda]", float,
                   bfloat16) {
    using B = Cuda<TestType>;
    B backend;
    const auto sums = backend.master();
    Reference reference(1);
    // few rows; many rows with a small weight; a large weight; a long sum
    for (const Size& s : {Size{1, 3, 5}, {33, 17, 9}, {1531, 8, 32}, {196, 192, 576}, {12544, 24, 16}}) {
        INFO(s.rows << " rows, " << s.in << " to " << s.out);
        const auto x = numbers_of<TestType>(s.rows * s.in, 1), dy = numbers_of<TestType>(s.rows * s.out, 2);
        const auto weight_before = numbers_of<float>(s.out * s.in, 3),
                   bias_before = numbers_of<float>(s.out, 4);
        const auto rx = on(reference, x), rdy = on(reference, dy), rweight = on(reference, weight_before),
                   rbias = on(reference, bias_before);
        reference.multiply({.transpose_a = true,
                            .m = s.out,
                            .n = s.in,
                            .k = s.rows,
                            .stride_a = s.out,
                            .stride_b = s.in,
                            .stride_c = s.in,
                            .beta = 1},
                           rdy.data(), rx.data(), rweight.data());
        reference.reduce_columns(s.rows, s.out, functor::Identity{}, 1, rbias.data(),
                                 operand::Matrix<double*>{rdy.data(), s.out});
        const auto dx = on(backend, x), ddy = on(backend, dy);
        const auto dweight = on(sums, weight_before), dbias = on(sums, bias_before);
        backend.linear_gradient(s.rows, s.out, s.in, dx.data(), ddy.data(), dweight.data(), dbias.data());
        CHECK(distance(read(dweight, sums), read(rweight, reference)) < sum_tolerance);
        CHECK(distance(read(dbias, sums), read(rbias, reference)) < sum_tolerance);
    }
}

}  // namespace linear_test
