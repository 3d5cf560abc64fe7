// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/study/page/table.hpp>

// The claims of a study with their verdicts.

namespace vitscape::detail {

/// The verdicts on claims, and how a page of version 0.1 worded them.
enum class Judged { supported, contradicted, inconclusive, not_judged, measured };
inline constexpr std::array<std::pair<Judged, std::string_view>, 5> judged_words{
    {{Judged::supported, "supported"},
     {Judged::contradicted, "contradicted"},
     {Judged::inconclusive, "inconclusive"},
     {Judged::not_judged, "not judged"},
     {Judged::measured, "measured"}}};
inline Judged judged(std::string_view verdict) {
    for (const auto& [value, word] : judged_words)
        if (word == verdict) return value;
    return verdict == "holds"           ? Judged::supported
           : verdict == "does not hold" ? Judged::contradicted
                                        : Judged::inconclusive;
}

inline std::string verdict_html(const std::string& verdict) {
    static constexpr std::array<std::array<std::string_view, 2>, 5> looks{
        {{"holds", "✓"}, {"fails", "✗"}, {"undecided", "?"}, {"undecided", "–"}, {"undecided", "×"}}};
    const auto which = static_cast<std::size_t>(judged(verdict));
    return message("<span class=\"verdict ", looks[which][0], "\"><span aria-hidden=\"true\">",
                   looks[which][1], "</span> ", judged_words[which].second, "</span>");
}

/// A difference and its interval.
inline std::string difference_html(const Json& difference) {
    const Json& interval = member(difference, "interval");
    const std::string text = interval_html(interval);
    return rounded_html(number_at(difference, "difference"), error_of(interval)) +
           (text.empty() ? "" : " (" + text + ")");
}

/// What else is known of a claim: p-values, seeds needed, other numbers.
inline std::string claim_details(const Json& claim) {
    std::vector<std::string> parts;
    if (const double p = number_at(claim, "p_value"); std::isfinite(p))
        parts.push_back(message("p: ", p_value_html(p),
                                ", adjusted: ", p_value_html(number_at(claim, "adjusted_p_value"))));
    if (const double seeds = number_at(claim, "seeds_needed"); std::isfinite(seeds))
        parts.push_back(message("about ", seeds, " seeds would decide"));
    if (const Json& unpaired = member(claim, "unpaired"); std::isfinite(number_at(unpaired, "difference")))
        parts.push_back("unpaired: " + difference_html(unpaired));
    std::string html;
    for (const std::string& part : parts) html += "<small>" + part + "</small>";
    for (const Json& other : list_at(claim, "sensitivities"))
        if (const Json& paired = member(other, "paired"); std::isfinite(number_at(paired, "difference")))
            html += "<small>also " + escape_html(text_at(other, "test")) + ": " + difference_html(paired) +
                    "</small>";
    return html;
}

inline std::string claims_table(const Json& report) {
    Table table("Claim");
    table.column("Verdict", true);
    table.column("Difference or ratio, 95 % interval");
    table.column("What the number is", true);
    const auto small = [](const std::string& text) { return text.empty() ? text : element("small", text); };
    for (const Json& claim : list_at(report, "claims")) {
        const std::string interval = interval_html(member(claim, "interval"));
        table.row(escape_html(text_at(claim, "claim")) + small(text_at(claim, "source")));
        table.wide(verdict_html(text_at(claim, "verdict")));
        table.number(rounded_html(number_at(claim, "difference"), error_of(member(claim, "interval"))),
                     interval.empty() ? "no interval" : interval);
        table.wide(escape_html(text_at(claim, "test")) + small(text_at(claim, "note")) +
                   claim_details(claim));
    }
    return table.html(
        "Each claim, its primary number, positive in its favour, and that number's 95 % interval below it. "
        "What is measured is a ratio and no test.");
}

}  // namespace vitscape::detail
