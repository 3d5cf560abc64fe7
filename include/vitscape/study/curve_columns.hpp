// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include <nlohmann/json.hpp>

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

/// For a report.
[[nodiscard]] inline nlohmann::json describe_curves() {
    nlohmann::json list = nlohmann::json::array();
    for (const CurveColumn& column : curve_columns)
        list.push_back(
            {{"name", column.name}, {"title", column.title}, {"label", column.label}, {"unit", column.unit}});
    return list;
}

}  // namespace vitscape
