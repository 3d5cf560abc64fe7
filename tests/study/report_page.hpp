// SPDX-License-Identifier: Apache-2.0
//
// A page as text, what a reader of HTML sees of it, and a report with all that a page shows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/file.hpp>
#include <vitscape/study/page/html_report.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace vitscape::test {

/// What is wrong with the tags of a page, or nothing: each is closed in its order, and no '<' stands in a text.
inline std::string unbalanced(const std::string& html) {
    constexpr std::array<std::string_view, 4> alone = {"meta", "img", "input", "!DOCTYPE"};
    std::vector<std::string> open;
    for (std::size_t at = 0; (at = html.find('<', at)) != html.npos;) {
        const std::size_t end = html.find('>', at);
        if (end == html.npos) return "a tag without end";
        const bool closes = html[at + 1] == '/';
        const std::size_t begin = at + (closes ? 2 : 1);
        const std::string name = html.substr(begin, html.find_first_of(" >\n", begin) - begin);
        at = end + 1;
        if (closes) {
            if (open.empty() || open.back() != name)
                return "</" + name + "> after <" + (open.empty() ? "" : open.back());
            open.pop_back();
        } else if (std::find(alone.begin(), alone.end(), name) == alone.end()) {
            open.push_back(name);
            if (name == "script" || name == "style") {
                at = html.find("</", at);  // a program holds '<' of its own, but no end of the element
                while (at != html.npos && html.compare(at + 2, name.size(), name) != 0)
                    at = html.find("</", at + 2);
                if (at == html.npos) return "no end of " + name;
            }
        }
    }
    return open.empty() ? "" : "<" + open.back() + "> stays open";
}

/// The page without its scripts and styles.
inline std::string visible(std::string html) {
    for (const std::string name : {"script", "style"})
        for (std::size_t at; (at = html.find("<" + name)) != html.npos;)
            html.erase(at, html.find("</" + name + ">", at) + name.size() + 3 - at);
    return html;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }
inline std::size_t count_of(const std::string& text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++count;
    return count;
}

inline std::string page_of(const nlohmann::json& report, const HtmlReportOptions& options) {
    const test::TemporaryFolder folder;
    write_html_report(folder / "report.html", report, options);
    return read_text(folder / "report.html");
}

/// What the page's script draws.
inline nlohmann::json data_of(const nlohmann::json& report, Language language = Language::english) {
    detail::Phrases phrases = detail::phrases_of(language);
    return detail::page_data(report, detail::loss_sections(report), phrases);
}

inline nlohmann::json surface_of(const std::string& method, double steepness) {
    nlohmann::json values = nlohmann::json::array(), axis = {-1.0, -0.5, 0.0, 0.5, 1.0};
    for (const double y : {-1.0, -0.5, 0.0, 0.5, 1.0}) {
        nlohmann::json row = nlohmann::json::array();
        for (const double x : {-1.0, -0.5, 0.0, 0.5, 1.0})
            row.push_back(0.5 * std::exp(steepness * (x * x + y * y)));
        values.push_back(row);
    }
    values[0][0] = nullptr;
    return {{"method", method},
            {"seed", 0},
            {"pair", 0},
            {"loss", "training"},
            {"x", axis},
            {"y", axis},
            {"values", values},
            {"centre_loss", 0.5},
            {"file", "a.npy"},
            {"region",
             {{"name", "convex region"},
              {"x", {0.4, 0, -0.4}},
              {"y", {0, 0.6, 0}},
              {"open", {false, true, false}}}}};
}

inline nlohmann::json full_report() {
    nlohmann::json report = nlohmann::json::parse(R"({
        "format": 1, "title": "A </title> & more", "program": "vitscape compare 0.1.0",
        "plan": {"epochs": 4, "budget": null, "model": {"width": 96}},
        "data": {"source": "cifar10:/a<b", "training_images": 20000, "test_images": 2000, "classes": ["cat", "dog"]},
        "methods": [{"name": "mae", "title": "<b>&\""}, {"name": "supervised", "title": "Supervised"}],
        "losses": [{"name": "training", "title": "training loss"}, {"name": "classification", "title": "classification loss"}],
        "runs": [
            {"method": "mae", "seed": 0, "curve": {"epoch": [1, 2], "loss": [0.9, 0.7], "knn_accuracy": [null, 0.3]}},
            {"method": "mae", "seed": 1, "curve": {"epoch": [1, 2], "loss": [1.1, 0.5], "knn_accuracy": [null, 0.4]}},
            {"method": "supervised", "seed": 0, "curve": {"epoch": [1, 2], "loss": [2.3, null]}}],
        "measures": [
            {"key": "top1", "group": "accuracy", "name": "linear probe", "unit": "fraction", "loss": null,
             "values": {}, "summary": {"mae": {"mean": 0.44723, "standard_error": 0.004, "interval": [0.43, 0.465], "count": 3},
                                       "supervised": {"mean": null, "standard_error": null, "interval": null, "count": 0}}},
            {"key": "parameters", "group": "cost", "name": "parameters", "unit": "", "loss": null, "values": {},
             "summary": {"mae": {"mean": 1254321, "standard_error": null, "interval": [null, null], "count": 1}}}],
        "baselines": [{"name": "raw pixels", "top1": 0.37, "standard_error": null, "interval": null}],
        "correlations": [{"key": "a", "name": "area", "loss": "training", "spearman": -0.6, "p_value": 0.09, "runs": 9}],
        "claims": [{"claim": "wider", "source": "arXiv 2405.18042", "test": "area", "difference": 0.31,
                    "interval": [0.05, 0.57], "verdict": "holds", "note": ""},
                   {"claim": "faster", "source": "", "test": "epochs", "difference": null, "interval": null,
                    "verdict": "undecided", "note": "one run"}],
        "slices": [{"method": "mae", "loss": "training", "x": [-1, 0, 1], "mean": [0.5, 0, 0.6], "low": [0.4, 0, null],
                    "high": [0.6, 0, 0.8], "count": 18}],
        "reconstructions": [{"title": "cat", "side": 1, "views": [{"title": "image", "pixels": [255, 0, 77]}]}],
        "notes": ["</script><script>alert(1)</script>"]})");
    report["surfaces"] = {surface_of("mae", 0.5), surface_of("supervised", 2.5)};
    return report;
}

}  // namespace vitscape::test
