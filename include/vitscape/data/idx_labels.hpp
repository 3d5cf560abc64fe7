// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/data/class_names.hpp>

namespace vitscape::detail {

/// What the labels of idx files mean: the names of the classes, and the class of each label, -1 where it has none.
struct IdxLabels {
    std::vector<std::string> classes{};
    std::array<int, 256> class_of{};
    std::filesystem::path file{};  ///< that says so; empty if none does
};

/// The classes are called as the labels are, 0, 1, …
inline IdxLabels idx_labels(std::vector<std::string> names) {
    IdxLabels labels{.classes = std::move(names)};
    for (std::size_t i = 0; i < labels.class_of.size(); ++i)
        labels.class_of[i] = i < labels.classes.size() ? static_cast<int>(i) : -1;
    return labels;
}

/// EMNIST's table (Cohen, Afshar, Tapson, van Schaik 2017), a line for each class: its label and the ASCII codes of its
/// characters, as in "1 65 97" for "Aa". Classes are counted in the order of the lines, so that letters, whose labels are 1 to
/// 26, are the classes 0 to 25.
/// @throws DataError for lines of another form, and a label or a class that is there twice; IoError for a file that cannot be
///         read
inline IdxLabels read_idx_mapping(const std::filesystem::path& path) {
    constexpr std::uintmax_t longest = 1 << 16;
    std::error_code ignored;
    const auto refuse = [&](const auto&... why) {
        throw DataError(message("file ", path.string(), " ", why...,
                                "; expected is a line for each class, its label (0 to 255) and the ASCII "
                                "codes of its characters"));
    };
    if (const auto size = std::filesystem::file_size(path, ignored); !ignored && size > longest)
        refuse("has ", size, " bytes, more than 256 lines need");
    IdxLabels labels{.file = path};
    labels.class_of.fill(-1);
    std::istringstream lines(read_text(path));
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        std::istringstream words(line);
        unsigned label = 0, code = 0;
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        if (!(words >> label) || label > 255) refuse("has no label in line ", number);
        std::string name;
        while (words >> code) {
            if (code < '!' || code > '~') refuse("has the code ", code, " in line ", number);
            name += static_cast<char>(code);
        }
        if (name.empty() || !words.eof()) refuse("has no codes in line ", number);
        if (labels.class_of[label] >= 0) refuse("has the label ", label, " twice");
        if (std::count(labels.classes.begin(), labels.classes.end(), name) > 0)
            refuse("has the class '", name, "' twice");
        labels.class_of[label] = static_cast<int>(labels.classes.size());
        labels.classes.push_back(std::move(name));
    }
    if (labels.classes.empty()) refuse("is empty");
    return labels;
}

}  // namespace vitscape::detail
