// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <numeric>
#include <set>

#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/core/random.hpp>

#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"

namespace random_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("philox: the published known answers", "[random]") {
    using Counter = std::array<std::uint32_t, 4>;
    using Key = std::array<std::uint32_t, 2>;
    CHECK(philox4x32(Counter{0, 0, 0, 0}, Key{0, 0}) ==
          Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    const std::uint32_t ones = 0xffffffff;
    CHECK(philox4x32(Counter{ones, ones, ones, ones}, Key{ones, ones}) ==
          Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(philox4x32(Counter{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, Key{0xa4093822, 0x299f31d0}) ==
          Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

namespace {

/// Mean of x^power over n elements of a sequence.
template <class Draw>
double moment(const Draw& draw, int power, std::uint64_t n) {
    double sum = 0;
    for (std::uint64_t i = 0; i < n; ++i) sum += std::pow(draw(i), power);
    return sum / static_cast<double>(n);
}

}  // namespace

TEST_CASE("random numbers: moments of the uniform and the normal sequence", "[random]") {
    // 5 standard errors of each sample moment
    constexpr std::uint64_t n = 200000;
    const auto within = [](double value, double expected, double deviation) {
        return std::abs(value - expected) < 5 * deviation / std::sqrt(static_cast<double>(n));
    };
    const RandomKey key{.seed = 11, .purpose = Purpose::test, .epoch = 3, .sample = 4};
    const auto uniform = [&](std::uint64_t i) { return random_uniform(key, i); };
    for (int power = 1; power <= 4; ++power) {
        INFO("uniform, power " << power);
        const double mean = 1.0 / (power + 1), square = 1.0 / (2 * power + 1);
        CHECK(within(moment(uniform, power, n), mean, std::sqrt(square - mean * mean)));
    }
    const auto normal = [&](std::uint64_t i) { return random_normal(key, i); };
    CHECK(within(moment(normal, 1, n), 0, 1));
    CHECK(within(moment(normal, 2, n), 1, std::sqrt(2.0)));
    CHECK(within(moment(normal, 3, n), 0, std::sqrt(15.0)));
    CHECK(within(moment(normal, 4, n), 3, std::sqrt(96.0)));
    // the two halves of a Box-Muller pair are independent
    double correlation = 0;
    for (std::uint64_t i = 0; i < n; i += 2) correlation += normal(i) * normal(i + 1);
    CHECK(std::abs(correlation) < 5 * std::sqrt(static_cast<double>(n) / 2));
}

TEST_CASE("random numbers: uniform ones lie in [0, 1)", "[random]") {
    const RandomKey key{.seed = 5};
    double least = 1, most = 0;
    for (std::uint64_t i = 0; i < 100000; ++i) {
        least = std::min(least, random_uniform(key, i));
        most = std::max(most, random_uniform(key, i));
    }
    CHECK(least >= 0);
    CHECK(least < 1e-3);
    CHECK(most < 1);
    CHECK(most > 1 - 1e-3);
}

TEST_CASE("random numbers: every part of the key gives another sequence", "[random]") {
    const RandomKey key{.seed = 1, .purpose = Purpose::masking, .epoch = 2, .sample = 3};
    const auto with = [&](const auto& change) {
        RandomKey other = key;
        change(other);
        return random_uniform(other, 0);
    };
    const std::set<double> first{random_uniform(key, 0),
                                 random_uniform(key, 1),
                                 random_uniform(key, 2),
                                 with([](RandomKey& k) { k.seed = 2; }),
                                 with([](RandomKey& k) { k.seed = (std::uint64_t{1} << 32) + 1; }),
                                 with([](RandomKey& k) { k.purpose = Purpose::direction; }),
                                 with([](RandomKey& k) { k.epoch = 3; }),
                                 with([](RandomKey& k) { k.sample = 2; })};
    CHECK(first.size() == 8);
}

TEST_CASE("random sequence: below and shuffle are uniform", "[random]") {
    RandomSequence random(RandomKey{.seed = 9});
    constexpr int rounds = 60000;
    std::array<int, 7> hits{};
    for (int i = 0; i < rounds; ++i) ++hits.at(static_cast<std::size_t>(random.below(7)));
    for (const int count : hits) CHECK(std::abs(count - rounds / 7.0) < 5 * std::sqrt(rounds / 7.0));

    std::array<std::array<int, 4>, 4> places{};  // [item][place]
    std::set<std::array<int, 4>> orders;
    for (int i = 0; i < rounds; ++i) {
        std::array<int, 4> items{0, 1, 2, 3};
        random.shuffle(std::span<int>(items));
        orders.insert(items);
        for (std::size_t place = 0; place < 4; ++place)
            ++places.at(static_cast<std::size_t>(items.at(place))).at(place);
    }
    CHECK(orders.size() == 24);
    for (const auto& item : places)
        for (const int count : item) CHECK(std::abs(count - rounds / 4.0) < 5 * std::sqrt(rounds / 4.0));
}

TEMPLATE_LIST_TEST_CASE("backend: fill_uniform and fill_normal are the sequence, whatever the threads",
                        "[backend][random]", Primitives) {
    using B = TestType;
    using S = typename B::Scalar;
    using T = typename B::Storage;
    const RandomKey key{.seed = 77, .purpose = Purpose::direction};
    for (const Index n : {0, 1, 3, 17, 100, 30001}) {
        std::vector<S> uniform, normal;
        for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(n); ++i) {
            uniform.push_back(S(static_cast<T>(random_uniform(key, i))));
            normal.push_back(S(static_cast<T>(random_normal(key, i))));
        }
        for (const int threads : {1, 2, 3}) {
            INFO(n << " numbers, " << threads << " threads");
            B backend = make_backend<B>(threads);
            const Numbers<B> numbers(backend, not_a_number<S>(n));
            backend.fill_uniform(key, n, numbers.data());
            CHECK(identical(numbers.host(), uniform));
            backend.fill_normal(key, n, numbers.data());
            CHECK(identical(numbers.host(), normal));
        }
    }
}

}  // namespace random_test
