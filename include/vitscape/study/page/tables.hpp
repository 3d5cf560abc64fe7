// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/study/page/report_view.hpp>
#include <vitscape/study/page/text.hpp>

// The tables of the page. Each scrolls sideways in a box of its own where the screen is narrow.

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

/// The four verdicts on claims, and how a page of version 0.1 worded them.
enum class Judged { supported, contradicted, inconclusive, not_judged };
inline constexpr std::array<std::pair<Judged, std::string_view>, 4> judged_words{
    {{Judged::supported, "supported"},
     {Judged::contradicted, "contradicted"},
     {Judged::inconclusive, "inconclusive"},
     {Judged::not_judged, "not judged"}}};
inline Judged judged(std::string_view verdict) {
    for (const auto& [value, word] : judged_words)
        if (word == verdict) return value;
    return verdict == "holds"           ? Judged::supported
           : verdict == "does not hold" ? Judged::contradicted
                                        : Judged::inconclusive;
}

inline std::string verdict_html(const std::string& verdict) {
    static constexpr std::array<std::array<std::string_view, 2>, 4> looks{
        {{"holds", "✓"}, {"fails", "✗"}, {"undecided", "?"}, {"undecided", "–"}}};
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
    const auto p_text = [](double p) {
        return p < 0.001 ? std::string("&lt; 0.001") : "= " + fixed_number(p, 3);
    };
    if (const double p = number_at(claim, "p_value"); std::isfinite(p))
        parts.push_back(
            message("p ", p_text(p), ", adjusted ", p_text(number_at(claim, "adjusted_p_value"))));
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
    std::string rows;
    for (const Json& claim : list_at(report, "claims")) {
        const std::string interval = interval_html(member(claim, "interval"));
        const std::string note = text_at(claim, "note"), source = text_at(claim, "source");
        rows += message(
            "<tr><th scope=\"row\" class=\"wide\">", escape_html(text_at(claim, "claim")),
            source.empty() ? "" : element("small", source), "</th><td>",
            verdict_html(text_at(claim, "verdict")), "</td>",
            number_cell(rounded_html(number_at(claim, "difference"), error_of(member(claim, "interval"))),
                        interval.empty() ? "no interval" : interval),
            "<td class=\"wide\">", escape_html(text_at(claim, "test")),
            note.empty() ? "" : element("small", note), claim_details(claim), "</td></tr>\n");
    }
    return message(
        "<div class=\"stacked\">",
        table("Each claim, its primary number, positive in its favour, and that number's 95 % interval "
              "below it.",
              head_cell("Claim") + head_cell("Verdict") +
                  head_cell("Difference, 95 % interval", "class=\"number\"") +
                  head_cell("What the number is"),
              rows),
        "</div>\n");
}

/// The name of a measure with its loss, its unit and which way is better; in `full` with what it means and what it is
/// invariant to.
inline std::string measure_head(const Json& report, const Json& measure, bool full = false) {
    std::string below = shown_unit(text_at(measure, "unit")).name;
    for (const Json& loss : list_at(report, "losses"))
        if (text_at(loss, "name") == text_at(measure, "loss"))
            below = title_of(loss) + (below.empty() ? "" : ", in " + below);
    if (const std::string better = text_at(measure, "better"); better == "higher" || better == "lower")
        below += (below.empty() ? "" : "; ") + better + " is better";
    std::string html = escape_html(text_at(measure, "name"));
    if (!below.empty()) html += element("small", below);
    if (const std::string meaning = text_at(measure, "meaning"); full && !meaning.empty())
        html += element("small", meaning);
    if (const std::string what = text_at(measure, "invariant_to"); full && !what.empty())
        html += element("small", "invariant to the " + what);
    return "<th scope=\"row\">" + html + "</th>";
}

/// "at most 0.1 in size" if a value of some run is not resolved; otherwise empty.
inline std::string bound_of_runs(const Json& measure, const std::string& method) {
    double bound = -1;
    for (const Json& run : list_at(member(measure, "values"), method))
        if (const double here = number_at(run, "bound"); std::isfinite(here)) bound = std::max(bound, here);
    return bound < 0 ? std::string() : "at most " + number_html(bound) + " in size";
}
/// The numbers of one or two runs, which have no interval; empty for more.
inline std::string few_runs(const Json& measure, const std::string& method, double factor) {
    std::vector<double> numbers;
    for (const Json& run : list_at(member(measure, "values"), method))
        if (const double value = number_at(run, "value"); std::isfinite(value)) numbers.push_back(value);
    std::string text;
    if (numbers.size() < 3)
        for (const double value : numbers) text += (text.empty() ? "" : ", ") + number_html(value * factor);
    return text;
}

