// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <vitscape/core/kendall.hpp>
#include <vitscape/core/random.hpp>

#include "support/catch.hpp"

namespace kendall_test {

using namespace vitscape;

namespace {
using Numbers = std::vector<double>;
using Groups = std::vector<PairedGroup>;
}  // namespace

TEST_CASE("Kendall's tau of known orders") {
    const Numbers x{1, 2, 3, 4, 5};
    const RankCorrelation same = kendall(x, Numbers{10, 20, 30, 40, 1000});
    CHECK(same.coefficient == Approx(1));
    CHECK(same.exact);
    CHECK(same.p_value == Approx(2.0 / 120));  // this order and its reverse
    CHECK(kendall(x, Numbers{5, 4, 3, 2, 1}).coefficient == Approx(-1));
    // one of the ten pairs is discordant; 4 orders have one inversion, 1 has none, and as many are reversed
    CHECK(kendall(x, Numbers{1, 2, 3, 5, 4}).coefficient == Approx(0.8));
    CHECK(kendall(x, Numbers{1, 2, 3, 5, 4}).p_value == Approx(10.0 / 120));

    // SciPy 1.17.1, scipy.stats.kendalltau(x, y, method="exact")
    const RankCorrelation nine =
        kendall(Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9}, Numbers{3, 1, 4, 2, 9, 6, 5, 8, 7});
    CHECK(nine.exact);
    CHECK(nine.coefficient == Approx(0.5));
    CHECK(nine.p_value == Approx(0.07517636684303351).epsilon(1e-10));
    const Numbers twelve{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, order{5, 1, 4, 3, 12, 2, 6, 10, 8, 7, 9, 11};
    const RankCorrelation random = kendall(twelve, order, 1);
    CHECK_FALSE(random.exact);
    CHECK(random.coefficient == Approx(0.4545454545454545));
    const double exact = 0.04473689858238469;
    CHECK(std::abs(random.p_value - exact) < 4 * std::sqrt(exact / 1e5));
    CHECK(random.p_value == kendall(twelve, order, 1).p_value);
    CHECK(random.p_value != kendall(twelve, order, 2).p_value);
}

TEST_CASE("Kendall's tau-b with ties") {
    // SciPy 1.17.1, scipy.stats.kendalltau(x, y).statistic; 44 of all 120 orders of y have a |C - D| of 4 or more
    const RankCorrelation tied = kendall(Numbers{12, 2, 1, 12, 2}, Numbers{1, 4, 7, 1, 0});
    CHECK(tied.coefficient == Approx(-0.4714045207910316));
    CHECK(tied.p_value == Approx(44.0 / 120));
    CHECK(std::isnan(kendall(Numbers{1, 1, 1}, Numbers{1, 2, 3}).coefficient));
    CHECK(std::isnan(kendall(Numbers{1, 1, 1}, Numbers{1, 2, 3}).p_value));
    CHECK(std::isnan(kendall(Numbers{1, 2, 3}, Numbers{4, 4, 4}).coefficient));
    CHECK(std::isnan(kendall(Numbers{}, Numbers{}).p_value));
    CHECK_THROWS_AS(kendall(Numbers{1, 2}, Numbers{1}), ShapeError);
    CHECK_THROWS_AS(kendall(Numbers{1, std::nan("")}, Numbers{1, 2}), NumericError);
}

TEST_CASE("Kendall's tau within groups compares no runs of different groups") {
    // C - D is 2 + 2 + 3 of 6 + 3 + 6 pairs, of which 14 differ in x and 14 in y; of the 24 * 6 * 24 orders within the
    // groups, enumerated one by one (Python's itertools), 592 are as far out
    const Groups groups{{{1, 2, 3, 4}, {2, 1, 4, 3}}, {{5, 1, 3}, {9, 4, 4}}, {{2, 2, 7, 9}, {1, 5, 3, 8}}};
    const RankCorrelation within = kendall_within(groups);
    CHECK(within.exact);
    CHECK(within.coefficient == Approx(0.5));
    CHECK(within.p_value == Approx(592.0 / 3456));

    // Two methods that differ in both, against the order within each: all runs together say the opposite
    const Groups two{{{1, 2, 3}, {3, 2, 1}}, {{11, 12, 13}, {13, 12, 11}}};
    CHECK(kendall_within(two).coefficient == Approx(-1));
    CHECK(kendall_within(two).p_value == Approx(2.0 / 36));
    CHECK(kendall(Numbers{1, 2, 3, 11, 12, 13}, Numbers{3, 2, 1, 13, 12, 11}).coefficient > 0);

    // a group without a pair, or without an order, adds nothing
    Groups more = two;
    more.push_back({{7}, {7}});
    more.push_back({{}, {}});
    more.push_back({{5, 5}, {6, 6}});
    CHECK(kendall_within(more).coefficient == kendall_within(two).coefficient);
    CHECK(kendall_within(more).p_value == Approx(kendall_within(two).p_value));
    CHECK(std::isnan(kendall_within(Groups{}).coefficient));
    CHECK(std::isnan(kendall_within(Groups{{{1}, {2}}, {{3}, {4}}}).p_value));
    CHECK_THROWS_AS(kendall_within(Groups{{{1, 2}, {1, 2}}, {{1, 2}, {1}}}), ShapeError);
}

TEST_CASE("random orders within groups agree with all of them") {
    // The first group has 10 runs, so that the orders are random. All orders: the number of those of 10 with each count of
    // inversions (the Mahonian numbers, by recurrence) and the 6 of the other group.
    const Numbers x{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, y{4, 1, 3, 2, 8, 5, 6, 10, 7, 9};
    const Groups groups{{x, y}, {{1, 2, 3}, {1, 3, 2}}};
    const RankCorrelation found = kendall_within(groups, 4);
    CHECK_FALSE(found.exact);
    const auto inversions = [](std::size_t n) {
        Numbers counts{1};
        for (std::size_t k = 2; k <= n; ++k) {
            Numbers next(counts.size() + k - 1, 0.0);
            for (std::size_t i = 0; i < counts.size(); ++i)
                for (std::size_t j = 0; j < k; ++j) next[i + j] += counts[i];
            counts = next;
        }
        return counts;
    };
    const Numbers ten = inversions(10), three = inversions(3);
    const double seen = std::round(found.coefficient * 48);  // 45 + 3 pairs, none tied
    double hits = 0, orders = 0;
    for (std::size_t i = 0; i < ten.size(); ++i)
        for (std::size_t j = 0; j < three.size(); ++j) {
            const double balance = 48 - 2 * static_cast<double>(i + j);
            hits += std::abs(balance) >= seen ? ten[i] * three[j] : 0;
            orders += ten[i] * three[j];
        }
    CHECK(orders == 3628800.0 * 6);
    const double exact = hits / orders;
    CHECK(exact < 0.05);
    CHECK(std::abs(found.p_value - exact) < 4 * std::sqrt(exact / 1e5));
}

TEST_CASE("the p-value within groups keeps its level") {
    // Methods differ in both x and y, but not the runs of a method.
    RandomSequence random({.seed = 12, .purpose = Purpose::test});
    const int rounds = 2000;
    int within = 0, pooled = 0;
    for (int k = 0; k < rounds; ++k) {
        Groups groups(3);
        Numbers x, y;
        for (std::size_t g = 0; g < groups.size(); ++g)
            for (int i = 0; i < 3; ++i) {
                const double method = 5 * static_cast<double>(g);
                x.push_back(method + random.normal());
                y.push_back(method + random.normal());
                groups[g].x.push_back(x.back());
                groups[g].y.push_back(y.back());
            }
        within += kendall_within(groups).p_value <= 0.1;
        if (k < 5) pooled += kendall(x, y).p_value <= 0.1;
    }
    // |C - D| of 9 pairs in three groups: 1 + 6 of 216 orders on either side are at 7 or more, 14 / 216 in all; those
    // at 5 or more are too many
    CHECK(std::abs(within / double(rounds) - 14.0 / 216) < 4 * std::sqrt(14.0 / 216 / rounds));
    CHECK(pooled == 5);
}

TEST_CASE("the granulated Kendall coefficient") {
    // x grows with the first hyper-parameter alone, and so does y; the second changes y and not x
    const auto run = [](int a, int b, double x, double y) { return HyperparameterRun{{a, b}, x, y}; };
    const std::vector<HyperparameterRun> design{run(0, 0, 1, 10), run(1, 0, 2, 20), run(2, 0, 3, 30),
                                                run(0, 1, 1, 11), run(1, 1, 2, 31), run(2, 1, 3, 21)};
    // first axis: tau 1 at b = 0 and (2 - 1) / 3 at b = 1; second: x is tied in all three groups
    const GranulatedKendall found = granulated_kendall(design);
    REQUIRE(found.axes.size() == 2);
    CHECK(found.axes[0] == Approx((1 + 1.0 / 3) / 2));
    CHECK(found.axes[1] == 0);
    CHECK(found.coefficient == Approx(1.0 / 3));

    // second axis against the first: pairs (0,0)-(0,1) and (1,0)-(1,1)
    const std::vector<HyperparameterRun> opposed{run(0, 0, 1, 5), run(1, 0, 2, 6), run(0, 1, 3, 1),
                                                 run(1, 1, 4, 2)};
    CHECK(granulated_kendall(opposed).axes == Numbers{1, -1});
    CHECK(granulated_kendall(opposed).coefficient == 0);

    // a run is missing: only complete pairs of runs are compared, here one per axis
    const std::vector<HyperparameterRun> partial(opposed.begin(), opposed.begin() + 3);
    CHECK(granulated_kendall(partial).axes == Numbers{1, -1});
    // an axis with one value has no part
    const GranulatedKendall one = granulated_kendall(
        std::vector<HyperparameterRun>{run(0, 7, 1, 1), run(1, 7, 2, 2), run(2, 7, 3, 1.5)});
    CHECK(one.axes[0] == Approx(1.0 / 3));
    CHECK(std::isnan(one.axes[1]));
    CHECK(one.coefficient == Approx(1.0 / 3));
    CHECK(std::isnan(granulated_kendall({}).coefficient));
    CHECK(std::isnan(granulated_kendall(std::vector<HyperparameterRun>{run(0, 0, 1, 1)}).coefficient));

    CHECK_THROWS_AS(
        granulated_kendall(std::vector<HyperparameterRun>{run(0, 0, 1, 1), run(1, 0, 1, 1), run(0, 0, 2, 1)}),
        ShapeError);
    CHECK_THROWS_AS(granulated_kendall(std::vector<HyperparameterRun>{run(0, 0, 1, 1), {{1}, 1, 1}}),
                    ShapeError);
    CHECK_THROWS_AS(
        granulated_kendall(std::vector<HyperparameterRun>{run(0, 0, 1, 1), run(0, 1, std::nan(""), 1)}),
        NumericError);
}

}  // namespace kendall_test
