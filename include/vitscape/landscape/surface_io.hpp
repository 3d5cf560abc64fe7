// SPDX-License-Identifier: Apache-2.0
//
// The formats in which surfaces are written and read. A new one is a header in landscape/formats and a line here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <vitscape/landscape/formats/csv.hpp>
#include <vitscape/landscape/formats/hdf5.hpp>
#include <vitscape/landscape/formats/json.hpp>
#include <vitscape/landscape/formats/npy.hpp>
#include <vitscape/landscape/formats/obj.hpp>
#include <vitscape/landscape/formats/vtk.hpp>
#include <vitscape/landscape/mark.hpp>
#include <vitscape/landscape/surface_format.hpp>

namespace vitscape {

using AllSurfaceFormats = SurfaceFormats<JsonFormat, NpyFormat, CsvFormat, Hdf5Format, VtkFormat, ObjFormat>;

/// Marks for the metadata of a surface: `name`, `x`, `y` of each, and its `source`, if it has one.
[[nodiscard]] inline nlohmann::ordered_json marks_json(const std::vector<Mark>& marks) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Mark& mark : marks) {
        nlohmann::ordered_json entry = {{"name", mark.name}, {"x", mark.x}, {"y", mark.y}};
        if (!mark.source.empty()) entry["source"] = mark.source;
        list.push_back(std::move(entry));
    }
    return list;
}

/// Replaces the file `path` atomically by the surface, in the format of its ending: .json, .npy, .csv, .h5 or .hdf5, .vts,
/// .obj (landscape/formats). JSON and HDF5 hold all of it, and the metadata.
/// @throws ConfigError for another ending, or where this build lacks the library for it; IoError if the file cannot be written
inline void write_surface(const std::filesystem::path& path, const Surface& surface,
                          const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
    AllSurfaceFormats::write(path, surface, metadata);
}

/// Writes PREFIX.json, PREFIX.npy, … for the endings ".json", ".npy", …, one after the other.
/// @throws as `write_surface`, for any of the endings before the first file is written
inline void write_surfaces(const std::filesystem::path& prefix, const std::vector<std::string>& endings,
                           const Surface& surface,
                           const nlohmann::ordered_json& metadata = nlohmann::ordered_json::object()) {
    AllSurfaceFormats::write_all(prefix, endings, surface, metadata);
}

/// Reads a .json, .h5 or .hdf5 file that `write_surface` or another program wrote.
/// @throws IoError if the file cannot be read, is of another format, or its tables do not fit its coordinates; ConfigError
///         for an ending that no format has
[[nodiscard]] inline StoredSurface load_surface(const std::filesystem::path& path) {
    return AllSurfaceFormats::load(path);
}

}  // namespace vitscape
