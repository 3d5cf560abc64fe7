// SPDX-License-Identifier: Apache-2.0
//
// Attention on a device against the primitives in double. Where a shape has no kernel the op takes the device's
// primitives, and gives the same.
#include <vitscape/autograd/ops/attention.hpp>

#include "../device_test.hpp"

using namespace vitscape;
using namespace vitscape::test;

namespace {

struct Result {
    std::vector<double> out, gradient;
};

/// The op on a backend: the output, and the gradient by qkv for this gradient of the output.
template <class B>
Result run(const B& backend, const AttentionShape& s, const std::vector<double>& qkv,
           const std::vector<double>& upstream) {
    Tape<B> tape(backend, nullptr, nullptr);
    Result result;
    const Tensor<B> x = upload(backend, {s.samples, s.tokens, 3 * s.width()}, qkv);
    const Variable<B> input = tape.record(x, [&](Tape<B>&, const Tensor<B>& gradient) {
        result.gradient = download(backend, gradient.view());
    });
    const Variable<B> out = attention(tape, input, s);
    result.out = download(backend, out.value.view());
    // from a loss whose gradient by the output is `upstream`
    const Tensor<B> dout = upload(backend, {s.samples, s.queries, s.width()}, upstream);
    const Variable<B> loss =
        tape.record(Tensor<B>(backend, {1}),
                    [dout, node = out.node](Tape<B>& t, const Tensor<B>&) { t.pass_gradient(node, dout); });
    tape.backward(loss);
    return result;
}

/// The queries', keys' or values' part of packed rows.
std::vector<double> third(const std::vector<double>& packed, Index width, Index which) {
    std::vector<double> result;
    for (Index row = 0; row < static_cast<Index>(packed.size()) / (3 * width); ++row) {
        const auto numbers = part(packed, row * 3 * width + which * width, width);
        result.insert(result.end(), numbers.begin(), numbers.end());
    }
    return result;
}

template <class T>
void compare(Cuda<T>& backend, const AttentionShape& s, bool kernel) {
    INFO(s.samples << " samples, " << s.tokens << " tokens, queries " << s.first_query << " + " << s.queries
                   << ", " << s.heads << " heads of " << s.head_width);
    CHECK(backend.attention_supported(s) == kernel);
    const auto qkv = numbers_of<T>(s.samples * s.tokens * 3 * s.width(), 1),
               upstream = numbers_of<T>(s.samples * s.queries * s.width(), 2);
    const Result expected = run(Reference(2), s, qkv, upstream), result = run(backend, s, qkv, upstream);
    // Probabilities are rounded to T before they meet the values, and so are the gradients of the scores; these
    // are differences, of which the gradients by queries and keys are sums.
    CHECK(distance(result.out, expected.out) < storage_tolerance<T>(2));
    for (const Index which : {0, 1, 2}) {
        INFO("gradient by " << (which == 0 ? "queries" : which == 1 ? "keys" : "values"));
        CHECK(distance(third(result.gradient, s.width(), which), third(expected.gradient, s.width(), which)) <
              storage_tolerance<T>(which == 2 ? 2 : 4));
    }
}

}  // namespace

TEMPLATE_TEST_CASE("device attention: as in double, at models' sizes", "[cuda]", float, bfloat16) {
    STATIC_REQUIRE(FusedAttention<Cuda<TestType>>);
    Cuda<TestType> backend;
    for (const Index tokens : {50, 197})
        for (const auto& [heads, head_width] : {std::pair<Index, Index>{3, 64}, {4, 32}})
            for (const auto& [first, queries] : {std::pair<Index, Index>{0, tokens}, {tokens - 37, 37}})
                compare<TestType>(backend,
                                  {.samples = 2,
                                   .tokens = tokens,
                                   .heads = heads,
                                   .head_width = head_width,
                                   .first_query = first,
                                   .queries = queries},
                                  true);
}

TEMPLATE_TEST_CASE("device attention: few and many tokens, many samples", "[cuda]", float, bfloat16) {
    Cuda<TestType> backend;
    for (const auto& [samples, tokens] : {std::pair<Index, Index>{1, 3}, {3, 17}, {1, 1025}, {200, 10}})
        compare<TestType>(backend,
                          {.samples = samples,
                           .tokens = tokens,
                           .heads = 2,
                           .head_width = 64,
                           .first_query = 0,
                           .queries = tokens},
                          true);
}

TEMPLATE_TEST_CASE("device attention: other head widths by the primitives", "[cuda]", float, bfloat16) {
    Cuda<TestType> backend;
    for (const Index head_width : {16, 40})
        compare<TestType>(backend,
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
    const Result once = run(backend, s, qkv, upstream), again = run(backend, s, qkv, upstream);
    for (const double number : once.out) REQUIRE(std::isfinite(number));
    for (const double number : once.gradient) REQUIRE(std::isfinite(number));
    CHECK(bool(once.out == again.out));
    CHECK(bool(once.gradient == again.gradient));
}
