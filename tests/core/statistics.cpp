// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <vitscape/core/statistics.hpp>

#include "support/catch.hpp"

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

TEST_CASE("quantiles of Student's distribution are those of the tables") {
    struct Entry {
        double probability, degrees, t;
    };
    // as printed in tables, three digits behind the point
    for (const Entry& entry : {Entry{0.95, 1, 6.314},
                               {0.975, 1, 12.706},
                               {0.995, 1, 63.657},
                               {0.9995, 1, 636.619},
                               {0.975, 2, 4.303},
                               {0.9995, 2, 31.599},
                               {0.90, 3, 1.638},
                               {0.975, 3, 3.182},
                               {0.975, 4, 2.776},
                               {0.975, 5, 2.571},
                               {0.995, 5, 4.032},
                               {0.975, 8, 2.306},
                               {0.975, 10, 2.228},
                               {0.75, 10, 0.700},
                               {0.975, 30, 2.042},
                               {0.995, 60, 2.660},
                               {0.975, 120, 1.980}}) {
        CHECK(std::abs(student_quantile(entry.probability, entry.degrees) - entry.t) < 5.1e-4);
        CHECK(student_quantile(1 - entry.probability, entry.degrees) ==
              Approx(-student_quantile(entry.probability, entry.degrees)).epsilon(1e-9));
    }
    CHECK(student_quantile(0.975, std::numeric_limits<double>::infinity()) ==
          Approx(1.959963984540054).epsilon(1e-12));
}

