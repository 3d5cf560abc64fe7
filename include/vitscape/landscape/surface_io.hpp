// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/core/json_value.hpp>
#include <vitscape/io/csv.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/io/npy.hpp>
#include <vitscape/landscape/mark.hpp>
#include <vitscape/landscape/surface.hpp>

namespace vitscape {

/// A surface and its metadata (model, data, seed, normalization, ...).
struct StoredSurface {
    Surface surface;
    nlohmann::ordered_json metadata = nlohmann::ordered_json::object();
};

/// Marks for the metadata of a surface: `name`, `x`, `y` of each, and its `source`, if it has one.
[[nodiscard]] inline nlohmann::ordered_json marks_json(const std::vector<Mark>& marks) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Mark& mark : marks) {
        nlohmann::ordered_json entry = {{"name", mark.name}, {"x", mark.x}, {"y", mark.y}};
        if (!mark.source.empty()) entry["source"] = mark.source;
        list.push_back(std::move(entry));
    }
    return list;
}

namespace detail {

/// The tables of a surface that lie on its grid, with their names in files.
template <class S>
auto surface_tables(S& surface) {
    return std::array{std::pair{"loss", &surface.loss}, std::pair{"standard_error", &surface.standard_error},
                      std::pair{"difference_standard_error", &surface.difference_standard_error}};
}

template <class G>
auto geometry_numbers(G& geometry) {
    return std::array{std::pair{"theta_norm", &geometry.theta_norm},
                      std::pair{"delta_norm", &geometry.delta_norm},
                      std::pair{"eta_norm", &geometry.eta_norm},
                      std::pair{"theta_dot_delta", &geometry.theta_dot_delta},
                      std::pair{"theta_dot_eta", &geometry.theta_dot_eta},
                      std::pair{"delta_dot_eta", &geometry.delta_dot_eta}};
}

/// A table as JSON with one row of the grid per line.
template <class Table, class Number>
std::string json_rows(const Table& table, const Number& number) {
    std::string text = "[";
    for (std::size_t row = 0; row < table.shape(0); ++row) {
        nlohmann::ordered_json line = nlohmann::ordered_json::array();
        for (std::size_t column = 0; column < table.shape(1); ++column)
            line.push_back(number(table(row, column)));
        text += (row == 0 ? "\n  " : ",\n  ") + line.dump();
    }
    return text + "\n ]";
}

/// @throws IoError if the rows do not have the table's shape, (y, x)
template <class Table, class Read>
void read_rows(const JsonValue& rows, Table& table, const Read& read) {
    if (rows.size() != table.shape(0))
        rows.refuse("has ", rows.size(), " rows, 'y' has ", table.shape(0), " numbers");
    for (std::size_t row = 0; row < table.shape(0); ++row) {
        const JsonValue numbers = rows.at(row);
        if (numbers.size() != table.shape(1))
            numbers.refuse("has ", numbers.size(), " numbers, 'x' has ", table.shape(1));
        for (std::size_t column = 0; column < table.shape(1); ++column)
            table(row, column) = read(numbers.at(column));
    }
}

}  // namespace detail

/// The surface as the text of a JSON file: `x`, `y`, and per point, with rows along y, `loss`,
/// `standard_error`, `difference_standard_error` and `computed`; also `samples`, `centre`, `geometry`
/// (PlaneGeometry) and `metadata`. Numbers are read back exactly; a non-finite one is null.
[[nodiscard]] inline std::string surface_json(const Surface& surface,
                                              const nlohmann::ordered_json& metadata) {
    nlohmann::ordered_json centre, geometry;
    centre["loss"] = surface.centre_loss;
    centre["standard_error"] = surface.centre_standard_error;
    for (const auto& [name, number] : detail::geometry_numbers(surface.geometry)) geometry[name] = *number;

    std::string text = "{\n \"metadata\": " + json_text(metadata) +
                       ",\n \"samples\": " + std::to_string(surface.samples) +
                       ",\n \"centre\": " + centre.dump() + ",\n \"geometry\": " + geometry.dump() +
                       ",\n \"x\": " + nlohmann::ordered_json(surface.x).dump() +
                       ",\n \"y\": " + nlohmann::ordered_json(surface.y).dump();
    for (const auto& [name, table] : detail::surface_tables(surface))
        text += std::string(",\n \"") + name +
                "\": " + detail::json_rows(*table, [](double number) { return number; });
    text += ",\n \"computed\": " +
            detail::json_rows(surface.computed, [](std::uint8_t flag) { return flag != 0; });
    return text + "\n}\n";
}

