// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <vitscape/core/mean_difference.hpp>
#include <vitscape/core/random.hpp>

#include "support/catch.hpp"

namespace mean_difference_test {

using namespace vitscape;

namespace {
using Numbers = std::vector<double>;
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

TEST_CASE("p-values of Welch's test") {
    // SciPy 1.17.1, scipy.stats.ttest_ind(a, b, equal_var=False)
    CHECK(welch_difference(Numbers{1, 2, 3, 4, 5}, Numbers{2, 4, 6, 8, 10}).p_value ==
          Approx(0.10753119493062728).epsilon(1e-8));
    // the additional hours of sleep of Student's paper (1908), as if they were of different people
    const Numbers a{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
    const Numbers b{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
    const MeanDifference sleep = welch_difference(a, b);
    CHECK(sleep.degrees == Approx(17.776473516178488));
    CHECK(sleep.p_value == Approx(0.0793941401873583).epsilon(1e-8));
    CHECK(sleep.interval.low == Approx(-3.3654832307117104).epsilon(1e-8));
    CHECK(sleep.interval.high == Approx(0.20548323071171137).epsilon(1e-8));

    CHECK(welch_difference(Numbers{1, 1}, Numbers{3, 3}).p_value == 0);
    // three times 0.1 is not 0.3, and still these do not vary
    CHECK(welch_difference(Numbers{0.1, 0.1, 0.1}, Numbers{0.1, 0.1}).p_value == 1);
    CHECK(welch_difference(Numbers{0.1, 0.1, 0.1}, Numbers{0.1, 0.1}).difference == 0);
    CHECK(welch_difference(Numbers{2, 2}, Numbers{1, 2, 3}).p_value == Approx(1));
    CHECK(welch_difference(Numbers{2, 2}, Numbers{1, 2, 3}).degrees == Approx(2));
    CHECK(std::isnan(welch_difference(Numbers{1}, Numbers{3, 4}).p_value));
    CHECK(std::isnan(welch_difference(Numbers{1, std::nan("")}, Numbers{3, 4}).p_value));
    CHECK_THROWS_AS(welch_difference(Numbers{1}, Numbers{3, 4}, 1), ConfigError);
    // variances whose squares are below the smallest number
    CHECK(welch_difference(Numbers{1e-90, 2e-90, 3e-90}, Numbers{5e-90, 6e-90, 7e-90}).degrees == Approx(4));
}

TEST_CASE("the difference of pairs") {
    // SciPy 1.17.1, scipy.stats.ttest_rel and its confidence_interval; scipy.stats.sem
    const Numbers a{76.1, 77.4, 75.9, 78.2, 76.8}, b{75.0, 76.9, 75.2, 77.1, 76.3};
    const MeanDifference result = paired_difference(a, b);
    CHECK(result.difference == Approx(0.78));
    CHECK(result.standard_error == Approx(0.1356465996625056));
    CHECK(result.degrees == 4);
    CHECK(result.p_value == Approx(0.004534738546375309).epsilon(1e-8));
    CHECK(result.interval.low == Approx(0.4033846623303128).epsilon(1e-8));
    CHECK(result.interval.high == Approx(1.1566153376696895).epsilon(1e-8));
    CHECK(paired_difference(a, b, 0.9).interval.low == Approx(0.49082223243335077).epsilon(1e-8));
    // as independent groups the same runs differ by nothing: p = 0.2323942
    CHECK(welch_difference(a, b).p_value == Approx(0.2323942154513693).epsilon(1e-8));
    // Student's own example, p = 0.00283
    CHECK(paired_difference(Numbers{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0},
                            Numbers{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4})
              .p_value == Approx(0.002832890197384273).epsilon(1e-8));
}

TEST_CASE("pairs that do not vary, or are too few") {
    const Numbers a{0.1, 0.7, 0.3};
    const MeanDifference same = paired_difference(a, a);
    CHECK(same.difference == 0);
    CHECK(same.p_value == 1);
    CHECK(same.interval.low == 0);
    CHECK(same.interval.high == 0);
    const MeanDifference shifted = paired_difference(Numbers{1, 2, 3}, Numbers{3, 4, 5});
    CHECK(shifted.standard_error == 0);
    CHECK(shifted.p_value == 0);
    CHECK(shifted.interval.high == -2);
    const MeanDifference single = paired_difference(Numbers{1}, Numbers{3});
    CHECK(single.difference == -2);
    CHECK(std::isnan(single.standard_error));
    CHECK(std::isnan(single.degrees));
    CHECK(std::isnan(single.p_value));
    CHECK(std::isnan(single.interval.low));
    CHECK(std::isnan(paired_difference(Numbers{}, Numbers{}).difference));
    CHECK(std::isnan(paired_difference(Numbers{1, std::nan("")}, Numbers{1, 1}).p_value));
    CHECK_THROWS_AS(paired_difference(Numbers{1, 2}, Numbers{1}), ShapeError);
    CHECK_THROWS_AS(paired_difference(Numbers{1, 2}, Numbers{1, 1}, 1.5), ConfigError);
}

TEST_CASE("both tests keep their level, and the paired one its interval") {
    // Pairs share a large part; the true difference is 0.5.
    RandomSequence random({.seed = 5, .purpose = Purpose::test});
    const int rounds = 1500;
    int held = 0, found_paired = 0, found_welch = 0;
    for (int k = 0; k < rounds; ++k) {
        Numbers a(3), b(3), c(3);
        for (std::size_t i = 0; i < a.size(); ++i) {
            const double shared = 10 * random.normal();
            a[i] = shared + random.normal() + 0.5;
            b[i] = shared + random.normal();
            c[i] = 12 * random.normal();
        }
        const MeanDifference paired = paired_difference(a, b);
        held += paired.interval.low <= 0.5 && 0.5 <= paired.interval.high;
        for (double& value : a) value -= 0.5;
        found_paired += paired_difference(a, b).p_value < 0.05;
        found_welch += welch_difference(a, c).p_value < 0.05;
    }
    const double error = std::sqrt(0.05 * 0.95 / rounds);
    CHECK(std::abs(held / double(rounds) - 0.95) < 4 * error);
    CHECK(std::abs(found_paired / double(rounds) - 0.05) < 4 * error);
    // Welch's is approximate: below its level for so few runs
    CHECK(found_welch / double(rounds) < 0.05 + 2 * error);
    CHECK(found_welch / double(rounds) > 0.02);
}

}  // namespace mean_difference_test
