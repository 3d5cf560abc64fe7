// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/core/name_text.hpp>

namespace vitscape {

/// The names of the classes 0, 1, … in a text file, one a line; at most `most`, with 4096 bytes for each.
/// @throws DataError for a file that is empty, too long, or has an empty line between names or a name twice; IoError for one
///         that cannot be read
inline std::vector<std::string> read_class_names(const std::filesystem::path& path, std::size_t most) {
    const std::uintmax_t longest = std::uintmax_t{4096} * most;
    const auto refuse = [&](const auto&... why) {
        throw DataError(message("file ", path.string(), " ", why..., "; expected is a class's name a line"));
    };
    std::error_code ignored;
    if (const auto size = std::filesystem::file_size(path, ignored); !ignored && size > longest)
        refuse("has ", size, " bytes, more than the ", longest, " that ", most, " names need");
    std::vector<std::string> names;
    std::istringstream lines(read_text(path));
    for (std::string line; std::getline(lines, line);) {
        line.erase(line.find_last_not_of(" \t\r") + 1);
        names.push_back(name_text(line));
    }
    while (!names.empty() && names.back().empty()) names.pop_back();
    if (names.empty()) refuse("is empty");
    if (names.size() > most) refuse("has ", names.size(), " lines, labels are 0 to ", most - 1);
    std::set<std::string> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].empty()) refuse("has an empty line ", i + 1);
        if (!seen.insert(names[i]).second) refuse("has the name '", names[i], "' twice");
    }
    return names;
}

/// The names of classes that have none: "0", "1", …
inline std::vector<std::string> numbered_classes(std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
    return names;
}

}  // namespace vitscape