/// Path of one of a surface's files: the prefix with a suffix appended, whether or not it contains dots.
[[nodiscard]] inline std::filesystem::path surface_path(const std::filesystem::path& prefix,
                                                        std::string_view ending) {
    std::filesystem::path path = prefix;
    path += ending;
    return path;
}

/// Writes PREFIX.npy (the loss, (y, x)), PREFIX.csv (x, y, loss, standard_error, difference_standard_error;
/// the computed points, one per line) and PREFIX.json (`surface_json`), each atomically.
/// @throws IoError if a file cannot be written.
inline void write_surface(const std::filesystem::path& prefix, const Surface& surface,
                          const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
    CsvTable table{"x", "y", "loss", "standard_error", "difference_standard_error"};
    for (std::size_t row = 0; row < surface.y.size(); ++row)
        for (std::size_t column = 0; column < surface.x.size(); ++column)
            if (surface.computed(row, column) != 0)
                table.add_row(surface.x[column], surface.y[row], surface.loss(row, column),
                              surface.standard_error(row, column),
                              surface.difference_standard_error(row, column));
    write_npy(surface_path(prefix, ".npy"), surface.loss);
    table.write(surface_path(prefix, ".csv"));
    write_atomically(surface_path(prefix, ".json"), with_checksum(surface_json(surface, metadata)));
}

/// Reads the JSON file written by `write_surface`; null becomes NaN. In a file without `computed` (from another
/// program) a point counts as computed if its loss is a number.
/// @throws IoError if the file cannot be read or its tables do not fit its coordinates.
[[nodiscard]] inline StoredSurface load_surface(const std::filesystem::path& path) {
    const nlohmann::json content = load_json(path);
    const JsonValue json(content, path.string());
    StoredSurface stored;
    Surface& surface = stored.surface;
    surface = Surface(json.at("x").to<std::vector<double>>(), json.at("y").to<std::vector<double>>());
    if (surface.x.empty() || surface.y.empty()) json.refuse("is a surface without points");
    const auto number = [](const JsonValue& value) { return value.number_or_nan(); };
    for (const auto& [name, table] : detail::surface_tables(surface))
        detail::read_rows(json.at(name), *table, number);
    if (json.contains("computed"))
        detail::read_rows(json.at("computed"), surface.computed,
                          [](const JsonValue& value) { return static_cast<std::uint8_t>(value.to<bool>()); });
    else
        for (std::size_t row = 0; row < surface.y.size(); ++row)
            for (std::size_t column = 0; column < surface.x.size(); ++column)
                surface.computed(row, column) = std::isfinite(surface.loss(row, column)) ? 1 : 0;
    if (json.contains("samples"))
        surface.samples = json.at("samples").number<Index>(0, std::numeric_limits<Index>::max());
    if (json.contains("centre")) {
        surface.centre_loss = json.at("centre").at("loss").number_or_nan();
        surface.centre_standard_error = json.at("centre").at("standard_error").number_or_nan();
    }
    if (json.contains("geometry"))
        for (const auto& [name, value] : detail::geometry_numbers(surface.geometry))
            *value = json.at("geometry").at(name).number_or_nan();
    if (json.contains("metadata")) stored.metadata = json.at("metadata").json();
    return stored;
}

}  // namespace vitscape
