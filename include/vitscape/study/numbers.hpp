// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <vitscape/core/bounded_interval.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/io/json.hpp>

namespace vitscape {

/// A radius, strength or share as part of a key or a name.
[[nodiscard]] inline std::string plain_number(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", number);
    return text;
}

/// Mean, standard error and 95 % interval of the finite values in `all`. The interval stays in the possible range; fewer than
/// three values have none.
inline nlohmann::json json_summary(const std::vector<double>& all, ValueRange range = ValueRange::real) {
    std::vector<double> numbers = all;
    std::erase_if(numbers, [](double x) { return !std::isfinite(x); });
    if (numbers.empty())
        return {
            {"mean", nullptr}, {"standard_error", nullptr}, {"interval", {nullptr, nullptr}}, {"count", 0}};
    const MeanAndError found = mean_and_error(numbers);
    const Interval interval = bounded_interval(numbers, range);
    return {{"mean", found.mean},
            {"standard_error", json_number(found.standard_error)},
            {"interval", {json_number(interval.low), json_number(interval.high)}},
            {"count", numbers.size()}};
}

}  // namespace vitscape
