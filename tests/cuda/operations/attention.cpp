// SPDX-License-Identifier: Apache-2.0
//
// Attention on a device against the primitives in double. Where a shape has no kernel the op takes the device's
// primitives, and gives the same.
#include "../attention_test.hpp"

namespace attention_test {

using namespace vitscape;
using namespace vitscape::test;

TEMPLATE_TEST_CASE("device attention: as in double, at models' sizes", "[cuda]", float, bfloat16) {
    STATIC_REQUIRE(FusedAttention<Cuda<TestType>>);
    const Cuda<TestType> backend;
    for (const Index tokens : {50, 197})
        for (const auto& [heads, head_width] : {std::pair<Index, Index>{3, 64}, {4, 32}})
            for (const auto& [first, queries] : {std::pair<Index, Index>{0, tokens}, {tokens - 37, 37}})
                compare_attention(backend,
                                  {.samples = 2,
                                   .tokens = tokens,
                                   .heads = heads,
                                   .head_width = head_width,
                                   .first_query = first,
                                   .queries = queries},
                                  true);
}

TEMPLATE_TEST_CASE("device attention: few and many tokens, many samples", "[cuda]", float, bfloat16) {
    const Cuda<TestType> backend;
    for (const auto& [samples, tokens] : {std::pair<Index, Index>{1, 3}, {3, 17}, {1, 1025}, {200, 10}})
        compare_attention(backend,
                          {.samples = samples,
                           .tokens = tokens,
                           .heads = 2,
                           .head_width = 64,
                           .first_query = 0,
                           .queries = tokens},
                          true);
}

TEMPLATE_TEST_CASE("device attention: other head widths by the primitives", "[cuda]", float, bfloat16) {
    const Cuda<TestType> backend;
    for (const Index head_width : {16, 40})
        compare_attention(backend,
                          {.samples = 2,
                           .tokens = 50,
                           .heads = 3,
                           .head_width = head_width,
                           .first_query = 5,
                           .queries = 45},
                          false);
}

TEMPLATE_TEST_CASE("device attention: large scores do not overflow, and the same bits come again", "[cuda]",
                   float, bfloat16) {
    const Cuda<TestType> backend;
    const AttentionShape s{
        .samples = 2, .tokens = 197, .heads = 2, .head_width = 64, .first_query = 0, .queries = 197};
    const auto qkv = numbers_of<TestType>(s.samples * s.tokens * 3 * s.width(), 3, 100);
    const auto upstream = numbers_of<TestType>(s.samples * s.queries * s.width(), 4);
    const AttentionResult once = run_attention(backend, s, qkv, upstream),
                          again = run_attention(backend, s, qkv, upstream);
    for (const double number : once.out) REQUIRE(std::isfinite(number));
    for (const double number : once.gradient) REQUIRE(std::isfinite(number));
    CHECK(bool(once.out == again.out));
    CHECK(bool(once.gradient == again.gradient));
}

}  // namespace attention_test
