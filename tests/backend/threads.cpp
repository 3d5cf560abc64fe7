// SPDX-License-Identifier: Apache-2.0
//
// Results of the fused operations are the same to the last bit for every number of threads.
#include <map>
#include <span>
#include <string>

#include <vitscape/backend/eigen/cpu.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// The outputs of every fused operation for one number of threads.
template <class T>
std::map<std::string, std::vector<T>> outputs(int threads) {
    using B = Cpu<T>;
    B backend(threads);
    std::map<std::string, std::vector<T>> results;
    const auto random = [&](Index n, std::uint32_t stream) {
        return Numbers<B>(backend, random_scalars<T>(n, stream));
    };
    const auto empty = [&](Index n) { return Numbers<B>(backend, not_a_number<T>(n)); };
    {
        const Index rows = 1037, out = 391, in = 37;
        const auto x = random(rows * in, 1), weight = random(out * in, 2), bias = random(out, 3),
                   residual = random(rows * out, 4), y = empty(rows * out), derivative = empty(rows * out);
        backend.linear(rows, out, in, x.data(), weight.data(), bias.data(), residual.data(), y.data());
        results["linear"] = y.host();
        backend.linear_gelu(rows, out, in, x.data(), weight.data(), bias.data(), y.data(), derivative.data());
        results["linear_gelu"] = y.host();
        results["GELU derivative"] = derivative.host();
        for (const auto& [wide, name] : {std::pair<Index, const char*>{37, "small"}, {391, "large"}}) {
            const auto left = random(rows * wide, 5), dweight = random(out * wide, 6), dbias = random(out, 7);
            backend.linear_gradient(rows, out, wide, left.data(), residual.data(), dweight.data(),
                                    dbias.data());
            results[std::string("weight gradient, ") + name] = dweight.host();
            results[std::string("bias gradient, ") + name] = dbias.host();
        }
    }
    {
        const Index rows = 517, columns = 51;
        const auto x = random(rows * columns, 1), gamma = random(columns, 2), beta = random(columns, 3),
                   dy = random(rows * columns, 4), y = empty(rows * columns), mean = empty(rows),
                   inverse = empty(rows), dx = empty(rows * columns), dgamma = random(columns, 5),
                   dbeta = random(columns, 6);
        backend.layer_norm(rows, columns, 1e-6, x.data(), gamma.data(), beta.data(), y.data(), mean.data(),
                           inverse.data());
        backend.layer_norm_backward(rows, columns, x.data(), gamma.data(), mean.data(), inverse.data(),
                                    dy.data(), 0, dx.data(), dgamma.data(), dbeta.data());
        results["layer norm"] = y.host();
        results["layer norm, dx"] = dx.host();
        results["layer norm, dgamma"] = dgamma.host();
        results["layer norm, dbeta"] = dbeta.host();
    }
    for (const Index tokens : {17, 50}) {
        const AttentionShape shape{.samples = 7,
                                   .tokens = tokens,
                                   .heads = 3,
                                   .head_width = 11,
                                   .first_query = 0,
                                   .queries = tokens};
        const Index packed = shape.samples * tokens * 3 * shape.width(), asked = packed / 3;
        const auto qkv = random(packed, 1), dout = random(asked, 2), out = empty(asked),
                   probabilities = empty(shape.probabilities()), dqkv = empty(packed);
        backend.attention(shape, qkv.data(), out.data(), probabilities.data());
        backend.attention_backward(shape, qkv.data(), out.data(), probabilities.data(), dout.data(),
                                   dqkv.data());
        const std::string name = "attention over " + std::to_string(tokens);
        results[name] = out.host();
        results[name + ", gradient"] = dqkv.host();
    }
    {
        const Index n = 50021;
        const auto theta = random(n, 1), gradient = random(n, 2), first = random(n, 3);
        auto squares = random_scalars<T>(n, 4);
        for (T& number : squares) number *= number;
        const Numbers<B> second(backend, squares);
        const ParameterGroup all{.offset = 0, .count = n};
        backend.adamw(std::span(&all, 1), {.learning_rate = 1e-2, .weight_decay = 0.05}, theta.data(),
                      gradient.data(), first.data(), second.data());
        results["AdamW"] = theta.host();
    }
    return results;
}

}  // namespace

TEMPLATE_TEST_CASE("fused operations do not depend on the number of threads", "[backend][fused][threads]",
                   double, float) {
    const auto expected = outputs<TestType>(1);
    for (const int threads : {2, 3, 5}) {
        const auto results = outputs<TestType>(threads);
        for (const auto& [name, numbers] : expected) {
            INFO(name << ", " << threads << " threads");
            CHECK(identical(results.at(name), numbers));
        }
    }
}
