// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/core/statistics.hpp>

#include "support/catch.hpp"

namespace statistics_test {

using namespace vitscape;

namespace {
using Numbers = std::vector<double>;
}

TEST_CASE("mean and standard error") {
    const MeanAndError all = mean_and_error(Numbers{2, 4, 4, 4, 5, 5, 7, 9});
    CHECK(all.mean == 5);
    CHECK(all.standard_error == Approx(std::sqrt(32.0 / 7 / 8)));
    CHECK(mean_and_error(Numbers{3}).mean == 3);
    CHECK(std::isnan(mean_and_error(Numbers{3}).standard_error));
    CHECK(std::isnan(mean_and_error(Numbers{}).mean));
}

TEST_CASE("the median is the middle, or the mean of the two in the middle") {
    CHECK(median({5, 1, 3}) == 3);
    CHECK(median({8, 1, 3, 4}) == 3.5);
    CHECK(std::isnan(median({})));
}

TEST_CASE("the interval of a mean") {
    const Interval interval = confidence_interval(Numbers{1, 2, 3});
    const double half = 4.302652729911275 / std::sqrt(3.0);
    CHECK(interval.low == Approx(2 - half));
    CHECK(interval.high == Approx(2 + half));
    CHECK(confidence_interval(Numbers{1, 2, 3}, 0.5).high < interval.high);
    CHECK(std::isnan(confidence_interval(Numbers{1}).low));
    CHECK(std::isnan(confidence_interval(Numbers{}).high));
    CHECK_THROWS_AS(confidence_interval(Numbers{1, 2}, 1), ConfigError);
    CHECK_THROWS_AS(confidence_interval(Numbers{}, 95), ConfigError);
}

TEST_CASE("about 95 in 100 intervals hold the mean") {
    RandomSequence random({.seed = 3, .purpose = Purpose::test});
    int held = 0;
    for (int k = 0; k < 4000; ++k) {
        Numbers values(3);
        for (double& value : values) value = 7 + 2 * random.normal();
        const Interval interval = confidence_interval(values);
        held += interval.low <= 7 && 7 <= interval.high;
    }
    CHECK(std::abs(held / 4000.0 - 0.95) < 4 * std::sqrt(0.95 * 0.05 / 4000));
}

}  // namespace statistics_test
