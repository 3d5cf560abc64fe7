// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/file.hpp>
#include <vitscape/study/claims/paper.hpp>
#include <vitscape/study/claims/pretraining.hpp>
#include <vitscape/study/judgement.hpp>
#include <vitscape/study/learning.hpp>
#include <vitscape/study/measure_list.hpp>
#include <vitscape/study/measures/usual.hpp>
#include <vitscape/study/page/html_report.hpp>
#include <vitscape/study/pays.hpp>

#include "support/catch.hpp"
#include "support/english_text.hpp"
#include "support/temporary_folder.hpp"

namespace japanese_page_test {

using namespace vitscape;
using nlohmann::json;
using Texts = std::vector<std::string>;

namespace {

std::string page_of(const json& report, const HtmlReportOptions& options) {
    const test::TemporaryFolder folder;
    write_html_report(folder / "report.html", report, options);
    return read_text(folder / "report.html");
}
/// English texts of the page in Japanese.
Texts english_of(const json& report,
                 const HtmlReportOptions& options = {.plotly = {}, .language = Language::japanese}) {
    return test::english_texts(test::page_texts(page_of(report, options)));
}
json methods() {
    return {{{"name", "mae"}, {"title", "MAE"}},
            {{"name", "rc-mae"}, {"title", "RC-MAE"}},
            {{"name", "supervised"}, {"title", "Supervised ViT"}}};
}
json losses() {
    json list;
    for (const StudyLoss& loss : study_losses) list.push_back({{"name", loss.name}, {"title", loss.title}});
    return list;
}

/// Every number there is: `measured` of each claim's evidence by contestant.
Evidence evidence_of(const std::vector<double>& mae, const std::vector<double>& other,
                     const Learning& learning) {
    const std::map<std::string, Origin> origins{
        {"mae", learning.origin == Origin::given ? Origin::given : Origin::initial}};
    return {.values = [=](const ClaimTerm& term) { return term.contestant == "mae" ? mae : other; },
            .name =
                [](const std::string& key) {
                    for (const Row& row : rows_of(UsualMeasures{}, CompletedRuns{}, ComparisonPlan{}))
                        if (row.key == key) return row.name;
                    return std::string("half-gain radius");
                },
            .better = [](const std::string&) { return Better::higher; },
            .title =
                [](const std::string& name) {
                    return name == "mae" ? "MAE" : name == "rc-mae" ? "RC-MAE" : "Supervised ViT";
                },
            .unlearned = [=](const std::string&) { return learning.why_not; },
            .unfinished = [=](const std::string&) { return learning.why_not_ended; },
            .origins = origins};
}
/// Of a training whose loss went from 1 to `loss`.
json run_of(double loss, double top1, double trivial) {
    return {
        {"training",
         {{"epoch", {1, 2}},
          {"seconds", {3, 3}},
          {"reconstruction_loss", {1, loss}},
          {"loss", {1, loss}},
          {"probe_accuracy", {0.1, top1}}}},
        {"probe", {{"shares", {{{"top1", top1}}}}, {"own_head", {{"top1", top1}, {"training_top1", 1}}}}},
        {"solution",
         {{"loss", loss}, {"trivial_loss", trivial}, {"gradient_norm", 1}, {"first_gradient_norm", 2}}},
        {"rounding",
         {{"none", {{"probe", 0.8}, {"own_head", 0.8}}}, {"int8", {{"probe", 0.7}, {"own_head", 0.7}}}}},
        {"robustness",
         {{{"probe", {{"top1", 0.8}}}, {"own_head", {{"top1", 0.8}}}},
          {{"probe", {{"top1", 0.6}}}, {"own_head", {{"top1", 0.6}}}}}},
        {"pace", {{"classifying", 1e-4}}},
        {"fine_tuning-0", {{"share", 0.1}, {"top1", 0.3}, {"scratch_at_time", {{"top1", 0.2}}}}},
        {"fine_tuning-1", {{"share", 1}, {"top1", 0.5}, {"scratch_at_time", {{"top1", 0.6}}}}},
        {"training.blocks", {{{"name", "decoder_blocks.0"}, {"mean", 1}, {"smallest", -1}, {"largest", 2}}}}};
}
/// Of the methods of a page, with one, several and no resolved numbers.
json one_measure() {
    json measure = {{"group", "curvature"}, {"name", "parameters"}, {"unit", ""}};
    for (const char* name : {"mae", "rc-mae", "file"})
        measure["summary"][name] = {{"mean", 1}, {"standard_error", 0.1}, {"count", name[0] == 'r' ? 1 : 3}};
    measure["values"]["file"] = {{{"bound", 0.1}}};
    return measure;
}
CompletedRuns runs_of(const json& run) {
    CompletedRuns runs{.out = "nowhere", .seeds = {0, 1, 2}, .methods = {{"mae", "MAE"}}};
    runs.results["mae"] = {run, run, run};
    return runs;
}

}  // namespace

TEST_CASE("a page in Japanese has a translation of every usual measure", "[compare]") {
    UsualMeasures measures;
    const Normalizations normalizations{"filter", "layer"};
    std::get<HalfGainMeasure>(measures).normalizations = normalizations;
    std::get<ConvexRegionMeasure>(measures).normalizations = normalizations;
    std::get<FineTuningMeasure>(measures).epochs = 2;
    json report{{"methods", methods()}, {"losses", losses()}};
    const std::vector<Row> rows = rows_of(measures, CompletedRuns{}, ComparisonPlan{});
    REQUIRE(rows.size() > 100);
    for (const Row& row : rows) {
        INFO(row.name);
        const std::string direction = direction_of(row);
        CHECK(direction.starts_with("higher is ") == (row.better == Better::higher));
        CHECK(direction.starts_with("lower is ") == (row.better == Better::lower));
        CHECK(direction != "");
        report["measures"].push_back({{"group", row.group},
                                      {"name", row.name},
                                      {"unit", row.unit},
                                      {"loss", row.loss},
                                      {"direction", direction},
                                      {"meaning", row.meaning},
                                      {"invariant_to", row.invariant_to}});
        json correlation = report["measures"].back();
        correlation["outcome_name"] = row.outcome ? row.name : rows.front().name;
        correlation["within"] = 0.5;
        report["correlations"].push_back(correlation);
    }
    report["measures"][0]["values"]["mae"] = {{{"bound", 0.1}}};
    report["measures"][0]["summary"]["mae"] = {{"interval", {0.1, 0.2}}, {"count", 3}};
    report["measures"][1]["values"]["mae"] = {{{"value", 0.1}}, {{"value", 0.2}}};
    CHECK(english_of(report) == Texts{});
    // the judge itself
    const json own = {{"methods", methods()}, {"measures", {{{"group", "cost"}, {"name", "one of my own"}}}}};
    CHECK(english_of(own) == Texts{"one of my own", "one of my own"});  // at the top and among all measures
}

TEST_CASE("a page in Japanese has a translation of every claim, of what came out and why", "[compare]") {
    std::vector<AnyClaim> claims = paper_claims();
    for (const auto& more : {pretraining_claims(), teacher_claims("RC-MAE", "rc-mae", "mae"),
                             autoencoder_claims("mae", "supervised", "that of Supervised ViT", "")})
        claims.insert(claims.end(), more.begin(), more.end());
    const auto learning = [](double loss, double top1, double trivial, const BaselineAccuracies& baselines) {
        return learning_of(runs_of(run_of(loss, top1, trivial)), "mae", baselines, 200);
    };
    const BaselineAccuracies low{{0.1, 0.11, 0.12}, 0.1}, random{{0.8, 0.81, 0.8}, 0.1},
        pixels{{0.1, 0.1, 0.1}, 0.9};
    CompletedRuns control = runs_of(run_of(0.9, 0.5, 1));
    control.origins = {{"mae", Origin::initial}};
    const auto given = [](double loss) {
        CompletedRuns runs = runs_of(run_of(loss, 0.5, 1));
        runs.origins = {{"mae", Origin::given}};
        return runs;
    };
    json short_run = run_of(0.5, 0.5, 1);
    short_run["training"]["epoch"] = {1};
    std::vector<Learning> outcomes{learning(0.5, 0.5, 1, low),
                                   learning(1.5, 0.5, 1, low),
                                   learning(0.5, 0.5, 1, random),
                                   learning(0.5, 0.5, 1, pixels),
                                   learning_of(control, "mae", low, 200),
                                   learning_of(runs_of(short_run), "mae", low, 200),
                                   learning_of(given(0.5), "mae", low, 200),
                                   learning_of(given(1.5), "mae", low, 200)};
    CHECK(outcomes[0].learned);
    CHECK(outcomes[5].why_not_ended.find("not known") != std::string::npos);
    for (const Learning& outcome : outcomes)
        for (const std::vector<double>& values : {std::vector<double>{0.3, 0.5, 0.41},
                                                  {0.2, 0.2001, 0.1999},
                                                  {0.9, 0.3, 0.1},
                                                  {0.2},
                                                  {0.5, std::nan(""), 0.4}}) {
            json compared = methods();
            compared.push_back({{"name", "start"}, {"title", "Supervised ViT (not trained)"}});
            compared.push_back({{"name", "file"}, {"title", "MAE (given)"}});
            for (json& method : compared) method["learning"] = outcome.json();
            const json report = {
                {"methods", compared},
                {"data",
                 {{"chance", 0.1},
                  {"training_images", 200},
                  {"test_images", 60},
                  {"given_models", json::array({"x: y"})}}},
                {"measures", json::array({one_measure()})},
                {"notes",
                 json::array({"MAE (given) differs in architecture, masks or targets from MAE, RC-MAE and "
                              "Supervised ViT: "
                              "their losses have other scales, and their numbers of parameters differ."})},
                {"runs",
                 {{{"method", "mae"}, {"seed", 0}},
                  {{"method", "mae"}, {"seed", 1}},
                  {{"method", "start"}, {"seed", 0}}}},
                {"claims",
                 judge(claims, evidence_of(values, std::vector<double>(values.size(), 0.2), outcome))}};
            CHECK(english_of(report) == Texts{});
        }
}

TEST_CASE("a page in Japanese has a translation of the study's tables", "[compare]") {
    const CompletedRuns runs = runs_of(run_of(0.5, 0.5, 1));
    for (const PaysOptions& options : {PaysOptions{.price_per_hour = 2}, PaysOptions{.target = 0.9}}) {
        json report{{"methods", methods()}};
        put_pays(report, runs, options);
        StabilityMeasure{}.put_into(report, runs);
        BlockSpectrumMeasure{}.put_into(report, runs);
        REQUIRE(report["tables"].size() == 3);
        CHECK(english_of(report) == Texts{});
    }
}

TEST_CASE("a page in Japanese: sections, captions, plots and notes", "[compare]") {
    const test::TemporaryFolder folder;
    const auto region = [](const json& x, const json& open) {
        return json{{"name", "convex region"}, {"x", x}, {"y", x}, {"open", open}};
    };
    json report{{"title", "Loss landscapes compared"},
                {"program", "vitscape compare"},
                {"methods", methods()},
                {"losses", losses()},
                {"data", {{"source", "my folder"}, {"classes", {"cat", "dog"}}, {"chance", 0.5}}},
                {"plan", {{"epochs", 3}}},
                {"baselines",
                 {{{"name", "random encoder, linear probe, 50 % of the images, 20 % of the labels wrong"}},
                  {{"name", "raw pixels, linear probe"}}}},
                {"correlations", {{{"name", "parameters"}, {"spearman", 0.5}, {"p_value", 0.1}}}},
                {"reconstructions",
                 {{{"title", "cat"},
                   {"side", 1},
                   {"views",
                    {{{"title", "image"}, {"pixels", {1, 2, 3}}},
                     {{"title", "visible patches"}},
                     {{"title", "visible to RC-MAE"}},
                     {{"title", "RC-MAE"}}}}}}}};
    for (const char* source : {"training seed", "masks", "direction", "plane", "ray", "images"})
        report["variance"].push_back({{"method", "mae"},
                                      {"name", "half-gain radius"},
                                      {"loss", "training"},
                                      {"parts",
                                       {{{"source", source}, {"fraction", 0.5}, {"degrees", 2}},
                                        {{"source", "their interactions and the rest"}, {"degrees", 2}}}}});
    for (const json& shown :
         {region({0, 0, 0}, {false, false, false}), region({1, 0, 1}, {false, true, false}),
          region({1, 0, 1}, {false, false, false}), json()})
        for (const char* unit : {"gain", "loss"})
            report["surfaces"].push_back(
                {{"method", report["surfaces"].size() % 2 == 0 ? "mae" : "supervised"},
                 {"loss", study_losses[report["surfaces"].size() / 2 % 3].name},
                 {"x", {0, 1}},
                 {"y", {0, 1}},
                 {"values", {{1, 2}, {3, 4}}},
                 {"centre_loss", 1},
                 {"unit", 1},
                 {"relative_to", unit},
                 {"region", shown}});
    for (const char* list : {"slices", "spectra"})
        for (const int count : {0, 2, 3})
            report[list].push_back({{"method", count == 3 ? "mae" : "supervised"},
                                    {"loss", study_losses[static_cast<std::size_t>(count) % 3].name},
                                    {"x", {0, 1}},
                                    {"mean", {0, 1}},
                                    {"low", {0, 1}},
                                    {"high", {0, 1}},
                                    {"count", count}});
    for (const CurveColumn& column : curve_columns)
        report["runs"].push_back({{"method", "supervised"},
                                  {"seed", 0},
                                  {"curve", {{"epoch", {1, 2}}, {std::string(column.name), {1, 2}}}}});
    for (int more = 0; more < 12; ++more) report["methods"].push_back({{"name", more}, {"title", "MAE"}});

    write_atomically(folder / "plotly.js", std::string_view("window.Plotly = 1;"));
    std::vector<std::filesystem::path> figures;
    for (const char* name : {"training_surface.svg", "training_contour.svg", "training_slice.svg",
                             "training_spectrum.svg", "training_curves.svg"}) {
        figures.push_back(folder / name);
        write_atomically(figures.back(), std::string_view("<svg/>"));
    }
    const std::string drawn = page_of(report, {folder / "plotly.js", {}, Language::japanese});
    CHECK(test::english_texts(test::page_texts(drawn), {"cat"}) == Texts{});
    const std::string still = page_of(report, {"", figures, Language::japanese});
    CHECK(still.find("3 次元表示\" src=") != std::string::npos);
    CHECK(test::english_texts(test::page_texts(still), {"cat"}) == Texts{});
    CHECK(drawn.find("<html lang=\"ja\">") != std::string::npos);
    CHECK(drawn.find("<dd translate=\"no\">my folder</dd>") != std::string::npos);
    CHECK(drawn.find("<h3 translate=\"no\">Cat</h3>") != std::string::npos);

    detail::Phrases phrases = detail::phrases_of(Language::japanese);
    const json data = detail::page_data(report, detail::loss_sections(report), phrases);
    Texts words_of_script;
    for (const auto& [name, word] : data.at("words").items()) words_of_script.push_back(word);
    for (const json& chart : data.at("charts")) {
        words_of_script.push_back(chart.at("x_label"));
        words_of_script.push_back(chart.at("y_label"));
        for (const json& curve : chart.at("curves")) words_of_script.push_back(curve.at("title"));
    }
    REQUIRE(words_of_script.size() > 20);
    CHECK(test::english_texts(words_of_script) == Texts{});
}

}  // namespace japanese_page_test
