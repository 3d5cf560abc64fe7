// SPDX-License-Identifier: Apache-2.0
//
// Attention on a device beside the primitives in double.
#pragma once

#include <utility>
#include <vector>

#include <vitscape/autograd/ops/attention.hpp>

#include "device_test.hpp"

namespace vitscape::test {

struct AttentionResult {
    std::vector<double> out, gradient;
};

/// The op on a backend: the output, and the gradient by qkv for this gradient of the output.
template <class B>
AttentionResult run_attention(const B& backend, const AttentionShape& s, const std::vector<double>& qkv,
                              const std::vector<double>& upstream) {
    Tape<B> tape(backend, nullptr, nullptr);
    AttentionResult result;
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
inline std::vector<double> third(const std::vector<double>& packed, Index width, Index which) {
    std::vector<double> result;
    for (Index row = 0; row < static_cast<Index>(packed.size()) / (3 * width); ++row) {
        const auto numbers = part(packed, row * 3 * width + which * width, width);
        result.insert(result.end(), numbers.begin(), numbers.end());
    }
    return result;
}

/// @param fused  whether the backend has this shape's attention as one operation
template <class B>
void compare_attention(const B& backend, const AttentionShape& s, bool fused) {
    using T = typename B::Storage;
    INFO(s.samples << " samples, " << s.tokens << " tokens, queries " << s.first_query << " + " << s.queries
                   << ", " << s.heads << " heads of " << s.head_width);
    CHECK(backend.attention_supported(s) == fused);
    const auto qkv = numbers_of<T>(s.samples * s.tokens * 3 * s.width(), 1),
               upstream = numbers_of<T>(s.samples * s.queries * s.width(), 2);
    const AttentionResult expected = run_attention(Reference(2), s, qkv, upstream),
                          result = run_attention(backend, s, qkv, upstream);
    // Probabilities are rounded to T before they meet the values, and so are the gradients of the scores; these
    // are differences, of which the gradients by queries and keys are sums.
    CHECK(distance(result.out, expected.out) < storage_tolerance<T>(2));
    for (const Index which : {0, 1, 2}) {
        INFO("gradient by " << (which == 0 ? "queries" : which == 1 ? "keys" : "values"));
        CHECK(distance(third(result.gradient, s.width(), which), third(expected.gradient, s.width(), which)) <
              storage_tolerance<T>(which == 2 ? 2 : 4));
    }
}

}  // namespace vitscape::test
