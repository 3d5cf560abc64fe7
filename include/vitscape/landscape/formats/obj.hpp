// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/file.hpp>
#include <vitscape/core/number_text.hpp>
#include <vitscape/landscape/surface_format.hpp>

namespace vitscape {

/// Wavefront's text of a mesh, for Blender and others: a vertex (x, y, loss) for each point with a finite loss, numbered row
/// by row, a face for each cell of the grid with four or three of them, counter-clockwise seen from above, and a line between
/// neighbours where the surface is one. Where points are missing there are holes.
struct ObjFormat {
    static constexpr std::array<std::string_view, 1> endings{".obj"};

    static void write(const std::filesystem::path& path, const Surface& surface,
                      const nlohmann::ordered_json& = nlohmann::ordered_json::object()) {
        const std::size_t rows = surface.y.size(), columns = surface.x.size();
        std::vector<std::size_t> above(columns), below(columns);  // numbers of the vertices, from 1; 0: none
        std::size_t vertices = 0;
        AtomicFile file(path);
        file.write("o loss\n");
        for (std::size_t row = 0; row < rows; ++row) {
            below.swap(above);
            std::string text;
            for (std::size_t column = 0; column < columns; ++column) {
                const double loss = surface.loss(row, column);
                above[column] = std::isfinite(loss) ? ++vertices : 0;
                if (above[column] != 0)
                    text += "v " + number_text(surface.x[column]) + ' ' + number_text(surface.y[row]) + ' ' +
                            number_text(loss) + '\n';
            }
            for (std::size_t column = 1; column < columns; ++column) {
                if (rows == 1)
                    append(text, 'l', {above[column - 1], above[column]}, 2);
                else if (row > 0)
                    append(text, 'f', {below[column - 1], below[column], above[column], above[column - 1]},
                           3);
            }
            if (columns == 1 && row > 0) append(text, 'l', {below[0], above[0]}, 2);
            file.write(text);
        }
        file.commit();
    }

  private:
    /// An element of those vertices that are there, if they are enough.
    static void append(std::string& text, char kind, const std::vector<std::size_t>& vertices,
                       std::size_t fewest) {
        std::string element;
        std::size_t count = 0;
        for (const std::size_t vertex : vertices) {
            if (vertex == 0) continue;
            element += ' ' + number_text(vertex);
            ++count;
        }
        if (count >= fewest) text += kind + element + '\n';
    }
};

}  // namespace vitscape
