// SPDX-License-Identifier: Apache-2.0
//
// The gradient of attention, its kernel run on the host, against the definition in double precision.
#include <cmath>

#include "backend/cuda/attention_reference.hpp"
#include "support/catch.hpp"

namespace attention_backward_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

struct Tolerance {
    double query_and_key, value;
};
/// Relative errors (in the norm). bfloat16: weights P, their gradients dS and the results are rounded to 8
/// bits, 2^-9 each; dS = P * (dP - sum(dout * out)) also has the rounding of `out` in it. float: the order of
/// sums.
template <class T>
constexpr Tolerance tolerance =
    std::is_same_v<T, float> ? Tolerance{1e-6, 1e-6} : Tolerance{1.5 * 0x1p-8, 0x1p-8};

template <class Head>
void check_backward(const AttentionShape& shape, const AttentionDevice& device, double factor = 1,
                    Tolerance bound = tolerance<typename Head::Scalar>) {
    using T = typename Head::Scalar;
    const Index row = 3 * shape.width();
    const auto qkv = normal_numbers<T>(shape.samples * shape.tokens * row, 1, factor);
    const auto dout = normal_numbers<T>(shape.samples * shape.queries * shape.width(), 2);
    const AttentionReference expected = attention_reference(shape, qkv, dout);
    const auto result = emulate_attention<T, Head::width>(shape, device, qkv, &dout);
    INFO(shape.tokens << " tokens, " << shape.queries << " queries from " << shape.first_query);
    CHECK(relative_error(result.dqkv, expected.dqkv, row, 0, 3) < bound.query_and_key);
    CHECK(relative_error(result.dqkv, expected.dqkv, row, 1, 3) < bound.query_and_key);
    CHECK(relative_error(result.dqkv, expected.dqkv, row, 2, 3) < bound.value);
    CHECK(result.tails_are_untouched);
    bool others_are_zero = true;
    for (Index i = 0; i < shape.samples * shape.tokens * row; ++i) {
        const Index query = i / row % shape.tokens - shape.first_query;
        if (i % row < shape.width() && (query < 0 || query >= shape.queries))
            others_are_zero = others_are_zero && float(result.dqkv[static_cast<std::size_t>(i)]) == 0;
    }
    CHECK(others_are_zero);
}

}  // namespace

TEMPLATE_TEST_CASE("attention gradient kernel agrees with the definition", "", (HeadOf<float, 32>),
                   (HeadOf<float, 64>), (HeadOf<bfloat16, 32>), (HeadOf<bfloat16, 64>)) {
    constexpr int width = TestType::width;
    for (const Index tokens : {5, 16, 17, 50})
        check_backward<TestType>(attention_shape(2, tokens, 2, width), one_processor);
    check_backward<TestType>(attention_shape(1, 197, 1, width), one_processor);
}

TEMPLATE_TEST_CASE("attention gradient kernel of one token", "", (HeadOf<float, 64>),
                   (HeadOf<bfloat16, 64>)) {
    // Its weight is 1 whatever q and k are: their gradient is what the rounding of dP - sum(dout * out)
    // leaves.
    check_backward<TestType>(attention_shape(2, 1, 3, TestType::width), one_processor, 1, {1e-5, 1e-6});
}

TEMPLATE_TEST_CASE("attention gradient kernel with some of the tokens asking", "", (HeadOf<float, 32>),
                   (HeadOf<bfloat16, 64>)) {
    constexpr int width = TestType::width;
    check_backward<TestType>(attention_shape(2, 17, 3, width, 5, 9), one_processor);
    check_backward<TestType>(attention_shape(2, 50, 2, width, 0, 1), one_processor);
    check_backward<TestType>(attention_shape(1, 197, 1, width, 160, 37), many_processors);
}

TEMPLATE_TEST_CASE("attention gradient kernel streams rows that do not fit in shared memory", "",
                   (HeadOf<float, 32>), (HeadOf<float, 64>), (HeadOf<bfloat16, 32>), (HeadOf<bfloat16, 64>)) {
    const AttentionShape shape = attention_shape(1, 300, 1, TestType::width);
    REQUIRE(attention_backward_launch<typename TestType::Scalar>(shape, small_memory).plan.resident < 300);
    check_backward<TestType>(shape, small_memory);
}

TEMPLATE_TEST_CASE("attention gradient kernel gives the same numbers in every run", "", (HeadOf<float, 32>),
                   (HeadOf<bfloat16, 32>)) {
    using T = typename TestType::Scalar;
    const AttentionShape shape = attention_shape(1, 197, 2, TestType::width, 10, 150);
    REQUIRE(attention_backward_launch<T>(shape, one_processor).plan.groups == 1);
    REQUIRE(attention_backward_launch<T>(shape, many_processors).plan.groups > 1);
    const auto qkv = normal_numbers<T>(shape.tokens * 3 * shape.width(), 1);
    const auto dout = normal_numbers<T>(shape.queries * shape.width(), 2);
    const auto one = emulate_attention<T, TestType::width>(shape, one_processor, qkv, &dout);
    const auto again = emulate_attention<T, TestType::width>(shape, one_processor, qkv, &dout);
    const auto many = emulate_attention<T, TestType::width>(shape, many_processors, qkv, &dout);
    CHECK(same_bits(one.dqkv, again.dqkv));
    CHECK(same_bits(one.dqkv, many.dqkv));
}

TEMPLATE_TEST_CASE("attention gradient kernel with large scores", "", (HeadOf<float, 64>),
                   (HeadOf<bfloat16, 64>)) {
    // Scores of 400: float's exp(score - log-sum-exp) is exact to 2^-24 of the score. Nearly all weight is on
    // one token, so dP - sum(dout * out) is a small difference, and the rounding of `out` weighs more.
    const bool is_float = std::is_same_v<typename TestType::Scalar, float>;
    check_backward<TestType>(attention_shape(1, 50, 1, TestType::width), one_processor, 10,
                             is_float ? Tolerance{400 * 0x1p-23, 400 * 0x1p-23} : Tolerance{0x1p-6, 0x1p-8});
}

}  // namespace attention_backward_test
