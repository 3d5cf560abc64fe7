// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <vitscape/study/page/measures_table.hpp>

// What the numbers of a study are read with: baselines, correlations with the outcome, sources of variance.

namespace vitscape::detail {

inline std::string baselines_table(const Json& report) {
    Table table("Features");
    table.column("Top-1 accuracy, %");
    for (const Json& baseline : list_at(report, "baselines")) {
        table.row(escape_html(text_at(baseline, "name")));
        table.number(
            number_html(100 * number_at(baseline, "top1"), 100 * number_at(baseline, "standard_error")),
            interval_html(member(baseline, "interval"), 100));
    }
    return table.html("What the same probe reaches without any pre-training; below it the 95 % interval.");
}

/// The correlations of a report of version 0.1, over all runs at once.
inline std::string old_correlations_table(const Json& report) {
    Table table("Measure");
    for (const char* title : {"Correlation", "p", "Runs"}) table.column(title);
    for (const Json& entry : list_at(report, "correlations")) {
        const double rho = number_at(entry, "spearman");
        table.row(measure_head(report, entry));
        table.number(std::isfinite(rho) ? fixed_number(rho, 2) : std::string(no_number));
        table.number(p_value_html(number_at(entry, "p_value")));
        table.number(number_html(number_at(entry, "runs")));
    }
    return table.html(
        "Spearman's rank correlation with held-out accuracy over all runs; p: how often chance alone gives "
        "one of this size.");
}
inline std::string correlations_table(const Json& report) {
    const Json& list = list_at(report, "correlations");
    if (!list.empty() && !list.front().contains("within")) return old_correlations_table(report);
    std::vector<std::string> outcomes;
    for (const Json& entry : list)
        if (const std::string outcome = text_at(entry, "outcome_name");
            std::find(outcomes.begin(), outcomes.end(), outcome) == outcomes.end())
            outcomes.push_back(outcome);
    const auto coefficient = [](double tau) {
        return std::isfinite(tau) ? fixed_number(tau, 2) : std::string(no_number);
    };
    std::string html;
    for (const std::string& outcome : outcomes) {
        Table table("Measure");
        for (const char* title : {"Within methods", "p, adjusted", "Granulated", "Runs"}) table.column(title);
        for (const Json& entry : list) {
            if (text_at(entry, "outcome_name") != outcome) continue;
            table.row(measure_head(report, entry));
            table.number(coefficient(number_at(entry, "within")));
            table.number(p_value_html(number_at(entry, "adjusted_p_value")));
            table.number(coefficient(number_at(entry, "granulated")));
            table.number(number_html(number_at(entry, "runs")));
        }
        html += table.html(
            "With " + outcome +
            ": Kendall's rank correlation over runs of the same method, its p-value adjusted for the number "
            "of measures (Holm), and the granulated coefficient, over runs that differ in seed or method "
            "alone.");
    }
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
    Table table("Measure");
    for (const std::string& source : sources) table.column(capitalized(source) + ", %");
    for (const Json& entry : list_at(report, "variance")) {
        std::string title;
        for (const Json& method : list_at(report, "methods"))
            if (text_at(method, "name") == text_at(entry, "method")) title = title_of(method);
        Json head_of = entry;
        head_of["name"] = text_at(entry, "name") + ", " + title;
        table.row(measure_head(report, head_of));
        for (const std::string& source : sources) {
            std::string cell(no_number), degrees;
            for (const Json& part : list_at(entry, "parts"))
                if (text_at(part, "source") == source) {
                    cell = number_html(100 * number_at(part, "fraction"));
                    if (const double fraction = number_at(part, "fraction"); std::isfinite(fraction))
                        cell = fixed_number(100 * fraction, 0);
                    degrees = message("from ", number_at(part, "degrees"), " degrees of freedom");
                }
            table.number(cell, degrees);
        }
    }
    return table.html(
        "Which part of the variance of a single number comes from the training seed, the draw of the masks, "
        "the direction and the images. A part estimated from few degrees of freedom, as from three seeds, is "
        "itself uncertain by a factor of several.");
}

}  // namespace vitscape::detail
