// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/json_value.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/io/safetensors.hpp>
#include <vitscape/io/safetensors_writer.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/nn/parameter_layout.hpp>

namespace vitscape {

/// A flat vector in a checkpoint: its parameters are stored as `prefix` + name ("" for the model itself).
template <class T>
struct CheckpointVector {
    std::string prefix;
    std::span<const T> values;
};

/// Writes the description of the checkpoint `path` to a .json file next to it, for human readers.
/// @throws IoError if it cannot be written.
inline void write_description(const std::filesystem::path& path, const nlohmann::json& description) {
    write_json(std::filesystem::path(path).replace_extension(".json"), description);
}

/// Writes a checkpoint: every parameter of every vector under the reference's names, the fixed tensors, and
/// `description` as the metadata entry "vitscape", so that the file is self-contained. The description is also written
/// to a .json file next to it, for human readers. The file is replaced atomically.
/// @throws IoError if it cannot be written; an older checkpoint at `path` is unchanged.
template <class T>
void write_checkpoint(const std::filesystem::path& path, const ParameterLayout& layout,
                      const std::vector<FixedTensor>& fixed, const std::vector<CheckpointVector<T>>& vectors,
                      const nlohmann::json& description) {
    SafeTensorsWriter writer;
    for (const CheckpointVector<T>& vector : vectors)
        for (const ParameterInfo& parameter : layout.parameters())
            writer.add(vector.prefix + parameter.name, parameter.slot.shape,
                       vector.values.subspan(static_cast<std::size_t>(parameter.slot.offset),
                                             static_cast<std::size_t>(parameter.size())));
    for (const FixedTensor& tensor : fixed)
        writer.add(tensor.name, tensor.shape, std::vector<T>(tensor.values.begin(), tensor.values.end()));
    writer.set_metadata("vitscape", json_text(description));
    writer.write(path);
    write_description(path, description);
}

/// A loaded checkpoint: tensors and description.
class Checkpoint {
  public:
    /// @throws IoError if the file cannot be read, is damaged, or was not written by `write_checkpoint`.
    static Checkpoint load(const std::filesystem::path& path) {
        Checkpoint checkpoint{SafeTensors::load(path)};
        const auto entry = checkpoint.file_.metadata().find("vitscape");
        if (entry == checkpoint.file_.metadata().end())
            throw IoError(message(path.string(),
                                  " is a safetensors file but not a vitscape checkpoint: its metadata has no "
                                  "entry 'vitscape' that describes the model"));
        try {
            checkpoint.description_ = detail::parse_shallow_json(entry->second, path.string());
        } catch (const nlohmann::json::exception& error) {
            throw IoError(
                message(path.string(), ": the description of the model is not JSON: ", error.what()));
        }
        return checkpoint;
    }

    [[nodiscard]] const nlohmann::json& description() const { return description_; }
    /// The description for reading: errors name the file and the key.
    [[nodiscard]] JsonValue described() const { return {description_, file_.origin()}; }
    [[nodiscard]] const SafeTensors& tensors() const { return file_; }

    /// The flat vector stored under `prefix`.
    /// @throws ShapeError for a tensor of another shape, naming it and both shapes; IoError for one that is
    /// missing.
    template <class T>
    [[nodiscard]] std::vector<T> vector(const ParameterLayout& layout, const std::string& prefix = "") const {
        std::vector<T> values(static_cast<std::size_t>(layout.size()));
        for (const ParameterInfo& parameter : layout.parameters()) {
            const SafeTensor tensor = file_.at(prefix + parameter.name);
            if (tensor.shape != parameter.slot.shape)
                throw ShapeError(message(file_.origin(), " is a checkpoint of another architecture: tensor ",
                                         prefix + parameter.name, " has shape ", tensor.shape,
                                         ", the model needs ", parameter.slot.shape));
            const std::vector<T> numbers = tensor.to<T>();
            if (!prefix.starts_with("optimizer."))  // whose squares may overflow
                for (const T number : numbers)
                    if (!std::isfinite(static_cast<double>(number)))
                        throw IoError(message(file_.origin(), ": the parameter ", prefix + parameter.name,
                                              " has numbers that are not finite; the training that wrote it "
                                              "diverged, or the file is damaged. Use an earlier checkpoint"));
            std::copy(numbers.begin(), numbers.end(), values.begin() + parameter.slot.offset);
        }
        return values;
    }

  private:
    explicit Checkpoint(SafeTensors file) : file_(std::move(file)) {}

    SafeTensors file_;
    nlohmann::json description_;
};

}  // namespace vitscape
