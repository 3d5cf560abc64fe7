// SPDX-License-Identifier: Apache-2.0
//
// report.json, as the page and the figures read it.
#include <vitscape/study/page/html_report.hpp>

#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    const auto report = vitscape::load_json(fuzz::file_of(bytes));
    if (!report.is_object()) return;
    for (const auto language : {vitscape::Language::english, vitscape::Language::japanese})
        (void)vitscape::detail::page_html(report, "plotly", {}, language);
}
