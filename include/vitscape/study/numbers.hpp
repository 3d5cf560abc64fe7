// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/statistics.hpp>

namespace vitscape {

/// A number, null where it is not finite.
inline nlohmann::json json_number(double value) {
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}
/// Mean, standard error and 95 % interval of the finite numbers among `all`.
inline nlohmann::json json_summary(const std::vector<double>& all) {
    std::vector<double> numbers = all;
    std::erase_if(numbers, [](double x) { return !std::isfinite(x); });
    if (numbers.empty())
        return {
            {"mean", nullptr}, {"standard_error", nullptr}, {"interval", {nullptr, nullptr}}, {"count", 0}};
    const MeanAndError found = mean_and_error(numbers);
    const Interval interval = confidence_interval(numbers);
    return {{"mean", found.mean},
            {"standard_error", numbers.size() > 1 ? json_number(found.standard_error) : nlohmann::json()},
            {"interval", {json_number(interval.low), json_number(interval.high)}},
            {"count", numbers.size()}};
}

}  // namespace vitscape
