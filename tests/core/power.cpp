// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <vitscape/core/mean_difference.hpp>
#include <vitscape/core/power.hpp>
#include <vitscape/core/random.hpp>

#include "support/catch.hpp"

namespace power_test {

using namespace vitscape;

namespace {

const std::int64_t none = -1;

struct Entry {
    double effect;
    std::int64_t n;
    double alpha, power;  ///< of n
    double wanted;
    std::int64_t seeds;  ///< for the wanted power
};

void check_entry(const Entry& entry, Design design) {
    INFO("effect " << entry.effect << ", n " << entry.n << ", alpha " << entry.alpha);
    CHECK(t_test_power(entry.effect, entry.n, entry.alpha, design) == Approx(entry.power).epsilon(1e-8));
    CHECK(seeds_for_power(entry.effect, entry.alpha, entry.wanted, design).value_or(none) == entry.seeds);
}

}  // namespace

// The power by SciPy 1.17.1, nct.sf(t, degrees, noncentrality) + nct.cdf(-t, degrees, noncentrality), and the seeds by trying
// n = 2, 3, ... with it; those of effects 10 and 100, where SciPy gives NaN, by mpmath's integral with 30 digits.
TEST_CASE("the power of the paired t-test") {
    for (const Entry& entry : {Entry{0.2, 50, 0.05, 0.2835924147, 0.8, 199},
                               {0.5, 5, 0.05, 0.1405166900, 0.8, 34},
                               {0.5, 34, 0.05, 0.8077775013, 0.8, 34},
                               {0.8, 3, 0.05, 0.1348853992, 0.9, 19},
                               {1, 2, 0.05, 0.09280915506, 0.95, 16},
                               {1, 3, 0.05, 0.1792553938, 0.8, 10},
                               {-1, 10, 0.05, 0.8030968566, 0.8, 10},
                               {2, 3, 0.05, 0.4707494313, 0.8, 5},
                               {3, 3, 0.01, 0.2432333549, 0.8, 5},
                               {3, 5, 0.001, 0.3478026175, 0.8, 7},
                               {1.5, 4, 0.1, 0.7353125445, 0.5, 3},
                               {5, 2, 0.05, 0.4209614091, 0.8, 3},
                               {10, 2, 0.05, 0.7328195898, 0.9, 3},
                               {10, 3, 0.05, 0.9999995772, 0.9, 3},
                               {100, 2, 0.001, 0.1757982568, 0.8, 3},
                               {0.05, 3000, 0.05, 0.7816495146, 0.8, 3142},
                               {0.02, 9000, 0.05, 0.4750202962, 0.8, none}})
        check_entry(entry, Design::paired);
}

TEST_CASE("the power of the t-test of two groups") {
    for (const Entry& entry : {Entry{0.2, 50, 0.05, 0.1676754865, 0.8, 394},
                               {0.5, 5, 0.05, 0.1076859898, 0.8, 64},
                               {0.8, 3, 0.05, 0.1193292831, 0.9, 34},
                               {1, 2, 0.05, 0.0952017555, 0.95, 27},
                               {1, 3, 0.05, 0.1587908700, 0.8, 17},
                               {2, 3, 0.05, 0.4626408119, 0.8, 6},
                               {3, 3, 0.01, 0.3777766017, 0.8, 5},
                               {3, 5, 0.001, 0.4727335540, 0.8, 7},
                               {5, 2, 0.05, 0.7191805364, 0.8, 3},
                               {10, 2, 0.05, 0.9927466605, 0.9, 2},
                               {0.05, 3000, 0.05, 0.4905619670, 0.8, 6281},
                               {100, 2, 0.001, 0.9999544181, 0.8, 2}})
        check_entry(entry, Design::independent);
}

TEST_CASE("without an effect the power is the level") {
    for (const Design design : {Design::paired, Design::independent})
        for (const double alpha : {0.5, 0.05, 1e-4})
            for (const std::int64_t n : {2, 3, 30, 10000})
                CHECK(t_test_power(0, n, alpha, design) == Approx(alpha).epsilon(1e-8));
    CHECK_FALSE(seeds_for_power(0));
    CHECK(seeds_for_power(0, 0.05, 0.04) == 2);
}

TEST_CASE("the fewest seeds reach the power and one less does not") {
    for (const Design design : {Design::paired, Design::independent})
        for (const double effect : {0.3, 0.7, 1.2, 4.0}) {
            const auto seeds = seeds_for_power(effect, 0.01, 0.9, design);
            REQUIRE(seeds);
            CHECK(t_test_power(effect, *seeds, 0.01, design) >= 0.9);
            if (*seeds > 2) CHECK(t_test_power(effect, *seeds - 1, 0.01, design) < 0.9);
            CHECK(seeds_for_power(effect, 0.01, 0.9, design, *seeds) == seeds);
            if (*seeds > 2) CHECK_FALSE(seeds_for_power(effect, 0.01, 0.9, design, *seeds - 1));
        }
}

TEST_CASE("simulated tests have the power that is computed") {
    RandomSequence random({.seed = 11, .purpose = Purpose::test});
    const int rounds = 2000;
    for (const std::int64_t n : {2, 3, 6}) {
        int paired = 0, independent = 0;
        std::vector<double> a(static_cast<std::size_t>(n)), b(a), zero(a);
        for (int k = 0; k < rounds; ++k) {
            for (double& value : a) value = 1.3 + random.normal();
            for (double& value : b) value = random.normal();
            paired += paired_difference(a, zero).p_value < 0.05;
            // the t-test of equal variances, which the formula is about
            const MeanDifference d = welch_difference(a, b);
            independent +=
                student_tail(d.difference / d.standard_error, static_cast<double>(2 * n - 2)) < 0.05;
        }
        const double wanted = t_test_power(1.3, n),
                     of_groups = t_test_power(1.3, n, 0.05, Design::independent);
        CHECK(std::abs(paired / double(rounds) - wanted) < 4 * std::sqrt(wanted * (1 - wanted) / rounds));
        CHECK(std::abs(independent / double(rounds) - of_groups) <
              4 * std::sqrt(of_groups * (1 - of_groups) / rounds));
    }
}

TEST_CASE("powers that are not defined") {
    CHECK_THROWS_AS(t_test_power(1, 1), ConfigError);
    CHECK_THROWS_AS(t_test_power(std::nan(""), 3), ConfigError);
    CHECK_THROWS_AS(t_test_power(std::numeric_limits<double>::infinity(), 3), ConfigError);
    CHECK_THROWS_AS(t_test_power(1, 3, 0), ConfigError);
    CHECK_THROWS_AS(seeds_for_power(1, 0.05, 1), ConfigError);
    CHECK_THROWS_AS(seeds_for_power(1, 1), ConfigError);
    CHECK_THROWS_AS(seeds_for_power(1, 0.05, 0.8, Design::paired, 1), ConfigError);
}

}  // namespace power_test
