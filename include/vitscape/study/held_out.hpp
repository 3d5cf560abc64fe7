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

namespace detail {

/// The canonical path of a file, or of what an archive holds, `images.tar/cats/1.jpg`; empty where there is no such file.
inline std::string canonical_path(const std::string& name) {
    std::error_code missing;
    std::filesystem::path file = name, inside;
    while (!std::filesystem::exists(file, missing) && file.has_parent_path() && file != file.parent_path()) {
        inside = inside.empty() ? file.filename() : file.filename() / inside;
        file = file.parent_path();
    }
    if (!std::filesystem::is_regular_file(file, missing)) return {};
    const std::filesystem::path path = std::filesystem::canonical(file, missing);
    return inside.empty() ? path.string() : (path / inside).string();
}

}  // namespace detail

/// An image of both datasets, by the canonical path of its file, so that links are followed, or by that of its archive; none
/// for datasets whose names of images are not files.
template <Dataset A, Dataset B>
[[nodiscard]] std::optional<std::string> shared_image(const A& images, const B& held_out) {
    const auto path_of = [](const auto& dataset, std::size_t i) {
        return detail::canonical_path(dataset.name(i));
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
