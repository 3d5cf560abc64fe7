// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string_view>

#include <vitscape/io/csv.hpp>
#include <vitscape/landscape/surface_format.hpp>

namespace vitscape {

/// A table of x, y, loss, standard_error and difference_standard_error: the computed points, one per line.
struct CsvFormat {
    static constexpr std::array<std::string_view, 1> endings{".csv"};

    static void write(const std::filesystem::path& path, const Surface& surface,
                      const nlohmann::ordered_json& = nlohmann::ordered_json::object()) {
        CsvTable table{"x", "y", "loss", "standard_error", "difference_standard_error"};
        for (std::size_t row = 0; row < surface.y.size(); ++row)
            for (std::size_t column = 0; column < surface.x.size(); ++column)
                if (surface.computed(row, column) != 0)
                    table.add_row(surface.x[column], surface.y[row], surface.loss(row, column),
                                  surface.standard_error(row, column),
                                  surface.difference_standard_error(row, column));
        table.write(path);
    }
    /// With z behind y.
    static void write(const std::filesystem::path& path, const Volume& volume,
                      const nlohmann::ordered_json& = nlohmann::ordered_json::object()) {
        CsvTable table{"x", "y", "z", "loss", "standard_error", "difference_standard_error"};
        for (std::size_t k = 0; k < volume.z.size(); ++k)
            for (std::size_t j = 0; j < volume.y.size(); ++j)
                for (std::size_t i = 0; i < volume.x.size(); ++i)
                    if (volume.computed(k, j, i) != 0)
                        table.add_row(volume.x[i], volume.y[j], volume.z[k], volume.loss(k, j, i),
                                      volume.standard_error(k, j, i),
                                      volume.difference_standard_error(k, j, i));
        table.write(path);
    }
};

}  // namespace vitscape
