// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/data/image.hpp>
#include <vitscape/data/image_codec.hpp>
#include <vitscape/data/image_listing.hpp>
#include <vitscape/data/parallel.hpp>

namespace vitscape {

/// Options of an `ImageFolder`.
struct ImageFolderOptions {
    std::size_t limit_per_class = 0;  ///< maximum number of files per class, in name order; 0: all
    std::size_t cache_bytes = std::size_t{1} << 30;  ///< sets that fit are decoded once and kept
    Index max_pixels = default_max_pixels;           ///< a file with more pixels counts as damaged
    double broken_limit = 0.01;                      ///< fraction of damaged files above which it is an error
    std::size_t threads = 0;                        ///< for checking and decoding in advance; 0: one per core
    std::function<void(const std::string&)> log{};  ///< called once per line; if unset, lines go to std::clog
    /// Called with "checking images" or "decoding images", the number of files done and the total; never
    /// concurrently.
    std::function<void(std::string_view, std::size_t, std::size_t)> progress{};
};

/// The JPEG and PNG files of a folder: `folder/<class>/<image>`, or `folder/<image>` without labels.
///
/// Damaged files are logged, counted and skipped. The header and end of every file are checked first;
/// then a set whose decoded pixels fit into `cache_bytes` is decoded once by several threads. A larger set is
/// decoded at each `load`; damage that is only detected then is logged and counted too, and the next intact file of
/// the same class replaces the damaged one, so that a sample's image depends only on the files.
class ImageFolder : public DatasetViews<ImageFolder> {
  public:
    /// @throws DataError for a folder that is missing or contains no images, for a class folder without
    ///         images, and if more than `broken_limit` of the files are damaged; ConfigError if this build
    ///         lacks the library for a format that occurs, and for a `max_pixels` below 1
    explicit ImageFolder(const std::filesystem::path& folder, ImageFolderOptions options = {})
        : state_(std::make_shared<State>()) {
        state_->folder = folder;
        state_->options = std::move(options);
        if (state_->options.max_pixels < 1)
            throw ConfigError(
                message("max_pixels is at least 1, ", state_->options.max_pixels, " was given"));
        ImageListing listing = list_images(folder, state_->options.limit_per_class);
        state_->files = std::move(listing.files);
        state_->classes = std::move(listing.classes);
        state_->listed = state_->files.size();
        if (listing.beside_classes > 0)
            log(message(listing.beside_classes, " images directly in ", folder.string(),
                        " belong to no class folder and are not used"));
        const std::size_t decoded_bytes = check_files();
        if (decoded_bytes <= state_->options.cache_bytes) decode_files();
        if (state_->files.empty())
            throw DataError(message("no image in the folder ", folder.string(), " can be decoded"));
    }

    [[nodiscard]] std::size_t size() const { return state_->files.size(); }
    [[nodiscard]] int label(std::size_t i) const { return state_->files[i].label; }
    [[nodiscard]] const std::vector<std::string>& classes() const { return state_->classes; }
    [[nodiscard]] std::string name(std::size_t i) const { return state_->files[i].path.string(); }

    /// @throws DataError if more than `broken_limit` of the files, or all files of a class, turn out to be
    /// damaged.
    [[nodiscard]] Image load(std::size_t i) const {
        if (is_cached()) return state_->cache[i].image;
        return first_intact(i, [this](const std::filesystem::path& path) {
            return read_image(path, state_->options.max_pixels);
        });
    }

    /// The image of sample `i`, reduced as `choose` says for its size if it is a JPEG file. A reduced image is decoded each
    /// time, even if the whole image is kept in memory: it is not the same as that image resized, and pixels must not depend on
    /// what fits into the memory. @throws DataError as `load`
    [[nodiscard]] ReducedImage load_reduced(std::size_t i, const ReductionChoice& choose) const {
        if (is_cached()) {
            const auto& [whole, format] = state_->cache[i];
            if (format != ImageFormat::jpeg || choose(whole.width, whole.height) == 1)
                return detail::not_reduced(whole);
        }
        return first_intact(i, [&](const std::filesystem::path& path) {
            return read_image_reduced(path, choose, state_->options.max_pixels);
        });
    }

    /// Whether the decoded images are kept in memory.
    [[nodiscard]] bool is_cached() const { return !state_->cache.empty(); }

    /// Number of damaged files found so far.
    [[nodiscard]] std::size_t broken_count() const {
        const std::scoped_lock lock(state_->mutex);
        return state_->left_out + state_->broken.size();
    }

