// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <vitscape/core/mean_difference.hpp>
#include <vitscape/core/multiple_tests.hpp>
#include <vitscape/core/random.hpp>

#include "support/catch.hpp"

namespace multiple_tests_test {

using namespace vitscape;

namespace {
using Numbers = std::vector<double>;

void check_equal(const Numbers& found, const Numbers& expected) {
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(expected[i]).epsilon(1e-12));
}
}  // namespace

TEST_CASE("Holm's adjusted p-values") {
    // statsmodels 0.15.0, multipletests(p, method="holm")[1]
    check_equal(holm(Numbers{0.01, 0.04, 0.03, 0.005}), {0.03, 0.06, 0.06, 0.02});
    check_equal(holm(Numbers{0.012, 0.2, 0.011, 0.011, 0.9, 0.04}), {0.066, 0.4, 0.066, 0.066, 0.9, 0.12});
    check_equal(holm(Numbers{0.6, 0.7}), {1, 1});
    check_equal(holm(Numbers{0.03}), {0.03});
    CHECK(holm(Numbers{}).empty());
    CHECK_THROWS_AS(holm(Numbers{0.1, 1.1}), NumericError);
    CHECK_THROWS_AS(holm(Numbers{-1e-9}), NumericError);
    CHECK_THROWS_AS(holm(Numbers{std::numeric_limits<double>::infinity()}), NumericError);
}

TEST_CASE("tests that could not be made do not count") {
    const double none = std::numeric_limits<double>::quiet_NaN();
    const Numbers adjusted = holm(Numbers{none, 0.01, 0.04, none, 0.03, 0.005});
    CHECK(std::isnan(adjusted[0]));
    CHECK(std::isnan(adjusted[3]));
    check_equal({adjusted[1], adjusted[2], adjusted[4], adjusted[5]}, {0.03, 0.06, 0.06, 0.02});
}

TEST_CASE("adjusted p-values keep the order and are at least the given ones") {
    RandomSequence random({.seed = 8, .purpose = Purpose::test});
    for (int round = 0; round < 200; ++round) {
        Numbers p(static_cast<std::size_t>(1 + random.below(12)));
        for (double& value : p) value = std::pow(random.uniform(), 3);
        const Numbers adjusted = holm(p);
        for (std::size_t i = 0; i < p.size(); ++i) {
            CHECK(adjusted[i] >= p[i]);
            CHECK(adjusted[i] <=
                  std::min(1.0, static_cast<double>(p.size()) * p[i]) + 1e-15);  // Bonferroni's
            for (std::size_t j = 0; j < p.size(); ++j)
                if (p[i] < p[j]) CHECK(adjusted[i] <= adjusted[j]);
        }
    }
}

TEST_CASE("Holm's procedure rejects a true hypothesis in one of twenty studies") {
    // Six methods against the same baseline, so that the tests depend on each other; nothing differs.
    RandomSequence random({.seed = 9, .purpose = Purpose::test});
    const int rounds = 1500;
    int any_adjusted = 0, any_plain = 0;
    for (int k = 0; k < rounds; ++k) {
        Numbers baseline(4), p;
        for (double& value : baseline) value = random.normal();
        for (int method = 0; method < 6; ++method) {
            Numbers runs(4);
            for (double& value : runs) value = random.normal();
            p.push_back(paired_difference(runs, baseline).p_value);
        }
        const Numbers adjusted = holm(p);
        any_plain += *std::min_element(p.begin(), p.end()) <= 0.05;
        any_adjusted += *std::min_element(adjusted.begin(), adjusted.end()) <= 0.05;
    }
    CHECK(any_adjusted / double(rounds) < 0.05 + 2 * std::sqrt(0.05 * 0.95 / rounds));
    CHECK(any_adjusted / double(rounds) > 0.02);  // not by refusing to reject anything
    CHECK(any_plain / double(rounds) > 0.15);     // what is adjusted for
}

TEST_CASE("Holm's procedure keeps its level where some hypotheses are false, and finds those") {
    RandomSequence random({.seed = 10, .purpose = Purpose::test});
    const int rounds = 3000;
    int false_alarms = 0, found = 0;
    for (int k = 0; k < rounds; ++k) {
        Numbers p(8);
        for (std::size_t i = 0; i < p.size(); ++i) p[i] = i < 4 ? 1e-6 * random.uniform() : random.uniform();
        const Numbers adjusted = holm(p);
        false_alarms += *std::min_element(adjusted.begin() + 4, adjusted.end()) <= 0.05;
        found += *std::max_element(adjusted.begin(), adjusted.begin() + 4) <= 0.05;
    }
    // The four false ones are gone after four steps, so the others have the full level: 1 - (1 - 0.05 / 4)^4
    CHECK(std::abs(false_alarms / double(rounds) - 0.04907) < 4 * std::sqrt(0.049 * 0.951 / rounds));
    CHECK(found == rounds);
}

}  // namespace multiple_tests_test
