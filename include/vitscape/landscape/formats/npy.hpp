// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <filesystem>
#include <string_view>

#include <vitscape/io/npy.hpp>
#include <vitscape/landscape/surface_format.hpp>

namespace vitscape {

/// NumPy's format: the loss alone, float64 of shape (y, x) or (z, y, x), NaN where it is not known; each further number in the same form
/// beside it, as PREFIX_NAME.npy.
struct NpyFormat {
    static constexpr std::array<std::string_view, 1> endings{".npy"};

    static void write(const std::filesystem::path& path, const Surface& surface,
                      const nlohmann::ordered_json& = nlohmann::ordered_json::object()) {
        write_all(path, surface);
    }
    static void write(const std::filesystem::path& path, const Volume& volume,
                      const nlohmann::ordered_json& = nlohmann::ordered_json::object()) {
        write_all(path, volume);
    }

  private:
    template <class G>
    static void write_all(const std::filesystem::path& path, const G& grid) {
        for (const auto& number : grid.numbers)
            write_npy(surface_path(path.parent_path() / path.stem(), "_" + number.card.name + ".npy"),
                      number.values);
        write_npy(path, grid.loss);
    }
};

}  // namespace vitscape
