// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <vitscape/core/error.hpp>

namespace vitscape {

/// Holm's step-down adjusted p-values (Holm 1979, "A simple sequentially rejective multiple test procedure"), in the order of
/// `p_values`: with m of them and p_(1) <= ... <= p_(m), that of p_(i) is max over j <= i of min(1, (m - j + 1) p_(j)).
/// Rejecting the hypotheses whose adjusted p-value is at most alpha makes the probability of rejecting even one true
/// hypothesis at most alpha, however the tests depend on each other. A NaN, a test that could not be made, stays NaN and
/// does not count in m.
/// @throws NumericError for a p-value outside [0, 1].
[[nodiscard]] inline std::vector<double> holm(std::span<const double> p_values) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < p_values.size(); ++i) {
        if (std::isnan(p_values[i])) continue;
        if (!(p_values[i] >= 0 && p_values[i] <= 1))
            throw NumericError(message("a p-value lies between 0 and 1; number ", i, " is ", p_values[i]));
        order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t i, std::size_t j) { return p_values[i] < p_values[j]; });
    std::vector<double> adjusted(p_values.begin(), p_values.end());
    double largest = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
        const auto left = static_cast<double>(order.size() - rank);  // hypotheses not yet rejected
        largest = std::max(largest, std::min(1.0, left * p_values[order[rank]]));
        adjusted[order[rank]] = largest;
    }
    return adjusted;
}

}  // namespace vitscape
