// SPDX-License-Identifier: Apache-2.0
//
// The attention kernels, run on the host, against the definition in double precision.
#include <cmath>

#include "backend/cuda/attention_reference.hpp"
#include "support/catch.hpp"

namespace attention_forward_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// Relative errors (in the norm). bfloat16: the weights and then the result are rounded to 8 bits, 2^-9 each.
/// float: the order of sums. Log-sum-exp is float in both.
template <class T>
constexpr double out_tolerance = std::is_same_v<T, float> ? 1e-6 : 0x1p-8;
constexpr double log_sum_tolerance = 1e-6;

template <class Head>
void check_forward(const AttentionShape& shape, const AttentionDevice& device) {
    using T = typename Head::Scalar;
    const auto qkv = normal_numbers<T>(shape.samples * shape.tokens * 3 * shape.width(), 1);
    const auto dout = normal_numbers<T>(shape.samples * shape.queries * shape.width(), 2);
    const AttentionReference expected = attention_reference(shape, qkv, dout);
    const auto result = emulate_attention<T, Head::width>(shape, device, qkv, nullptr);
    INFO(shape.tokens << " tokens, " << shape.queries << " queries from " << shape.first_query);
    CHECK(relative_error(result.out, expected.out) < out_tolerance<T>);
    CHECK(relative_error(result.log_sum, expected.log_sum) < log_sum_tolerance);
    CHECK(result.tails_are_untouched);
}

}  // namespace

TEMPLATE_TEST_CASE("attention kernel agrees with the definition", "", (HeadOf<float, 32>),
                   (HeadOf<float, 64>), (HeadOf<bfloat16, 32>), (HeadOf<bfloat16, 64>)) {
    constexpr int width = TestType::width;
    for (const Index tokens : {1, 5, 16, 17, 50})
        check_forward<TestType>(attention_shape(2, tokens, 3, width), one_processor);
    check_forward<TestType>(attention_shape(1, 197, 1, width), one_processor);
}

TEMPLATE_TEST_CASE("attention kernel with some of the tokens asking", "", (HeadOf<float, 32>),
                   (HeadOf<bfloat16, 64>)) {
    constexpr int width = TestType::width;
    check_forward<TestType>(attention_shape(2, 17, 3, width, 5, 9), one_processor);
    check_forward<TestType>(attention_shape(2, 50, 2, width, 0, 1), one_processor);
    check_forward<TestType>(attention_shape(1, 197, 1, width, 160, 37), many_processors);
}

TEMPLATE_TEST_CASE("attention kernel streams rows that do not fit in shared memory", "", (HeadOf<float, 32>),
                   (HeadOf<float, 64>), (HeadOf<bfloat16, 32>), (HeadOf<bfloat16, 64>)) {
    constexpr int width = TestType::width;
    const AttentionShape shape = attention_shape(1, 300, 1, width);
    REQUIRE(attention_forward_launch<typename TestType::Scalar>(shape, small_memory).plan.resident < 300);
    check_forward<TestType>(shape, small_memory);
}

TEMPLATE_TEST_CASE("attention kernel gives the same numbers however its rows are divided", "",
                   (HeadOf<float, 32>), (HeadOf<bfloat16, 32>)) {
    using T = typename TestType::Scalar;
    const AttentionShape shape = attention_shape(1, 197, 2, TestType::width);
    REQUIRE(attention_forward_launch<T>(shape, one_processor).plan.groups == 1);
    REQUIRE(attention_forward_launch<T>(shape, many_processors).plan.groups > 1);
    const auto qkv = normal_numbers<T>(shape.tokens * 3 * shape.width(), 1);
    const auto one = emulate_attention<T, TestType::width>(shape, one_processor, qkv, nullptr);
    const auto again = emulate_attention<T, TestType::width>(shape, one_processor, qkv, nullptr);
    const auto many = emulate_attention<T, TestType::width>(shape, many_processors, qkv, nullptr);
    CHECK(same_bits(one.out, again.out));
    CHECK(same_bits(one.log_sum, again.log_sum));
    CHECK(same_bits(one.out, many.out));
    CHECK(same_bits(one.log_sum, many.log_sum));
}

TEMPLATE_TEST_CASE("attention kernel does not overflow", "", (HeadOf<float, 64>), (HeadOf<bfloat16, 64>)) {
    using T = typename TestType::Scalar;
    const AttentionShape shape = attention_shape(1, 50, 1, TestType::width);
    const auto count = shape.tokens * 3 * shape.width();
    const auto dout = normal_numbers<T>(shape.tokens * shape.width(), 2);
    const auto check = [&](const std::vector<T>& qkv, double score) {
        const AttentionReference expected = attention_reference(shape, qkv, dout);
        REQUIRE(expected.largest_score > score);
        const auto result = emulate_attention<T, TestType::width>(shape, one_processor, qkv, nullptr);
        // A score is exact to 2^-24 of itself and a few sums; so is the exponential, but absolutely.
        const double rounding = 0x1p-23 * expected.largest_score;
        CHECK(relative_error(result.out, expected.out) < out_tolerance<T> + rounding);
        CHECK(relative_error(result.log_sum, expected.log_sum) < log_sum_tolerance);
    };
    SECTION("scores of hundreds") { check(normal_numbers<T>(count, 1, 10), 300); }
    SECTION("scores of ten thousands") { check(normal_numbers<T>(count, 1, 100), 30000); }
    SECTION("all scores far below zero") {
        auto qkv = normal_numbers<T>(count, 1);
        for (Index token = 0; token < shape.tokens; ++token)
            for (Index i = 0; i < shape.width(); ++i) {
                const auto at = static_cast<std::size_t>(token * 3 * shape.width() + i);
                qkv[at] = T(-16.0f);
                qkv[at + static_cast<std::size_t>(shape.width())] = T(16.0f);
            }
        check(qkv, 2000);
    }
}

}  // namespace attention_forward_test
