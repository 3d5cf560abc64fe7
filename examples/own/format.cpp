// SPDX-License-Identifier: Apache-2.0
//
// A user-defined format of surfaces: the grid of numbers of ESRI's ASCII raster, which programs for maps read.
// prints: valley.asc: 6 rows, ncols 4
// prints: beside it valley.json, read back: 12 points
// prints: no format of surfaces has the ending '.png'; known are .json, .asc
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>

#include <vitscape/vitscape.hpp>

using namespace vitscape;

struct AsciiRaster {
    static constexpr std::array<std::string_view, 1> endings{".asc"};

    static void write(const std::filesystem::path& path, const Surface& surface,
                      const nlohmann::ordered_json&) {
        std::string text =
            message("ncols ", surface.columns(), "\nnrows ", surface.rows(), "\nNODATA_value -9999\n");
        for (Index row = surface.rows() - 1; row >= 0; --row) {  // from north to south
            for (Index column = 0; column < surface.columns(); ++column) {
                const double loss =
                    surface.loss(static_cast<std::size_t>(row), static_cast<std::size_t>(column));
                text += message(column == 0 ? "" : " ", std::isfinite(loss) ? loss : -9999);
            }
            text += '\n';
        }
        write_atomically(path, text);
    }
};
static_assert(SurfaceFormat<AsciiRaster>);

int main() {
    Surface valley({-1, 0, 1, 2}, {0, 1, 2});
    for (std::size_t row = 0; row < 3; ++row)
        for (std::size_t column = 0; column < 4; ++column) {
            valley.loss(row, column) = valley.x[column] * valley.x[column] + 0.5;
            valley.computed(row, column) = 1;
        }
    using Formats = SurfaceFormats<JsonFormat, AsciiRaster>;
    Formats::write_all("valley", {".asc", ".json"}, valley, {{"seed", 1}});
    const std::string text = read_text("valley.asc");
    std::cout << "valley.asc: " << std::count(text.begin(), text.end(), '\n') << " rows, "
              << text.substr(0, text.find('\n')) << '\n';
    std::cout << "beside it valley.json, read back: "
              << Formats::load("valley.json").surface.computed_points() << " points\n";
    try {
        Formats::write("valley.png", valley);
    } catch (const ConfigError& error) {
        std::cout << error.what() << '\n';
    }
}
