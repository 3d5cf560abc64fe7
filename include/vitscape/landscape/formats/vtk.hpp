// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include <vitscape/io/vtk.hpp>
#include <vitscape/landscape/formats/json.hpp>
#include <vitscape/landscape/surface_format.hpp>

namespace vitscape {

/// VTK's structured grid, for ParaView: points (x, y, loss), and `loss`, `standard_error`, `difference_standard_error`, the
/// tables of each further number and `computed` on each. A point without a finite loss is hidden, so that there is a hole around it; it lies at the height of
/// the lowest loss, as a height that is no number would leave the picture without bounds. Its `loss` is NaN.
struct VtkFormat {
    static constexpr std::array<std::string_view, 1> endings{".vts"};

    static void write(const std::filesystem::path& path, const Surface& surface,
                      const nlohmann::ordered_json& = nlohmann::ordered_json::object()) {
        const double lowest = surface.range().first;
        std::vector<double> points;
        std::vector<std::uint8_t> hidden;
        points.reserve(3 * surface.loss.size());
        hidden.reserve(surface.loss.size());
        for (std::size_t row = 0; row < surface.y.size(); ++row)
            for (std::size_t column = 0; column < surface.x.size(); ++column) {
                const double loss = surface.loss(row, column);
                const bool known = std::isfinite(loss);
                points.insert(points.end(), {surface.x[column], surface.y[row],
                                             known                   ? loss
                                             : std::isfinite(lowest) ? lowest
                                                                     : 0});
                hidden.push_back(known ? 0 : VtkGrid::hidden);
            }
        VtkGrid sheet(surface.x.size(), surface.y.size(), 1, points);
        for (const auto& [name, table] : detail::surface_tables(surface))
            sheet.add<double>(name, std::span(table->data(), table->size()));
        sheet.add<std::uint8_t>("computed", std::span(surface.computed.data(), surface.computed.size()));
        sheet.add<std::uint8_t>("vtkGhostType", hidden);
        sheet.write(path);
    }
    /// A volume: points (x, y, z). One without a finite loss is hidden.
    static void write(const std::filesystem::path& path, const Volume& volume,
                      const nlohmann::ordered_json& = nlohmann::ordered_json::object()) {
        std::vector<double> points;
        points.reserve(3 * volume.loss.size());
        for (const double z : volume.z)
            for (const double y : volume.y)
                for (const double x : volume.x) points.insert(points.end(), {x, y, z});
        std::vector<std::uint8_t> hidden;
        hidden.reserve(volume.loss.size());
        for (const double loss : volume.loss) hidden.push_back(std::isfinite(loss) ? 0 : VtkGrid::hidden);
        VtkGrid grid(volume.x.size(), volume.y.size(), volume.z.size(), points);
        for (const auto& [name, table] : detail::surface_tables(volume))
            grid.add<double>(name, std::span(table->data(), table->size()));
        grid.add<std::uint8_t>("computed", std::span(volume.computed.data(), volume.computed.size()));
        grid.add<std::uint8_t>("vtkGhostType", hidden);
        grid.write(path);
    }
};

}  // namespace vitscape
