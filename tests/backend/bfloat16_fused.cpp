// SPDX-License-Identifier: Apache-2.0
//
// The fused operations of `Cpu<bfloat16>` against those of `Cpu<double>` on numbers that bfloat16 holds exactly: sums are float's, and
// what is stored is rounded once. Only in attention are the probabilities rounded on the way.
#include <limits>

#include <vitscape/backend/eigen/cpu.hpp>

#include "support/backends.hpp"
#include "support/bfloat16.hpp"
#include "support/catch.hpp"

namespace bfloat16_fused_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

using Half = Cpu<bfloat16>;
using Exact = Cpu<double>;
static_assert(Backend<Half> && FusedLinear<Half> && FusedLayerNorm<Half> && FusedAttention<Half>);
static_assert(std::is_same_v<Master<Half>, Cpu<float>>);

constexpr double one_rounding = 0x1.0p-8, almost_none = 0x1.0p-11;

/// Numbers of a backend, and of its sums, from `exact_numbers`.
template <class B>
Numbers<B> numbers(const B& backend, Index n, std::uint32_t stream) {
    const std::vector<double> host = exact_numbers(n, stream);
    return {backend, std::vector<typename B::Scalar>(host.begin(), host.end())};
}
template <class B>
Numbers<B> nothing(const B& backend, Index n) {
    return {backend, not_a_number<typename B::Scalar>(n)};
}
template <class B>
std::vector<double> host(const Numbers<B>& numbers) {
    const auto read = numbers.host();
    return {read.begin(), read.end()};
}

void check_rounded_once(const std::vector<double>& result, const std::vector<double>& expected) {
    CHECK(distance(result, expected) < one_rounding);
    CHECK(distance(result, rounded(expected)) <
          almost_none);  // sums in another order round a few the other way
}

struct Size {
    Index rows, out, in;
};
constexpr Size sizes[] = {{1, 1, 1},    {3, 5, 7},      {17, 10, 192}, {33, 96, 31},
                          {100, 1, 33}, {515, 401, 19}, {1030, 65, 9}, {300, 512, 130}};

template <class B>
struct Linear {
    std::vector<double> plain, added, gelu, argument, again, derivative, weight_gradient, bias_gradient;
    Linear(B backend, const Size& s) {
        const auto sums = master(backend);
        const auto x = numbers(backend, s.rows * s.in, 1), w = numbers(backend, s.out * s.in, 2),
                   bias = numbers(backend, s.out, 3), residual = numbers(backend, s.rows * s.out, 4),
                   y = nothing(backend, s.rows * s.out), h = nothing(backend, s.rows * s.out);
        backend.linear(s.rows, s.out, s.in, x.data(), w.data(), bias.data(), nullptr, y.data());
        plain = host(y);
        backend.linear(s.rows, s.out, s.in, x.data(), w.data(), bias.data(), residual.data(), y.data());
        added = host(y);
        backend.linear_gelu(s.rows, s.out, s.in, x.data(), w.data(), bias.data(), y.data(), h.data());
        gelu = host(y);
        argument = host(h);
        const auto slope = numbers(backend, s.rows * s.out, 7);
        backend.gelu_and_derivative(s.rows * s.out, slope.data(), y.data());
        again = host(y);
        derivative = host(slope);
        const auto dw = numbers(sums, s.out * s.in, 5), db = numbers(sums, s.out, 6);  // to be added to
        backend.linear_gradient(s.rows, s.out, s.in, x.data(), residual.data(), dw.data(), db.data());
        weight_gradient = host(dw);
        bias_gradient = host(db);
    }
};

