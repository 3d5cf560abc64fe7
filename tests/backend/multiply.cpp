// SPDX-License-Identifier: Apache-2.0

#include <initializer_list>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"

namespace multiply_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// A product whose rows lie `gap` numbers further apart than they are long.
MatrixProduct product_of(Index m, Index n, Index k, bool transpose_a, bool transpose_b, Index gap) {
    return {.transpose_a = transpose_a,
            .transpose_b = transpose_b,
            .m = m,
            .n = n,
            .k = k,
            .stride_a = std::max<Index>(1, (transpose_a ? m : k) + gap),
            .stride_b = std::max<Index>(1, (transpose_b ? k : n) + gap),
            .stride_c = std::max<Index>(1, n + gap)};
}
Index size_a(const MatrixProduct& p) { return (p.transpose_a ? p.k : p.m) * p.stride_a; }
Index size_b(const MatrixProduct& p) { return (p.transpose_b ? p.n : p.k) * p.stride_b; }
Index size_c(const MatrixProduct& p) { return p.m * p.stride_c; }

/// The product by its definition, on the host.
template <class S>
void multiply_plainly(const MatrixProduct& p, const S* a, const S* b, S* c) {
    for (Index i = 0; i < p.m; ++i)
        for (Index j = 0; j < p.n; ++j) {
            S sum = S(0);
            for (Index l = 0; l < p.k; ++l)
                sum += a[p.transpose_a ? l * p.stride_a + i : i * p.stride_a + l] *
                       b[p.transpose_b ? j * p.stride_b + l : l * p.stride_b + j];
            S& target = c[i * p.stride_c + j];
            target = p.beta == 0 ? S(p.alpha) * sum : S(p.alpha) * sum + S(p.beta) * target;
        }
}

/// Numbers between the rows must stay; those inside are not to be read where beta is 0.
template <class S>
std::vector<S> output_before(const MatrixProduct& p) {
    auto before = random_scalars<S>(size_c(p), 3);
    if (p.beta == 0)
        for (Index i = 0; i < p.m; ++i)
            for (Index j = 0; j < p.n; ++j) before[at(i * p.stride_c + j)] = not_a_number<S>(1)[0];
    return before;
}

struct Size {
    Index m, n, k;
};

