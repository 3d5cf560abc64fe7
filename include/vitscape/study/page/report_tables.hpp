// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <vitscape/study/page/measures_table.hpp>

// The tables of a report with one column for each method (study/report_table.hpp).

namespace vitscape::detail {

inline std::string report_table_html(const Json& report, const Json& shown) {
    Table table("");
    for (const Json& method : list_at(report, "methods")) table.column(title_of(method));
    for (const Json& row : list_at(shown, "rows")) {
        const double factor = shown_unit(text_at(row, "unit")).factor;
        table.row(measure_head(report, row, true));
        for (const Json& method : list_at(report, "methods")) {
            const Json& entry = member(member(row, "values"), text_at(method, "name"));
            table.number(number_html(number_at(entry, "value") * factor),
                         escape_html(text_at(entry, "note")));
        }
    }
    return element("h3", text_at(shown, "title")) + table.html(text_at(shown, "caption"));
}

/// @param top  those of the top of the page, or those below its measures
inline std::string report_tables_html(const Json& report, bool top) {
    std::string html;
    for (const Json& shown : list_at(report, "tables"))
        if ((member(shown, "top") == true) == top) html += report_table_html(report, shown);
    return html;
}

}  // namespace vitscape::detail
