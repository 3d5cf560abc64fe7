// SPDX-License-Identifier: Apache-2.0
//
// Results of the fused operations are the same to the last bit for every number of threads.
#include <map>
#include <span>
#include <string>

#include <vitscape/backend/eigen/cpu.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"

namespace threads_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

/// The outputs of every fused operation for one number of threads.
template <class B>
std::map<std::string, std::vector<typename B::Scalar>> outputs(int threads) {
    using S = typename B::Scalar;
    B backend(threads);
    Master<B> sums = master(backend);
    std::map<std::string, std::vector<S>> results;
    const auto random_of = [](const auto& where, Index n, std::uint32_t stream) {
        return Numbers<std::remove_cvref_t<decltype(where)>>(where, random_scalars<S>(n, stream));
    };
    const auto empty_of = [](const auto& where, Index n) {
        return Numbers<std::remove_cvref_t<decltype(where)>>(where, not_a_number<S>(n));
    };
    const auto random = [&](Index n, std::uint32_t stream) { return random_of(backend, n, stream); };
    const auto empty = [&](Index n) { return empty_of(backend, n); };
    {
        const Index rows = 1037, out = 391, in = 37;
        const auto x = random(rows * in, 1), weight = random(out * in, 2), bias = random(out, 3),
                   residual = random(rows * out, 4), y = empty(rows * out), h = empty(rows * out);
        backend.linear(rows, out, in, x.data(), weight.data(), bias.data(), residual.data(), y.data());
        results["linear"] = y.host();
        backend.linear_gelu(rows, out, in, x.data(), weight.data(), bias.data(), y.data(), h.data());
        results["linear_gelu"] = y.host();
        results["argument of GELU"] = h.host();
        backend.gelu_and_derivative(rows * out, h.data(), y.data());
        results["GELU"] = y.host();
        results["GELU derivative"] = h.host();
        for (const auto& [wide, name] : {std::pair<Index, const char*>{37, "small"}, {391, "large"}}) {
            const auto left = random(rows * wide, 5);
            const auto dweight = random_of(sums, out * wide, 6), dbias = random_of(sums, out, 7);
            backend.linear_gradient(rows, out, wide, left.data(), residual.data(), dweight.data(),
                                    dbias.data());
            results[std::string("weight gradient, ") + name] = dweight.host();
            results[std::string("bias gradient, ") + name] = dbias.host();
        }
    }
    {
        const Index rows = 517, columns = 51;
        const auto x = random(rows * columns, 1), gamma = random(columns, 2), beta = random(columns, 3),
                   dy = random(rows * columns, 4), y = empty(rows * columns), dx = empty(rows * columns);
        const auto mean = empty_of(sums, rows), inverse = empty_of(sums, rows),
                   dgamma = random_of(sums, columns, 5), dbeta = random_of(sums, columns, 6);
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
        const auto qkv = random(packed, 1), dout = random(asked, 2), out = empty(asked), dqkv = empty(packed);
        const auto saved = empty_of(sums, backend.attention_saved(shape));
        backend.attention(shape, qkv.data(), out.data(), saved.data());
        backend.attention_backward(shape, qkv.data(), out.data(), saved.data(), dout.data(), dqkv.data());
        const std::string name = "attention over " + std::to_string(tokens);
        results[name] = out.host();
        results[name + ", gradient"] = dqkv.host();
    }
    return results;
}

template <class B>
std::vector<typename B::Scalar> adamw(int threads) {
    using S = typename B::Scalar;
    B backend(threads);
    const Index n = 50021;
    const auto random = [&](std::uint32_t stream) {
        return Numbers<B>(backend, random_scalars<S>(n, stream));
    };
    const auto theta = random(1), gradient = random(2), first = random(3);
    auto squares = random_scalars<S>(n, 4);
    for (S& number : squares) number *= number;
    const Numbers<B> second(backend, squares);
    const ParameterGroup all{.offset = 0, .count = n};
    backend.adamw(std::span(&all, 1), {.learning_rate = 1e-2, .weight_decay = 0.05}, theta.data(),
                  gradient.data(), first.data(), second.data());
    return theta.host();
}

}  // namespace

TEMPLATE_TEST_CASE("fused operations do not depend on the number of threads", "[backend][fused][threads]",
                   double, float, bfloat16) {
    using B = Cpu<TestType>;
    const auto expected = outputs<B>(1);
    const auto stepped = adamw<Master<B>>(1);
    for (const int threads : {2, 3, 5}) {
        const auto results = outputs<B>(threads);
        CHECK(identical(adamw<Master<B>>(threads), stepped));
        for (const auto& [name, numbers] : expected) {
            INFO(name << ", " << threads << " threads");
            CHECK(identical(results.at(name), numbers));
        }
    }
}

}  // namespace threads_test
