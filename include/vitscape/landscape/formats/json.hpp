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

#include <vitscape/core/fields.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/core/json_value.hpp>
#include <vitscape/core/measured_number.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/landscape/number_name.hpp>
#include <vitscape/landscape/surface.hpp>
#include <vitscape/landscape/surface_format.hpp>
#include <vitscape/landscape/volume.hpp>

namespace vitscape {

namespace detail {

/// The table of a number's errors in files: "accuracy_top1_standard_error", "eigenvalue_max_bound".
inline std::string error_table(const NumberCard& card) {
    return card.name + "_" + std::string(name_of(card.error));
}

/// The tables of a surface or volume that lie on its grid, with their names in files: those of the loss, then those of each number.
template <class S>
auto surface_tables(S& surface) {
    std::vector<std::pair<std::string, decltype(&surface.loss)>> tables{
        {"loss", &surface.loss},
        {"standard_error", &surface.standard_error},
        {"difference_standard_error", &surface.difference_standard_error}};
    for (auto& number : surface.numbers) {
        tables.emplace_back(number.card.name, &number.values);
        if (number.card.error != NumberError::none)
            tables.emplace_back(error_table(number.card), &number.errors);
    }
    return tables;
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

/// The same of a volume, with those of the third direction.
template <class G>
requires requires(G& geometry) { geometry.zeta_norm; }
auto geometry_numbers(G& geometry) {
    const auto plane = geometry_numbers(geometry.plane);
    return std::array{plane[0],
                      plane[1],
                      plane[2],
                      plane[3],
                      plane[4],
                      plane[5],
                      std::pair{"zeta_norm", &geometry.zeta_norm},
                      std::pair{"theta_dot_zeta", &geometry.theta_dot_zeta},
                      std::pair{"delta_dot_zeta", &geometry.delta_dot_zeta},
                      std::pair{"eta_dot_zeta", &geometry.eta_dot_zeta}};
}

/// What the file of a surface or volume says beside its tables: `metadata`, `samples`, `centre`, `geometry` and, where there are
/// any, `numbers`.
template <class G>
nlohmann::ordered_json surface_description(const G& surface, const nlohmann::ordered_json& metadata) {
    nlohmann::ordered_json centre, geometry;
    centre["loss"] = surface.centre_loss;
    centre["standard_error"] = surface.centre_standard_error;
    for (const auto& [name, number] : geometry_numbers(surface.geometry)) geometry[name] = *number;
    nlohmann::ordered_json description;
    description["metadata"] = metadata;
    description["samples"] = surface.samples;
    description["centre"] = std::move(centre);
    description["geometry"] = std::move(geometry);
    for (const auto& number : surface.numbers)
        description["numbers"].push_back({{"name", number.card.name},
                                          {"label", number.card.label},
                                          {"meaning", number.card.meaning},
                                          {"error", std::string(name_of(number.card.error))},
                                          {"centre", number.centre.value},
                                          {"centre_error", number.centre.error}});
    return description;
}

/// Reads a card of `numbers`, and the number at the centre. @throws IoError naming what is wrong
template <std::size_t Rank>
GridNumber<Rank> read_number(const JsonValue& json) {
    GridNumber<Rank> number{
        .card = {.name = json.at("name").to<std::string>(),
                 .label = json.at("label").to<std::string>(),
                 .meaning = json.at("meaning").to<std::string>()},
        .centre = {json.at("centre").number_or_nan(), json.at("centre_error").number_or_nan()}};
    if (!is_number_name(number.card.name)) json.at("name").refuse("is no name that a number can have");
    const auto kind = json.at("error").to<std::string>();
    for (const auto& [name, error] : enumerators(NumberError{}))
        if (name == kind) number.card.error = error;
    if (name_of(number.card.error) != kind) json.at("error").refuse("is no kind of error");
    return number;
}

/// Reads what `surface_description` gives but the numbers, as far as it is there. @throws IoError naming what is of another type
template <class G>
void read_description(const JsonValue& json, G& surface, nlohmann::ordered_json& metadata) {
    if (json.contains("samples"))
        surface.samples = json.at("samples").number<Index>(0, std::numeric_limits<Index>::max());
    if (json.contains("centre")) {
        surface.centre_loss = json.at("centre").at("loss").number_or_nan();
        surface.centre_standard_error = json.at("centre").at("standard_error").number_or_nan();
    }
    if (json.contains("geometry"))
        for (const auto& [name, value] : geometry_numbers(surface.geometry))
            *value = json.at("geometry").at(name).number_or_nan();
    if (json.contains("metadata")) metadata = json.at("metadata").json();
}
/// Reads the `numbers` of a surface or volume, whose tables stay empty. @throws IoError naming what is wrong
template <std::size_t Rank>
void read_number_cards(const JsonValue& json, std::vector<GridNumber<Rank>>& numbers) {
    if (!json.contains("numbers")) return;
    for (std::size_t i = 0; i < json.at("numbers").size(); ++i) {
        const JsonValue card = json.at("numbers").at(i);
        numbers.push_back(read_number<Rank>(card));
        for (std::size_t k = 0; k < i; ++k)
            if (numbers[k].card.name == numbers[i].card.name)
                card.at("name").refuse("is that of two numbers");
    }
}
inline void read_description(const JsonValue& json, StoredSurface& stored) {
    read_description(json, stored.surface, stored.metadata);
    read_number_cards(json, stored.surface.numbers);
}

/// Fills the tables of the numbers, one by one, so that none is made before there is a table in the file to fill it with.
/// @param read  called as read(name, table)
template <class G, class Read>
void read_numbers(G& surface, const Read& read) {
    for (auto& number : surface.numbers) {
        const MeasuredNumber centre = number.centre;
        number = std::remove_cvref_t<decltype(number)>::of(std::move(number.card), surface.loss);
        number.centre = centre;
        read(number.card.name, number.values);
        if (number.card.error != NumberError::none) read(error_table(number.card), number.errors);
    }
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
/// `standard_error`, `difference_standard_error`, the tables of each further number and `computed`; also `samples`, `centre`,
/// `geometry` (PlaneGeometry), `numbers`, where there are any, and `metadata`. Numbers are read back exactly; a non-finite one is null.
[[nodiscard]] inline std::string surface_json(const Surface& surface,
                                              const nlohmann::ordered_json& metadata) {
    std::string text;
    const auto add = [&](std::string_view name, const std::string& value) {
        text += message(text.empty() ? "{\n \"" : ",\n \"", name, "\": ", value);
    };
    const nlohmann::ordered_json description = detail::surface_description(surface, metadata);
    for (const auto& [name, value] : description.items()) add(name, json_text(value));
    add("x", nlohmann::ordered_json(surface.x).dump());
    add("y", nlohmann::ordered_json(surface.y).dump());
    for (const auto& [name, table] : detail::surface_tables(surface))
        add(name, detail::json_rows(*table, [](double number) { return number; }));
    add("computed", detail::json_rows(surface.computed, [](std::uint8_t flag) { return flag != 0; }));
    return text + "\n}\n";
}

/// A volume as the text of a JSON file: as a surface's, with `z`, and tables that are a list of the layers along z.
[[nodiscard]] inline std::string volume_json(const Volume& volume, const nlohmann::ordered_json& metadata) {
    std::string text;
    const auto add = [&](std::string_view name, const std::string& value) {
        text += message(text.empty() ? "{\n \"" : ",\n \"", name, "\": ", value);
    };
    const nlohmann::ordered_json description = detail::surface_description(volume, metadata);
    for (const auto& [name, value] : description.items()) add(name, json_text(value));
    for (const auto& [name, axis] :
         {std::pair("x", &volume.x), std::pair("y", &volume.y), std::pair("z", &volume.z)})
        add(name, nlohmann::ordered_json(*axis).dump());
    std::vector<Surface> layers;
    for (std::size_t k = 0; k < volume.z.size(); ++k) layers.push_back(volume.slice(k));
    const auto add_layers = [&](std::string_view name, const auto& rows) {
        std::string list = "[";
        for (const Surface& layer : layers) list += (list.size() == 1 ? "\n " : ",\n ") + rows(layer);
        add(name, list + "\n ]");
    };
    for (std::size_t table = 0; table < detail::surface_tables(volume).size(); ++table)
        add_layers(detail::surface_tables(volume)[table].first, [&](const Surface& layer) {
            return detail::json_rows(*detail::surface_tables(layer)[table].second,
                                     [](double number) { return number; });
        });
    add_layers("computed", [&](const Surface& layer) {
        return detail::json_rows(layer.computed, [](std::uint8_t flag) { return flag != 0; });
    });
    return text + "\n}\n";
}

/// JSON with everything that a surface has (`surface_json`), and the file's checksum.
struct JsonFormat {
    static constexpr std::array<std::string_view, 1> endings{".json"};

    static void write(const std::filesystem::path& path, const Surface& surface,
                      const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
        write_atomically(path, with_checksum(surface_json(surface, metadata)));
    }
    static void write(const std::filesystem::path& path, const Volume& volume,
                      const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
        write_atomically(path, with_checksum(volume_json(volume, metadata)));
    }

    /// Null becomes NaN. In a file without `computed` (from another program) a point counts as computed if its loss is a
    /// number.
    /// @throws IoError if the file cannot be read or its tables do not fit its coordinates.
    [[nodiscard]] static StoredSurface load(const std::filesystem::path& path) {
        const nlohmann::json content = load_json(path);
        const JsonValue json(content, path.string());
        StoredSurface stored;
        Surface& surface = stored.surface;
        surface = Surface(json.at("x").to<std::vector<double>>(), json.at("y").to<std::vector<double>>());
        if (surface.x.empty() || surface.y.empty()) json.refuse("is a surface without points");
        const auto number = [](const JsonValue& value) { return value.number_or_nan(); };
        for (const auto& [name, table] : detail::surface_tables(surface))
            detail::read_rows(json.at(name), *table, number);
        detail::read_description(json, stored);
        detail::read_numbers(surface, [&](const std::string& name, auto& table) {
            detail::read_rows(json.at(name), table, number);
        });
        if (json.contains("computed"))
            detail::read_rows(json.at("computed"), surface.computed, [](const JsonValue& value) {
                return static_cast<std::uint8_t>(value.to<bool>());
            });
        else
            for (std::size_t row = 0; row < surface.y.size(); ++row)
                for (std::size_t column = 0; column < surface.x.size(); ++column)
                    surface.computed(row, column) = std::isfinite(surface.loss(row, column)) ? 1 : 0;
        return stored;
    }
};

}  // namespace vitscape