/// One row for each measure, one column for each method: mean ± standard error, the interval and the number of runs; of fewer
/// than three runs their numbers.
inline std::string measures_table(const Json& report, const std::vector<const Json*>& measures,
                                  std::string_view caption, bool full) {
    std::string head = head_cell("Measure"), rows;
    for (const Json& method : list_at(report, "methods"))
        head += head_cell(title_of(method), "class=\"number\"");
    for (const Json* measure : measures) {
        const double factor = shown_unit(text_at(*measure, "unit")).factor;
        rows += "<tr>" + measure_head(report, *measure, full);
        for (const Json& method : list_at(report, "methods")) {
            const Json& summary = member(member(*measure, "summary"), text_at(method, "name"));
            const double count = number_at(summary, "count");
            const std::string interval = interval_html(member(summary, "interval"), factor);
            std::string below = count > 0 ? message("n = ", count) : std::string();
            if (!interval.empty()) below = interval + (below.empty() ? "" : "; " + below);
            if (const std::string bound = bound_of_runs(*measure, text_at(method, "name")); !bound.empty()) {
                rows += number_cell("not resolved", bound + (below.empty() ? "" : "; " + below));
                continue;
            }
            if (const std::string runs = few_runs(*measure, text_at(method, "name"), factor); !runs.empty()) {
                rows += number_cell(runs, below);
                continue;
            }
            rows += number_cell(number_html(number_at(summary, "mean") * factor,
                                            number_at(summary, "standard_error") * factor),
                                below);
        }
        rows += "</tr>\n";
    }
    return table(caption, head, rows);
}

/// All measures, a table for each group in the order of their first appearance.
inline std::string measure_groups(const Json& report) {
    std::vector<std::string> groups;
    for (const Json& measure : list_at(report, "measures"))
        if (const std::string group = text_at(measure, "group");
            std::find(groups.begin(), groups.end(), group) == groups.end())
            groups.push_back(group);
    std::string html;
    for (const std::string& group : groups) {
        std::vector<const Json*> members;
        for (const Json& measure : list_at(report, "measures"))
            if (text_at(measure, "group") == group) members.push_back(&measure);
        const std::string title = capitalized(group.empty() ? "other" : group);
        html += element("h3", title) +
                measures_table(report, members,
                               title +
                                   ": mean ± standard error; below it the 95 % interval and the number "
                                   "n of training runs.",
                               true);
    }
    return html;
}

/// The measures that the summary shows: those with "headline": true, or else the first of each group.
inline std::vector<const Json*> headline_measures(const Json& report) {
    std::vector<const Json*> chosen;
    for (const Json& measure : list_at(report, "measures"))
        if (member(measure, "headline") == true) chosen.push_back(&measure);
    if (!chosen.empty()) return chosen;
    std::set<std::string> groups;
    for (const Json& measure : list_at(report, "measures"))
        if (groups.insert(text_at(measure, "group")).second) chosen.push_back(&measure);
    return chosen;
}

inline std::string baselines_table(const Json& report) {
    std::string rows;
    for (const Json& baseline : list_at(report, "baselines")) {
        rows += message("<tr>", element("th", text_at(baseline, "name"), "scope=\"row\""),
                        number_cell(number_html(100 * number_at(baseline, "top1"),
                                                100 * number_at(baseline, "standard_error")),
                                    interval_html(member(baseline, "interval"), 100)),
                        "</tr>\n");
    }
    return table("What the same probe reaches without any pre-training; below it the 95 % interval.",
                 head_cell("Features") + head_cell("Top-1 accuracy, %", "class=\"number\""), rows);
}

