// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/bounded_interval.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/core/json_value.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/study/completed_runs.hpp>
#include <vitscape/study/numbers.hpp>
#include <vitscape/study/plan.hpp>

namespace vitscape {

/// A value of one run with its standard error, NaN if there is none.
struct MeasuredValue {
    double value = std::numeric_limits<double>::quiet_NaN(),
           standard_error = std::numeric_limits<double>::quiet_NaN();
    /// If the value is not resolved (NaN): what its size is at most.
    double bound = std::numeric_limits<double>::quiet_NaN();
};

/// Which direction of a value is better.
enum class Better { neither, higher, lower };
constexpr std::string_view name_of(Better better) {
    return better == Better::higher ? "higher" : better == Better::lower ? "lower" : "neither";
}

/// What a better value of a group's rows is: "flatter", "cheaper"; "better" of a group that has no word of its own.
[[nodiscard]] constexpr std::string_view quality_of_group(std::string_view group) {
    struct Quality {
        std::string_view group, word;
    };
    constexpr std::array<Quality, 6> qualities{{{"curvature", "flatter"},
                                                {"flatness", "flatter"},
                                                {"smoothness", "smoother"},
                                                {"convex region", "more convex"},
                                                {"robustness", "more robust"},
                                                {"cost", "cheaper"}}};
    for (const Quality& known : qualities)
        if (known.group == group) return known.word;
    return "better";
}
/// Said of a direction where none is better.
inline constexpr std::string_view no_direction = "neither direction is better";
/// Which direction is better, in words: "lower is flatter".
[[nodiscard]] inline std::string direction_text(Better better, std::string_view quality = "better") {
    return better == Better::neither ? std::string(no_direction) : message(name_of(better), " is ", quality);
}

/// A quantity measured for every run of a study, and its meaning.
struct Row {
    std::string key{};    ///< in the report after its loss or its group: "trace", "top1"
    std::string group{};  ///< group of the row on the page
    std::string name{};   ///< readable name
    std::string unit{};  ///< "fraction", "seconds", "bytes", "epochs"; empty: a ratio or the unit of the loss
    std::string meaning{};  ///< one sentence, if the name is not sufficient
    Better better = Better::neither;
    /// What a larger or smaller value means, in words, if its group does not say it: "lower is closer to convex"
    std::string direction{};
    std::string invariant_to{};  ///< changes of the model that do not affect it, such as "scale of the loss"
    std::optional<ValueRange> range{};  ///< that values can have, if the unit does not say it
    bool headline = false;              ///< part of the first table of the report
    bool flatness = false;              ///< correlated with the outcome
    bool outcome = false;               ///< a goal of training, with which flatness is correlated
    std::string loss{};                 ///< set by `Rows`: "training", "classification" or empty
    std::function<MeasuredValue(const JsonValue&)> of{};  ///< set by `Rows`: the value from a run's results
};

/// Which direction of a row is better, in its own words or those of its group.
[[nodiscard]] inline std::string direction_of(const Row& row) {
    return row.direction.empty() ? direction_text(row.better, quality_of_group(row.group)) : row.direction;
}

/// The range of a row's values, in which its intervals stay.
[[nodiscard]] inline ValueRange value_range(const Row& row) {
    if (row.range) return *row.range;
    if (row.unit == "fraction") return ValueRange::fraction;
    return row.unit == "seconds" || row.unit == "bytes" ? ValueRange::positive : ValueRange::real;
}

/// A value without an error.
[[nodiscard]] inline MeasuredValue number_of(const JsonValue& result) {
    return {.value = result.number_or_nan()};
}

/// What training gained: the trivial loss minus the loss at the solution; NaN if that is not positive. Rises are divided by
/// it, since L / L(0) rewards a high loss at the solution.
[[nodiscard]] inline double gain_of(const JsonValue& trivial_loss, const JsonValue& loss) {
    const double gain = trivial_loss.number_or_nan() - loss.number_or_nan();
    return gain > 0 ? gain : std::numeric_limits<double>::quiet_NaN();
}
/// The same from a result with both, `trivial_loss` and `centre_loss`.
[[nodiscard]] inline double gain_of(const JsonValue& result) {
    return gain_of(result.at("trivial_loss"), result.at("centre_loss"));
}
/// Said of rows that are relative to the gain.
inline constexpr const char* gain_scale = "scale of the loss, constants added to it and the scale of filters";

namespace detail {

/// The key of a loss's result in a run; a classifier's only loss serves as both.
inline std::string result_of_loss(const JsonValue& run, const std::string& loss, const std::string& key) {
    const std::string name = message(loss, ".", key);
    return run.contains(name) ? name : message("training.", key);
}

}  // namespace detail

/// Some consecutive parts of a result.
struct PartRange {
    std::uint32_t first = 0, count = 1;
};

/// Collects the rows of one measure.
class Rows {
  public:
    /// @param loss   of a measure of losses, otherwise empty.  @param parts  0: the result is not divided
    /// @param runs   of the study; empty if only the keys of the rows are needed
    Rows(std::vector<Row>& all, std::string key, std::string loss, std::uint32_t parts,
         const CompletedRuns& runs, const ComparisonPlan& plan)
        : all_(all), key_(std::move(key)), loss_(std::move(loss)), parts_(parts), runs_(runs), plan_(plan) {}

    /// @param of  computes the value from the measure's result, or from that of one part: then the run's value is the mean over
    ///            parts, with its standard error if there are several, to which their own are added
    /// @param range  of the parts that the mean is over; nothing: all
    void add(Row row, std::function<MeasuredValue(const JsonValue&)> of,
             std::optional<PartRange> range = {}) {
        row.key = message(loss_.empty() ? row.group : loss_, ".", row.key);
        row.loss = loss_;
        if (loss_ == "total") row.headline = false;  // the first table has what contestants share
        row.of = [of = std::move(of), key = key_, loss = loss_,
                  parts = range.value_or(PartRange{0, parts_})](const JsonValue& run) {
            const auto result = [&](const std::string& name) {
                return run.at(loss.empty() ? name : detail::result_of_loss(run, loss, name));
            };
            if (parts.count == 0) return of(result(key));
            std::vector<double> values, errors;
            for (std::uint32_t part = parts.first; part < parts.first + parts.count; ++part) {
                const MeasuredValue one = of(result(message(key, "-", part)));
                values.push_back(one.value);
                if (std::isfinite(one.standard_error)) errors.push_back(one.standard_error);
            }
            const MeanAndError found = mean_and_error(values);
            MeasuredValue measured{.value = found.mean};
            if (values.size() > 1) measured.standard_error = found.standard_error;
            if (!errors.empty())  // of what parts share, such as images: no smaller if there are more parts
                measured.standard_error =
                    std::hypot(values.size() > 1 ? found.standard_error : 0, mean_and_error(errors).mean);
            return measured;
        };
        all_.push_back(std::move(row));
    }
    [[nodiscard]] const ComparisonPlan& plan() const { return plan_; }
    /// The results of this measure of runs: a list per contestant with one entry per seed.
    [[nodiscard]] std::vector<std::vector<JsonValue>> results() const {
        std::vector<std::vector<JsonValue>> all;
        for (const auto& [name, title] : runs_.methods) {
            if (!runs_.results.contains(name)) continue;
            all.emplace_back();
            for (std::size_t i = 0; i < runs_.seeds.size(); ++i)
                all.back().push_back(runs_.result(name, i).at(key_));
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
