// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <filesystem>
#include <string_view>

#include <vitscape/io/npy.hpp>
#include <vitscape/landscape/surface_format.hpp>

namespace vitscape {

/// NumPy's format: the loss alone, float64 of shape (y, x) or (z, y, x), NaN where it is not known; each further number of a surface in
/// the same form beside it, as PREFIX_NAME.npy.
struct NpyFormat {
    static constexpr std::array<std::string_view, 1> endings{".npy"};

    static void write(const std::filesystem::path& path, const Surface& surface,
                      const nlohmann::ordered_json& = nlohmann::ordered_json::object()) {
        for (const SurfaceNumber& number : surface.numbers)
            write_npy(surface_path(path.parent_path() / path.stem(), "_" + number.card.name + ".npy"),
                      number.values);
        write_npy(path, surface.loss);
    }
    static void write(const std::filesystem::path& path, const Volume& volume,
                      const nlohmann::ordered_json& = nlohmann::ordered_json::object()) {
        write_npy(path, volume.loss);
    }
};

}  // namespace vitscape
