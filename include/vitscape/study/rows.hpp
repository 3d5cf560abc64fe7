// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/plan.hpp>

namespace vitscape {

/// A number of one run with its standard error, NaN where there is none.
struct MeasuredValue {
    double value = std::numeric_limits<double>::quiet_NaN(),
           standard_error = std::numeric_limits<double>::quiet_NaN();
};

/// Which way a number is better.
enum class Better { neither, higher, lower };
constexpr std::string_view name_of(Better better) {
    return better == Better::higher ? "higher" : better == Better::lower ? "lower" : "neither";
}

/// A number that every run of a study is measured by, and what it means.
struct Row {
    std::string key{};      ///< in the report after its loss, or else its group: "trace", "top1"
    std::string group{};    ///< under which the page shows it
    std::string name{};     ///< for people
    std::string unit{};     ///< "fraction", "seconds", "bytes", "epochs"; empty: a ratio or the loss's own
    std::string meaning{};  ///< in one sentence, where the name does not say all
    Better better = Better::neither;
    std::string invariant_to{};  ///< changes of the model that leave it as it is, such as "scale of the loss"
    bool headline = false;       ///< belongs to the report's first table
    bool flatness = false;       ///< is set against the outcome
    bool outcome = false;        ///< what training is for: flatness is set against it
    std::string loss{};          ///< filled in: "training", "classification" or empty
    std::function<MeasuredValue(const nlohmann::json&)> of{};  ///< filled in: from a run's results
};

/// A radius or strength as it is part of a key or a name.
[[nodiscard]] inline std::string plain_number(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", number);
    return text;
}
/// A number of a result, without an error.
[[nodiscard]] inline MeasuredValue number_of(const nlohmann::json& result) {
    return {.value = number_or_nan(result)};
}

namespace detail {

/// Where a run keeps a loss's result; a classifier's only loss serves as both.
inline std::string result_of_loss(const nlohmann::json& run, const std::string& loss,
                                  const std::string& key) {
    const std::string name = message(loss, ".", key);
    return run.contains(name) ? name : message("training.", key);
}

}  // namespace detail

/// Takes the rows of one measure.
class Rows {
    using Json = nlohmann::json;

  public:
    /// @param loss   of a measure of losses, else empty.  @param parts  0: the result is one
    /// @param runs   of the study; none where only the rows' keys are asked for
    Rows(std::vector<Row>& all, std::string key, std::string loss, std::uint32_t parts,
         const CompletedRuns& runs, const ComparisonPlan& plan)
        : all_(all), key_(std::move(key)), loss_(std::move(loss)), parts_(parts), runs_(runs), plan_(plan) {}

    /// @param of  the number from the measure's result, or from one part's: then the run's is the mean over parts, with
    ///            its standard error where there are several
    void add(Row row, std::function<MeasuredValue(const Json&)> of) {
        row.key = message(loss_.empty() ? row.group : loss_, ".", row.key);
        row.loss = loss_;
        row.of = [of = std::move(of), key = key_, loss = loss_, parts = parts_](const Json& run) {
            const auto result = [&](const std::string& name) -> const Json& {
                return run.at(loss.empty() ? name : detail::result_of_loss(run, loss, name));
            };
            if (parts == 0) return of(result(key));
            std::vector<double> values;
            for (std::uint32_t part = 0; part < parts; ++part)
                values.push_back(of(result(message(key, "-", part))).value);
            const MeanAndError found = mean_and_error(values);
            MeasuredValue measured{.value = found.mean};
            if (values.size() > 1) measured.standard_error = found.standard_error;
            return measured;
        };
        all_.push_back(std::move(row));
    }
    [[nodiscard]] const ComparisonPlan& plan() const { return plan_; }
    /// The results of this measure of runs: a list for each contestant, in it one for each seed.
    [[nodiscard]] std::vector<std::vector<Json>> results() const {
        std::vector<std::vector<Json>> all;
        for (const auto& [name, title] : runs_.methods) {
            if (!runs_.results.contains(name)) continue;
            all.emplace_back();
            for (const Json& run : runs_.results.at(name)) all.back().push_back(run.at(key_));
        }
        return all;
    }

  private:
    std::vector<Row>& all_;
    std::string key_, loss_;
    std::uint32_t parts_;
    const CompletedRuns& runs_;
    const ComparisonPlan& plan_;
};

}  // namespace vitscape
