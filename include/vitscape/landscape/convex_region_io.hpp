// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <utility>
#include <vector>

#include <vitscape/core/json_value.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/landscape/convex_region.hpp>
#include <vitscape/landscape/surface_io.hpp>

namespace vitscape {

namespace detail {

template <class R>
auto region_tables(R& region) {
    return std::array{std::pair{"xx", &region.xx}, std::pair{"xy", &region.xy}, std::pair{"yy", &region.yy}};
}
template <class R>
auto region_flags(R& region) {
    return std::array{std::pair{"computed", &region.computed}, std::pair{"inside", &region.inside}};
}
template <class R>
auto region_numbers(R& region) {
    return std::array{std::pair{"tolerance", &region.tolerance}, std::pair{"area", &region.area},
                      std::pair{"radius", &region.radius}};
}

template <class Table, class Number>
nlohmann::ordered_json rows_of(const Table& table, const Number& number) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (std::size_t row = 0; row < table.shape(0); ++row) {
        rows.push_back(nlohmann::ordered_json::array());
        for (std::size_t column = 0; column < table.shape(1); ++column)
            rows.back().push_back(number(table(row, column)));
    }
    return rows;
}

}  // namespace detail

/// A convex region, complete or not, as JSON: `area`, `radius`, `tolerance`, `reaches_border`, `evaluated`, `geometry`, `x`,
/// `y`, and with rows along y `inside` and `computed` (0 or 1), `xx`, `xy`, `yy`. Numbers are read back exactly; a
/// non-finite one is null.
[[nodiscard]] inline nlohmann::ordered_json to_json(const ConvexRegion& region) {
    constexpr auto number = json_number<nlohmann::ordered_json>;
    nlohmann::ordered_json json, geometry;
    for (const auto& [name, value] : detail::region_numbers(region)) json[name] = number(*value);
    json["reaches_border"] = region.reaches_border;
    json["evaluated"] = region.evaluated;
    for (const auto& [name, value] : detail::geometry_numbers(region.geometry))
        geometry[name] = number(*value);
    json["geometry"] = geometry;
    json["x"] = region.x;
    json["y"] = region.y;
    for (const auto& [name, table] : detail::region_flags(region))
        json[name] = detail::rows_of(*table, [](std::uint8_t flag) { return flag != 0 ? 1 : 0; });
    for (const auto& [name, table] : detail::region_tables(region))
        json[name] = detail::rows_of(*table, number);
    return json;
}

/// Reads the output of `to_json`; null becomes NaN.
/// @throws IoError if something is missing or the tables do not fit the coordinates.
[[nodiscard]] inline ConvexRegion convex_region_from_json(const JsonValue& json) {
    ConvexRegion region(json.at("x").to<std::vector<double>>(), json.at("y").to<std::vector<double>>());
    for (const auto& [name, value] : detail::region_numbers(region)) *value = json.at(name).number_or_nan();
    region.reaches_border = json.at("reaches_border").to<bool>();
    region.evaluated = json.at("evaluated").number<Index>(0, std::numeric_limits<Index>::max());
    for (const auto& [name, value] : detail::geometry_numbers(region.geometry))
        *value = json.at("geometry").at(name).number_or_nan();
    for (const auto& [name, table] : detail::region_flags(region))
        detail::read_rows(json.at(name), *table,
                          [](const JsonValue& flag) { return flag.number<std::uint8_t>(0, 1); });
    for (const auto& [name, table] : detail::region_tables(region))
        detail::read_rows(json.at(name), *table,
                          [](const JsonValue& value) { return value.number_or_nan(); });
    return region;
}

/// Writes `to_json` to a file atomically, for saving after each point.
/// @throws IoError if the file cannot be written.
inline void write_convex_region(const std::filesystem::path& path, const ConvexRegion& region) {
    write_json(path, to_json(region));
}

/// @throws IoError if the file cannot be read or does not contain a convex region.
[[nodiscard]] inline ConvexRegion load_convex_region(const std::filesystem::path& path) {
    const nlohmann::json json = load_json(path);
    return convex_region_from_json(JsonValue(json, path.string()));
}

}  // namespace vitscape
