// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>

#include <vitscape/report/html_table.hpp>
#include <vitscape/study/page/report_view.hpp>

// Numbers of a report in the tables of its page.

namespace vitscape::detail {

/// About the standard error that a 95 % interval belongs to; NaN where it is missing.
inline double error_of(const Json& pair) {
    const auto ends = to_numbers(pair);
    return ends.size() == 2 ? std::abs(ends[1] - ends[0]) / 4 : std::nan("");
}
/// "low to high" of a pair, in the unit; nothing where it is missing.
inline std::string interval_html(const Json& pair, double factor = 1) {
    const double error = error_of(pair) * factor;
    if (!std::isfinite(error)) return "";
    return rounded_html(number_or_nan(pair[0]) * factor, error) + " to " +
           rounded_html(number_or_nan(pair[1]) * factor, error);
}
/// A p-value to three digits.
inline std::string p_value_html(double p) {
    return !std::isfinite(p) ? std::string(no_number)
           : p < 0.001       ? std::string("&lt; 0.001")
                             : fixed_number(p, 3);
}

}  // namespace vitscape::detail
