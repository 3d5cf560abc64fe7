// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/io/csv.hpp>
#include <vitscape/landscape/formats/json.hpp>
#include <vitscape/landscape/surface_format.hpp>

namespace vitscape {

/// A table of x, y, loss, standard_error, difference_standard_error and the tables of each further number: the computed
/// points, one per line.
struct CsvFormat {
    static constexpr std::array<std::string_view, 1> endings{".csv"};

    static void write(const std::filesystem::path& path, const Surface& surface,
                      const nlohmann::ordered_json& = nlohmann::ordered_json::object()) {
        const auto tables = detail::surface_tables(surface);
        std::vector<std::string> columns{"x", "y"};
        for (const auto& [name, numbers] : tables) columns.push_back(name);
        CsvTable table{columns};
        std::vector<double> cells(columns.size());
        for (std::size_t row = 0; row < surface.y.size(); ++row)
            for (std::size_t column = 0; column < surface.x.size(); ++column) {
                if (surface.computed(row, column) == 0) continue;
                cells[0] = surface.x[column];
                cells[1] = surface.y[row];
                for (std::size_t i = 0; i < tables.size(); ++i)
                    cells[2 + i] = (*tables[i].second)(row, column);
                table.add_numbers(cells);
            }
        table.write(path);
    }
    /// With z behind y.
    static void write(const std::filesystem::path& path, const Volume& volume,
                      const nlohmann::ordered_json& = nlohmann::ordered_json::object()) {
        const auto tables = detail::surface_tables(volume);
        std::vector<std::string> columns{"x", "y", "z"};
        for (const auto& [name, numbers] : tables) columns.push_back(name);
        CsvTable table{columns};
        std::vector<double> cells(columns.size());
        for (std::size_t k = 0; k < volume.z.size(); ++k)
            for (std::size_t j = 0; j < volume.y.size(); ++j)
                for (std::size_t i = 0; i < volume.x.size(); ++i) {
                    if (volume.computed(k, j, i) == 0) continue;
                    cells[0] = volume.x[i];
                    cells[1] = volume.y[j];
                    cells[2] = volume.z[k];
                    for (std::size_t n = 0; n < tables.size(); ++n)
                        cells[3 + n] = (*tables[n].second)(k, j, i);
                    table.add_numbers(cells);
                }
        table.write(path);
    }
};

}  // namespace vitscape
