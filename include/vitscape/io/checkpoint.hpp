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
#include <vitscape/nn/transfer.hpp>

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

namespace detail {
/// The side of the square of patches of positions (1, 1 + side * side, width); 0 for another shape.
inline Index position_side(const Shape& shape) {
    if (shape.rank() != 3 || shape[1] < 2) return 0;
    const auto side = static_cast<Index>(std::lround(std::sqrt(static_cast<double>(shape[1] - 1))));
    return 1 + side * side == shape[1] ? side : 0;
}
}  // namespace detail

/// A loaded checkpoint: tensors and description.
class Checkpoint {
  public:
    /// @throws IoError if the file cannot be read, is damaged, or was not written by `write_checkpoint`.
    static Checkpoint load(const std::filesystem::path& path) { return from(SafeTensors::load(path)); }
    /// The same of a file that was read. @throws IoError
    static Checkpoint from(SafeTensors file) {
        Checkpoint checkpoint{std::move(file)};
        const std::string& origin = checkpoint.file_.origin();
        const auto entry = checkpoint.file_.metadata().find("vitscape");
        if (entry == checkpoint.file_.metadata().end())
            throw IoError(message(origin,
                                  " is a safetensors file but not a vitscape checkpoint: its metadata has no "
                                  "entry 'vitscape' that describes the model"));
        try {
            checkpoint.description_ = detail::parse_shallow_json(entry->second, origin);
        } catch (const nlohmann::json::exception& error) {
            throw IoError(message(origin, ": the description of the model is not JSON: ", error.what()));
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

    /// Gives `method` the fixed tensors that are stored instead of its own, which may be others.
    /// @throws ShapeError if they do not fit
    /// @param resize  for a start from a model of images of another size: positions are interpolated to the method's
    template <class M>
    void give_fixed_tensors(M& method, bool resize = false) const {
        if constexpr (requires { method.take_fixed_tensors(std::span<const FixedTensor>{}); }) {
            std::vector<FixedTensor> stored;
            for (const FixedTensor& own : method.fixed_tensors()) {
                if (!file_.contains(own.name)) continue;
                FixedTensor one{own.name, file_.at(own.name).shape, file_.at(own.name).to<double>()};
                const Index from = resize ? detail::position_side(one.shape) : 0,
                            to = detail::position_side(own.shape);
                if (from > 0 && to > 0 && from != to && one.shape[2] == own.shape[2])
                    one = {own.name, own.shape,
                           interpolate_positions<double>(one.values, own.shape[2], from, to)};
                stored.push_back(std::move(one));
            }
            method.take_fixed_tensors(stored);
        }
    }

  private:
    explicit Checkpoint(SafeTensors file) : file_(std::move(file)) {}

    SafeTensors file_;
    nlohmann::json description_;
};

/// Copies the parameters that a checkpoint has by name, such as an encoder's into a classifier; a head of other classes is left.
/// @param prefix  of the tensors, "teacher." or none.  @param to  of the length of the layout
/// @throws ShapeError, before anything is copied, if another parameter has another shape or none is shared; IoError for damage
template <class T>
TransferRecord transfer(const Checkpoint& from, const std::string& prefix, const ParameterLayout& layout,
                        std::vector<T>& to) {
    const SafeTensors& file = from.tensors();
    TransferRecord record;
    for (const ParameterInfo& parameter : layout.parameters()) {
        const bool there = file.contains(prefix + parameter.name);
        const Shape shape = there ? file.at(prefix + parameter.name).shape : Shape{};
        if (!there || (parameter.name.starts_with("head.") && shape != parameter.slot.shape)) {
            record.kept.push_back(parameter.name);
            continue;
        }
        if (shape != parameter.slot.shape)
            throw ShapeError(message("the parameter '", parameter.name, "' has the shape ", shape, " in ",
                                     file.origin(), ", the new model needs ", parameter.slot.shape,
                                     "; both need an encoder of the same size"));
        record.taken.push_back(parameter.name);
    }
    if (record.taken.empty())
        throw ShapeError(message(file.origin(),
                                 " shares no parameter by name with the new model, so nothing can be "
                                 "transferred"));
    for (const std::string& name : record.taken) {
        const std::vector<T> values = file.at(prefix + name).to<T>();
        std::copy(values.begin(), values.end(), to.begin() + layout.find(name)->slot.offset);
    }
    return record;
}

}  // namespace vitscape
