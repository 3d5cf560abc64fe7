// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <vitscape/study/page/claims_table.hpp>
#include <vitscape/study/page/measures_table.hpp>
#include <vitscape/study/page/report_tables.hpp>

// What one reads in a minute: who learned, what became of the claims, the main numbers.

namespace vitscape::detail {

inline std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i)
        text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
    return text;
}

/// An interval of accuracies, as "48.2 to 49.6 %"; empty without numbers.
inline std::string percent_interval(const Json& pair) {
    const auto ends = to_numbers(pair);
    return ends.size() == 2 && std::isfinite(ends[0]) && std::isfinite(ends[1])
               ? fixed_number(100 * ends[0], 1) + " to " + fixed_number(100 * ends[1], 1) + "\u00a0%"
               : std::string();
}

/// What a method's accuracy is compared with: chance, the same probe on raw pixels and behind a random encoder, and what learned with
/// labels.
inline std::string baselines_html(const Json& report, const Json& learning) {
    const auto part = [](const std::string& text) { return element("span", text); };
    std::string html = message(
        part("chance: " + fixed_number(100 * number_at(member(report, "data"), "chance"), 1) + "\u00a0%"),
        ", ", part("raw pixels: " + percent_interval(member(learning, "raw_pixels"))), ", ",
        part("random encoder: " + percent_interval(member(learning, "random_encoder"))));
    for (const Json& method : list_at(report, "methods"))
        if (const std::string own = percent_interval(member(member(method, "learning"), "own_head"));
            !own.empty())
            html += ", " + part(message("own head of ", title_of(method), ": ", own));
    return html;
}

/// One line for each method: the accuracy of its probe, against the baselines; first those that learned nothing. Baselines that all
/// methods share stand once, in a line of their own.
inline std::string learning_html(const Json& report) {
    std::string failed, lines;
    const auto part = [](const std::string& text) { return element("span", text); };
    std::set<std::string> baselines;
    for (const Json& method : list_at(report, "methods"))
        if (!percent_interval(member(member(method, "learning"), "accuracy")).empty())
            baselines.insert(baselines_html(report, member(method, "learning")));
    const bool shared = baselines.size() == 1;
    for (const Json& method : list_at(report, "methods")) {
        const Json& learning = member(method, "learning");
        if (!learning.is_object()) continue;
        const std::string title = "<strong>" + escape_html(title_of(method)) + "</strong>";
        const std::string accuracy = percent_interval(member(learning, "accuracy")),
                          own = percent_interval(member(learning, "own_head"));
        const bool control = origin_of(method) == name_of(Origin::initial), given = is_given(method);
        if (member(learning, "learned") != true && given)
            failed += message("<p class=\"warning\">", title,
                              " <strong>does no better here than without training</strong>: ",
                              escape_html(text_at(learning, "why_not")),
                              ". Its surfaces and flatness on these images say nothing about it.</p>\n");
        else if (member(learning, "learned") != true && !control)
            failed +=
                message("<p class=\"warning\">", title,
                        " <strong>learned nothing here</strong>: ", escape_html(text_at(learning, "why_not")),
                        ". Claims about it are not judged, and its surfaces and flatness say nothing "
                        "about the method.</p>\n");
        if (accuracy.empty()) continue;
        lines += message("<li>", title,
                         control ? part(", not trained, as a control")
                         : given ? part(", given, not trained here")
                                 : std::string(),
                         part(": "), part(accuracy + " of the held-out images by a linear probe"),
                         own.empty() ? std::string() : ", " + part(own + " by its own head"),
                         shared ? std::string() : "; " + baselines_html(report, learning), ".");
        if (member(learning, "ended") != true && !control && !given)
            lines += " " + part("Its training had not ended: " + text_at(learning, "why_not_ended") + ".");
        lines += "</li>\n";
    }
    if (shared) lines += message("<li>", part("For comparison"), " – ", *baselines.begin(), ".</li>\n");
    return failed + (lines.empty() ? "" : "<ul>" + lines + "</ul>\n");
}

/// Who was compared, on what, and what came out: what one reads in a minute.
inline std::string summary_html(const Json& report) {
    const Json& data = member(report, "data");
    std::vector<std::string> methods;
    for (const Json& method : list_at(report, "methods")) {
        if (is_given(method)) {
            methods.push_back(message(title_of(method), " (one model)"));
            continue;
        }
        std::set<double> seeds;
        for (const Json& run : list_at(report, "runs"))
            if (text_at(run, "method") == text_at(method, "name")) seeds.insert(number_at(run, "seed"));
        methods.push_back(
            message(title_of(method), " (", seeds.size(), seeds.size() == 1 ? " run)" : " runs)"));
    }
    std::string what = joined(methods);
    if (const double images = number_at(data, "training_images"); images > 0)
        what += " on " + fixed_number(images, 0) + " training images";
    if (const double images = number_at(data, "test_images"); images > 0)
        what += ", measured on " + fixed_number(images, 0) + " held-out images";
    std::string html = element("p", "Compared: " + what + ".");

    html += learning_html(report) + given_html(report);

    std::map<Judged, std::size_t> count;
    for (const Json& claim : list_at(report, "claims")) ++count[judged(text_at(claim, "verdict"))];
    if (const std::size_t claims = list_at(report, "claims").size() - count[Judged::measured]; claims > 0) {
        std::vector<std::string> parts;
        for (const auto& [verdict, word] : judged_words)
            if (verdict != Judged::measured && count[verdict] > 0)
                parts.push_back(message("<strong>", count[verdict], " ", word, "</strong>"));
        html += message("<p>Of ", claims, claims == 1 ? " claim" : " claims",
                        " put to the test: ", joined(parts), ".</p>\n");
    }
    if (const auto chosen = headline_measures(report); !chosen.empty())
        html += measures_table(
            report, chosen,
            "The main numbers: mean ± standard error over the n training runs; below it the 95 % interval.",
            false);
    return html + report_tables_html(report, true);
}

inline std::string claims_html(const Json& report) {
    if (list_at(report, "claims").empty()) return "";
    return claims_table(report) +
           element(
               "p",
               "Each claim has one primary number, which was written into the plan before any training; its "
               "difference is paired by seed. A claim is supported or contradicted where the p-value, "
               "adjusted "
               "for the number of claims (Holm), is below 0.05, otherwise inconclusive; the number of seeds "
               "that "
               "would decide it assumes that difference and spread stay as they are (power 80 %). Further "
               "numbers by which a claim may be read decide nothing.",
               "class=\"soft\"");
}

}  // namespace vitscape::detail
