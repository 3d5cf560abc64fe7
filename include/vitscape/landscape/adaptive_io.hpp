// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/json_value.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/landscape/adaptive_surface.hpp>
#include <vitscape/landscape/surface_io.hpp>

namespace vitscape {

/// Writes the points of an adaptive surface as JSON, atomically and with its checksum: `metadata`, `tolerance`, `refined`, `bounded`, `error`
/// (`points`, `largest`, `root_mean_square`, `share`, `gaps`; null if it was not measured), `samples`, `centre`, `geometry` as of a surface,
/// and `points`, a list of [x, y, loss, standard_error, difference_standard_error, held out]. No interpolated number is in it.
/// @throws IoError if the file cannot be written
inline void write_adaptive_surface(
    const std::filesystem::path& path, const AdaptiveSurface& surface,
    const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
    using Json = nlohmann::ordered_json;
    const auto number = [](double value) { return json_number<Json>(value); };
    Json json{{"metadata", metadata},
              {"tolerance", surface.tolerance},
              {"refined", surface.refined},
              {"bounded", surface.bounded},
              {"error", nullptr}};
    if (surface.error)
        json["error"] = {{"points", surface.error->points},
                         {"largest", surface.error->largest},
                         {"root_mean_square", surface.error->root_mean_square},
                         {"share", surface.error->share},
                         {"gaps", surface.error->gaps}};
    json["samples"] = surface.centre.samples;
    json["centre"] = {{"loss", number(surface.centre.centre_loss)},
                      {"standard_error", number(surface.centre.centre_standard_error)}};
    for (const auto& [name, value] : detail::geometry_numbers(surface.centre.geometry))
        json["geometry"][name] = number(*value);
    json["points"] = Json::array();
    for (const AdaptivePoint& point : surface.points)
        json["points"].push_back(
            Json::array({point.x, point.y, number(point.loss), number(point.standard_error),
                         number(point.difference_standard_error), point.held_out}));
    write_json(path, json);
}

/// Reads the points for `AdaptiveOptions::resume`; refining with them gives the interpolation back without an evaluation of
/// any of them. The coordinates read back exactly.
/// @throws IoError if the file cannot be read or something in it is missing or of another type
[[nodiscard]] inline AdaptiveSurface load_adaptive_surface(const std::filesystem::path& path) {
    const nlohmann::json content = load_json(path);
    const JsonValue json(content, path.string());
    const auto count = [](const JsonValue& value) {
        return value.number<Index>(0, std::numeric_limits<Index>::max());
    };
    AdaptiveSurface surface;
    surface.tolerance = json.at("tolerance").to<double>();
    surface.refined = json.at("refined").to<bool>();
    if (const JsonValue error = json.at("error"); !error.json().is_null())
        surface.error = InterpolationError{.points = count(error.at("points")),
                                           .largest = error.at("largest").to<double>(),
                                           .root_mean_square = error.at("root_mean_square").to<double>(),
                                           .gaps = count(error.at("gaps"))};
    if (surface.error && json.at("error").contains("share"))
        surface.error->share = json.at("error").at("share").number<double>(0, 1);
    if (json.contains("bounded")) surface.bounded = json.at("bounded").to<bool>();
    surface.centre = Surface({0}, {0});
    surface.centre.samples = count(json.at("samples"));
    surface.centre.centre_loss = json.at("centre").at("loss").number_or_nan();
    surface.centre.centre_standard_error = json.at("centre").at("standard_error").number_or_nan();
    surface.centre.loss(0, 0) = surface.centre.centre_loss;
    surface.centre.standard_error(0, 0) = surface.centre.centre_standard_error;
    surface.centre.computed(0, 0) = 1;
    for (const auto& [name, value] : detail::geometry_numbers(surface.centre.geometry))
        *value = json.at("geometry").at(name).number_or_nan();
    const JsonValue points = json.at("points");
    for (std::size_t i = 0; i < points.size(); ++i) {
        const JsonValue point = points.at(i);
        surface.points.push_back({.x = point.at(std::size_t{0}).to<double>(),
                                  .y = point.at(1).to<double>(),
                                  .loss = point.at(2).number_or_nan(),
                                  .standard_error = point.at(3).number_or_nan(),
                                  .difference_standard_error = point.at(4).number_or_nan(),
                                  .held_out = point.at(5).to<bool>()});
    }
    return surface;
}

}  // namespace vitscape