/// `multiply(product, a, b, c)` against the definition: all transpositions, rows apart, and what was there before.
template <class B, class Multiply>
void check_products(const B& backend, std::initializer_list<Size> sizes, const Multiply& multiply) {
    using S = typename B::Scalar;
    for (const auto& [m, n, k] : sizes)
        for (const bool transpose_a : {false, true})
            for (const bool transpose_b : {false, true})
                for (const double beta : {0.0, 1.0, -0.75}) {
                    MatrixProduct p = product_of(m, n, k, transpose_a, transpose_b, m % 2 == 0 ? 0 : 3);
                    p.alpha = beta == 1 ? 1 : 1.5;
                    p.beta = beta;
                    INFO(m << " x " << n << " x " << k << ", transposed " << transpose_a << transpose_b
                           << ", beta " << beta);
                    const auto a = random_scalars<S>(size_a(p), 1), b = random_scalars<S>(size_b(p), 2),
                               before = output_before<S>(p);
                    const Numbers<B> left(backend, a), right(backend, b), out(backend, before);
                    multiply(p, left.data(), right.data(), out.data());
                    auto expected = before;
                    multiply_plainly(p, a.data(), b.data(), expected.data());
                    CHECK(distance(out.host(), expected) < rounding_tolerance<typename B::Storage>);
                }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("multiply: alpha op(A) op(B) + beta C", "[backend]", Primitives) {
    TestType backend = make_backend<TestType>(2);
    check_products(backend,
                   {{0, 3, 5},
                    {3, 0, 5},
                    {3, 5, 0},
                    {1, 1, 1},
                    {1, 17, 3},
                    {17, 1, 3},
                    {3, 5, 17},
                    {17, 100, 33},
                    {100, 3, 100},
                    {300, 17, 9},
                    {9, 401, 17},
                    {515, 200, 3}},
                   [&](const MatrixProduct& p, auto a, auto b, auto c) { backend.multiply(p, a, b, c); });
}

TEMPLATE_LIST_TEST_CASE("multiply_batch: small products, of sizes around those of blocks", "[backend]",
                        Primitives) {
    TestType backend = make_backend<TestType>(1);
    check_products(backend,
                   {{1, 1, 1},
                    {3, 16, 5},
                    {5, 17, 16},
                    {7, 15, 64},
                    {8, 33, 1},
                    {15, 32, 17},
                    {64, 64, 64},
                    {65, 31, 3},
                    {2, 65, 65},
                    {3, 5, 0}},
                   [&](const MatrixProduct& p, auto a, auto b, auto c) {
                       backend.multiply_batch(p, ProductBatch{}, a, b, c);
                   });
}

TEMPLATE_LIST_TEST_CASE("multiply_batch: samples and heads", "[backend]", Primitives) {
    using B = TestType;
    using S = typename B::Scalar;
    B backend = make_backend<B>(3);
    const Index samples = 5, heads = 3, tokens = 17, d = 7, packed = 3 * heads * d;
    for (const double beta : {0.0, 2.0}) {
        INFO("beta " << beta);
        const MatrixProduct p{.transpose_b = true,
                              .m = tokens,
                              .n = tokens,
                              .k = d,
                              .stride_a = packed,
                              .stride_b = packed,
                              .stride_c = tokens,
                              .alpha = 0.5,
                              .beta = beta};
        const ProductBatch batch{.outer = samples,
                                 .inner = heads,
                                 .outer_a = tokens * packed,
                                 .inner_a = d,
                                 .outer_b = tokens * packed,
                                 .inner_b = d,
                                 .outer_c = heads * tokens * tokens,
                                 .inner_c = tokens * tokens};
        const Index count = samples * heads * tokens * tokens;
        const auto qkv = random_scalars<S>(samples * tokens * packed, 1),
                   before = beta == 0 ? not_a_number<S>(count) : random_scalars<S>(count, 2);
        const Numbers<B> in(backend, qkv), out(backend, before);
        backend.multiply_batch(p, batch, in.data(), in.data() + heads * d, out.data());
        auto expected = before;
        for (Index i = 0; i < samples; ++i)
            for (Index j = 0; j < heads; ++j)
                multiply_plainly(p, qkv.data() + i * batch.outer_a + j * batch.inner_a,
                                 qkv.data() + heads * d + i * batch.outer_b + j * batch.inner_b,
                                 expected.data() + i * batch.outer_c + j * batch.inner_c);
        CHECK(distance(out.host(), expected) < rounding_tolerance<typename B::Storage>);
    }
}

TEMPLATE_LIST_TEST_CASE("products do not depend on the number of threads", "[backend][threads]", Primitives) {
    using B = TestType;
    using S = typename B::Scalar;
    for (const auto& [m, n, k] : {Size{1031, 401, 17}, {17, 801, 33}, {530, 96, 70}})
        for (const bool transpose_a : {false, true})
            for (const bool transpose_b : {false, true}) {
                INFO(m << " x " << n << " x " << k << ", transposed " << transpose_a << transpose_b);
                const MatrixProduct p = product_of(m, n, k, transpose_a, transpose_b, 0);
                const auto a = random_scalars<S>(size_a(p), 1), b = random_scalars<S>(size_b(p), 2);
                std::vector<S> first;
                for (const int threads : {1, 2, 3, 5}) {
                    B backend = make_backend<B>(threads);
                    const Numbers<B> left(backend, a), right(backend, b),
                        out(backend, not_a_number<S>(size_c(p)));
                    backend.multiply(p, left.data(), right.data(), out.data());
                    if (threads == 1) first = out.host();
                    INFO(threads << " threads");
                    CHECK(identical(out.host(), first));
                }
            }
}

}  // namespace multiply_test