/// The correlations of a report of version 0.1, over all runs at once.
inline std::string old_correlations_table(const Json& report) {
    std::string rows;
    for (const Json& entry : list_at(report, "correlations")) {
        const double p = number_at(entry, "p_value"), rho = number_at(entry, "spearman");
        rows += message("<tr>", measure_head(report, entry),
                        number_cell(std::isfinite(rho) ? fixed_number(rho, 2) : std::string(no_number)),
                        number_cell(!std::isfinite(p) ? std::string(no_number)
                                    : p < 0.001       ? "&lt; 0.001"
                                                      : fixed_number(p, 3)),
                        number_cell(number_html(number_at(entry, "runs"))), "</tr>\n");
    }
    return table(
        "Spearman's rank correlation with held-out accuracy over all runs; p: how often chance alone gives "
        "one of "
        "this size.",
        head_cell("Measure") + head_cell("Correlation", "class=\"number\"") +
            head_cell("p", "class=\"number\"") + head_cell("Runs", "class=\"number\""),
        rows);
}
inline std::string correlations_table(const Json& report) {
    const Json& list = list_at(report, "correlations");
    if (!list.empty() && !list.front().contains("within")) return old_correlations_table(report);
    std::string html, rows, outcome;
    const auto p_text = [](double p) {
        return !std::isfinite(p) ? std::string(no_number) : p < 0.001 ? "&lt; 0.001" : fixed_number(p, 3);
    };
    const auto coefficient = [](double tau) {
        return std::isfinite(tau) ? fixed_number(tau, 2) : std::string(no_number);
    };
    const auto finish = [&] {
        if (rows.empty()) return;
        html += table(
            "With " + outcome +
                ": Kendall's rank correlation over runs of the same method, its p-value adjusted for the "
                "number of measures (Holm), and the granulated coefficient, over runs that differ in seed or "
                "method alone.",
            head_cell("Measure") + head_cell("Within methods", "class=\"number\"") +
                head_cell("p, adjusted", "class=\"number\"") + head_cell("Granulated", "class=\"number\"") +
                head_cell("Runs", "class=\"number\""),
            rows);
        rows.clear();
    };
    for (const Json& entry : list) {
        if (text_at(entry, "outcome_name") != outcome) finish();
        outcome = text_at(entry, "outcome_name");
        rows +=
            message("<tr>", measure_head(report, entry), number_cell(coefficient(number_at(entry, "within"))),
                    number_cell(p_text(number_at(entry, "adjusted_p_value"))),
                    number_cell(coefficient(number_at(entry, "granulated"))),
                    number_cell(number_html(number_at(entry, "runs"))), "</tr>\n");
    }
    finish();
    return html;
}

/// Which part of the variance of a measure comes from where, a row for each method and loss.
inline std::string variance_table(const Json& report) {
    std::vector<std::string> sources;
    for (const Json& entry : list_at(report, "variance"))
        for (const Json& part : list_at(entry, "parts"))
            if (const std::string source = text_at(part, "source");
                std::find(sources.begin(), sources.end(), source) == sources.end())
                sources.push_back(source);
    std::string head = head_cell("Measure"), rows;
    for (const std::string& source : sources)
        head += head_cell(capitalized(source) + ", %", "class=\"number\"");
    for (const Json& entry : list_at(report, "variance")) {
        std::string title;
        for (const Json& method : list_at(report, "methods"))
            if (text_at(method, "name") == text_at(entry, "method")) title = title_of(method);
        Json head_of = entry;
        head_of["name"] = text_at(entry, "name") + ", " + title;
        rows += "<tr>" + measure_head(report, head_of);
        for (const std::string& source : sources) {
            std::string cell(no_number), degrees;
            for (const Json& part : list_at(entry, "parts"))
                if (text_at(part, "source") == source) {
                    cell = number_html(100 * number_at(part, "fraction"));
                    if (const double fraction = number_at(part, "fraction"); std::isfinite(fraction))
                        cell = fixed_number(100 * fraction, 0);
                    degrees = message("from ", number_at(part, "degrees"), " degrees of freedom");
                }
            rows += number_cell(cell, degrees);
        }
        rows += "</tr>\n";
    }
    return table(
        "Which part of the variance of a single number comes from the training seed, the draw of the masks, "
        "the "
        "direction and the images. A part estimated from few degrees of freedom, as from three seeds, is "
        "itself "
        "uncertain by a factor of several.",
        head, rows);
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