TEST_CASE("quantiles of Student's distribution in closed form") {
    for (const double p : {1e-12, 1e-6, 0.01, 0.3, 0.499999, 0.5, 0.50001, 0.6, 0.9, 0.99, 0.999999}) {
        const double cauchy = -1 / std::tan(std::numbers::pi * p);
        CHECK(student_quantile(p, 1) == Approx(cauchy).epsilon(1e-9).margin(1e-15));
        const double two = (2 * p - 1) / std::sqrt(2 * p * (1 - p));
        CHECK(student_quantile(p, 2) == Approx(two).epsilon(1e-9).margin(1e-15));
    }
    // both sides of where the way of computing changes
    CHECK(student_quantile(0.9999, 9999.9) == Approx(student_quantile(0.9999, 10000.1)).epsilon(1e-8));
    // degrees between integers lie between theirs
    CHECK(student_quantile(0.975, 2.5) < student_quantile(0.975, 2));
    CHECK(student_quantile(0.975, 2.5) > student_quantile(0.975, 3));
    CHECK_THROWS_AS(student_quantile(0, 3), ConfigError);
    CHECK_THROWS_AS(student_quantile(1, 3), ConfigError);
    CHECK_THROWS_AS(student_quantile(0.5, 0), ConfigError);
    CHECK_THROWS_AS(student_quantile(0.5, std::nan("")), ConfigError);
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

TEST_CASE("the difference of two means by Welch") {
    // the variances are 2.5 and 10, each of 5 values: p = 0.5, q = 2
    const MeanDifference result = welch_difference(Numbers{1, 2, 3, 4, 5}, Numbers{2, 4, 6, 8, 10});
    CHECK(result.difference == -3);
    CHECK(result.standard_error == Approx(std::sqrt(2.5)));
    CHECK(result.degrees == Approx(2.5 * 2.5 / (0.25 / 4 + 4.0 / 4)));
    const double half = student_quantile(0.975, result.degrees) * result.standard_error;
    CHECK(result.interval.low == Approx(-3 - half));
    CHECK(result.interval.high == Approx(-3 + half));
    // equal numbers and variances: Student's own degrees
    CHECK(welch_difference(Numbers{1, 2, 3}, Numbers{5, 6, 7}).degrees == Approx(4));

    const MeanDifference still = welch_difference(Numbers{1, 1}, Numbers{3, 3});
    CHECK(still.standard_error == 0);
    CHECK(still.interval.low == -2);
    CHECK(still.interval.high == -2);
    const MeanDifference single = welch_difference(Numbers{1}, Numbers{3, 4});
    CHECK(single.difference == -2.5);
    CHECK(std::isnan(single.standard_error));
    CHECK(std::isnan(single.degrees));
    CHECK(std::isnan(single.interval.low));
    CHECK(std::isnan(welch_difference(Numbers{}, Numbers{3, 4}).difference));
}

TEST_CASE("rank correlations of known orders") {
    const Numbers x{1, 2, 3, 4, 5};
    const RankCorrelation same = spearman(x, Numbers{10, 20, 30, 40, 1000});
    CHECK(same.coefficient == Approx(1));
    CHECK(same.exact);
    CHECK(same.p_value == 2.0 / 120);  // this order and its reverse
    CHECK(spearman(x, Numbers{5, 4, 3, 2, 1}).coefficient == Approx(-1));
    CHECK(spearman(x, Numbers{5, 4, 3, 2, 1}).p_value == 2.0 / 120);

    // 1 - 6 sum d^2 / (n (n^2 - 1)) with sum d^2 = 2
    const RankCorrelation close = spearman(x, Numbers{1, 2, 3, 5, 4});
    CHECK(close.coefficient == Approx(0.9));
    // one order has sum d^2 = 0, the four that swap neighbours have 2, and as many are reversed
    CHECK(close.p_value == 10.0 / 120);
    // without order: every order is as far out
    CHECK(spearman(Numbers{1, 2, 3, 4}, Numbers{2, 4, 1, 3}).coefficient == Approx(0).margin(1e-15));
    CHECK(spearman(Numbers{1, 2, 3, 4}, Numbers{2, 4, 1, 3}).p_value == 1);
}

TEST_CASE("ties share their ranks") {
    // ranks of x: 1, 2.5, 2.5, 4; of y: 1, 2, 3, 4
    const RankCorrelation tied = spearman(Numbers{1, 2, 2, 3}, Numbers{1, 2, 3, 4});
    CHECK(tied.coefficient == Approx(4.5 / std::sqrt(4.5 * 5)));
    // of the 24 orders of y two are as far out upwards (those of the tied pair do not matter), two downwards
    CHECK(tied.p_value == 4.0 / 24);
    CHECK(spearman(Numbers{1, 2, 3, 4}, Numbers{1, 2, 2, 3}).p_value == Approx(4.0 / 24));
    CHECK(std::isnan(spearman(Numbers{1, 1, 1}, Numbers{1, 2, 3}).coefficient));
    CHECK(std::isnan(spearman(Numbers{1, 1, 1}, Numbers{1, 2, 3}).p_value));
    CHECK(std::isnan(spearman(Numbers{}, Numbers{}).p_value));
}

TEST_CASE("random orders agree with all of them") {
    // 9 pairs by all orders, and 10 by random ones
    const Numbers x{1, 2, 3, 4, 5, 6, 7, 8, 9}, y{3, 1, 4, 2, 9, 6, 5, 8, 7};
    const RankCorrelation nine = spearman(x, y);
    CHECK(nine.exact);
    CHECK(nine.coefficient == Approx(1 - 6.0 * 34 / (9 * 80)));
    // a table's critical value for n = 9, two-sided 0.05 is 0.700, for 0.02 it is 0.783
    CHECK(nine.p_value < 0.05);
    CHECK(nine.p_value > 0.02);

    Numbers u(x), v(y);
    u.push_back(10);
    v.push_back(10);
    const RankCorrelation ten = spearman(u, v, 1), again = spearman(u, v, 1), other = spearman(u, v, 2);
    CHECK_FALSE(ten.exact);
    CHECK(ten.p_value == again.p_value);
    CHECK(ten.p_value != other.p_value);
    CHECK(ten.coefficient == Approx(1 - 6.0 * 34 / (10 * 99)));
    // All 10! orders: as far out are a sum d^2 of 34 or less, and its mirror image.
    double hits = 0, orders = 0;
    Numbers order = u;
    do {
        double sum = 0;
        for (std::size_t i = 0; i < u.size(); ++i) sum += (u[i] - order[i]) * (u[i] - order[i]);
        hits += sum <= 34 || sum >= 330 - 34 ? 1 : 0;
        ++orders;
    } while (std::next_permutation(order.begin(), order.end()));
    const double exact = hits / orders;
    CHECK(std::abs(ten.p_value - exact) < 4 * std::sqrt(exact / 1e5));
    CHECK(std::abs(ten.p_value - other.p_value) < 6 * std::sqrt(exact / 1e5));
}

TEST_CASE("what has no rank correlation") {
    CHECK_THROWS_AS(spearman(Numbers{1, 2}, Numbers{1}), ShapeError);
    CHECK_THROWS_AS(spearman(Numbers{1, std::nan("")}, Numbers{1, 2}), NumericError);
}
