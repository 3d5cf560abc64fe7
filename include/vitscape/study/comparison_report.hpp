// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <ostream>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/io/json.hpp>
#include <vitscape/report/gnuplot.hpp>
#include <vitscape/study/comparison_options.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/entrant.hpp>
#include <vitscape/study/given_models_note.hpp>
#include <vitscape/study/measure_list.hpp>
#include <vitscape/study/page/figures.hpp>
#include <vitscape/study/page/html_report.hpp>
#include <vitscape/study/pays.hpp>
#include <vitscape/study/report_data.hpp>
#include <vitscape/study/setting.hpp>

namespace vitscape {

/// Writes report.json, report.html and figures of a comparison whose runs are complete, into its folder.
/// @throws IoError naming the missing result
template <Backend B, class Measures>
WrittenReport write_comparison_report(const ComparisonSetting<B>& setting, const ComparisonOptions& options,
                                      const Measures& measures,
                                      const std::vector<std::unique_ptr<Entrant<B, Measures>>>& entrants,
                                      const std::vector<AnyClaim>& claims) {
    const ComparisonPlan& plan = setting.plan;
    CompletedRuns runs{.out = options.out, .seeds = plan.seeds};
    for (const auto& entrant : entrants) {
        runs.methods.emplace_back(entrant->name(), entrant->title());
        if (entrant->origin() != Origin::trained) runs.origins[entrant->name()] = entrant->origin();
        if (entrant->variant() != DataVariant{}) runs.variants[entrant->name()] = entrant->variant();
    }
    runs.load(result_names(measures));
    const ReportData data(runs, plan, rows_of(measures, runs, plan), claims);
    nlohmann::json report = data.report(options.data, setting.images, setting.test);
    report["plan"]["measures"] = describe_measures(measures);
    detail::put_given_models(report, entrants);
    for_each_measure(measures, [&](const auto& measure) {
        if constexpr (requires { measure.put_into(report, runs); }) measure.put_into(report, runs);
    });
    Reconstructions<B> pictures(setting.backend, setting.test, plan);
    for (const auto& entrant : entrants) entrant->reconstruct(setting, pictures);
    report["reconstructions"] = pictures.json();
    put_pays(report, runs, options.pays);
    write_json(options.out / "report.json", report);
    HtmlReportOptions page{.language = options.language};
    if (options.figures && find_gnuplot()) {
        std::filesystem::create_directories(options.out / "figures");
        page.figures = write_comparison_figures(options.out / "figures", report);
    } else if (options.figures) {
        if (options.progress != nullptr)
            *options.progress << "no figures: gnuplot was not found; on Debian: apt install gnuplot-nox"
                              << std::endl;
    }
    write_html_report(options.out / "report.html", report, page);
    WrittenReport written{std::move(report), {options.out / "report.html", options.out / "report.json"}};
    written.files.insert(written.files.end(), page.figures.begin(), page.figures.end());
    return written;
}

}  // namespace vitscape
