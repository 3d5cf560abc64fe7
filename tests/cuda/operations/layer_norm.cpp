// SPDX-License-Identifier: Apache-2.0
//
// Layer normalization on a device against the primitives in double.
#include <vitscape/autograd/ops/layer_norm.hpp>

#include "../device_test.hpp"

namespace layer_norm_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

constexpr double epsilon = 1e-6;

struct Given {
    std::vector<double> x, gamma, beta, dy, before, parameters_before;
};
struct Result {
    std::vector<double> y, mean, inverse, overwritten, added, dgamma, dbeta;
};

template <class T>
Given numbers(Index rows, Index columns) {
    return {numbers_of<T>(rows * columns, 1, 0.5, 1),
            numbers_of<T>(columns, 2, 0.5, 1),
            numbers_of<T>(columns, 3),
            numbers_of<T>(rows * columns, 4),
            numbers_of<T>(rows * columns, 5),
            numbers_of<float>(columns, 6)};
}

Result expected(Index rows, Index columns, const Given& n) {
    Reference b(1);
    const Shape shape{rows, columns};
    const auto x = upload(b, shape, n.x), dy = upload(b, shape, n.dy), y = Tensor<Reference>(b, shape),
               gamma = on(b, n.gamma), beta = on(b, n.beta), mean = unwritten(b, rows),
               inverse = unwritten(b, rows);
    detail::layer_norm_forward(b, rows, columns, epsilon, x, gamma.data(), beta.data(), y, mean, inverse);
    Result result{read(y, b), read(mean, b), read(inverse, b), {}, {}, {}, {}};
    Tape<Reference> tape(b, nullptr, nullptr);
    for (const double keep : {0.0, 1.0}) {
        const auto dx = on(b, n.before), dgamma = on(b, n.parameters_before),
                   dbeta = on(b, n.parameters_before);
        detail::layer_norm_backward(tape, rows, columns, x, gamma.data(), mean, inverse, dy, keep, dx.data(),
                                    dgamma.data(), dbeta.data());
        (keep == 0 ? result.overwritten : result.added) = read(dx, b);
        result.dgamma = read(dgamma, b);
        result.dbeta = read(dbeta, b);
    }
    return result;
}

}  // namespace

TEMPLATE_TEST_CASE("device layer norm: as in double, overwriting and adding", "[cuda]", float, bfloat16) {
    using B = Cuda<TestType>;
    STATIC_REQUIRE(FusedLayerNorm<B>);
    B backend;
    const auto sums = backend.master();
    // odd rows; models' widths; wider than the registers; more rows than blocks
    for (const auto& [rows, columns] :
         {std::pair<Index, Index>{1, 8}, {17, 33}, {197, 192}, {50, 768}, {9, 2048}, {4099, 24}}) {
        INFO(rows << " x " << columns);
        const Given n = numbers<TestType>(rows, columns);
        const Result reference = expected(rows, columns, n);
        const auto x = on(backend, n.x), gamma = on(backend, n.gamma), beta = on(backend, n.beta),
                   dy = on(backend, n.dy), y = unwritten(backend, rows * columns);
        const auto mean = unwritten(sums, rows), inverse = unwritten(sums, rows);
        backend.layer_norm(rows, columns, epsilon, x.data(), gamma.data(), beta.data(), y.data(), mean.data(),
                           inverse.data());
        CHECK(distance(read(y, backend), reference.y) < storage_tolerance<TestType>());
        CHECK(distance(read(mean, sums), reference.mean) < sum_tolerance);
        CHECK(distance(read(inverse, sums), reference.inverse) < sum_tolerance);
        for (const double keep : {0.0, 1.0}) {
            const auto dx = keep == 0 ? unwritten(backend, rows * columns) : on(backend, n.before);
            const auto dgamma = on(sums, n.parameters_before), dbeta = on(sums, n.parameters_before);
            backend.layer_norm_backward(rows, columns, x.data(), gamma.data(), mean.data(), inverse.data(),
                                        dy.data(), keep, dx.data(), dgamma.data(), dbeta.data());
            CHECK(distance(read(dx, backend), keep == 0 ? reference.overwritten : reference.added) <
                  storage_tolerance<TestType>());
            CHECK(distance(read(dgamma, sums), reference.dgamma) < sum_tolerance);
            CHECK(distance(read(dbeta, sums), reference.dbeta) < sum_tolerance);
        }
    }
}

TEMPLATE_TEST_CASE("device layer norm: parameters that are not aligned, as in a flat vector", "[cuda]", float,
                   bfloat16) {
    Cuda<TestType> backend;
    const auto sums = backend.master();
    const Index rows = 20, columns = 64;
    const Given n = numbers<TestType>(rows, columns);
    std::vector<double> flat{0};
    flat.insert(flat.end(), n.gamma.begin(), n.gamma.end());
    flat.insert(flat.end(), n.beta.begin(), n.beta.end());
    const auto parameters = on(backend, flat), x = on(backend, n.x), y = unwritten(backend, rows * columns);
    const auto mean = unwritten(sums, rows), inverse = unwritten(sums, rows);
    backend.layer_norm(rows, columns, epsilon, x.data(), parameters.data() + 1,
                       parameters.data() + 1 + columns, y.data(), mean.data(), inverse.data());
    CHECK(distance(read(y, backend), expected(rows, columns, n).y) < storage_tolerance<TestType>());
}

}  // namespace layer_norm_test
