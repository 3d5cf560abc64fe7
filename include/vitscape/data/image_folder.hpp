// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/image_codec.hpp>
#include <vitscape/data/image_files.hpp>
#include <vitscape/data/image_listing.hpp>

namespace vitscape {

/// Options of an `ImageFolder`.
using ImageFolderOptions = ImageFilesOptions;

namespace detail {

/// The files of a folder, as `ImageFiles` reads them.
class FolderFiles {
  public:
    FolderFiles(std::filesystem::path folder, ImageListing listing)
        : folder_(std::move(folder)), listing_(std::move(listing)) {}

    [[nodiscard]] std::size_t size() const { return listing_.files.size(); }
    [[nodiscard]] int label(std::size_t i) const { return listing_.files[i].label; }
    [[nodiscard]] std::string name(std::size_t i) const { return listing_.files[i].path.string(); }
    [[nodiscard]] const std::vector<std::string>& classes() const { return listing_.classes; }
    [[nodiscard]] std::string what() const { return message("image folder ", folder_.string()); }
    [[nodiscard]] ImageOutline outline(std::size_t i, Index max_pixels) const {
        return image_outline(listing_.files[i].path, max_pixels);
    }
    [[nodiscard]] std::vector<std::uint8_t> bytes(std::size_t i, Index max_pixels) const {
        return image_file_bytes(listing_.files[i].path, max_pixels);
    }

  private:
    std::filesystem::path folder_;
    ImageListing listing_;
};

}  // namespace detail

/// The JPEG and PNG files of a folder: `folder/<class>/<image>`, or `folder/<image>` without labels. Images beside class
/// folders belong to no class: they are counted in the log and not used.
///
/// Damaged files are logged, counted and skipped. The header and end of every file are checked first;
/// then a set whose decoded pixels fit into `cache_bytes` is decoded once by several threads. A larger set is
/// decoded at each `load`; damage that is only detected then is logged and counted too, and the next intact file of
/// the same class replaces the damaged one, so that a sample's image depends only on the files.
class ImageFolder : public detail::ImageFiles<ImageFolder, detail::FolderFiles> {
  public:
    /// @throws DataError for a folder that is missing or contains no images, for a class folder without
    ///         images, and if more than `broken_limit` of the files are damaged; ConfigError if this build
    ///         lacks the library for a format that occurs, and for a `max_pixels` below 1
    explicit ImageFolder(const std::filesystem::path& folder, const ImageFolderOptions& options = {})
        : ImageFiles(open(folder, checked(options)), options) {}

  private:
    static detail::FolderFiles open(const std::filesystem::path& folder, const ImageFolderOptions& options) {
        ImageListing listing = list_images(folder, options.limit_per_class);
        if (listing.beside_classes > 0)
            detail::log_line(options, message(listing.beside_classes, " images directly in ", folder.string(),
                                              " belong to no class folder and are not used"));
        return {folder, std::move(listing)};
    }
};

}  // namespace vitscape