template <class B>
struct Norm {
    std::vector<double> y, mean, inverse, dx, dx_added, gamma_gradient, beta_gradient;
    Norm(B backend, Index rows, Index columns) {
        const auto sums = master(backend);
        const auto x = numbers(backend, rows * columns, 1), gamma = numbers(backend, columns, 2),
                   beta = numbers(backend, columns, 3), dy = numbers(backend, rows * columns, 4),
                   out = nothing(backend, rows * columns), added = numbers(backend, rows * columns, 5);
        const auto row_mean = nothing(sums, rows), row_inverse = nothing(sums, rows);
        backend.layer_norm(rows, columns, 1e-6, x.data(), gamma.data(), beta.data(), out.data(),
                           row_mean.data(), row_inverse.data());
        y = host(out);
        mean = host(row_mean);
        inverse = host(row_inverse);
        const auto dgamma = numbers(sums, columns, 6), dbeta = numbers(sums, columns, 7);
        const auto backward = [&](double keep, const Numbers<B>& dx) {
            backend.layer_norm_backward(rows, columns, x.data(), gamma.data(), row_mean.data(),
                                        row_inverse.data(), dy.data(), keep, dx.data(), dgamma.data(),
                                        dbeta.data());
            return host(dx);
        };
        const auto fresh = nothing(backend, rows * columns);
        dx = backward(0, fresh);
        dx_added = backward(1, added);
        gamma_gradient = host(dgamma);
        beta_gradient = host(dbeta);
    }
};

template <class B>
struct Attention {
    std::vector<double> out, gradient;
    Attention(B backend, const AttentionShape& s, double size) {
        const Index packed = s.samples * s.tokens * 3 * s.width(), asked = s.samples * s.queries * s.width();
        std::vector<double> scaled = exact_numbers(packed, 1);
        for (double& x : scaled) x *= size;  // a power of two
        const Numbers<B> qkv(backend, std::vector<typename B::Scalar>(scaled.begin(), scaled.end())),
            dout = numbers(backend, asked, 2), y = nothing(backend, asked), dqkv = nothing(backend, packed);
        const auto saved = nothing(master(backend), backend.attention_saved(s));
        backend.attention(s, qkv.data(), y.data(), saved.data());
        backend.attention_backward(s, qkv.data(), y.data(), saved.data(), dout.data(), dqkv.data());
        out = host(y);
        gradient = host(dqkv);
    }
};

}  // namespace

TEST_CASE("bfloat16 on processors: linear layers, and with GELU, rounded once", "[backend][bfloat16]") {
    for (const Size& size : sizes) {
        INFO(size.rows << " rows, " << size.in << " to " << size.out);
        const Linear<Half> half(Half(2), size);
        const Linear<Exact> exact(Exact(2), size);
        check_rounded_once(half.plain, exact.plain);
        check_rounded_once(half.added, exact.added);
        check_rounded_once(half.gelu, exact.gelu);
        check_rounded_once(half.argument, exact.argument);
        check_rounded_once(half.again, exact.again);
        check_rounded_once(half.derivative, exact.derivative);
        CHECK(distance(half.weight_gradient, exact.weight_gradient) < rounding_tolerance<float>);
        CHECK(distance(half.bias_gradient, exact.bias_gradient) < rounding_tolerance<float>);
    }
}

TEST_CASE("bfloat16 on processors: layer normalization, rounded once", "[backend][bfloat16]") {
    for (const auto& [rows, columns] :
         {std::pair<Index, Index>{1, 4}, {3, 5}, {17, 33}, {100, 24}, {1003, 13}, {130, 301}}) {
        INFO(rows << " rows of " << columns);
        const Norm<Half> half(Half(2), rows, columns);
        const Norm<Exact> exact(Exact(2), rows, columns);
        check_rounded_once(half.y, exact.y);
        CHECK(distance(half.mean, exact.mean) < rounding_tolerance<float>);
        CHECK(distance(half.inverse, exact.inverse) < rounding_tolerance<float>);
        check_rounded_once(half.dx, exact.dx);
        check_rounded_once(half.dx_added, exact.dx_added);
        CHECK(distance(half.gamma_gradient, exact.gamma_gradient) < rounding_tolerance<float>);
        CHECK(distance(half.beta_gradient, exact.beta_gradient) < rounding_tolerance<float>);
    }
}

