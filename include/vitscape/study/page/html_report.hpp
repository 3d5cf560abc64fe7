// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/report/html_page.hpp>
#include <vitscape/study/page/japanese/phrases.hpp>
#include <vitscape/study/page/language.hpp>
#include <vitscape/study/page/page.hpp>
#include <vitscape/study/page/translated_html.hpp>

#if !__has_include(<vitscape/study/page/assets.hpp>)
#error \
    "vitscape/study needs what the build makes of its page: link to vitscape::study, or use an installed vitscape"
#endif
#include <vitscape/study/page/assets.hpp>

namespace vitscape {

/// The plotly.js that was found where this program was built (VITSCAPE_PLOTLY_JS); empty where none was.
[[nodiscard]] inline std::filesystem::path default_plotly() {
#ifdef VITSCAPE_PLOTLY_JS
    return VITSCAPE_PLOTLY_JS;
#else
    return {};
#endif
}

/// What a page is made of besides the report.
struct HtmlReportOptions {
    /// plotly.js, which goes into the page and makes its plots interactive. Without it, or where the file cannot be
    /// read, the page shows `figures`.
    std::filesystem::path plotly = default_plotly();
    /// What `write_comparison_figures` drew; used without plotly.js.
    std::vector<std::filesystem::path> figures = {};
    Language language = Language::english;
};

namespace detail {

inline std::string slices_html(const std::vector<LossSection>& sections, std::size_t& chart, bool interactive,
                               const std::vector<std::filesystem::path>& figures) {
    std::string html;
    std::size_t panels = 0;
    for (const LossSection& section : sections) {
        if (section.slices.empty()) continue;
        ++panels;
        const BandPanel panel{slice_title(section.slices, section.title), "distance α from the solution",
                              section.height, section.slices};
        html += interactive
                    ? chart_html(panel, chart++)
                    : embedded_figure(
                          figures, file_stem(section.name) + "_slice",
                          section.title + ", " + section.height + " along lines through the solution", false);
    }
    if (html.empty()) return "";
    return element(
               "p",
               "The loss along random lines through the solution: 1 is the solution's, 2 that of the best "
               "constant prediction, where all that training gained is lost. A run's number is the mean over "
               "its lines; a wider band means that the runs differ more.") +
           panels_html(panels, html);
}

inline std::string training_html(const Json& report, std::size_t& chart, bool interactive,
                                 const std::vector<std::filesystem::path>& figures) {
    std::string html, titles;
    const std::vector<BandPanel> panels = training_panels(report);
    for (const BandPanel& panel : panels) {
        titles += (titles.empty() ? "" : "; ") + panel.title;
        if (interactive) html += chart_html(panel, chart++);
    }
    if (!interactive && !panels.empty())
        html = embedded_figure(figures, "training_curves", "over the epochs: " + titles, true);
    if (html.empty()) return "";
    return element("p",
                   "Lines are means over the training runs, bands go from the lowest to the highest run. The "
                   "training "
                   "losses of different methods are different quantities.") +
           (interactive ? panels_html(panels.size(), html) : html);
}

inline std::string spectra_html(const Json& report, const std::vector<LossSection>& sections,
                                std::size_t& chart, bool interactive,
                                const std::vector<std::filesystem::path>& figures) {
    std::string html;
    std::size_t panels = 0;
    for (const LossSection& section : sections)
        if (const auto panel = spectrum_panel(report, section.name, section.title)) {
            ++panels;
            html += interactive ? chart_html(*panel, chart++)
                                : embedded_figure(figures, file_stem(section.name) + "_spectrum",
                                                  panel->title, false);
        }
    if (html.empty()) return "";
    return element("p",
                   "How many directions curve how much: the density of the Hessian's eigenvalues by "
                   "stochastic Lanczos "
                   "quadrature, smoothed by 2 % of the largest eigenvalue in size, of which all are shown as "
                   "parts; the "
                   "density is logarithmic, its integral 1. What lies left of 0 curves downwards.") +
           panels_html(panels, html);
}

inline std::string list_html(const Json& texts) {
    std::string html;
    for (const Json& text : texts)
        if (text.is_string()) html += element("li", text.get<std::string>());
    return html.empty() ? html : "<ul>" + html + "</ul>\n";
}

/// The translations into a language; none into English.
inline Phrases phrases_of(Language language) {
    return language == Language::japanese ? japanese_phrases() : Phrases();
}

/// The whole page; `plotly` is the text of plotly.js, or empty.
inline std::string page_html(const Json& report, const std::string& plotly,
                             const std::vector<std::filesystem::path>& figures, Language language) {
    Phrases phrases = phrases_of(language);
    if (!phrases.empty())
        for (const Json& method : list_at(report, "methods")) phrases.add_name(title_of(method));
    const bool interactive = !plotly.empty();
    const std::vector<LossSection> sections = loss_sections(report);
    std::size_t chart = 0;  // as page_data orders them: slices, then training curves
    PageBody body;
    body.section("claims", "Claims", claims_html(report));
    body.section("surfaces", "Loss surfaces", surfaces_html(sections, interactive, figures));
    body.section("slices", "Slices", slices_html(sections, chart, interactive, figures));
    body.section("training", "Training", training_html(report, chart, interactive, figures));
    body.section("spectra", "Spectra", spectra_html(report, sections, chart, interactive, figures));
    body.section("reconstructions", "Reconstructions", reconstructions_html(report));
    body.section("measures", "All measures",
                 given_html(report) + measure_groups(report) + report_tables_html(report, false));
    body.section("baselines", "Baselines",
                 list_at(report, "baselines").empty() ? "" : baselines_table(report));
    body.section("correlations", "Flatness and accuracy",
                 list_at(report, "correlations").empty() ? "" : correlations_table(report));
    body.section("variance", "Sources of error",
                 list_at(report, "variance").empty() ? "" : variance_table(report));
    body.section("notes", "Notes", list_html(list_at(report, "notes")));
    body.section("how", "How this was made", how_html(report));

    std::string title = text_at(report, "title");
    if (title.empty()) title = "A comparison of training methods";
    std::string html = page_begin(name_of(language), title, summary_html(report), true);
    html += body.text();
    html +=
        "</main>\n<footer class=\"soft\"><noscript>The plots of this page need JavaScript; the tables do "
        "not.</noscript></footer>\n";
    if (!phrases.empty()) html = HtmlTranslation(phrases)(html);
    html += "<script type=\"application/json\" id=\"report-data\">";
    html += script_json(page_data(report, sections, phrases));
    html += "</script>\n";
    if (interactive) html += "<script>" + script_text(plotly) + "</script>\n";
    html += "<script>" + script_text(page_script) + "</script>\n</body>\n</html>\n";
    return html;
}

}  // namespace detail

/// Writes the page of a comparison: one HTML file that loads nothing from anywhere, with a summary, the claims and
/// their verdicts, surfaces in 3-D and as contours on one colour scale and with linked cameras, slices, training
/// curves, spectra, reconstructions and tables of all measures. `report` is what a comparison saves as report.json; what it lacks
/// is left out of the page, and a number that is null is shown as a dash. Units: "fraction" is shown in per cent, "bytes"
/// in MiB. In another language than English, figures, options of the plan, and what users named themselves stay as they are.
/// @throws DataError where the report is no object or its lists do not fit together; IoError where the file cannot be
///         written.
inline void write_html_report(const std::filesystem::path& path, const nlohmann::json& report,
                              const HtmlReportOptions& options = {}) {
    if (!report.is_object()) throw DataError("a report is a JSON object, as a comparison writes it");
    std::string plotly;
    if (std::error_code ignored; std::filesystem::is_regular_file(options.plotly, ignored)) {
        try {
            plotly = read_text(options.plotly);
        } catch (const IoError&) {  // as if it were not there
        }
    }
    write_atomically(path, detail::page_html(report, plotly, options.figures, options.language));
}

}  // namespace vitscape
