// SPDX-License-Identifier: Apache-2.0
#include <vitscape/backend/cuda/kernels/column_sums.hpp>
#include <vitscape/backend/cuda/kernels/layer_norm.hpp>
#include <vitscape/backend/cuda/kernels/layer_norm_backward.hpp>

#include "kernel_test.hpp"

namespace layer_norm_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

constexpr double epsilon = 1e-6;

/// Offsets put arrays off the alignment that wide accesses need.
struct Case {
    Index rows, columns, row_offset = 0, parameter_offset = 0;
};
/// Both paths of both types: packs or not, all in registers or not, one or several rounds over the columns.
constexpr Case cases[] = {{1, 4},         {3, 5},      {17, 33},        {9, 192},        {11, 768},
                          {3, 1024},      {10, 1032},  {9, 2056, 0, 3}, {5, 1544, 1, 1}, {2, 1283},
                          {21, 64, 0, 1}, {20, 64, 3}, {51, 8}};

struct Reference {
    std::vector<double> y, mean, inverse, dx, dgamma, dbeta;
};

Reference reference(const Case& size, const std::vector<double>& x, const std::vector<double>& gamma,
                    const std::vector<double>& beta, const std::vector<double>& dy) {
    const auto rows = static_cast<std::size_t>(size.rows), columns = static_cast<std::size_t>(size.columns);
    const auto count = static_cast<double>(columns);
    Reference r{x, std::vector<double>(rows),    std::vector<double>(rows),
                x, std::vector<double>(columns), std::vector<double>(columns)};
    std::vector<double> n(columns), g(columns);
    for (std::size_t row = 0; row < rows; ++row) {
        const double* const in = x.data() + row * columns;
        const double* const upstream = dy.data() + row * columns;
        double sum = 0, squares = 0, sum_g = 0, sum_gn = 0;
        for (std::size_t c = 0; c < columns; ++c) sum += in[c];
        r.mean[row] = sum / count;
        for (std::size_t c = 0; c < columns; ++c) squares += (in[c] - r.mean[row]) * (in[c] - r.mean[row]);
        r.inverse[row] = 1 / std::sqrt(squares / count + epsilon);
        for (std::size_t c = 0; c < columns; ++c) {
            n[c] = (in[c] - r.mean[row]) * r.inverse[row];
            r.y[row * columns + c] = gamma[c] * n[c] + beta[c];
            g[c] = gamma[c] * upstream[c];
            sum_g += g[c];
            sum_gn += g[c] * n[c];
            r.dgamma[c] += upstream[c] * n[c];
            r.dbeta[c] += upstream[c];
        }
        for (std::size_t c = 0; c < columns; ++c)
            r.dx[row * columns + c] = r.inverse[row] * (g[c] - sum_g / count - n[c] * sum_gn / count);
    }
    return r;
}

/// old + factor * added
std::vector<double> plus(std::vector<double> old, double factor, const std::vector<double>& added) {
    for (std::size_t i = 0; i < old.size(); ++i) old[i] = factor * old[i] + added[i];
    return old;
}

}  // namespace

TEMPLATE_TEST_CASE("The layer norm kernels against plain loops", "[cuda][layer_norm]", float, bfloat16) {
    using T = TestType;
    for (const Case& size : cases) {
        const auto [rows, columns, row_offset, parameter_offset] = size;
        CAPTURE(rows, columns, row_offset, parameter_offset);
        const GuardedArray<T> x(numbers_around(1, rows * columns, 1), row_offset);
        const GuardedArray<T> gamma(numbers_around(1, columns, 2), parameter_offset),
            beta(numbers_around(0, columns, 3), parameter_offset);
        const GuardedArray<T> dy(numbers_around(0, rows * columns, 4), row_offset);
        const Reference expected = reference(size, x.host(), gamma.host(), beta.host(), dy.host());

        GuardedArray<T> y(rows * columns, row_offset);
        GuardedArray<float> mean(rows), inverse(rows);
        run(kernels::LayerNorm<T>{rows, columns, static_cast<float>(epsilon), x.data(), gamma.data(),
                                  beta.data(), y.data(), mean.data(), inverse.data()});
        CHECK(distance(y.host(), expected.y) < storage_tolerance<T>);
        CHECK(distance(mean.host(), expected.mean) < sum_tolerance);
        CHECK(distance(inverse.host(), expected.inverse) < sum_tolerance);

        for (const float factor : {0.f, 1.f}) {
            // the gradient of the residual path, which is not read at 0
            const GuardedArray<T> before(numbers_around(0, rows * columns, 5));
            GuardedArray<T> dx(rows * columns, row_offset);
            if (factor != 0) std::copy_n(before.data(), rows * columns, dx.data());
            kernels::LayerNormBackward<T> backward{rows,        columns,        x.data(),  gamma.data(),
                                                   mean.data(), inverse.data(), dy.data(), factor,
                                                   dx.data(),   nullptr};
            const Index blocks =
                std::min<Index>(backward.blocks(), 2);  // warps take several rows, one after another
            GuardedArray<float> partial(blocks * 2 * columns);
            backward.partial = partial.data();
            emulate(backward, blocks, backward.max_threads, backward.shared_bytes());
            CHECK(distance(dx.host(), plus(before.host(), factor, expected.dx)) < storage_tolerance<T>);

            const auto old_gamma = numbers_around(0, columns, 6), old_beta = numbers_around(0, columns, 7);
            GuardedArray<float> dgamma(old_gamma, parameter_offset), dbeta(old_beta, parameter_offset);
            REQUIRE(partial.host().size() > 0);  // nothing beyond its end
            run(kernels::AddPartialSums{blocks, columns, partial.data(), dgamma.data(), dbeta.data()});
            CHECK(distance(dgamma.host(), plus(old_gamma, 1, expected.dgamma)) < sum_tolerance);
            CHECK(distance(dbeta.host(), plus(old_beta, 1, expected.dbeta)) < sum_tolerance);
        }
    }
}

TEST_CASE("The layer norm gradient's partial sums do not grow without bound", "[cuda][layer_norm]") {
    kernels::LayerNormBackward<float> backward{};
    backward.rows = 17;
    CHECK(backward.blocks() == 3);
    backward.rows = 1000000;
    CHECK(backward.blocks() == 256);
}

}  // namespace layer_norm_test
