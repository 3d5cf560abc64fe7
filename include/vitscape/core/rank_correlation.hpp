// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>

namespace vitscape {

/// A rank correlation and the probability of one at least as large in absolute value by chance.
struct RankCorrelation {
    double coefficient = std::numeric_limits<double>::quiet_NaN();  ///< -1 to 1
    double p_value = std::numeric_limits<double>::quiet_NaN();      ///< two-sided
    bool exact = false;  ///< whether all permutations were enumerated
};

namespace detail {

inline void check_pairs(std::span<const double> x, std::span<const double> y) {
    if (x.size() != y.size())
        throw ShapeError(
            message("a correlation needs pairs; ", x.size(), " and ", y.size(), " numbers were given"));
    for (const auto values : {x, y})
        for (const double value : values)
            if (!std::isfinite(value))
                throw NumericError(message("a rank correlation needs finite numbers, one is ", value));
}

/// Ranks of the values, as twice their distance from the middle rank: integers that sum to zero. Equal values
/// share the mean of their ranks.
inline std::vector<double> centred_ranks(std::span<const double> values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
    std::vector<double> ranks(values.size());
    for (std::size_t first = 0, end = 0; first < order.size(); first = end) {
        while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
        for (std::size_t i = first; i < end; ++i)
            ranks[order[i]] =
                static_cast<double>(first + end) - static_cast<double>(values.size());  // 2 rank - (n + 1)
    }
    return ranks;
}

}  // namespace detail

/// Spearman's rank correlation (Pearson's of the ranks, ties by their mean rank) and its two-sided permutation p-value:
/// the fraction of all permutations of y whose correlation is at least as large in absolute value. Up to 9 pairs all
/// permutations are enumerated; beyond, it is (1 + hits) / (1 + 99999) of that many random ones, a function of `seed`. Both are
/// NaN if x or y is constant.
/// @throws ShapeError if the numbers of x and y differ; NumericError for one that is not finite.
[[nodiscard]] inline RankCorrelation spearman(std::span<const double> x, std::span<const double> y,
                                              std::uint64_t seed = 0) {
    detail::check_pairs(x, y);
    const std::vector<double> a = detail::centred_ranks(x);
    std::vector<double> b = detail::centred_ranks(y);
    // of integers, hence without rounding: ties are recognized as such
    const auto product = [&] { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); };
    const double square_a = std::inner_product(a.begin(), a.end(), a.begin(), 0.0);
    const double square_b = std::inner_product(b.begin(), b.end(), b.begin(), 0.0);
    RankCorrelation result;
    if (square_a == 0 || square_b == 0) return result;
    const double seen = product();
    result.coefficient = seen / std::sqrt(square_a * square_b);
    result.exact = x.size() <= 9;
    double hits = 0, orders = 0;
    if (result.exact) {
        std::sort(b.begin(), b.end());
        do {  // distinct orders only: each represents equally many permutations
            hits += std::abs(product()) >= std::abs(seen) ? 1 : 0;
            ++orders;
        } while (std::next_permutation(b.begin(), b.end()));
    } else {
        RandomSequence random({.seed = seed, .purpose = Purpose::permutation});
        hits = orders = 1;  // the observed order
        while (orders < 1e5) {
            random.shuffle(std::span<double>(b));
            hits += std::abs(product()) >= std::abs(seen) ? 1 : 0;
            ++orders;
        }
    }
    result.p_value = hits / orders;
    return result;
}

}  // namespace vitscape
