// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/name_text.hpp>

namespace vitscape {

/// The image files in a folder, before any is opened. Classes and the files of each are sorted by name;
/// the files of a class are contiguous.
struct ImageListing {
    struct File {
        std::filesystem::path path;
        int label = -1;  ///< index into `classes`, -1 without classes
    };
    std::vector<File> files{};
    std::vector<std::string> classes{};  ///< the folders' names, in UTF-8 by `name_text`
    std::size_t beside_classes = 0;      ///< pictures that lie next to the class folders and belong to none
};

namespace detail {

struct FolderEntries {
    std::vector<std::filesystem::path> folders{};
    std::vector<std::filesystem::path> images{};
};

/// Names are only a first filter (a folder also contains lists and notes); the bytes determine what a file is.
inline bool has_image_name(const std::filesystem::path& path) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

/// The entries of a folder, sorted by name; names that start with a dot are ignored.
inline FolderEntries folder_entries(const std::filesystem::path& folder) {
    namespace fs = std::filesystem;
    FolderEntries entries;
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const fs::path& path = entry->path();
        std::error_code unreadable;  // a dangling link is neither
        if (path.filename().string().front() == '.') continue;
        if (entry->is_directory(unreadable)) entries.folders.push_back(path);
        if (entry->is_regular_file(unreadable) && has_image_name(path)) entries.images.push_back(path);
    }
    if (error)
        throw DataError(message("image folder ", folder.string(), " cannot be read: ", error.message()));
    const auto by_name = [](const fs::path& a, const fs::path& b) { return a.filename() < b.filename(); };
    std::sort(entries.folders.begin(), entries.folders.end(), by_name);
    std::sort(entries.images.begin(), entries.images.end(), by_name);
    return entries;
}

}  // namespace detail

/// Lists `folder/<class>/<image>`, or `folder/<image>` without labels if there are no sub-folders.
///
/// @param limit_per_class  maximum number of files per class (of the whole set without classes); 0: all
/// @throws DataError for a folder that is missing, not a folder or without images, and for a class without
/// images
inline ImageListing list_images(const std::filesystem::path& folder, std::size_t limit_per_class = 0) {
    std::error_code error;
    if (!std::filesystem::exists(folder, error))
        throw DataError(message("image folder ", folder.string(), " does not exist"));
    if (!std::filesystem::is_directory(folder, error))
        throw DataError(message("image folder ", folder.string(),
                                " is not a folder; give the folder that holds one "
                                "sub-folder for each class"));
    ImageListing listing;
    const auto add = [&](const std::vector<std::filesystem::path>& images, int label) {
        const std::size_t count =
            limit_per_class == 0 ? images.size() : std::min(limit_per_class, images.size());
        for (std::size_t i = 0; i < count; ++i) listing.files.push_back({images[i], label});
    };
    const detail::FolderEntries top = detail::folder_entries(folder);
    if (top.folders.empty()) {
        if (top.images.empty())
            throw DataError(
                message("image folder ", folder.string(),
                        " is empty: it contains neither class folders nor .jpg, .jpeg or .png files"));
        add(top.images, -1);
        return listing;
    }
    listing.beside_classes = top.images.size();
    for (const auto& class_folder : top.folders) {
        const detail::FolderEntries inside = detail::folder_entries(class_folder);
        if (inside.images.empty())
            throw DataError(
                message("class folder ", class_folder.string(), " holds no .jpg, .jpeg or .png files",
                        inside.folders.empty()
                            ? "; remove it or add some"
                            : message(" but folders; if those are the classes, give this folder itself")));
        add(inside.images, static_cast<int>(listing.classes.size()));
        listing.classes.push_back(name_text(class_folder.filename().native()));
    }
    return listing;
}

}  // namespace vitscape
