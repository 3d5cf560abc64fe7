// SPDX-License-Identifier: Apache-2.0
//
// The fused layer normalization of the CPU backend against the same in primitives.
#include <vitscape/autograd/ops/layer_norm.hpp>
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/tensor/vector.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"

namespace fused_layer_norm_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

constexpr std::pair<Index, Index> sizes[] = {{1, 4}, {3, 5}, {17, 33}, {100, 24}, {1003, 13}, {130, 301}};
constexpr double epsilon = 1e-6;

std::vector<double> ones_and(Index n, std::uint32_t stream) {
    auto numbers = random_numbers(n, stream);
    for (double& number : numbers) number = 1 + 0.5 * number;
    return numbers;
}

/// Value, saved row numbers and gradients of one layer, `gradient_before` being what dx held before.
struct Result {
    std::vector<double> y, mean, inverse, dx, parameter_gradients;
};

/// By the op, which takes the fused path where the backend has it.
template <class B>
Result run(B backend, Index rows, Index columns) {
    using T = typename B::Storage;
    Vector<B> theta(backend, 2 * columns), gradient(backend, 2 * columns);
    std::vector<double> parameters = ones_and(columns, 1);
    const auto shift = random_numbers(columns, 2);
    parameters.insert(parameters.end(), shift.begin(), shift.end());
    backend.upload(2 * columns, parameters.data(), theta.data());
    const auto x = ones_and(rows * columns, 3), dy = random_numbers(rows * columns, 4),
               before = random_numbers(rows * columns, 5);
    const Tensor<B> input = upload(backend, {rows, columns}, x),
                    upstream = upload(backend, {rows, columns}, dy), y(backend, {rows, columns}),
                    mean(backend, {rows}), inverse(backend, {rows});
    const auto gamma = theta.data(), beta = theta.data() + columns;
    if constexpr (FusedLayerNorm<B>)
        backend.layer_norm(rows, columns, epsilon, input.data(), gamma, beta, y.data(), mean.data(),
                           inverse.data());
    else
        detail::layer_norm_forward(backend, rows, columns, epsilon, input, gamma, beta, y, mean, inverse);
    Result result{download(backend, y.view()),
                  download(backend, mean.view()),
                  download(backend, inverse.view()),
                  {},
                  {}};
    for (const double keep : {0.0, 1.0}) {  // overwrites NaN, then adds
        const std::vector<T> nothing = not_a_number<T>(rows * columns);
        const Tensor<B> dx =
            keep == 0 ? upload(backend, {rows, columns}, nothing) : upload(backend, {rows, columns}, before);
        if constexpr (FusedLayerNorm<B>) {
            backend.layer_norm_backward(rows, columns, input.data(), gamma, mean.data(), inverse.data(),
                                        upstream.data(), keep, dx.data(), gradient.data(),
                                        gradient.data() + columns);
        } else {
            Tape<B> tape(backend, theta.data(), gradient.data());
            detail::layer_norm_backward(tape, rows, columns, input, gamma, mean, inverse, upstream, keep,
                                        dx.data(), gradient.data(), gradient.data() + columns);
        }
        const auto numbers = download(backend, dx.view());
        result.dx.insert(result.dx.end(), numbers.begin(), numbers.end());
    }
    result.parameter_gradients = gradient.to_host();
    return result;
}

}  // namespace

TEMPLATE_TEST_CASE("fused layer norm: as the primitives", "[backend][fused]", double, float) {
    STATIC_REQUIRE(FusedLayerNorm<Cpu<TestType>>);
    STATIC_REQUIRE_FALSE(FusedLayerNorm<CpuPrimitives<TestType>>);
    for (const auto& [rows, columns] : sizes) {
        INFO(rows << " x " << columns);
        const Result expected = run(CpuPrimitives<TestType>(2), rows, columns);
        const Result result = run(Cpu<TestType>(2), rows, columns);
        const double tolerance = rounding_tolerance<TestType>;
        CHECK(distance(result.y, expected.y) < tolerance);
        CHECK(distance(result.mean, expected.mean) < tolerance);
        CHECK(distance(result.inverse, expected.inverse) < tolerance);
        CHECK(distance(result.dx, expected.dx) < tolerance);
        CHECK(distance(result.parameter_gradients, expected.parameter_gradients) < tolerance);
    }
}

TEST_CASE("layer norm: rows of mean 0 and deviation 1, also far from zero", "[backend][fused]") {
    const Index columns = 100;
    Cpu<double> backend(1);
    std::vector<double> x = random_numbers(columns, 1);
    for (double& number : x) number = 1e4 + 3 * number;
    const Numbers<Cpu<double>> input(backend, x), gamma(backend, std::vector<double>(100, 1.0)),
        beta(backend, std::vector<double>(100, 0.0)), y(backend, x), mean(backend, {0.0}),
        inverse(backend, {0.0});
    backend.layer_norm(1, columns, epsilon, input.data(), gamma.data(), beta.data(), y.data(), mean.data(),
                       inverse.data());
    double sum = 0, squares = 0;
    for (const double number : y.host()) {
        sum += number;
        squares += number * number;
    }
    CHECK(std::abs(sum / columns) < 1e-10);
    CHECK(squares / columns == Approx(1).epsilon(1e-6));
    // a constant row is all shift: epsilon keeps the division finite
    const Numbers<Cpu<double>> constant(backend, std::vector<double>(100, 7.0));
    backend.layer_norm(1, columns, epsilon, constant.data(), gamma.data(), beta.data(), y.data(), mean.data(),
                       inverse.data());
    CHECK(y.host() == std::vector<double>(100, 0.0));
    CHECK(inverse.host()[0] == Approx(1000));
}

}  // namespace fused_layer_norm_test
