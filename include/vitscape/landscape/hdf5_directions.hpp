// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/io/hdf5_reader.hpp>
#include <vitscape/io/hdf5_writer.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/tensor/vector.hpp>

/// Files of directions in the layout of Li et al.'s program (2018, https://github.com/tomgoldstein/loss-landscape): the groups
/// `xdirection` and `ydirection` hold the datasets `0`, `1`, … of a direction's parameters in the order of the layout, float32.
/// Not for two threads at once (io/hdf5.hpp).
namespace vitscape {

/// A training's way on the plane of two directions: the coordinates of its points, `proj_xcoord` and `proj_ycoord`, and the
/// shares of their variance that the directions explain, `explained_variance_ratio_`, if these are principal ones.
struct ProjectedTrajectory {
    std::vector<double> x, y;
    std::vector<double> explained_variance_ratio;
};

namespace detail {

/// "xdirection/3"
inline std::string hdf5_direction(std::size_t number, std::size_t parameter) {
    return message(number == 0 ? "xdirection/" : "ydirection/", parameter);
}

inline constexpr std::array trajectory_datasets{"proj_xcoord", "proj_ycoord", "explained_variance_ratio_"};

}  // namespace detail

/// Writes one or two directions, and a trajectory if it has points: then the file serves that program's `plot_2D.py` both as
/// --dir_file and as --proj_file.
/// @throws ShapeError if a direction does not fit the layout, or the trajectory's lists are not of one length; ConfigError for
///         three directions, or where this build has no HDF5; IoError if the file cannot be written
template <Backend B>
void write_hdf5_directions(const std::filesystem::path& path, const ParameterLayout& layout,
                           const std::vector<Vector<B>>& directions,
                           const ProjectedTrajectory& trajectory = {}) {
    if (directions.size() > 2)
        throw ConfigError(message("an HDF5 file of directions holds two, ", directions.size(),
                                  " were given; write a safetensors file"));
    if (trajectory.x.size() != trajectory.y.size())
        throw ShapeError(message("a trajectory has ", trajectory.x.size(), " coordinates x and ",
                                 trajectory.y.size(), " coordinates y"));
    Hdf5Writer writer;
    for (std::size_t number = 0; number < directions.size(); ++number) {
        const Vector<B>& direction = directions[number];
        if (direction.size() != layout.size())
            throw ShapeError(message("direction ", number, " has ", direction.size(),
                                     " elements, the model has ", layout.size(), " parameters"));
        std::vector<float> host(static_cast<std::size_t>(direction.size()));
        direction.backend().download(direction.size(), direction.data(), host.data());
        std::size_t position = 0;
        for (const ParameterInfo& parameter : layout.parameters())
            writer.add<float>(
                detail::hdf5_direction(number, position++), parameter.slot.shape,
                std::span<const float>(host).subspan(static_cast<std::size_t>(parameter.slot.offset),
                                                     static_cast<std::size_t>(parameter.size())));
    }
    const std::array lists{&trajectory.x, &trajectory.y, &trajectory.explained_variance_ratio};
    for (std::size_t i = 0; i < lists.size(); ++i)
        if (!lists[i]->empty())
            writer.add<double>(detail::trajectory_datasets[i], Shape{static_cast<Index>(lists[i]->size())},
                               *lists[i]);
    writer.write(path);
}

/// Reads the first `count` directions, which are not normalized again.
/// @throws ShapeError naming the dataset, the parameter and both shapes if one does not fit; IoError if one is missing, if
///         there are more than the model has parameters, or if the file cannot be read
template <Backend B>
[[nodiscard]] std::vector<Vector<Master<B>>> load_hdf5_directions(const B& backend,
                                                                  const std::filesystem::path& path,
                                                                  const ParameterLayout& layout,
                                                                  int count = 2) {
    const Hdf5Reader file = Hdf5Reader::load(path);
    const auto& parameters = layout.parameters();
    std::vector<Vector<Master<B>>> directions;
    if (count > 2) file.refuse("such a file holds two directions, ", count, " are needed");
    for (std::size_t number = 0; number < static_cast<std::size_t>(count); ++number) {
        if (const std::string more = detail::hdf5_direction(number, parameters.size()); file.contains(more))
            file.refuse("it holds '", more, "', but the model has ", parameters.size(),
                        " parameters; the directions belong to another architecture");
        Vector<Master<B>>& direction = directions.emplace_back(master(backend), layout.size());
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            const ParameterInfo& parameter = parameters[i];
            const std::string name = detail::hdf5_direction(number, i);
            if (!file.contains(name))
                file.refuse("it holds no '", name, "' for the model's parameter ", parameter.name);
            const Hdf5Numbers found = file.numbers(name);
            if (!(found.shape == parameter.slot.shape))
                throw ShapeError(message(path.string(), ": dataset ", name, " has shape ", found.shape,
                                         ", the model's parameter ", parameter.name, " has ",
                                         parameter.slot.shape));
            direction.backend().upload(parameter.size(), found.values.data(),
                                       direction.data() + parameter.slot.offset);
        }
    }
    return directions;
}

/// Reads a trajectory; its shares are empty where the file has none.
/// @throws IoError if the file cannot be read, has none, or its lists are not of one length
[[nodiscard]] inline ProjectedTrajectory load_hdf5_trajectory(const std::filesystem::path& path) {
    const Hdf5Reader file = Hdf5Reader::load(path);
    const auto& [x, y, shares] = detail::trajectory_datasets;
    ProjectedTrajectory trajectory{file.list(x), file.list(y), {}};
    if (trajectory.x.size() != trajectory.y.size())
        file.refuse("'", x, "' has ", trajectory.x.size(), " numbers, '", y, "' has ", trajectory.y.size());
    if (file.contains(shares)) trajectory.explained_variance_ratio = file.list(shares);
    return trajectory;
}

}  // namespace vitscape