  private:
    struct Decoded {
        Image image{};
        ImageFormat format = ImageFormat::unknown;
    };
    struct State {
        std::filesystem::path folder{};
        ImageFolderOptions options{};
        std::vector<ImageListing::File> files{};  // grouped by class
        std::vector<std::string> classes{};
        std::vector<Decoded> cache{};  // as `files`, or empty
        std::size_t listed = 0;        // files before any was skipped
        std::size_t left_out = 0;
        std::mutex mutex{};
        std::set<std::size_t> broken{};  // found by load
    };

    void log(const std::string& line) const {
        if (state_->options.log)
            state_->options.log(line);
        else
            std::clog << line + '\n';
    }

    /// Calls `work(i)` for all files, which returns a reason for skipping file i or an empty string; then
    /// removes the skipped files in order.
    template <class Work>
    void sieve(std::string_view stage, const Work& work) {
        std::vector<std::string> reasons(state_->files.size());
        const auto report = [&](std::size_t done) {
            if (state_->options.progress) state_->options.progress(stage, done, reasons.size());
        };
        detail::parallel_for(
            reasons.size(), state_->options.threads, [&](std::size_t i) { reasons[i] = work(i); }, report);
        std::size_t kept = 0;
        for (std::size_t i = 0; i < reasons.size(); ++i) {
            if (!reasons[i].empty()) {
                log(message("skipped: ", reasons[i]));
                continue;
            }
            if (kept != i) state_->files[kept] = std::move(state_->files[i]);
            if (kept != i && !state_->cache.empty()) state_->cache[kept] = std::move(state_->cache[i]);
            ++kept;
        }
        state_->left_out += reasons.size() - kept;
        state_->files.resize(kept);
        if (!state_->cache.empty()) state_->cache.resize(kept);
        require_few_broken(state_->left_out);
    }

    /// Checks headers and ends. Returns the size in bytes of the decoded images.
    std::size_t check_files() {
        std::vector<std::size_t> bytes(state_->files.size());
        sieve("checking images", [&](std::size_t i) {
            const ImageOutline outline = image_outline(state_->files[i].path, state_->options.max_pixels);
            // If the outline is inconclusive, decoding decides: there are complete files with long trailers. A
            // build that lacks the library reports that here and not an hour later.
            const bool doubtful = outline.width == 0 || !outline.ends_properly || !can_decode(outline.format);
            std::string reason = doubtful ? decoding_failure(state_->files[i].path) : std::string();
            bytes[i] = reason.empty() ? static_cast<std::size_t>(outline.width * outline.height * 3) : 0;
            return reason;
        });
        std::size_t total = 0;
        for (const std::size_t count : bytes) total += count;
        return total;
    }

    void decode_files() {
        state_->cache.resize(state_->files.size());
        sieve("decoding images",
              [&](std::size_t i) { return decoding_failure(state_->files[i].path, &state_->cache[i]); });
    }

    [[nodiscard]] std::string decoding_failure(const std::filesystem::path& path,
                                               Decoded* target = nullptr) const {
        try {
            const std::vector<std::uint8_t> bytes = detail::image_file_bytes(path);
            Image image = decode_image(bytes, path.string(), state_->options.max_pixels);
            if (target != nullptr) *target = {std::move(image), image_format(bytes)};
            return {};
        } catch (const DataError& error) {
            return error.what();
        }
    }

    /// What `read` returns for the file of sample `i`, or for the next of its class that is not damaged.
    template <class Read>
    [[nodiscard]] std::invoke_result_t<const Read&, const std::filesystem::path&> first_intact(
        std::size_t i, const Read& read) const {
        const auto& files = state_->files;
        std::size_t candidate = i;
        do {
            try {
                return read(files[candidate].path);
            } catch (const DataError& error) {
                note_broken(candidate, error.what());
            }
            candidate = next_of_class(candidate);
        } while (candidate != i);
        throw DataError(message("no image of the class of ", name(i), " can be decoded"));
    }

    [[nodiscard]] std::size_t next_of_class(std::size_t i) const {
        const auto& files = state_->files;
        if (i + 1 < files.size() && files[i + 1].label == files[i].label) return i + 1;
        while (i > 0 && files[i - 1].label == files[i].label) --i;
        return i;
    }

    void note_broken(std::size_t i, const std::string& reason) const {
        const std::scoped_lock lock(state_->mutex);
        if (!state_->broken.insert(i).second) return;
        log(message("replaced by the next image of its class: ", reason));
        require_few_broken(state_->left_out + state_->broken.size());
    }

    void require_few_broken(std::size_t count) const {
        if (static_cast<double>(count) > state_->options.broken_limit * static_cast<double>(state_->listed))
            throw DataError(message(count, " of ", state_->listed, " files in image folder ",
                                    state_->folder.string(), " are damaged, more than ",
                                    100.0 * state_->options.broken_limit,
                                    " %; the log names them: repair or remove them"));
    }

    std::shared_ptr<State> state_;
};

}  // namespace vitscape
