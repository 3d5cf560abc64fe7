// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/json_value.hpp>

namespace vitscape {

/// A number that a run's training curve holds for each epoch, beside the epoch itself and its seconds.
struct CurveColumn {
    std::string_view name;   ///< in log.jsonl and in the report's curves
    std::string_view title;  ///< of its plot
    std::string_view label;  ///< of the plot's axis
    std::string_view unit;   ///< as of a `Row`
};

/// What a study's trainings leave behind, in the order of the page.
inline constexpr std::array<CurveColumn, 4> curve_columns{
    CurveColumn{"loss", "training loss, of different kinds", "mean training loss", ""},
    CurveColumn{"reconstruction_loss", "reconstruction error of held-out images", "mean reconstruction error",
                ""},
    CurveColumn{"knn_accuracy", "k nearest neighbours of the features", "top-1 accuracy", "fraction"},
    CurveColumn{"probe_accuracy", "linear probe of the features", "top-1 accuracy", "fraction"}};

/// The curve of a run from the lines of its training's log, in their order: a list for the epochs, their seconds, and each column;
/// null where nothing was measured. Without lines, of a control that was not trained, the lists are empty.
/// @param epoch_seconds  of every epoch, from the run's `Pace`: what a clock said during training depends on other work, so
///                       methods would not compare
[[nodiscard]] inline nlohmann::json training_curve(const std::vector<nlohmann::json>& lines,
                                                   double epoch_seconds) {
    nlohmann::json curve;
    const auto add = [&](const std::string& name) {
        curve[name] = nlohmann::json::array();
        for (const nlohmann::json& line : lines) curve[name].push_back(line.value(name, nlohmann::json()));
    };
    add("epoch");
    curve["seconds"] = std::vector<double>(lines.size(), epoch_seconds);
    for (const CurveColumn& column : curve_columns) add(std::string(column.name));
    return curve;
}
/// Of all epochs of a curve.
[[nodiscard]] inline double training_seconds(const JsonValue& curve) {
    double sum = 0;
    const JsonValue seconds = curve.at("seconds");
    for (std::size_t i = 0; i < seconds.size(); ++i) sum += seconds.at(i).number_or_nan();
    return sum;
}

/// For a report.
[[nodiscard]] inline nlohmann::json describe_curves() {
    nlohmann::json list = nlohmann::json::array();
    for (const CurveColumn& column : curve_columns)
        list.push_back(
            {{"name", column.name}, {"title", column.title}, {"label", column.label}, {"unit", column.unit}});
    return list;
}

}  // namespace vitscape
