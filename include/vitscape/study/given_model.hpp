// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/number_text.hpp>
#include <vitscape/data/augmentation.hpp>
#include <vitscape/io/checkpoint.hpp>
#include <vitscape/io/checksum.hpp>
#include <vitscape/train/checkpointing.hpp>

namespace vitscape {

/// A model that a study did not train: one set of weights in a file, such as a published one. By name, size and checksum the
/// study knows it again when it is resumed; the weights are read when they are needed.
struct GivenModel {
    std::string file{};         ///< its name, without folders
    std::uintmax_t bytes = 0;   ///< its size
    std::string checksum{};     ///< of its bytes: "xxh3-64:" and 16 hexadecimal digits
    ImageTransform pixels{};    ///< side, mean and deviation of the images that it was made for
    std::string description{};  ///< what it was taken for, for readers; may be empty
    /// Of a classifier: which output of the file's head stands for each class of the study's images; empty: in their order.
    std::vector<std::int64_t> outputs{};
    std::function<Checkpoint()> open{};  ///< reads the file again

    /// The flat vector stored under `prefix`, with the outputs of a head in the order of the images' classes.
    /// @throws ShapeError, IoError as `Checkpoint::vector`
    [[nodiscard]] std::vector<float> weights(const Checkpoint& checkpoint, const ParameterLayout& layout,
                                             const std::string& prefix = "") const {
        std::vector<float> values = checkpoint.vector<float>(layout, prefix);
        if (outputs.empty()) return values;
        for (const char* name : {"head.weight", "head.bias"}) {  // (classes, width) and (classes)
            const ParameterInfo& head = *layout.find(name);
            const auto first = values.begin() + head.slot.offset;
            const std::vector<float> stored(first, first + head.size());
            const Index row = head.size() / static_cast<Index>(outputs.size());
            for (std::size_t i = 0; i < outputs.size(); ++i)
                std::copy_n(stored.begin() + outputs[i] * row, row, first + static_cast<Index>(i) * row);
        }
        return values;
    }
};

/// What is kept of it in a study's plan: where one of these changes, the study is another one.
[[nodiscard]] inline nlohmann::json describe(const GivenModel& given) {
    nlohmann::json description = {{"file", given.file}, {"bytes", given.bytes}, {"checksum", given.checksum}};
    if (!given.outputs.empty()) description["outputs"] = given.outputs;
    return description;
}

/// The model in the file `path`.
/// @param opened  what `open()` gives
/// @throws IoError if the file cannot be read
[[nodiscard]] inline GivenModel given_model(const std::filesystem::path& path, const Checkpoint& opened,
                                            std::function<Checkpoint()> open) {
    GivenModel given{.file = path.filename().string(), .open = std::move(open)};
    std::ifstream file(path, std::ios::binary);
    if (!file) throw IoError(message("cannot read ", path.string()));
    Checksum checksum;
    std::vector<char> part(std::size_t{1} << 20);
    while (file.read(part.data(), static_cast<std::streamsize>(part.size())) || file.gcount() > 0) {
        const auto count = static_cast<std::size_t>(file.gcount());
        checksum.update(std::as_bytes(std::span(part).first(count)));
        given.bytes += count;
    }
    given.checksum = std::string(checksum_mark) + checksum.digits();
    given.pixels = transform_from(opened.described().at("training").at("transform"));
    return given;
}

/// Whether two models read the same values of an image's pixels, to 1e-6.
[[nodiscard]] inline bool same_pixel_values(const ImageTransform& a, const ImageTransform& b) {
    const auto near = [](const std::array<float, 3>& one, const std::array<float, 3>& other) {
        return std::equal(one.begin(), one.end(), other.begin(),
                          [](float x, float y) { return std::abs(x - y) <= 1e-6F; });
    };
    return near(a.mean, b.mean) && near(a.standard_deviation, b.standard_deviation);
}
/// "pixels of mean 0.485, 0.456, 0.406 and deviation 0.229, 0.224, 0.225"
[[nodiscard]] inline std::string pixel_text(const ImageTransform& transform) {
    const auto list = [](const std::array<float, 3>& values) {
        return message(number_text(values[0]), ", ", number_text(values[1]), ", ", number_text(values[2]));
    };
    return message("pixels of mean ", list(transform.mean), " and deviation ",
                   list(transform.standard_deviation));
}

/// @param who  the contestant, for sentences.  @param study  what the study's images are turned into
/// @throws ConfigError if the model was made for other images
inline void require_same_images(const std::string& who, const GivenModel& given,
                                const ImageTransform& study) {
    if (given.pixels.side != study.side)
        throw ConfigError(message(who, " (", given.file, ") reads images of ", given.pixels.side,
                                  " pixels, the study has ", study.side,
                                  "; all contestants need images of one size"));
    if (!same_pixel_values(given.pixels, study))
        throw ConfigError(message(who, " (", given.file, ") reads ", pixel_text(given.pixels),
                                  ", the study has ", pixel_text(study),
                                  "; all contestants need the same mean and deviation"));
}

}  // namespace vitscape
