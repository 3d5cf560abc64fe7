// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

#include <vitscape/backend/cuda/product_layout.hpp>

#include "support/catch.hpp"

namespace product_layout_test {

namespace {

using namespace vitscape;
using gpu::ColumnMatrix;
using gpu::ColumnProduct;

/// A column-major product that looks at nothing but what a library of such is told; also the sums over the
/// inner index that belong to it.
struct ColumnLibrary {
    ColumnProduct product;
    std::vector<double> sums_of_first, sums_of_second;

    static double element(const ColumnMatrix& matrix, bool transpose, const double* data, Index r, Index c) {
        if (transpose) std::swap(r, c);
        REQUIRE(r < matrix.rows);
        REQUIRE(c < matrix.columns);
        REQUIRE(matrix.leading >= matrix.rows);  // a library refuses others
        return data[c * matrix.leading + r];
    }
    void multiply(double alpha, const double* first, const double* second, double beta, const double* addend,
                  double* result, const double* bias) {
        const ColumnProduct& p = product;
        REQUIRE(p.result.rows == p.rows);
        REQUIRE(p.result.columns == p.columns);
        REQUIRE(p.result.leading >= p.rows);
        sums_of_first.assign(static_cast<std::size_t>(p.rows), 0);
        sums_of_second.assign(static_cast<std::size_t>(p.columns), 0);
        for (Index r = 0; r < p.rows; ++r)
            for (Index c = 0; c < p.columns; ++c) {
                double sum = 0;
                for (Index k = 0; k < p.inner; ++k)
                    sum += element(p.first, p.transpose_first, first, r, k) *
                           element(p.second, p.transpose_second, second, k, c);
                const Index at = c * p.result.leading + r;
                result[at] = alpha * sum + (beta == 0 ? 0 : beta * addend[at]) + (bias ? bias[r] : 0);
            }
        for (Index k = 0; k < p.inner; ++k) {
            for (Index r = 0; r < p.rows; ++r)
                sums_of_first[static_cast<std::size_t>(r)] +=
                    element(p.first, p.transpose_first, first, r, k);
            for (Index c = 0; c < p.columns; ++c)
                sums_of_second[static_cast<std::size_t>(c)] +=
                    element(p.second, p.transpose_second, second, k, c);
        }
    }
};

std::vector<double> numbers(std::size_t count, int seed) {
    std::vector<double> result(count);
    int state = seed;
    for (double& number : result) number = (state = (state * 37 + 11) % 101) - 50;
    return result;
}

/// Element (r, c) of op(X) of a row-major matrix.
double row_major(const double* data, bool transpose, Index stride, Index r, Index c) {
    return transpose ? data[c * stride + r] : data[r * stride + c];
}

}  // namespace

TEST_CASE("a row-major product in column-major terms, with epilogues", "[cuda]") {
    for (const bool transpose_a : {false, true})
        for (const bool transpose_b : {false, true})
            for (const auto& [m, n, k] :
                 {std::array<Index, 3>{2, 3, 4}, {1, 5, 3}, {4, 1, 2}, {3, 2, 1}, {1, 1, 1}})
                for (const Index gap : {0, 3}) {
                    const MatrixProduct p{.transpose_a = transpose_a,
                                          .transpose_b = transpose_b,
                                          .m = m,
                                          .n = n,
                                          .k = k,
                                          .stride_a = (transpose_a ? m : k) + gap,
                                          .stride_b = (transpose_b ? k : n) + gap,
                                          .stride_c = n + gap,
                                          .alpha = 2,
                                          .beta = -1};
                    const auto a = numbers(100, 3), b = numbers(100, 5), before = numbers(100, 7),
                               bias = numbers(static_cast<std::size_t>(n), 9);
                    auto c = before;
                    ColumnLibrary library{gpu::column_product(p), {}, {}};
                    // B first, A second.
                    library.multiply(p.alpha, b.data(), a.data(), p.beta, before.data(), c.data(),
                                     bias.data());

                    auto expected = before;
                    std::vector<double> sums_of_a(static_cast<std::size_t>(m)),
                        sums_of_b(static_cast<std::size_t>(n));
                    for (Index i = 0; i < m; ++i)
                        for (Index j = 0; j < n; ++j) {
                            double sum = 0;
                            for (Index l = 0; l < k; ++l)
                                sum += row_major(a.data(), transpose_a, p.stride_a, i, l) *
                                       row_major(b.data(), transpose_b, p.stride_b, l, j);
                            const auto at = static_cast<std::size_t>(i * p.stride_c + j);
                            expected[at] = 2 * sum - before[at] + bias[static_cast<std::size_t>(j)];
                        }
                    for (Index l = 0; l < k; ++l) {
                        for (Index i = 0; i < m; ++i)
                            sums_of_a[static_cast<std::size_t>(i)] +=
                                row_major(a.data(), transpose_a, p.stride_a, i, l);
                        for (Index j = 0; j < n; ++j)
                            sums_of_b[static_cast<std::size_t>(j)] +=
                                row_major(b.data(), transpose_b, p.stride_b, l, j);
                    }
                    INFO(m << ' ' << n << ' ' << k << ' ' << transpose_a << transpose_b << ' ' << gap);
                    CHECK((c == expected));
                    CHECK((library.sums_of_second == sums_of_a));
                    CHECK((library.sums_of_first == sums_of_b));
                }
}

TEST_CASE("a matrix of one row gets a distance between rows that a library accepts", "[cuda]") {
    const MatrixProduct p{.m = 1, .n = 6, .k = 4, .stride_a = 0, .stride_b = 6, .stride_c = 1};
    const auto product = gpu::column_product(p);
    CHECK(product.second.leading == 4);
    CHECK(product.result.leading == 6);
    CHECK(product.first.leading == 6);
}

TEST_CASE("batches in two dimensions become calls of one stride", "[cuda]") {
    const Index far = 1000;
    const ProductBatch batches[] = {
        {},
        {.outer = 3, .inner = 1, .outer_a = 5, .outer_b = 7, .outer_c = 9},
        {.outer = 1,
         .inner = 4,
         .outer_a = far,
         .inner_a = 5,
         .outer_b = 3,
         .inner_b = 7,
         .outer_c = 1,
         .inner_c = 9},
        {.outer = 3,
         .inner = 4,
         .outer_a = 20,
         .inner_a = 5,
         .outer_b = 28,
         .inner_b = 7,
         .outer_c = 36,
         .inner_c = 9},
        {.outer = 5,
         .inner = 2,
         .outer_a = 20,
         .inner_a = 3,
         .outer_b = 28,
         .inner_b = 14,
         .outer_c = 40,
         .inner_c = 6},
        {.outer = 2,
         .inner = 5,
         .outer_a = 50,
         .inner_a = 10,
         .outer_b = 64,
         .inner_b = 4,
         .outer_c = 99,
         .inner_c = 6},
        {.outer = 3,
         .inner = 4,
         .outer_a = 0,
         .inner_a = 5,
         .outer_b = 28,
         .inner_b = 7,
         .outer_c = 36,
         .inner_c = 9},
        {.outer = 0, .inner = 4},
    };
    const Index expected_calls[] = {1, 1, 1, 1, 2, 2, 3, 0};
    std::size_t which = 0;
    for (const ProductBatch& b : batches) {
        std::multiset<std::array<Index, 3>> expected, found;
        for (Index i = 0; i < b.outer; ++i)
            for (Index j = 0; j < b.inner; ++j)
                expected.insert({i * b.outer_a + j * b.inner_a, i * b.outer_b + j * b.inner_b,
                                 i * b.outer_c + j * b.inner_c});
        const auto s = gpu::strided_batches(b);
        for (Index i = 0; i < s.calls; ++i)
            for (Index j = 0; j < s.count; ++j)
                found.insert({i * s.call_a + j * s.stride_a, i * s.call_b + j * s.stride_b,
                              i * s.call_c + j * s.stride_c});
        INFO(which);
        CHECK((found == expected));
        if (expected_calls[which] > 0) CHECK(s.calls == expected_calls[which]);
        ++which;
    }
}

TEST_CASE("alignment of an address and of distances from it", "[cuda]") {
    alignas(512) static unsigned char memory[1024];
    CHECK(gpu::common_alignment(memory) == 256);
    CHECK(gpu::common_alignment(nullptr) == 256);
    CHECK(gpu::common_alignment(memory + 2) == 2);
    CHECK(gpu::common_alignment(memory + 48) == 16);
    CHECK(gpu::common_alignment(memory + 256, 0) == 256);
    CHECK(gpu::common_alignment(memory + 256, 64, 8) == 8);
    CHECK(gpu::common_alignment(memory + 3, 256) == 1);
}

TEST_CASE("products that may need another algorithm have another key", "[cuda]") {
    const auto key = [](const MatrixProduct& p) {
        gpu::ProductKey result;
        result.product = gpu::column_product(p);
        result.alignment.fill(256);
        return result;
    };
    const MatrixProduct p{.m = 8, .n = 16, .k = 32, .stride_a = 32, .stride_b = 16, .stride_c = 16};
    std::vector<gpu::ProductKey> keys{key(p)};
    const auto add = [&](auto change) {
        MatrixProduct changed = p;
        gpu::ProductKey result;
        if constexpr (requires { change(changed); }) {
            change(changed);
            result = key(changed);
        } else {
            result = key(p);
            change(result);
        }
        keys.push_back(result);
    };
    add([](MatrixProduct& q) { q.m = 9; });
    add([](MatrixProduct& q) { q.n = 15; });
    add([](MatrixProduct& q) { q.k = 31; });
    add([](MatrixProduct& q) { q.stride_a = 33; });
    add([](MatrixProduct& q) { q.stride_b = 33; });
    add([](MatrixProduct& q) { q.stride_c = 33; });
    add([](MatrixProduct& q) { q.transpose_a = true; });
    add([](MatrixProduct& q) { q.transpose_b = true; });
    add([](gpu::ProductKey& q) { q.count = 2; });
    add([](gpu::ProductKey& q) { q.stride_first = 2; });
    add([](gpu::ProductKey& q) { q.stride_second = 2; });
    add([](gpu::ProductKey& q) { q.stride_result = 2; });
    add([](gpu::ProductKey& q) { q.input = gpu::ElementType::bfloat16; });
    add([](gpu::ProductKey& q) { q.output = gpu::ElementType::bfloat16; });
    add([](gpu::ProductKey& q) { q.epilogue = gpu::Epilogue::bias; });
    add([](gpu::ProductKey& q) { q.epilogue = gpu::Epilogue::sums_of_second; });
    for (std::size_t i = 0; i < 5; ++i) add([i](gpu::ProductKey& q) { q.alignment[i] = 16; });

    std::set<std::size_t> hashes;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        hashes.insert(gpu::ProductKeyHash{}(keys[i].numbers()));
        for (std::size_t j = 0; j < keys.size(); ++j)
            CHECK((keys[i].numbers() == keys[j].numbers()) == (i == j));
    }
    CHECK(hashes.size() == keys.size());
    CHECK((key(p).numbers() == keys[0].numbers()));
    // Factors are not part of a plan.
    MatrixProduct scaled = p;
    scaled.alpha = 3;
    scaled.beta = 1;
    CHECK((key(scaled).numbers() == keys[0].numbers()));
}

}  // namespace product_layout_test
