// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <unordered_set>

#include <vitscape/data/dataset.hpp>

namespace vitscape {

/// A file that is an image of both datasets, by its canonical path, so that links are followed; none for datasets whose
/// names of images are not files.
template <Dataset A, Dataset B>
[[nodiscard]] std::optional<std::string> shared_image(const A& images, const B& held_out) {
    const auto path_of = [](const auto& dataset, std::size_t i) {
        std::error_code missing;
        const std::filesystem::path path = std::filesystem::canonical(dataset.name(i), missing);
        return missing ? std::string() : path.string();
    };
    if (images.size() == 0 || held_out.size() == 0 || path_of(held_out, 0).empty()) return std::nullopt;
    std::unordered_set<std::string> known;
    for (std::size_t i = 0; i < images.size(); ++i) known.insert(path_of(images, i));
    known.erase("");
    for (std::size_t i = 0; i < held_out.size(); ++i)
        if (known.contains(path_of(held_out, i))) return held_out.name(i);
    return std::nullopt;
}

}  // namespace vitscape
