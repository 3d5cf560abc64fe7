// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/rank_correlation.hpp>
#include <vitscape/core/version.hpp>
#include <vitscape/study/claims.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/curve_columns.hpp>
#include <vitscape/study/numbers.hpp>
#include <vitscape/study/plan.hpp>
#include <vitscape/study/rows.hpp>

namespace vitscape {

/// Assembles report.json from the folder of a comparison.
class ReportData {
    using Json = nlohmann::json;

  public:
    /// @param rows  rows of these runs
    ReportData(const CompletedRuns& runs, const ComparisonPlan& plan, std::vector<Row> rows,
               std::vector<AnyClaim> claims)
        : runs_(runs), plan_(plan), rows_(std::move(rows)), claims_(std::move(claims)) {}

    [[nodiscard]] Json report(const Json& data, const AnyDataset& images, const AnyDataset& test) const {
        Json report;
        report["format"] = 1;
        report["title"] = "Loss landscapes compared";
        report["program"] = "vitscape compare " VITSCAPE_VERSION;
        report["plan"] = describe(plan_);
        report["data"] = data.is_object() ? data : Json::object();
        report["data"]["training_images"] = images.size();
        report["data"]["test_images"] = test.size();
        report["data"]["classes"] = images.classes();
        for (const auto& [name, title] : runs_.methods)
            report["methods"].push_back({{"name", name}, {"title", title}});
        report["losses"] = {{{"name", "training"}, {"title", "training loss"}},
                            {{"name", "classification"}, {"title", "classification loss"}}};
        for (const auto& [name, title] : runs_.methods)
            for (std::size_t i = 0; i < plan_.seeds.size(); ++i)
                report["runs"].push_back({{"method", name},
                                          {"seed", plan_.seeds[i]},
                                          {"curve", runs_.result(name, i).at("training").json()}});
        report["curves"] = describe_curves();
        for (const Row& row : rows_) report["measures"].push_back(row_json(row));
        report["baselines"] = baselines();
        report["correlations"] = correlations();
        report["claims"] =
            judge(claims_, {[this](const ClaimTerm& term) { return values(term.row, term.contestant); },
                            [this](const std::string& key) { return find(key)->name; }});
        report["notes"] = {
            "Intervals are 95 % intervals of the mean over seeds (Student); standard errors of one run are "
            "over its planes.",
            "The training losses of different methods are different quantities, such as a squared error and "
            "a "
            "cross entropy: values compared with each other are relative to the loss at the centre. "
            "Eigenvalues and traces keep the loss's own scale.",
            "The classification loss is the cross entropy of the encoder and a linear head: its own for a "
            "classifier, whose training loss this is, and the probe's for all others."};
        return report;
    }

  private:
    [[nodiscard]] std::vector<Row>::const_iterator find(const std::string& key) const {
        return std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.key == key; });
    }
    [[nodiscard]] std::vector<double> values(const std::string& key, const std::string& method) const {
        std::vector<double> numbers;
        const auto at = find(key);
        if (at == rows_.end() || !runs_.results.contains(method)) return numbers;
        for (std::size_t i = 0; i < runs_.seeds.size(); ++i)
            numbers.push_back(at->of(runs_.result(method, i)).value);
        return numbers;
    }

    [[nodiscard]] Json row_json(const Row& row) const {
        Json json = {{"key", row.key},
                     {"group", row.group},
                     {"name", row.name},
                     {"unit", row.unit},
                     {"loss", row.loss.empty() ? Json() : Json(row.loss)},
                     {"headline", row.headline},
                     {"better", std::string(name_of(row.better))},
                     {"invariant_to", row.invariant_to},
                     {"meaning", row.meaning}};
        for (const auto& [name, title] : runs_.methods) {
            std::vector<double> all;
            for (std::size_t i = 0; i < plan_.seeds.size(); ++i) {
                const MeasuredValue value = row.of(runs_.result(name, i));
                all.push_back(value.value);
                json["values"][name].push_back({{"seed", plan_.seeds[i]},
                                                {"value", json_number(value.value)},
                                                {"standard_error", json_number(value.standard_error)}});
            }
            json["summary"][name] = json_summary(all);
        }
        return json;
    }

    [[nodiscard]] Json baselines() const {
        const ResultStore store(runs_.out / "baselines.json");
        Json random = json_summary(store.checked("random encoder").to<std::vector<double>>());
        const JsonValue pixels = store.checked("raw pixels");
        const auto top1 = pixels.at("top1").to<double>(), error = pixels.at("standard_error").to<double>();
        return {{{"name", "random encoder, linear probe"},
                 {"top1", random.at("mean")},
                 {"standard_error", random.at("standard_error")},
                 {"interval", random.at("interval")}},
                {{"name", "raw pixels, linear probe"},
                 {"top1", top1},
                 {"standard_error", error},
                 {"interval", {top1 - 1.96 * error, top1 + 1.96 * error}}}};
    }

    [[nodiscard]] Json correlations() const {
        Json list = Json::array();
        const auto outcome =
            std::find_if(rows_.begin(), rows_.end(), [](const Row& row) { return row.outcome; });
        if (outcome == rows_.end()) return list;
        for (const Row& row : rows_) {
            if (!row.flatness) continue;
            std::vector<double> x, y;
            for (const auto& [name, title] : runs_.methods) {
                const auto flat = values(row.key, name), accuracy = values(outcome->key, name);
                for (std::size_t i = 0; i < flat.size(); ++i)
                    if (std::isfinite(flat[i]) && std::isfinite(accuracy[i]))
                        x.push_back(flat[i]), y.push_back(accuracy[i]);
            }
            if (x.size() < 4) continue;
            const RankCorrelation found = spearman(x, y);
            list.push_back({{"key", row.key},
                            {"name", row.name},
                            {"loss", row.loss},
                            {"spearman", json_number(found.coefficient)},
                            {"p_value", json_number(found.p_value)},
                            {"runs", x.size()}});
        }
        return list;
    }

    const CompletedRuns& runs_;
    const ComparisonPlan& plan_;
    std::vector<Row> rows_;
    std::vector<AnyClaim> claims_;
};

}  // namespace vitscape
