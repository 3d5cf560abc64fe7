// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include <vitscape/study/page/report_view.hpp>
#include <vitscape/study/page/text.hpp>

// What the tables of the page are made of. Each scrolls sideways in a box of its own where the screen is narrow.

namespace vitscape::detail {

/// A table from its finished rows. The box takes the keyboard's focus, so that it can be scrolled without a mouse.
inline std::string table(std::string_view caption, std::string_view head, std::string_view rows) {
    return message("<figure class=\"table\">", element("figcaption", caption),
                   "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", escape_html(caption),
                   "\"><table><thead><tr>", head, "</tr></thead><tbody>", rows,
                   "</tbody></table></div></figure>\n");
}
inline std::string head_cell(std::string_view text, std::string_view attributes = "") {
    return element("th", text, message("scope=\"col\"", attributes.empty() ? "" : " ", attributes));
}
inline std::string number_cell(const std::string& html, const std::string& detail = "") {
    return message("<td class=\"number\">", html,
                   detail.empty() ? std::string() : message("<small>", detail, "</small>"), "</td>");
}
/// A number to as many digits as an error of this size leaves it.
inline std::string rounded_html(double value, double error) {
    const std::string text = number_html(value, error);
    const std::size_t cut = text.find(" ± ");
    // A power of ten follows the error and belongs to both.
    return cut == text.npos || text.find("<sup>") != text.npos ? number_html(value) : text.substr(0, cut);
}
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

/// An object of options as a list of names and values; objects inside of it by names with a point.
inline std::string option_list(const Json& options, const std::string& prefix = "") {
    std::string html;
    if (!options.is_object()) return html;
    for (const auto& [name, value] : options.items()) {
        if (value.is_object()) {
            html += option_list(value, prefix + name + ".");
            continue;
        }
        std::string text = value.is_string() ? value.get<std::string>()
                           : value.is_null() ? std::string(no_number)
                                             : json_text(value);
        if (value.is_array() &&
            std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); })) {
            text.clear();
            for (const Json& item : value) text += (text.empty() ? "" : ", ") + item.get<std::string>();
        }
        std::string shown = prefix + name;
        std::replace(shown.begin(), shown.end(), '_', ' ');
        html += element("dt", shown) + element("dd", text) + "\n";
    }
    return html;
}

}  // namespace vitscape::detail
