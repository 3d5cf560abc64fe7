// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <xtensor/xarray.hpp>

#include <vitscape/core/statistics.hpp>
#include <vitscape/io/npy.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/heads.hpp>
#include <vitscape/study/report_table.hpp>

namespace vitscape {

/// The fraction of images to which two classifiers give different classes. @throws ShapeError if the numbers of images differ
[[nodiscard]] inline double disagreement(const xt::xarray<std::int32_t>& a,
                                         const xt::xarray<std::int32_t>& b) {
    if (a.size() != b.size() || a.size() == 0)
        throw ShapeError(
            message("predictions of ", a.size(), " images cannot be compared with those of ", b.size()));
    std::size_t different = 0;
    for (std::size_t i = 0; i < a.size(); ++i) different += a.flat(i) != b.flat(i) ? 1 : 0;
    return static_cast<double>(different) / static_cast<double>(a.size());
}

/// How much depends on the seed: the spread of a method's accuracy over its trainings, the worst of them, and on how many held-out
/// images two trainings disagree; beside it what rounding and corruption cost, where they were measured. A given model has no
/// trainings that could differ, and of these numbers the latter only.
struct StabilityMeasure {
    static constexpr std::string_view key = "probe";
    template <class Self, class Visitor>
    static void fields(Self&, Visitor&) {}
    void check() const {}
    void rows(Rows&) const {}

    void put_into(nlohmann::json& report, const CompletedRuns& runs) const {
        ReportTable table(
            "stability", "Stability",
            "How far one may rely on a single training: means over the trainings of a method unless "
            "a row says otherwise.");
        const auto add = [&](const std::string& name, const std::string& meaning, Better better,
                             const auto& of) {
            table.row(name, meaning, "fraction", better);
            for (const auto& [method, title] : runs.methods) {
                std::string note;
                const double number = of(method, note);
                table.value(method, number, std::isfinite(number) ? note : "");
            }
        };
        const std::string probe = "of a linear probe of all labels, on held-out images";
        add("spread of the accuracy over seeds", "standard deviation, " + probe, Better::lower,
            [&](const std::string& method, std::string& note) {
                const std::vector<double> all = accuracies_of_trainings(runs, method);
                note = message("n = ", all.size());
                return all.size() < 2
                           ? nothing
                           : mean_and_error(all).standard_error * std::sqrt(static_cast<double>(all.size()));
            });
        add("accuracy of the worst seed", probe, Better::higher,
            [&](const std::string& method, std::string& note) {
                const std::vector<double> all = accuracies_of_trainings(runs, method);
                const auto worst = std::min_element(all.begin(), all.end());
                if (all.size() < 2 || std::isnan(*worst)) return nothing;
                note = message("seed ", runs.seeds[static_cast<std::size_t>(worst - all.begin())]);
                return *worst;
            });
        add("disagreement between trainings",
            "held-out images to which the probes of two seeds give different classes", Better::lower,
            [&](const std::string& method, std::string& note) { return disagreements(runs, method, note); });
        for (const Head& head : heads) {
            add(name_of(head, "accuracy kept after rounding the weights to 8-bit integers"),
                "relative to that before", Better::higher, [&](const std::string& method, std::string&) {
                    return mean_over(runs, method, [&](const JsonValue& run) {
                        if (!run.contains("rounding")) return nothing;
                        const JsonValue all = run.at("rounding");
                        return all.at("int8").value(head.key).number_or_nan() /
                               all.at("none").value(head.key).number_or_nan();
                    });
                });
            add(name_of(head, "accuracy kept under the worst corruption"), "relative to that of clean images",
                Better::higher, [&](const std::string& method, std::string&) {
                    return mean_over(runs, method, [&](const JsonValue& run) {
                        return run.contains("robustness") ? worst_share(run.at("robustness"), head) : nothing;
                    });
                });
        }
        table.put_into(report);
    }

  private:
    static constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

    /// The lowest accuracy under noise and blur, relative to that of clean images.
    [[nodiscard]] static double worst_share(const JsonValue& robustness, const Head& head) {
        const auto top1 = [&](std::size_t i) {
            const JsonValue here = robustness.at(i);
            return here.contains(head.key) ? here.at(head.key).at("top1").number_or_nan() : nothing;
        };
        double least = std::numeric_limits<double>::infinity();
        for (std::size_t i = 1; i < robustness.size(); ++i) least = std::min(least, top1(i));
        return least / top1(0);
    }
    [[nodiscard]] static std::vector<double> accuracies_of_trainings(const CompletedRuns& runs,
                                                                     const std::string& method) {
        std::vector<double> all;
        for (std::size_t i = 0; i < runs.sets_of_weights(method); ++i)
            all.push_back(runs.result(method, i).at("probe").at("shares").back().at("top1").number_or_nan());
        return all;
    }
    /// NaN unless all runs have a finite number.
    template <class Of>
    [[nodiscard]] static double mean_over(const CompletedRuns& runs, const std::string& method,
                                          const Of& of) {
        double sum = 0;
        for (std::size_t i = 0; i < runs.seeds.size(); ++i) sum += of(runs.result(method, i));
        const double mean = sum / static_cast<double>(runs.seeds.size());
        return std::isfinite(mean) ? mean : nothing;
    }
    [[nodiscard]] static double disagreements(const CompletedRuns& runs, const std::string& method,
                                              std::string& note) {
        std::vector<xt::xarray<std::int32_t>> predictions;
        for (std::size_t i = 0; i < runs.sets_of_weights(method); ++i) {
            const auto file = runs.folder(method, runs.seeds[i]) / predictions_file;
            if (!std::filesystem::exists(file)) return nothing;  // of images without classes
            predictions.push_back(load_npy<std::int32_t>(file));
        }
        double sum = 0;
        int pairs = 0;
        for (std::size_t i = 0; i < predictions.size(); ++i)
            for (std::size_t j = 0; j < i; ++j, ++pairs) sum += disagreement(predictions[i], predictions[j]);
        if (pairs == 0) return nothing;
        note = message(pairs, pairs == 1 ? " pair" : " pairs");
        return sum / pairs;
    }
};

}  // namespace vitscape
