// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/io/safetensors.hpp>
#include <vitscape/io/safetensors_writer.hpp>
#include <vitscape/landscape/hdf5_directions.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// Writes directions as applied to the model, i.e. after normalization: tensor "k.<parameter>" for direction k
/// (0: x, 1: y), in the backend's number type; a file whose name ends in .h5 or .hdf5 by `write_hdf5_directions`.
/// @throws ShapeError if a direction does not fit the layout; IoError if the file cannot be written; ConfigError where this
///         build has no HDF5.
template <Backend B>
void write_directions(const std::filesystem::path& path, const ParameterLayout& layout,
                      const std::vector<Vector<B>>& directions) {
    if (is_hdf5_ending(path.extension().string())) {
        write_hdf5_directions(path, layout, directions);
        return;
    }
    SafeTensorsWriter writer;
    for (std::size_t number = 0; number < directions.size(); ++number) {
        const Vector<B>& direction = directions[number];
        if (direction.size() != layout.size())
            throw ShapeError(message("direction ", number, " has ", direction.size(),
                                     " elements, the model has ", layout.size(), " parameters"));
        std::vector<typename B::Storage> host(static_cast<std::size_t>(direction.size()));
        direction.backend().download(direction.size(), direction.data(), host.data());
        for (const ParameterInfo& parameter : layout.parameters()) {
            const auto begin = host.begin() + parameter.slot.offset;
            writer.add(message(number, ".", parameter.name), parameter.slot.shape,
                       std::vector<typename B::Storage>(begin, begin + parameter.size()));
        }
    }
    writer.set_metadata("content", "directions after normalization");
    writer.write(path);
}

namespace detail {

template <Backend B>
std::vector<Vector<Master<B>>> load_safetensors_directions(const B& backend,
                                                           const std::filesystem::path& path,
                                                           const ParameterLayout& layout, int count) {
    const SafeTensors file = SafeTensors::load(path);
    for (int number = 0; number < count; ++number) {
        const std::string prefix = message(number, ".");
        for (const ParameterInfo& parameter : layout.parameters()) {
            const SafeTensor tensor = file.at(prefix + parameter.name);
            if (!(tensor.shape == parameter.slot.shape))
                throw ShapeError(message(path.string(), ": tensor ", tensor.name, " has shape ", tensor.shape,
                                         ", the model's parameter has ", parameter.slot.shape));
        }
        for (const std::string& name : file.names())
            if (name.starts_with(prefix) && layout.find(name.substr(prefix.size())) == nullptr)
                throw IoError(message(path.string(), ": the model has no parameter for the tensor ", name,
                                      "; the directions belong to another architecture"));
    }
    std::vector<Vector<Master<B>>> directions;
    for (int number = 0; number < count; ++number) {
        Vector<Master<B>>& direction = directions.emplace_back(master(backend), layout.size());
        for (const ParameterInfo& parameter : layout.parameters()) {
            const auto values = file.at(message(number, ".", parameter.name)).template to<double>();
            direction.backend().upload(parameter.size(), values.data(),
                                       direction.data() + parameter.slot.offset);
        }
    }
    return directions;
}

}  // namespace detail

/// Reads the first `count` directions of a file written by `write_directions` or another program. They are not
/// normalized again.
/// @throws ShapeError naming the tensor and both shapes if one does not fit; IoError if one is missing,
///         does not belong to any parameter of the model, or is not finite; ConfigError where this build has no HDF5.
template <Backend B>
[[nodiscard]] std::vector<Vector<Master<B>>> load_directions(const B& backend,
                                                             const std::filesystem::path& path,
                                                             const ParameterLayout& layout, int count = 2) {
    std::vector<Vector<Master<B>>> directions =
        is_hdf5_ending(path.extension().string())
            ? load_hdf5_directions(backend, path, layout, count)
            : detail::load_safetensors_directions(backend, path, layout, count);
    for (std::size_t number = 0; number < directions.size(); ++number)
        if (!std::isfinite(norm(directions[number])))
            throw IoError(
                message(path.string(), ": direction ", number, " has elements that are not finite"));
    return directions;
}

}  // namespace vitscape
