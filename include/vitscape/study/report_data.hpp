// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/bounded_interval.hpp>
#include <vitscape/core/kendall.hpp>
#include <vitscape/core/multiple_tests.hpp>
#include <vitscape/core/version.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/judgement.hpp>
#include <vitscape/study/learning.hpp>
#include <vitscape/study/numbers.hpp>
#include <vitscape/study/plan.hpp>
#include <vitscape/study/rows.hpp>
#include <vitscape/study/training_curve.hpp>

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
        const bool labelled = !images.classes().empty();
        if (labelled) report["data"]["chance"] = largest_class_share(test);
        std::map<std::string, Learning> learning;
        for (const auto& [name, title] : runs_.methods) {
            const DataVariant variant = runs_.variant(name);
            learning[name] = learning_of(
                runs_, name, labelled ? read_baselines(variant) : BaselineAccuracies{}, test.size());
            report["methods"].push_back(
                {{"name", name}, {"title", title}, {"learning", learning.at(name).json()}});
            if (variant != DataVariant{}) report["methods"].back()["variant"] = describe(variant);
        }
        for (const auto& [name, title] : study_losses)
            if (runs_.has_loss(name)) report["losses"].push_back({{"name", name}, {"title", title}});
        for (const auto& [name, title] : runs_.methods)
            for (std::size_t i = 0; i < plan_.seeds.size(); ++i)
                report["runs"].push_back({{"method", name},
                                          {"seed", plan_.seeds[i]},
                                          {"curve", runs_.result(name, i).at("training").json()}});
        report["curves"] = describe_curves();
        report["measures"] = Json::array();
        for (const Row& row : rows_)
            if (Json json = row_json(row); any_value(json)) report["measures"].push_back(std::move(json));
        report["baselines"] = labelled ? baselines(test.size()) : Json::array();
        report["correlations"] = correlations();
        report["claims"] = judge(claims_, evidence(learning));
        report["notes"] = {
            "Intervals are 95 % intervals of the mean over seeds (Student), none for fewer than three runs; "
            "standard "
            "errors of one run are over its planes, rays, draws or images. Differences between methods are "
            "paired by "
            "seed: both were trained from the same seeds on the same images in the same order.",
            "Autoencoders are compared by their reconstruction error alone. The losses of different methods "
            "may be different quantities, such as a squared error and a cross entropy: rises are relative to "
            "what training gained, the loss of the best constant prediction minus that at the solution. "
            "Eigenvalues and traces keep the loss's own scale.",
            "The classification loss is the cross entropy of the encoder and a linear head: its own for a "
            "classifier, whose training loss this is, and the probe's for all others."};
        if (!labelled)
            report["notes"].push_back(
                "The images have no classes: probes, accuracies and the classification loss are left out.");
        if (!runs_.variants.empty())
            report["notes"].push_back(
                "A share of the training images is taken from the classes in turn: a smaller one is part of "
                "a larger one, and losses are measured over the same images in each. A wrong label is that "
                "of "
                "another class, drawn uniformly; held-out labels are true, accuracies on training images are "
                "by the labels that were learned.");
        return report;
    }

  private:
    [[nodiscard]] Evidence evidence(const std::map<std::string, Learning>& learning) const {
        return {
            .values = [this](const ClaimTerm& term) { return values(term.row, term.contestant); },
            .name = [this](const std::string& key) { return find(key)->name; },
            .better = [this](const std::string& key) { return find(key)->better; },
            .title =
                [this](const std::string& contestant) {
                    for (const auto& [name, title] : runs_.methods)
                        if (name == contestant) return title;
                    return contestant;
                },
            .unlearned =
                [&learning](const std::string& contestant) { return learning.at(contestant).why_not; },
            .unfinished =
                [&learning](const std::string& contestant) { return learning.at(contestant).why_not_ended; },
            .origins = runs_.origins};
    }
    [[nodiscard]] BaselineAccuracies read_baselines(const DataVariant& variant) const {
        const ResultStore store(runs_.out / baselines_file);
        return {.random_encoder = store.checked(random_encoder_of(variant)).to<std::vector<double>>(),
                .raw_pixels = store.checked(raw_pixels_of(variant)).at("top1").to<double>()};
    }
    /// The accuracy of always answering the most frequent class.
    [[nodiscard]] static double largest_class_share(const AnyDataset& images) {
        std::vector<double> counts(images.classes().size());
        for (std::size_t i = 0; i < images.size(); ++i)
            if (images.label(i) >= 0) counts[static_cast<std::size_t>(images.label(i))] += 1;
        return *std::max_element(counts.begin(), counts.end()) / static_cast<double>(images.size());
    }
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
                     {"direction", direction_of(row)},
                     {"invariant_to", row.invariant_to},
                     {"meaning", row.meaning}};
        for (const auto& [name, title] : runs_.methods) {
            std::vector<MeasuredValue> all;
            for (std::size_t i = 0; i < plan_.seeds.size(); ++i) {
                const MeasuredValue value = row.of(runs_.result(name, i));
                all.push_back(value);
                json["values"][name].push_back({{"seed", plan_.seeds[i]},
                                                {"value", json_number(value.value)},
                                                {"standard_error", json_number(value.standard_error)}});
                if (std::isfinite(value.bound)) json["values"][name].back()["bound"] = value.bound;
            }
            json["summary"][name] =
                runs_.origin(name) == Origin::given ? summary_of_given(all) : summary(all, value_range(row));
        }
        return json;
    }

    [[nodiscard]] static Json summary(const std::vector<MeasuredValue>& all, ValueRange range) {
        std::vector<double> values;
        values.reserve(all.size());
        for (const MeasuredValue& one : all) values.push_back(one.value);
        return json_summary(values, range);
    }
    /// Of one set of weights. Where its numbers differ, by their probes, `count` is that of the probes, otherwise 1. The error is over
    /// probes and over what each number is a mean of, which the runs share; there is no interval, since it would be read as one over
    /// trainings.
    [[nodiscard]] static Json summary_of_given(const std::vector<MeasuredValue>& all) {
        std::vector<double> values, errors;
        for (const MeasuredValue& one : all) {
            if (std::isfinite(one.value)) values.push_back(one.value);
            if (std::isfinite(one.standard_error)) errors.push_back(one.standard_error);
        }
        const bool differ =
            std::any_of(values.begin(), values.end(), [&](double value) { return value != values.front(); });
        if (!differ && values.size() > 1) values.resize(1);
        Json found = json_summary(values);
        found["interval"] = {nullptr, nullptr};
        const double own = errors.empty() ? std::numeric_limits<double>::quiet_NaN()
                                          : mean_and_error(errors).mean,
                     over_probes = differ ? mean_and_error(values).standard_error : 0;
        found["standard_error"] =
            json_number(differ && errors.empty() ? over_probes : std::hypot(over_probes, own));
        return found;
    }

    [[nodiscard]] static bool any_value(const Json& row) {
        for (const auto& [method, summary] : row.at("summary").items())
            if (summary.at("count") > 0) return true;
        return false;
    }
    [[nodiscard]] Json baselines(std::size_t test_images) const {
        const ResultStore store(runs_.out / baselines_file);
        Json list = Json::array();
        std::vector<DataVariant> done;
        for (const auto& [name, title] : runs_.methods) {
            const DataVariant variant = runs_.variant(name);
            if (std::find(done.begin(), done.end(), variant) != done.end()) continue;
            done.push_back(variant);
            const BaselineAccuracies found = read_baselines(variant);
            const Json random = json_summary(found.random_encoder, ValueRange::fraction);
            const auto error = store.checked(raw_pixels_of(variant)).at("standard_error").to<double>();
            const Interval pixels = detail::accuracy_interval({found.raw_pixels}, test_images);
            list.push_back({{"name", "random encoder, linear probe" + variant.ending()},
                            {"top1", random.at("mean")},
                            {"standard_error", random.at("standard_error")},
                            {"interval", random.at("interval")}});
            list.push_back({{"name", "raw pixels, linear probe" + variant.ending()},
                            {"top1", found.raw_pixels},
                            {"standard_error", error},
                            {"interval", {json_number(pixels.low), json_number(pixels.high)}}});
        }
        return list;
    }

    [[nodiscard]] Json correlations() const {
        Json list = Json::array();
        for (const Row& outcome : rows_) {
            if (!outcome.outcome) continue;
            Json of_outcome = Json::array();
            std::vector<double> p_values;
            for (const Row& row : rows_)
                if (row.flatness)
                    if (Json found = correlation(row, outcome); !found.is_null()) {
                        p_values.push_back(number_or_nan(found.at("p_value")));
                        of_outcome.push_back(std::move(found));
                    }
            const std::vector<double> adjusted = holm(p_values);
            for (std::size_t i = 0; i < of_outcome.size(); ++i) {
                of_outcome[i]["adjusted_p_value"] = json_number(adjusted[i]);
                list.push_back(std::move(of_outcome[i]));
            }
        }
        return list;
    }
    /// Of one measure with one outcome, over runs of the same method and over runs that differ in one thing; null if no method
    /// has three runs with both numbers. Over all runs at once it would only tell the methods apart.
    [[nodiscard]] Json correlation(const Row& row, const Row& outcome) const {
        std::vector<PairedGroup> groups;
        std::vector<HyperparameterRun> runs;
        bool enough = false;
        for (std::size_t m = 0; m < runs_.methods.size(); ++m) {
            if (runs_.origin(runs_.methods[m].first) == Origin::given) continue;  // no trainings to rank
            const auto flat = values(row.key, runs_.methods[m].first),
                       goal = values(outcome.key, runs_.methods[m].first);
            PairedGroup group;
            for (std::size_t i = 0; i < flat.size(); ++i) {
                if (!std::isfinite(flat[i]) || !std::isfinite(goal[i])) continue;
                group.x.push_back(flat[i]), group.y.push_back(goal[i]);
                runs.push_back({{static_cast<int>(m), static_cast<int>(i)}, flat[i], goal[i]});
            }
            enough = enough || group.x.size() >= 3;
            groups.push_back(std::move(group));
        }
        if (!enough) return nullptr;
        const RankCorrelation within = kendall_within(groups);
        return {{"key", row.key},
                {"name", row.name},
                {"loss", row.loss},
                {"better", std::string(name_of(row.better))},
                {"direction", direction_of(row)},
                {"outcome", outcome.key},
                {"outcome_name", outcome.name},
                {"within", json_number(within.coefficient)},
                {"p_value", json_number(within.p_value)},
                {"granulated", json_number(granulated_kendall(runs).coefficient)},
                {"runs", runs.size()}};
    }

    const CompletedRuns& runs_;
    const ComparisonPlan& plan_;
    std::vector<Row> rows_;
    std::vector<AnyClaim> claims_;
};

}  // namespace vitscape
