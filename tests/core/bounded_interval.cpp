// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <vitscape/core/bounded_interval.hpp>
#include <vitscape/core/random.hpp>

#include "support/catch.hpp"

namespace bounded_interval_test {

using namespace vitscape;

namespace {
using Numbers = std::vector<double>;

void check_interval(const Interval& found, double low, double high) {
    CHECK(found.low == Approx(low).epsilon(1e-8).margin(1e-15));
    CHECK(found.high == Approx(high).epsilon(1e-8).margin(1e-15));
}

/// The share of intervals that hold the mean, of 2000 samples of n.
template <class Draw>
double coverage(std::size_t n, ValueRange range, double mean, const Draw& draw) {
    RandomSequence random({.seed = 13, .purpose = Purpose::test});
    int held = 0;
    for (int k = 0; k < 2000; ++k) {
        Numbers values(n);
        for (double& value : values) value = draw(random);
        const Interval interval = bounded_interval(values, range);
        held += interval.low <= mean && mean <= interval.high;
    }
    return held / 2000.0;
}
}  // namespace

TEST_CASE("Wilson's interval of a proportion") {
    struct Entry {
        std::int64_t successes, trials;
        double confidence, low, high;
    };
    // statsmodels 0.15.0, proportion_confint(method="wilson")
    for (const Entry& entry : {Entry{0, 10, 0.95, 0, 0.2775327998628892},
                               {10, 10, 0.95, 0.7224672001371107, 1},
                               {7, 10, 0.95, 0.39677814746114537, 0.8922087325936989},
                               {81, 263, 0.95, 0.2552885198782742, 0.36620957698280004},
                               {81, 263, 0.99, 0.24013690268760773, 0.38528250231822986},
                               {1, 29, 0.9, 0.007730807972737994, 0.14068309513251215},
                               {9990, 10000, 0.95, 0.9981600556125619, 0.9994567140135028}})
        check_interval(wilson_interval(entry.successes, entry.trials, entry.confidence), entry.low,
                       entry.high);
    CHECK(wilson_interval(0, 3).low == 0);
    CHECK(wilson_interval(3, 3).high == 1);
    CHECK_THROWS_AS(wilson_interval(0, 0), ConfigError);
    CHECK_THROWS_AS(wilson_interval(-1, 5), ConfigError);
    CHECK_THROWS_AS(wilson_interval(6, 5), ConfigError);
    CHECK_THROWS_AS(wilson_interval(2, 5, 1), ConfigError);
}

TEST_CASE("Wilson's intervals hold the probability") {
    // The exact coverage, a sum over the binomial distribution, averaged over probabilities
    double sum = 0;
    int count = 0;
    for (double p = 0.02; p < 0.99; p += 0.01, ++count) {
        double held = 0;
        for (int k = 0; k <= 50; ++k) {
            const Interval interval = wilson_interval(k, 50);
            if (interval.low <= p && p <= interval.high)
                held += std::exp(std::lgamma(51.0) - std::lgamma(k + 1.0) - std::lgamma(51.0 - k) +
                                 k * std::log(p) + (50 - k) * std::log(1 - p));
        }
        CHECK(held > 0.91);  // it oscillates with p
        sum += held;
    }
    CHECK(sum / count > 0.94);
    CHECK(sum / count < 0.96);
}

TEST_CASE("intervals of quantities with a range") {
    // By the formulas with scipy.stats.t.ppf and sem (SciPy 1.17.1)
    check_interval(bounded_interval(Numbers{1, 2, 4.5}, ValueRange::positive), 0.416842658083002,
                   14.9936669839475);
    check_interval(bounded_interval(Numbers{0, 0, 0.3}, ValueRange::positive), 0.00135326129906715,
                   7.38955588761262);
    check_interval(bounded_interval(Numbers{0.97, 0.99, 0.95, 1}, ValueRange::fraction), 0.897269843531294,
                   0.995393707447665);
    check_interval(bounded_interval(Numbers{0, 0, 1}, ValueRange::fraction), 0.000786503733596622,
                   0.996861390649531);
    check_interval(bounded_interval(Numbers{3, 5, 4, 8}, ValueRange::count), 2.1533630464925,
                   9.02823281020912);
    check_interval(bounded_interval(Numbers{0, 0, 1}, ValueRange::count), 0, 3.31028595265153);

    const Numbers values{-3, 2, 8, 9.5};
    const Interval plain = confidence_interval(values, 0.9);
    const Interval real = bounded_interval(values, ValueRange::real, 0.9);
    CHECK(real.low == plain.low);
    CHECK(real.high == plain.high);
}

TEST_CASE("far from the ends all intervals are Student's") {
    const Numbers values{0.5, 0.5001, 0.5002};
    const Interval plain = confidence_interval(values);
    for (const ValueRange range : {ValueRange::positive, ValueRange::fraction}) {
        const Interval interval = bounded_interval(values, range);
        CHECK(interval.low == Approx(plain.low).epsilon(1e-6));
        CHECK(interval.high == Approx(plain.high).epsilon(1e-6));
    }
    const Numbers counts{100000, 100010, 100030};
    CHECK(bounded_interval(counts, ValueRange::count).low ==
          Approx(confidence_interval(counts).low).epsilon(1e-6));
}

TEST_CASE("values at an end of their range") {
    // of 1000 images
    check_interval(bounded_interval(Numbers{1, 1, 1}, ValueRange::fraction, 0.95, 1000),
                   wilson_interval(1000, 1000).low, 1);
    check_interval(bounded_interval(Numbers{0, 0, 0}, ValueRange::fraction, 0.95, 1000), 0,
                   wilson_interval(0, 1000).high);
    check_interval(bounded_interval(Numbers{1, 1, 1}, ValueRange::fraction), 1, 1);
    check_interval(bounded_interval(Numbers{0, 0, 0}, ValueRange::fraction), 0, 0);
    check_interval(bounded_interval(Numbers{0, 0, 0}, ValueRange::positive), 0, 0);
    // The Poisson distribution of this mean has no event in three runs with probability 0.025
    const Interval none = bounded_interval(Numbers{0, 0, 0}, ValueRange::count);
    CHECK(none.low == 0);
    CHECK(std::exp(-3 * none.high) == Approx(0.025));
    // the number of trials matters at the ends only
    const Numbers inside{0.7, 0.8, 1};
    CHECK(bounded_interval(inside, ValueRange::fraction, 0.95, 10).low ==
          bounded_interval(inside, ValueRange::fraction).low);
    check_interval(bounded_interval(Numbers{0.3, 0.3, 0.3}, ValueRange::fraction), 0.3, 0.3);
}

TEST_CASE("an interval of a range holds the mean and does not leave the range") {
    RandomSequence random({.seed = 14, .purpose = Purpose::test});
    for (int round = 0; round < 800; ++round) {
        Numbers values(static_cast<std::size_t>(3 + random.below(4)));
        const double power = std::exp(random.uniform(-3, 4));  // from nearly all at 1 to nearly all at 0
        for (double& value : values) value = std::pow(random.uniform(), power);
        if (round % 5 == 0) values[0] = round % 2;
        const double confidence = random.uniform(0.5, 0.9999);
        for (const ValueRange range : {ValueRange::positive, ValueRange::fraction, ValueRange::count}) {
            Numbers scaled = values;
            if (range == ValueRange::count)
                for (double& value : scaled) value = std::floor(10 * value);
            const Interval interval = bounded_interval(scaled, range, confidence);
            const double mean = mean_and_error(scaled).mean;
            REQUIRE(interval.low <= mean);
            REQUIRE(interval.high >= mean);
            REQUIRE(interval.low >= 0);
            if (range == ValueRange::fraction) REQUIRE(interval.high <= 1);
        }
    }
}

TEST_CASE("about 95 in 100 intervals of a range hold the mean") {
    // within 93 and 97 in 100 where Student's distribution suits the values
    const auto lognormal = [](RandomSequence& random) { return std::exp(0.3 * random.normal()); };
    const double positive = coverage(5, ValueRange::positive, std::exp(0.045), lognormal);
    CHECK(positive > 0.93);
    CHECK(positive < 0.97);
    const auto accuracy =
        [](RandomSequence& random) {  // of 1000 images, from a seed that adds its own variance
            const double p = 0.88 + 0.02 * random.normal();
            return std::round(1000 * (p + std::sqrt(p * (1 - p) / 1000) * random.normal())) / 1000;
        };
    const double fraction = coverage(4, ValueRange::fraction, 0.88, accuracy);
    CHECK(fraction > 0.93);
    CHECK(fraction < 0.97);
    const auto poisson = [](RandomSequence& random) {
        double events = -1, time = 0;
        for (; time < 6; ++events) time -= std::log(1 - random.uniform());
        return events;
    };
    const double count = coverage(5, ValueRange::count, 6, poisson);
    CHECK(count > 0.93);
    CHECK(count < 0.97);
}

TEST_CASE("intervals that are not defined") {
    CHECK(std::isnan(bounded_interval(Numbers{1, 2}, ValueRange::real).low));
    CHECK(std::isnan(bounded_interval(Numbers{0.5, 0.6}, ValueRange::fraction).high));
    CHECK(std::isnan(bounded_interval(Numbers{}, ValueRange::count).low));
    CHECK(std::isnan(bounded_interval(Numbers{1, 2, std::nan("")}, ValueRange::positive).low));
    CHECK(std::isnan(
        bounded_interval(Numbers{1, 2, std::numeric_limits<double>::infinity()}, ValueRange::real).low));
    CHECK_THROWS_AS(bounded_interval(Numbers{1, -2, 3}, ValueRange::positive), NumericError);
    CHECK_THROWS_AS(bounded_interval(Numbers{0.1, 1.2, 0.3}, ValueRange::fraction), NumericError);
    CHECK_THROWS_AS(bounded_interval(Numbers{1, 2.5, 3}, ValueRange::count), NumericError);
    CHECK_THROWS_AS(bounded_interval(Numbers{1, 2, 3}, ValueRange::count, 1), ConfigError);
    CHECK_THROWS_AS(bounded_interval(Numbers{1, 1, 1}, ValueRange::fraction, 0.95, -1), ConfigError);
}

}  // namespace bounded_interval_test
