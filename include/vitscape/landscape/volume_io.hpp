// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/json_value.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/landscape/surface_io.hpp>
#include <vitscape/landscape/volume.hpp>

namespace vitscape {

/// A volume and its metadata.
struct StoredVolume {
    Volume volume;
    nlohmann::ordered_json metadata = nlohmann::ordered_json::object();
};

/// Replaces the file `path` atomically by the volume, in the format of its ending: .json, .npy, .csv, .h5 or .hdf5, .vts.
/// @throws ConfigError for another ending, or where this build lacks the library for it; IoError if the file cannot be written
inline void write_volume(const std::filesystem::path& path, const Volume& volume,
                         const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
    AllSurfaceFormats::write(path, volume, metadata);
}
/// Writes PREFIX.json, PREFIX.npy, … for the endings ".json", ".npy", …, one after the other.
/// @throws as `write_volume`, for any of the endings before the first file is written
inline void write_volumes(const std::filesystem::path& prefix, const std::vector<std::string>& endings,
                          const Volume& volume,
                          const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
    AllSurfaceFormats::write_all(prefix, endings, volume, metadata);
}

/// Reads a .json file that `write_volume` wrote. Null becomes NaN.
/// @throws IoError if the file cannot be read, is no volume, or its tables do not fit its coordinates
[[nodiscard]] inline StoredVolume load_volume(const std::filesystem::path& path) {
    const nlohmann::json content = load_json(path);
    const JsonValue json(content, path.string());
    if (!json.contains("z")) json.refuse("is no volume: it has no coordinates 'z'");
    StoredVolume stored;
    Volume& volume = stored.volume;
    std::vector<double> axes[3];
    std::size_t points = 1;
    for (std::size_t i = 0; i < 3; ++i) {
        axes[i] = json.at(std::string(1, "xyz"[i])).to<std::vector<double>>();
        points *= axes[i].size();
    }
    if (points == 0) json.refuse("is a volume without points");
    // Each table is in the file, so a volume is not larger than some times its size.
    const JsonValue losses = json.at("loss");
    if (losses.size() != axes[2].size() || losses.at(0).size() != axes[1].size() ||
        losses.at(0).at(0).size() != axes[0].size())
        losses.refuse("is not as large as the coordinates say");
    volume = Volume(axes[0], axes[1], axes[2]);
    for (std::size_t k = 0; k < volume.z.size(); ++k) {
        Surface layer(volume.x, volume.y);
        for (const auto& [name, table] : detail::surface_tables(layer)) {
            const JsonValue layers = json.at(name);
            if (layers.size() != volume.z.size())
                layers.refuse("has ", layers.size(), " layers, 'z' has ", volume.z.size(), " numbers");
            detail::read_rows(layers.at(k), *table,
                              [](const JsonValue& value) { return value.number_or_nan(); });
        }
        detail::read_rows(json.at("computed").at(k), layer.computed,
                          [](const JsonValue& value) { return static_cast<std::uint8_t>(value.to<bool>()); });
        volume.set_slice(k, layer);
    }
    detail::read_description(json, volume, stored.metadata);
    detail::read_number_cards(json, volume.numbers);
    detail::read_numbers(volume, [&](const std::string& name, auto& table) {
        const JsonValue layers = json.at(name);
        if (layers.size() != volume.z.size())
            layers.refuse("has ", layers.size(), " layers, 'z' has ", volume.z.size(), " numbers");
        for (std::size_t k = 0; k < volume.z.size(); ++k) {
            xt::xtensor<double, 2> layer(std::array{volume.y.size(), volume.x.size()});
            detail::read_rows(layers.at(k), layer,
                              [](const JsonValue& value) { return value.number_or_nan(); });
            for (std::size_t j = 0; j < volume.y.size(); ++j)
                for (std::size_t i = 0; i < volume.x.size(); ++i) table(k, j, i) = layer(j, i);
        }
    });
    return stored;
}

}  // namespace vitscape
