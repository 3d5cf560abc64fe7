// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <filesystem>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/landscape/merge_tree.hpp>

namespace vitscape {

/// The merge tree as JSON: `significant_at` (k) and `significant`, the number of minima above it, `highest`, `smad` (`mean`,
/// `relative`, `weighted`), and `minima`, in the tree's order: `x`, `y`, `row`, `column`, `birth`, `death`, `persistence`,
/// `saddle` (`x`, `y`, `row`, `column`), `joins`, `leaf_end`, `share`, `error_bound`, `significant`, `border`, `undecided`. What
/// lives for ever has `null` for death, persistence, saddle and joins.
/// @param k  a minimum is significant if its persistence exceeds k times the bound of its standard error
/// @throws ConfigError unless k is positive
[[nodiscard]] inline nlohmann::ordered_json merge_tree_json(const MergeTree& tree, double k = 3) {
    if (!(k > 0 && std::isfinite(k)))
        throw ConfigError(
            message("a minimum is significant above a positive number of standard errors, not ", k));
    using Json = nlohmann::ordered_json;
    const auto number = [](double value) { return json_number<Json>(value); };
    const SaddleMinimumDistance smad = saddle_minimum_distance(tree);
    Json json{{"significant_at", k},
              {"significant", tree.significant(k)},
              {"highest", number(tree.highest)},
              {"smad",
               {{"mean", number(smad.mean)},
                {"relative", number(smad.relative)},
                {"weighted", number(smad.weighted)}}},
              {"minima", Json::array()}};
    const auto place = [&](const SurfacePoint& point) {
        return Json{{"x", point.x}, {"y", point.y}, {"row", point.row}, {"column", point.column}};
    };
    for (const SurfaceMinimum& minimum : tree.minima) {
        Json entry = place(minimum.point);
        entry["birth"] = minimum.birth();
        entry["death"] = number(minimum.death());
        entry["persistence"] = number(minimum.persistence());
        entry["saddle"] = minimum.saddle ? place(*minimum.saddle) : Json();
        entry["joins"] = minimum.saddle ? Json(minimum.joins) : Json();
        entry["leaf_end"] = number(minimum.leaf_end);
        entry["share"] = minimum.share;
        entry["error_bound"] = number(minimum.error_bound);
        entry["significant"] = minimum.significant(k);
        entry["border"] = minimum.border;
        entry["undecided"] = minimum.undecided;
        json["minima"].push_back(std::move(entry));
    }
    return json;
}

/// Writes `merge_tree_json` to a file, atomically and with its checksum. @throws ConfigError, IoError
inline void write_merge_tree(const std::filesystem::path& path, const MergeTree& tree, double k = 3) {
    write_json(path, merge_tree_json(tree, k));
}

}  // namespace vitscape
