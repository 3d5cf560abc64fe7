// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <vitscape/core/number_text.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/measures/convergence.hpp>
#include <vitscape/study/report_table.hpp>
#include <vitscape/study/training_curve.hpp>

namespace vitscape {

/// Options of the table that says whether pre-training pays; they change the report only, not what is measured.
struct PaysOptions {
    double price_per_hour = 0;  ///< of training, in any currency; 0: no prices
    /// Accuracy of the linear probe whose time is given; 0: what each training reaches of a method that learned.
    double target = 0;
};

namespace detail {

/// Accuracies of one method with shares of the labels, means over its runs: fine-tuned, and from scratch in the same total time.
struct TunedShares {
    std::vector<double> shares, tuned, scratch;

    /// NaN where a run has no number.
    TunedShares(const CompletedRuns& runs, const std::string& method) {
        for (int part = 0; runs.result(method, 0).contains(message("fine_tuning-", part)); ++part) {
            double top1 = 0, other = 0;
            for (std::size_t i = 0; i < runs.seeds.size(); ++i) {
                const JsonValue one = runs.result(method, i).at(message("fine_tuning-", part));
                const auto count = static_cast<double>(runs.seeds.size());
                top1 += one.at("top1").number_or_nan() / count;
                const JsonValue beside = one.at("scratch_at_time");
                other += (beside.json().is_null() ? std::numeric_limits<double>::quiet_NaN()
                                                  : beside.at("top1").number_or_nan()) /
                         count;
                if (i == 0) shares.push_back(one.at("share").number_or_nan());
            }
            tuned.push_back(top1);
            scratch.push_back(other);
        }
    }
    /// The share of the labels with which fine-tuning reaches what training from scratch reaches with the largest share, linear in the
    /// logarithm of the share; nothing if it does not, and the smallest share if that suffices.
    [[nodiscard]] std::optional<double> share_needed() const {
        if (shares.empty() || !std::isfinite(scratch.back())) return {};
        const double level = scratch.back();
        for (std::size_t i = 0; i < shares.size(); ++i) {
            if (!(tuned[i] >= level)) continue;
            if (i == 0 || !std::isfinite(tuned[i - 1])) return shares[i];
            const double part = (level - tuned[i - 1]) / (tuned[i] - tuned[i - 1]);
            return std::exp(std::log(shares[i - 1]) + part * (std::log(shares[i]) - std::log(shares[i - 1])));
        }
        return {};
    }
};

}  // namespace detail

/// Adds the table that says whether pre-training pays: hours of training, the time to a target accuracy and the price of both;
/// where fine-tuning was measured, what it gains over training from scratch in the same total time, and the labels that it saves. Of
/// contestants that were trained here: what a given model's training took is not known.
inline void put_pays(nlohmann::json& report, const CompletedRuns& runs, const PaysOptions& options) {
    constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
    std::vector<std::string> methods;
    for (const auto& [name, title] : runs.methods)
        if (runs.origin(name) == Origin::trained) methods.push_back(name);
    const auto mean_over = [&](const std::string& method, const auto& of) {
        std::vector<double> all;
        for (std::size_t i = 0; i < runs.seeds.size(); ++i) all.push_back(of(runs.result(method, i)));
        return all.empty() ? nothing : mean_and_error(all).mean;
    };
    const auto curve = [](const JsonValue& run) {
        return detail::CurvePoints(run.at("training"), "probe_accuracy");
    };
    double target = options.target;
    std::vector<std::string> learned = methods;  // what all reach says little if one of them learned nothing
    if (report.contains("methods"))
        for (const nlohmann::json& one : report.at("methods"))
            if (one.contains("learning") && !one.at("learning").value("learned", true))
                std::erase(learned, one.at("name").get<std::string>());
    if (target == 0) {
        target = 1;
        for (const std::string& method : learned.empty() ? methods : learned)
            for (std::size_t i = 0; i < runs.seeds.size(); ++i) {
                const auto values = curve(runs.result(method, i)).values;
                if (!values.empty())
                    target = std::min(target, *std::max_element(values.begin(), values.end()));
            }
    }
    std::vector<double> shares;  // of those that were fine-tuned
    for (const std::string& method : methods)
        if (const detail::TunedShares found(runs, method); found.shares.size() > shares.size())
            shares = found.shares;
    std::string caption =
        "Means over the trainings of a method. Time is that of training alone on one machine, from steps of "
        "all methods in turn.";
    if (!shares.empty())
        caption +=
            " Fine-tuning and training from scratch have the same number of labels, and the latter the time "
            "of "
            "pre-training and fine-tuning together.";
    ReportTable table("pays", "Does pre-training pay?", caption);
    const auto price = [&](double seconds) {
        return options.price_per_hour > 0 && std::isfinite(seconds)
                   ? message("price ", short_number(seconds / 3600 * options.price_per_hour))
                   : std::string();
    };
    std::map<std::string, double> seconds;
    double longest = 0;
    for (const std::string& method : methods) {
        seconds[method] =
            mean_over(method, [](const JsonValue& run) { return training_seconds(run.at("training")); });
        longest = std::max(longest, seconds[method]);
    }
    const bool hours = longest >= 3600;
    const double unit = hours ? 3600 : 60;
    table.row(hours ? "hours of training" : "minutes of training", "", "", Better::lower, "cheaper");
    for (const std::string& method : methods)
        table.value(method, seconds[method] / unit, price(seconds[method]));
    table.row(message(hours ? "hours" : "minutes", " until the linear probe reaches ",
                      plain_number(std::round(1000 * target) / 10), " %"),
              options.target == 0 ? "what every training reaches of a method that learned" : "", "",
              Better::lower, "cheaper");
    for (const std::string& method : methods) {
        const bool probed = !curve(runs.result(method, 0)).values.empty();
        const double until =
            mean_over(method, [&](const JsonValue& run) { return curve(run).until(target); });
        table.value(method, until / unit,
                    !probed || std::isfinite(until) ? price(until) : "not reached by every training");
    }
    table.row(
        "time of classifying an image",
        "by encoder and head: what a method has for its training alone, a teacher or a decoder, is no part "
        "of it",
        "milliseconds", Better::lower);
    for (const std::string& method : methods)
        table.value(method, mean_over(method, [](const JsonValue& run) {
                        return run.contains("pace") ? 1000 * run.at("pace").at("classifying").number_or_nan()
                                                    : nothing;
                    }));
    for (std::size_t k = 0; k < shares.size(); ++k) {
        table.row(message("gain of fine-tuning over training from scratch with ",
                          plain_number(100 * shares[k]), " % of the labels"),
                  "accuracy on held-out images, in the same total time; below it both", "fraction",
                  Better::higher);
        for (const std::string& method : methods) {
            const detail::TunedShares found(runs, method);
            if (k >= found.shares.size()) continue;
            const auto percent = [](double share) { return plain_number(std::round(1000 * share) / 10); };
            const double gain = found.tuned[k] - found.scratch[k];
            table.value(method, gain,
                        std::isfinite(gain)
                            ? message(percent(found.tuned[k]), " against ", percent(found.scratch[k]))
                            : std::string());
        }
    }
    if (!shares.empty()) {
        table.row("labels saved by pre-training",
                  "fine-tuning with the rest reaches what training from scratch reaches with all, in the "
                  "same total time",
                  "fraction", Better::higher);
        for (const std::string& method : methods) {
            const detail::TunedShares found(runs, method);
            const std::optional<double> needed = found.share_needed();
            if (needed)
                table.value(method, 1 - *needed, *needed == found.shares.front() ? "at least" : "");
            else if (!found.scratch.empty() && std::isfinite(found.scratch.back()))
                table.value(method, 0, "none: it does not get there");
        }
    }
    table.put_into(report);
}

}  // namespace vitscape
