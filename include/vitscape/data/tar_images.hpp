// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <istream>
#include <numeric>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/name_text.hpp>
#include <vitscape/data/file_part.hpp>
#include <vitscape/data/image_codec.hpp>
#include <vitscape/data/image_files.hpp>
#include <vitscape/data/parallel.hpp>
#include <vitscape/data/tar_archives.hpp>
#include <vitscape/data/tar_classes.hpp>
#include <vitscape/data/tar_index.hpp>

namespace vitscape {

namespace detail {

/// The images of tar archives, as `ImageFiles` reads them. An archive is opened for each: there may be more of them than a
/// process may have open.
class TarFiles {
  public:
    TarFiles(const std::string& archives, const ImageFilesOptions& options) : what_(archives) {
        const TarArchives found = find_tar_archives(archives);
        paths_ = found.files;
        index_.resize(paths_.size());
        parallel_for(
            paths_.size(), options.threads,
            [&](std::size_t a) { index_[a] = TarIndexer(paths_[a], found.inside).read(); },
            [&](std::size_t done) {
                if (options.progress && paths_.size() > 1)
                    options.progress("reading archives", done, paths_.size());
            });
        report(options);
        const bool labelled = std::any_of(index_.begin(), index_.end(), [](const TarIndex& archive) {
            return std::any_of(archive.images.begin(), archive.images.end(),
                               [](const TarIndex::Image& image) { return image.label >= 0; });
        });
        classes_ = labelled ? numbered_tar_classes(index_, paths_) : folder_tar_classes(index_, paths_);
        choose(options);
        if (samples_.empty())
            throw DataError(message(what(), " holds no .jpg, .jpeg or .png files",
                                    found.inside.empty() ? "" : message(" in a folder ", found.inside)));
    }

    [[nodiscard]] std::size_t size() const { return samples_.size(); }
    [[nodiscard]] int label(std::size_t i) const { return image(i).label; }
    [[nodiscard]] const std::vector<std::string>& classes() const { return classes_; }
    [[nodiscard]] std::string what() const { return message("tar archive ", what_); }
    [[nodiscard]] std::string name(std::size_t i) const {
        const auto& [archive, at] = samples_[i];
        return message(paths_[archive].string(), "/", name_text(index_[archive].name(image(i))));
    }
    [[nodiscard]] ImageOutline outline(std::size_t i, Index max_pixels) const {
        const RandomFile file(paths_[samples_[i].archive]);
        FilePartBuffer buffer(file, image(i).offset, image(i).size);
        std::istream stream(&buffer);
        return image_outline(stream, max_pixels);
    }
    [[nodiscard]] std::vector<std::uint8_t> bytes(std::size_t i, Index max_pixels) const {
        const TarIndex::Image& found = image(i);
        if (const auto refusal = bytes_refusal(found.size, max_pixels); !refusal.empty())
            throw DataError(message("file ", name(i), " cannot be decoded: ", refusal));
        std::vector<std::uint8_t> bytes(static_cast<std::size_t>(found.size));
        const RandomFile file(paths_[samples_[i].archive]);
        if (file.read(found.offset, std::as_writable_bytes(std::span(bytes))) < bytes.size())
            throw DataError(
                message("file ", name(i), " is cut off; its archive was changed since it was opened"));
        return bytes;
    }

  private:
    struct Sample {
        std::uint32_t archive = 0;
        std::uint32_t image = 0;
    };

    [[nodiscard]] const TarIndex::Image& image(std::size_t i) const {
        return index_[samples_[i].archive].images[samples_[i].image];
    }

    void report(const ImageFilesOptions& options) const {
        std::size_t links = 0, alone = 0, beside = 0;
        for (std::size_t a = 0; a < index_.size(); ++a) {
            links += index_[a].links;
            alone += index_[a].labels_alone;
            beside += index_[a].beside;
            if (!index_[a].ends_properly)
                log_line(options, message("tar archive ", paths_[a].string(),
                                          " has no end mark: it may have been cut off while it was written"));
        }
        if (links > 0)
            log_line(options, message(links, " links and other members of ", what(),
                                      " that are no files are not used"));
        if (alone > 0)
            log_line(options,
                     message(alone, " labels in ", what(), " have no JPEG or PNG image and are not used"));
        if (beside > 0)
            log_line(options, message(beside, " images in ", what(),
                                      " lie beside the image of their sample and are not used"));
    }

    /// All images, or those of the classes up to the limit, in the order of the archives.
    void choose(const ImageFilesOptions& options) {
        std::size_t beside = 0;
        std::unordered_map<int, std::size_t> taken;
        for (std::size_t a = 0; a < index_.size(); ++a)
            for (std::size_t i = 0; i < index_[a].images.size(); ++i) {
                const int label = index_[a].images[i].label;
                if (label < 0 && !classes_.empty()) {
                    ++beside;
                    continue;
                }
                if (options.limit_per_class != 0 && taken[label]++ >= options.limit_per_class) continue;
                samples_.push_back({static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(i)});
            }
        if (beside > 0)
            log_line(options, message(beside, " images beside the class folders of ", what(),
                                      " belong to no class and are not used"));
    }

    std::string what_;
    std::vector<std::filesystem::path> paths_{};
    std::vector<TarIndex> index_{};  // as `paths_`
    std::vector<Sample> samples_{};
    std::vector<std::string> classes_{};
};

}  // namespace detail

/// The JPEG and PNG files of tar archives, read where they lie: `tar:FILE`, `tar:FOLDER` for all its `.tar` files, or
/// `tar:shard-{000..010}.tar`; `tar:FILE/FOLDER` takes the images below a folder of the archive. The headers are read once;
/// then an image is one `pread`, in any order and by any thread. Nothing is unpacked to the disk.
///
/// As WebDataset has it, members with one name up to its first dot, one behind the other, are a sample: `a.jpg` and `a.cls`, the
/// number of its class, or `a.json` with `label`. A file `classes.txt` beside the archives, a name a line, names these classes.
/// Of several images of a sample the one without a further dot is taken. An archive without such labels has a class for each
/// folder in the folder that all its images have in common, or no labels where there are no folders; images beside class
/// folders are not used, as in an `ImageFolder`. Damaged images are treated as there.
///
/// Packed archives are refused: a gzip stream can only be read from its beginning.
class TarImages : public detail::ImageFiles<TarImages, detail::TarFiles> {
  public:
    /// @throws DataError for archives that are missing, packed, damaged or without images, for labels that are no numbers or
    ///         are missing for some images, and if more than `broken_limit` of the images are damaged; IoError where a file
    ///         cannot be read; ConfigError if this build lacks libarchive or the library for an image's format, and where the
    ///         index does not fit into the memory
    explicit TarImages(const std::string& archives, const ImageFilesOptions& options = {})
        : ImageFiles(detail::TarFiles(archives, checked(options)), options) {}
};

}  // namespace vitscape
