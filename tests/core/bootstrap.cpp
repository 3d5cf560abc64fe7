// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include <vitscape/core/bootstrap.hpp>
#include <vitscape/core/random.hpp>

#include "support/catch.hpp"

namespace bootstrap_test {

using namespace vitscape;

namespace {
using Numbers = std::vector<double>;
using Indices = std::span<const std::size_t>;

/// The mean of the values of the groups drawn.
auto mean_of(const Numbers& values) {
    return [&values](Indices indices) {
        double sum = 0;
        for (const std::size_t i : indices) sum += values[i];
        return sum / static_cast<double>(indices.size());
    };
}
}  // namespace

TEST_CASE("the bootstrap of two and three groups") {
    // The mean of two of {0, 1} is 0, 1/2 or 1 with probability 1/4, 1/2, 1/4
    const Numbers two{0, 1};
    const Interval wide = bootstrap_interval(2, mean_of(two));
    CHECK(wide.low == 0);
    CHECK(wide.high == 1);
    const Interval narrow = bootstrap_interval(2, mean_of(two), 10000, 0, 0.4);
    CHECK(narrow.low == 0.5);
    CHECK(narrow.high == 0.5);
    // The largest of three of {0, 1, 2} is 0 with probability 1/27 and 2 with 19/27
    const auto largest = [](Indices indices) {
        return static_cast<double>(*std::max_element(indices.begin(), indices.end()));
    };
    CHECK(bootstrap_interval(3, largest, 20000, 0, 0.95).low == 0);  // 0.025 < 1/27
    CHECK(bootstrap_interval(3, largest, 20000, 0, 0.90).low == 1);  // 0.05 > 1/27
    CHECK(bootstrap_interval(3, largest, 20000, 0, 0.90).high == 2);
}

TEST_CASE("the bootstrap of a mean approaches the normal distribution") {
    // The variance of a sample's mean is the mean square deviation of the values, over n.
    Numbers values(400);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sqrt(static_cast<double>(i));
    double mean = 0, square = 0;
    for (const double value : values) mean += value / 400;
    for (const double value : values) square += (value - mean) * (value - mean) / 400;
    const double half = 1.959963984540054 * std::sqrt(square / 400);
    const Interval interval = bootstrap_interval(400, mean_of(values), 4000, 3);
    // The standard error of the quantile, sqrt(0.025 0.975 / 4000) over the normal density there, is 0.042 of the deviation
    CHECK(std::abs(interval.low - (mean - half)) < 4 * 0.042 * half / 1.96);
    CHECK(std::abs(interval.high - (mean + half)) < 4 * 0.042 * half / 1.96);

    const Interval again = bootstrap_interval(400, mean_of(values), 4000, 3);
    CHECK(again.low == interval.low);
    CHECK(again.high == interval.high);
    CHECK(bootstrap_interval(400, mean_of(values), 4000, 4).low != interval.low);
}

TEST_CASE("about 95 in 100 bootstrap intervals hold the mean, fewer of few groups") {
    RandomSequence random({.seed = 15, .purpose = Purpose::test});
    const auto coverage = [&](std::size_t n, int rounds) {
        int held = 0;
        for (int k = 0; k < rounds; ++k) {
            Numbers values(n);
            for (double& value : values) value = random.normal();
            const Interval interval =
                bootstrap_interval(n, mean_of(values), 400, static_cast<std::uint64_t>(k));
            held += interval.low <= 0 && 0 <= interval.high;
        }
        return held / double(rounds);
    };
    const double many = coverage(50, 600), few = coverage(5, 1000);
    CHECK(many > 0.93);
    CHECK(many < 0.97);
    CHECK(few > 0.79);  // as the docstring warns
    CHECK(few < 0.87);
}

TEST_CASE("a bootstrap draws groups together with what belongs to them") {
    // Slope of y on x: of points on a line it is the same in each sample, except in those of one point, where it is 0 / 0
    const Numbers x{1, 2, 4, 7}, y{3, 5, 9, 15};
    int undefined = 0;
    const auto slope = [&](Indices indices) {
        double mean_x = 0, mean_y = 0, xx = 0, xy = 0;
        for (const std::size_t i : indices) mean_x += x[i] / 4, mean_y += y[i] / 4;
        for (const std::size_t i : indices)
            xx += (x[i] - mean_x) * (x[i] - mean_x), xy += (x[i] - mean_x) * (y[i] - mean_y);
        undefined += xx == 0 ? 1 : 0;
        return xy / xx;
    };
    const Interval interval = bootstrap_interval(4, slope, 4000, 1);
    CHECK(interval.low == Approx(2));
    CHECK(interval.high == Approx(2));
    CHECK(std::abs(undefined - 4000.0 / 64) < 4 * std::sqrt(4000.0 / 64));  // 4 of 4^4 samples
}

TEST_CASE("bootstraps that are not defined") {
    const auto first = [](Indices indices) { return static_cast<double>(indices[0]); };
    CHECK(std::isnan(bootstrap_interval(0, first).low));
    CHECK(std::isnan(bootstrap_interval(1, first).high));
    const auto rarely = [](Indices indices) {
        return indices[0] < 2 ? 1.0 : std::numeric_limits<double>::quiet_NaN();
    };
    CHECK(std::isnan(bootstrap_interval(5, rarely, 1000).low));
    CHECK(bootstrap_interval(3, rarely, 1000).low == 1);
    CHECK_THROWS_AS(bootstrap_interval(3, first, 39), ConfigError);
    CHECK_NOTHROW(bootstrap_interval(3, first, 40));
    CHECK_THROWS_AS(bootstrap_interval(3, first, 0), ConfigError);
    CHECK_THROWS_AS(bootstrap_interval(3, first, 100, 0, 1), ConfigError);
    CHECK_THROWS_AS(bootstrap_interval(3, first, 100, 0, 0), ConfigError);
}

}  // namespace bootstrap_test
