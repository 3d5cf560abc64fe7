// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/study/page/table.hpp>

// The numbers of a study: a row for each measure, a column for each method.

namespace vitscape::detail {

/// Which direction of a measure is better, in words; reports of version 0.1 said it by one word only.
inline std::string direction_of_row(const Json& measure) {
    const std::string direction = text_at(measure, "direction"), better = text_at(measure, "better");
    return !direction.empty() || (better != "higher" && better != "lower") ? direction
                                                                           : better + " is better";
}

/// The name of a measure with its loss, its unit and which way is better; in `full` with what it means and what it is
/// invariant to; HTML.
inline std::string measure_head(const Json& report, const Json& measure, bool full = false) {
    std::string below = shown_unit(text_at(measure, "unit")).name;
    for (const Json& loss : list_at(report, "losses"))
        if (text_at(loss, "name") == text_at(measure, "loss"))
            below = title_of(loss) + (below.empty() ? "" : ", in " + below);
    if (const std::string direction = direction_of_row(measure); !direction.empty())
        below += (below.empty() ? "" : "; ") + direction;
    std::string html = escape_html(text_at(measure, "name"));
    if (!below.empty()) html += element("small", below);
    if (const std::string meaning = text_at(measure, "meaning"); full && !meaning.empty())
        html += element("small", meaning);
    if (const std::string what = text_at(measure, "invariant_to"); full && !what.empty())
        html += element("small", "invariant to the " + what);
    return html;
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

/// What the numbers of given models are, for a reader of the tables; empty without one.
inline std::string given_html(const Json& report) {
    const Json& methods = list_at(report, "methods");
    if (std::none_of(methods.begin(), methods.end(), [](const Json& method) { return is_given(method); }))
        return "";
    return element(
        "p",
        "A given model was not trained here: it has one set of weights, and other seeds change its "
        "probes and fine-tunings alone. Its errors are over these and over planes, rays, draws or "
        "images; they say nothing of other trainings, so it has no interval and no claim is tested "
        "with it.");
}

/// One row for each measure, one column for each method: mean ± standard error, the interval and the number of runs; of fewer
/// than three runs their numbers. Of a given model without an interval.
inline std::string measures_table(const Json& report, const std::vector<const Json*>& measures,
                                  std::string_view caption, bool full) {
    Table table("Measure");
    for (const Json& method : list_at(report, "methods")) table.column(title_of(method));
    for (const Json* measure : measures) {
        const double factor = shown_unit(text_at(*measure, "unit")).factor;
        table.row(measure_head(report, *measure, full));
        for (const Json& method : list_at(report, "methods")) {
            const Json& summary = member(member(*measure, "summary"), text_at(method, "name"));
            const double count = number_at(summary, "count");
            const std::string interval = interval_html(member(summary, "interval"), factor);
            std::string below = count > 0 ? message("n\u00a0=\u00a0", count) : std::string();
            if (is_given(method) && count > 0)
                below = count > 1 ? message("n\u00a0=\u00a0", count, " probes") : std::string("one model");
            if (!interval.empty()) below = interval + (below.empty() ? "" : "; " + below);
            if (const std::string bound = bound_of_runs(*measure, text_at(method, "name")); !bound.empty()) {
                table.number("not resolved", bound + (below.empty() ? "" : "; " + below));
                continue;
            }
            if (const std::string runs = few_runs(*measure, text_at(method, "name"), factor);
                !runs.empty() && !is_given(method)) {
                table.number(runs, below);
                continue;
            }
            table.number(number_html(number_at(summary, "mean") * factor,
                                     number_at(summary, "standard_error") * factor),
                         below);
        }
    }
    return table.html(caption);
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

}  // namespace vitscape::detail
