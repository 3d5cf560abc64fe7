// SPDX-License-Identifier: Apache-2.0
//
// The fused attention of the CPU backend against the same in primitives.
#include <vitscape/autograd/ops/attention.hpp>
#include <vitscape/backend/eigen/cpu.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"

namespace fused_attention_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

struct Result {
    std::vector<double> out, gradient;
};

Index packed_size(const AttentionShape& s) { return s.samples * s.tokens * 3 * s.width(); }

/// @param size  of queries and keys.  @param ones  whether all values are 1
template <class B>
Result run(B backend, const AttentionShape& shape, double size = 1, bool ones = false) {
    using T = typename B::Storage;
    auto numbers = random_numbers(packed_size(shape), 1);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto width = static_cast<std::size_t>(shape.width());
        if (i % (3 * width) < 2 * width)
            numbers[i] *= size;
        else if (ones)
            numbers[i] = 1;
    }
    const Shape packed{shape.samples, shape.tokens, 3 * shape.width()},
        asked{shape.samples, shape.queries, shape.width()};
    const Tensor<B> qkv = upload(backend, packed, numbers),
                    upstream = upload(backend, asked, random_numbers(asked.size(), 2)),
                    out = upload(backend, asked, not_a_number<T>(asked.size())),
                    dqkv = upload(backend, packed, not_a_number<T>(packed.size()));
    if constexpr (FusedAttention<B>) {
        const Index size = backend.attention_saved(shape);
        const Tensor<B> saved = upload(backend, Shape{size}, not_a_number<T>(size));
        backend.attention(shape, qkv.data(), out.data(), saved.data());
        backend.attention_backward(shape, qkv.data(), out.data(), saved.data(), upstream.data(), dqkv.data());
    } else {
        const Tensor<B> probabilities(backend, Shape{shape.probabilities()});
        const Tensor<B> row_number(backend, Shape{shape.samples * shape.heads * shape.queries});
        detail::attention_forward(backend, shape, qkv.data(), out.data(), probabilities.data(), row_number);
        Tape<B> tape(backend, nullptr, nullptr);
        detail::attention_backward(tape, shape, qkv.data(), probabilities.data(), upstream.data(),
                                   dqkv.data());
    }
    return {download(backend, out.view()), download(backend, dqkv.view())};
}

std::vector<AttentionShape> shapes() {
    std::vector<AttentionShape> shapes;
    for (const Index tokens : {5, 17, 50})
        for (const auto& [first, queries] :
             {std::pair<Index, Index>{0, tokens}, {0, 1}, {tokens / 3, tokens - tokens / 3}})
            for (const auto& [heads, head_width] : {std::pair<Index, Index>{3, 7}, {1, 16}, {2, 1}})
                shapes.push_back({.samples = 3,
                                  .tokens = tokens,
                                  .heads = heads,
                                  .head_width = head_width,
                                  .first_query = first,
                                  .queries = queries});
    return shapes;
}

}  // namespace

TEMPLATE_TEST_CASE("fused attention: as the primitives, for every range of queries", "[backend][fused]",
                   double, float) {
    STATIC_REQUIRE(FusedAttention<Cpu<TestType>>);
    STATIC_REQUIRE_FALSE(FusedAttention<CpuPrimitives<TestType>>);
    for (const AttentionShape& shape : shapes()) {
        INFO(shape.tokens << " tokens, queries " << shape.first_query << " + " << shape.queries << ", "
                          << shape.heads << " heads of " << shape.head_width);
        const Result expected = run(CpuPrimitives<TestType>(1), shape), result = run(Cpu<TestType>(1), shape);
        CHECK(distance(result.out, expected.out) < rounding_tolerance<TestType>);
        CHECK(distance(result.gradient, expected.gradient) < rounding_tolerance<TestType>);
    }
}

TEMPLATE_TEST_CASE("attention: a range of queries is that part of all queries", "[backend][fused]",
                   Cpu<double>, CpuPrimitives<double>) {
    const AttentionShape all{
        .samples = 2, .tokens = 9, .heads = 2, .head_width = 5, .first_query = 0, .queries = 9};
    AttentionShape part = all;
    part.first_query = 3;
    part.queries = 4;
    const Result whole = run(TestType(1), all), some = run(TestType(1), part);
    std::vector<double> expected;
    for (Index sample = 0; sample < all.samples; ++sample) {
        const auto first = whole.out.begin() + (sample * all.tokens + part.first_query) * all.width();
        expected.insert(expected.end(), first, first + part.queries * all.width());
    }
    CHECK(distance(some.out, expected) < 1e-14);
}

TEMPLATE_TEST_CASE("attention: probabilities sum to one and large scores do not overflow", "[backend][fused]",
                   Cpu<float>, CpuPrimitives<float>) {
    const AttentionShape shape{
        .samples = 2, .tokens = 17, .heads = 2, .head_width = 8, .first_query = 0, .queries = 17};
    for (const double size : {1.0, 100.0}) {  // scores up to some 10^5
        const Result result = run(TestType(1), shape, size, true);
        for (const double number : result.out) CHECK(number == Approx(1).epsilon(1e-6));
        for (const double number : result.gradient) CHECK(std::isfinite(number));
    }
}

}  // namespace fused_attention_test