TEST_CASE("bfloat16 on processors: attention, for every range of queries", "[backend][bfloat16]") {
    for (const Index tokens : {5, 17, 50, 300})
        for (const auto& [first, queries] :
             {std::pair<Index, Index>{0, tokens}, {0, 1}, {tokens / 3, tokens - tokens / 3}})
            for (const auto& [heads, head_width] :
                 {std::pair<Index, Index>{3, 7}, {1, 16}, {2, 1}, {4, 64}}) {
                const AttentionShape shape{.samples = 3,
                                           .tokens = tokens,
                                           .heads = heads,
                                           .head_width = head_width,
                                           .first_query = first,
                                           .queries = queries};
                INFO(tokens << " tokens, queries " << first << " + " << queries << ", " << heads
                            << " heads of " << head_width);
                const Attention<Half> half(Half(2), shape, 1);
                const Attention<Exact> exact(Exact(2), shape, 1);
                CHECK(distance(half.out, exact.out) < 2 * one_rounding);
                CHECK(distance(half.gradient, exact.gradient) < 3 * one_rounding);
            }
}

TEST_CASE("bfloat16 on processors: weights and points of a plane, rounded once", "[backend][bfloat16]") {
    STATIC_REQUIRE(FusedWeights<Half>);
    Half backend(2);
    for (const Index n : {1, 15, 16, 17, 1000, 50021}) {
        const auto theta = random_numbers(n, 1), delta = random_numbers(n, 2), eta = random_numbers(n, 3);
        const auto full = [&](const std::vector<double>& x) {
            return Numbers<Master<Half>>(master(backend), std::vector<float>(x.begin(), x.end()));
        };
        const auto t = full(theta), d = full(delta), e = full(eta), position = full({0.5, -0.25});
        const auto to = nothing(backend, n);
        backend.round(n, t.data(), to.data());
        CHECK(host(to) == rounded(host(t)));
        backend.plane_point(n, t.data(), d.data(), e.data(), position.data(), to.data());
        std::vector<double> expected = theta;
        for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += 0.5 * delta[i] - 0.25 * eta[i];
        CHECK(distance(host(to), expected) < one_rounding);
        CHECK(distance(host(to), rounded(expected)) < almost_none);
    }
}

TEST_CASE("bfloat16 on processors: special numbers are rounded as single ones are", "[backend][bfloat16]") {
    const float infinity = std::numeric_limits<float>::infinity();
    std::vector<float> special{
        0.F,     -0.F,     infinity,    -infinity,   std::numeric_limits<float>::quiet_NaN(),
        3.4e38F, -3.4e38F, 1.00390625F, 1.01171875F, 2e-38F};  // two are halfway between neighbours
    for (int i = 0; i < 23; ++i) special.push_back(static_cast<float>(i) / 7);
    std::vector<bfloat16> to(special.size());
    detail::narrow(static_cast<Index>(special.size()), special.data(), to.data());
    for (std::size_t i = 0; i < special.size(); ++i) {
        INFO(special[i]);
        if (std::isnan(special[i]))
            CHECK(std::isnan(static_cast<float>(to[i])));
        else
            CHECK(to[i].bits == bfloat16(special[i]).bits);
    }
}

TEST_CASE("bfloat16 on processors: large scores do not overflow", "[backend][bfloat16]") {
    const AttentionShape shape{
        .samples = 2, .tokens = 17, .heads = 2, .head_width = 8, .first_query = 0, .queries = 17};
    const Attention<Half> half(Half(1), shape, 128);  // scores up to some 10^5
    for (const double number : half.out) CHECK(std::isfinite(number));
    for (const double number : half.gradient) CHECK(std::isfinite(number));
}

}  // namespace bfloat16_fused_test
