// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/version.hpp>
#include <vitscape/study/claims.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/measures.hpp>
#include <vitscape/study/numbers.hpp>
#include <vitscape/study/plan.hpp>
#include <vitscape/study/surface_data.hpp>

namespace vitscape {

/// What a comparison's folder says, put together: report.json.
class ReportData {
    using Json = nlohmann::json;

  public:
    ReportData(CompletedRuns runs, const ComparisonPlan& plan)
        : runs_(std::move(runs)),
          plan_(plan),
          measures_(measures_of(runs_.results.begin()->second.front(), levels())) {}

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
                                          {"curve", runs_.results.at(name)[i].at("training")}});
        for (const Measure& measure : measures_) report["measures"].push_back(measure_json(measure));
        report["baselines"] = baselines();
        report["correlations"] = correlations();
        report["claims"] = judge(
            paper_claims(),
            [&](const std::string& key, const std::string& method) { return values(key, method); },
            [&](const std::string& key) { return find(key)->name; });
        report["surfaces"] = surfaces_json(runs_);
        report["slices"] = slices_json(runs_);
        report["notes"] = {
            "Intervals are 95 % intervals of the mean over seeds (Student); standard errors of one run are "
            "over its planes.",
            "The training loss of a masked autoencoder is a squared error, that of a classifier a cross "
            "entropy: what is set "
            "against each other is relative to the loss at the centre. Eigenvalues and traces keep the "
            "loss's own scale.",
            "The classification loss is the cross entropy of the encoder and a linear head: the probe's for "
            "autoencoders, its "
            "own for a classifier, whose training loss this is.",
            "Planes are spanned by filter-normalized Gaussian directions of the same seeds for all methods; "
            "the convex region is "
            "the part of the plane, connected to the centre, where the exact 2 x 2 Hessian has no negative "
            "eigenvalue.",
            "Losses of surfaces are over training images, without augmentation, with fixed masks."};
        return report;
    }

  private:
    [[nodiscard]] const Measure* find(const std::string& key) const {
        const auto at =
            std::find_if(measures_.begin(), measures_.end(), [&](const Measure& m) { return m.key == key; });
        if (at == measures_.end()) throw ConfigError(message("no measure is called ", key));
        return &*at;
    }
    [[nodiscard]] std::vector<double> values(const std::string& key, const std::string& method) const {
        std::vector<double> numbers;
        const auto at =
            std::find_if(measures_.begin(), measures_.end(), [&](const Measure& m) { return m.key == key; });
        if (at == measures_.end() || !runs_.results.contains(method)) return numbers;
        for (const Json& run : runs_.results.at(method)) numbers.push_back(at->of(run).value);
        return numbers;
    }
    /// What the speeds of convergence are measured to: the first autoencoder's mean reconstruction error after half and after
    /// all of its epochs, and nine tenths of the least mean probe accuracy at the end.
    [[nodiscard]] ConvergenceLevels levels() const {
        ConvergenceLevels levels;
        levels.probe = 1;
        const auto rounded = [](double x) { return std::ceil(x * 1e4) / 1e4; };
        bool first = true;
        for (const auto& [name, title] : runs_.methods) {
            double half = 0, end = 0, probe = 0;
            const double runs = static_cast<double>(runs_.results.at(name).size());
            for (const Json& run : runs_.results.at(name)) {
                const Json& curve = run.at("training");
                const std::size_t count = curve.at("epoch").size();
                half += number_or_nan(curve.at("reconstruction_loss").at((count - 1) / 2)) / runs;
                end += number_or_nan(curve.at("reconstruction_loss").back()) / runs;
                probe += number_or_nan(curve.at("probe_accuracy").back()) / runs;
            }
            levels.probe = std::min(levels.probe, 0.9 * probe);
            if (first && std::isfinite(end)) {
                levels.reconstruction_half = rounded(half), levels.reconstruction_end = rounded(end);
                first = false;
            }
        }
        levels.probe = std::floor(levels.probe * 1e3) / 1e3;
        return levels;
    }

    [[nodiscard]] Json measure_json(const Measure& measure) const {
        Json json = {{"key", measure.key},
                     {"group", measure.group},
                     {"name", measure.name},
                     {"unit", measure.unit},
                     {"loss", measure.loss.empty() ? Json() : Json(measure.loss)},
                     {"headline", measure.headline}};
        for (const auto& [name, title] : runs_.methods) {
            std::vector<double> all;
            for (std::size_t i = 0; i < plan_.seeds.size(); ++i) {
                const MeasuredValue value = measure.of(runs_.results.at(name)[i]);
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
        Json random = json_summary(store.at("random encoder").get<std::vector<double>>());
        const double top1 = store.at("raw pixels").at("top1"),
                     error = store.at("raw pixels").at("standard_error");
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
        for (const Measure& measure : measures_) {
            if (!measure.flatness) continue;
            std::vector<double> x, y;
            for (const auto& [name, title] : runs_.methods) {
                const auto flat = values(measure.key, name), accuracy = values("accuracy.top1", name);
                for (std::size_t i = 0; i < flat.size(); ++i)
                    if (std::isfinite(flat[i]) && std::isfinite(accuracy[i]))
                        x.push_back(flat[i]), y.push_back(accuracy[i]);
            }
            if (x.size() < 4) continue;
            const RankCorrelation found = spearman(x, y);
            list.push_back({{"key", measure.key},
                            {"name", measure.name},
                            {"loss", measure.loss},
                            {"spearman", json_number(found.coefficient)},
                            {"p_value", json_number(found.p_value)},
                            {"runs", x.size()}});
        }
        return list;
    }

    CompletedRuns runs_;
    const ComparisonPlan& plan_;
    std::vector<Measure> measures_;
};

}  // namespace vitscape
