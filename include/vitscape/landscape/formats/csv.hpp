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
};

}  // namespace vitscape
