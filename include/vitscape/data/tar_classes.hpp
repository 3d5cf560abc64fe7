// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/name_text.hpp>
#include <vitscape/data/class_names.hpp>
#include <vitscape/data/tar_index.hpp>

namespace vitscape::detail {

/// The folder part of a member's name, without the "/" behind it.
inline std::string_view folder_part(std::string_view name) {
    const std::size_t slash = name.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
}

/// The folders that both names lie in.
inline std::string_view common_folder(std::string_view a, std::string_view b) {
    const auto same = static_cast<std::size_t>(
        std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())),
                      b.begin())
            .first -
        a.begin());
    const auto ends = [same](std::string_view name) { return name.size() == same || name[same] == '/'; };
    return ends(a) && ends(b) ? a.substr(0, same) : folder_part(a.substr(0, same));
}

/// Classes by label files: all images have one. They are called as `classes.txt` beside the archives says, or by their numbers.
inline std::vector<std::string> numbered_tar_classes(const std::vector<TarIndex>& archives,
                                                     const std::vector<std::filesystem::path>& files) {
    int highest = -1;
    for (std::size_t a = 0; a < archives.size(); ++a)
        for (const TarIndex::Image& image : archives[a].images) {
            if (image.label < 0)
                throw DataError(
                    message("tar archive ", files[a].string(), ": ", name_text(archives[a].name(image)),
                            " has no label in a .cls or .json file, and other images have; expected ",
                            "is one for all or for none"));
            highest = std::max(highest, image.label);
        }
    const auto count = static_cast<std::size_t>(highest) + 1;
    const std::filesystem::path names = files.front().parent_path() / "classes.txt";
    std::error_code ignored;
    if (!std::filesystem::exists(names, ignored)) return numbered_classes(count);
    std::vector<std::string> classes = read_class_names(names, most_tar_classes);
    if (classes.size() < count)
        throw DataError(message("file ", names.string(), " has ", classes.size(), " names, the labels reach ",
                                highest, "; expected is a class's name a line, beginning with that of 0"));
    return classes;
}

/// Classes by folders: those side by side in the folder that all images have in common. Sets the labels; images beside the
/// folders keep -1. @throws DataError for folders in such a folder
inline std::vector<std::string> folder_tar_classes(std::vector<TarIndex>& archives,
                                                   const std::vector<std::filesystem::path>& files) {
    std::string_view root;
    bool first = true;
    for (const TarIndex& archive : archives)
        for (const TarIndex::Image& image : archive.images) {
            const std::string_view folder = folder_part(archive.name(image));
            root = first ? folder : common_folder(root, folder);
            first = false;
        }
    const auto below_root = [root](std::string_view name) {
        const std::string_view folder = folder_part(name);
        return folder.substr(std::min(folder.size(), root.empty() ? 0 : root.size() + 1));
    };
    std::map<std::string, int, std::less<>> labels;
    for (std::size_t a = 0; a < archives.size(); ++a)
        for (const TarIndex::Image& image : archives[a].images) {
            const std::string_view name = archives[a].name(image), folder = below_root(name);
            if (const std::size_t slash = folder.find('/'); slash != std::string_view::npos) {
                const std::size_t begin = root.empty() ? 0 : root.size() + 1;
                throw DataError(
                    message("tar archive ", files[a].string(), " holds ", name_text(name),
                            ", in a folder of a folder; expected is a folder for each class: give ",
                            "the one that holds them, as in tar:", files[a].string(), "/",
                            name_text(name.substr(0, begin + slash))));
            }
            if (!folder.empty()) labels.emplace(folder, 0);
        }
    std::vector<std::string> classes;
    for (auto& [folder, label] : labels) {
        label = static_cast<int>(classes.size());
        classes.push_back(name_text(folder));
    }
    for (TarIndex& archive : archives)
        for (TarIndex::Image& image : archive.images)
            if (const auto found = labels.find(below_root(archive.name(image))); found != labels.end())
                image.label = found->second;
    return classes;
}

}  // namespace vitscape::detail
