// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include <vitscape/core/rank_correlation.hpp>

#include "support/catch.hpp"

namespace rank_correlation_test {

using namespace vitscape;

namespace {
using Numbers = std::vector<double>;
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

}  // namespace rank_correlation_test
