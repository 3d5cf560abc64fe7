// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/data/image.hpp>
#include <vitscape/data/image_codec.hpp>
#include <vitscape/data/parallel.hpp>

namespace vitscape {

/// Options of the datasets that decode JPEG and PNG files: `ImageFolder`, `TarImages`.
struct ImageFilesOptions {
    std::size_t limit_per_class = 0;  ///< maximum number of files per class, in the set's order; 0: all
    std::size_t cache_bytes = std::size_t{1} << 30;  ///< sets that fit are decoded once and kept
    Index max_pixels = default_max_pixels;           ///< a file with more pixels counts as damaged
    double broken_limit = 0.01;                      ///< fraction of damaged files above which it is an error
    std::size_t threads = 0;                        ///< for checking and decoding in advance; 0: one per core
    std::function<void(const std::string&)> log{};  ///< called once per line; if unset, lines go to std::clog
    /// Called with what is done ("checking images", "decoding images", "reading archives"), the number done and the total;
    /// never concurrently.
    std::function<void(std::string_view, std::size_t, std::size_t)> progress{};
};

namespace detail {

inline void log_line(const ImageFilesOptions& options, const std::string& line) {
    if (options.log)
        options.log(line);
    else
        std::clog << line + '\n';
}

/// The dataset `Self` of the files of a `Source`, a few of which may be damaged. A source has `size()`, `label(i)`, `name(i)`,
/// `classes()`, `what()` (its name in messages), `outline(i, max_pixels)` and `bytes(i, max_pixels)`, which throws a DataError
/// for a file that cannot be read.
template <class Self, class Source>
class ImageFiles : public DatasetViews<Self> {
  public:
    [[nodiscard]] std::size_t size() const { return state_->files.size(); }
    [[nodiscard]] int label(std::size_t i) const { return state_->source.label(state_->files[i]); }
    [[nodiscard]] const std::vector<std::string>& classes() const { return state_->source.classes(); }
    [[nodiscard]] std::string name(std::size_t i) const { return state_->source.name(state_->files[i]); }

    /// @throws DataError if more than `broken_limit` of the files, or all files of this class, turn out to be
    /// damaged.
    [[nodiscard]] Image load(std::size_t i) const {
        if (is_cached()) return state_->cache[i].image;
        return first_intact(i, [this](std::span<const std::uint8_t> bytes, const std::string& file) {
            return decode_image(bytes, file, state_->options.max_pixels);
        });
    }

    /// The image of sample `i`, reduced as `choose` says for its size if it is a JPEG file. A reduced image is decoded each
    /// time, even if the whole image is kept in memory: it is not the same as that image resized, and pixels must not depend on
    /// what fits into the memory. @throws DataError as `load`
    [[nodiscard]] ReducedImage load_reduced(std::size_t i, const ReductionChoice& choose) const {
        if (is_cached()) {
            const auto& [whole, format] = state_->cache[i];
            if (format != ImageFormat::jpeg || choose(whole.width, whole.height) == 1)
                return not_reduced(whole);
        }
        return first_intact(i, [&](std::span<const std::uint8_t> bytes, const std::string& file) {
            return decode_image_reduced(bytes, file, choose, state_->options.max_pixels);
        });
    }

    /// Whether the decoded images are kept in memory.
    [[nodiscard]] bool is_cached() const { return !state_->cache.empty(); }

    /// Number of damaged files found so far.
    [[nodiscard]] std::size_t broken_count() const {
        const std::scoped_lock lock(state_->mutex);
        return state_->left_out + state_->broken.size();
    }

  protected:
    /// Checks the files and decodes a set that fits into `cache_bytes`.
    /// @throws DataError if more than `broken_limit` of the files are damaged, or all; ConfigError if this build lacks the
    ///         library for a format that occurs
    ImageFiles(Source source, ImageFilesOptions options)
        : state_(std::make_shared<State>(std::move(source), std::move(options))) {
        state_->files.resize(state_->source.size());
        std::iota(state_->files.begin(), state_->files.end(), std::size_t{0});
        const std::size_t decoded_bytes = check_files();
        if (decoded_bytes <= state_->options.cache_bytes) decode_files();
        if (state_->files.empty())
            throw DataError(message("no image of ", state_->source.what(), " can be decoded"));
    }

    /// The options, as soon as they are known to be possible. @throws ConfigError for a `max_pixels` below 1
    static const ImageFilesOptions& checked(const ImageFilesOptions& options) {
        if (options.max_pixels < 1)
            throw ConfigError(message("max_pixels is at least 1, ", options.max_pixels, " was given"));
        return options;
    }

  private:
    struct Decoded {
        Image image{};
        ImageFormat format = ImageFormat::unknown;
    };
    struct State {
        State(Source files_source, ImageFilesOptions files_options)
            : source(std::move(files_source)), options(std::move(files_options)) {}
        Source source;
        ImageFilesOptions options;
        std::vector<std::size_t> files{};  // those of the source that were not left out
        std::vector<Decoded> cache{};      // as `files`, or empty
        std::size_t left_out = 0;
        std::mutex mutex{};
        std::set<std::size_t> broken{};  // found by load
    };

    /// Calls `work(i)` for all files, which returns a reason for skipping file i or an empty string; then
    /// removes the skipped files in order.
    template <class Work>
    void sieve(std::string_view stage, const Work& work) {
        std::vector<std::string> reasons(size());
        const auto report = [&](std::size_t done) {
            if (state_->options.progress) state_->options.progress(stage, done, reasons.size());
        };
        parallel_for(
            reasons.size(), state_->options.threads, [&](std::size_t i) { reasons[i] = work(i); }, report);
        std::size_t kept = 0;
        for (std::size_t i = 0; i < reasons.size(); ++i) {
            if (!reasons[i].empty()) {
                log_line(state_->options, message("skipped: ", reasons[i]));
                continue;
            }
            state_->files[kept] = state_->files[i];
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
        std::vector<std::size_t> bytes(size());
        sieve("checking images", [&](std::size_t i) {
            const ImageOutline outline = state_->source.outline(state_->files[i], state_->options.max_pixels);
            // If the outline is inconclusive, decoding decides: there are complete files with long trailers. A
            // build that lacks the library reports that here and not an hour later.
            const bool doubtful = outline.width == 0 || !outline.ends_properly || !can_decode(outline.format);
            std::string reason = doubtful ? decoding_failure(i) : std::string();
            bytes[i] = reason.empty() ? static_cast<std::size_t>(outline.width * outline.height * 3) : 0;
            return reason;
        });
        return std::accumulate(bytes.begin(), bytes.end(), std::size_t{0});
    }

    void decode_files() {
        state_->cache.resize(size());
        sieve("decoding images", [&](std::size_t i) { return decoding_failure(i, &state_->cache[i]); });
    }

    [[nodiscard]] std::string decoding_failure(std::size_t i, Decoded* target = nullptr) const {
        try {
            const std::vector<std::uint8_t> bytes =
                state_->source.bytes(state_->files[i], state_->options.max_pixels);
            Image image = decode_image(bytes, name(i), state_->options.max_pixels);
            if (target != nullptr) *target = {std::move(image), image_format(bytes)};
            return {};
        } catch (const DataError& error) {
            return error.what();
        }
    }

    /// What `decode` makes of the file of sample `i`, or of the next of its class that is not damaged.
    template <class Decode>
    [[nodiscard]] auto first_intact(std::size_t i, const Decode& decode) const {
        std::size_t candidate = i;
        do {
            try {
                return decode(state_->source.bytes(state_->files[candidate], state_->options.max_pixels),
                              name(candidate));
            } catch (const DataError& error) {
                note_broken(candidate, error.what());
            }
            candidate = next_of_class(candidate);
        } while (candidate != i);
        throw DataError(message("no image of the class of ", name(i), " can be decoded"));
    }

    [[nodiscard]] std::size_t next_of_class(std::size_t i) const {
        const int wanted = label(i);
        do {
            i = i + 1 < size() ? i + 1 : 0;
        } while (label(i) != wanted);
        return i;
    }

    void note_broken(std::size_t i, const std::string& reason) const {
        const std::scoped_lock lock(state_->mutex);
        if (!state_->broken.insert(i).second) return;
        log_line(state_->options, message("replaced by the next image of its class: ", reason));
        require_few_broken(state_->left_out + state_->broken.size());
    }

    void require_few_broken(std::size_t count) const {
        const std::size_t listed = state_->source.size();
        if (static_cast<double>(count) > state_->options.broken_limit * static_cast<double>(listed))
            throw DataError(message(count, " of ", listed, " files in ", state_->source.what(),
                                    " are damaged, more than ", 100.0 * state_->options.broken_limit,
                                    " %; the log names them: repair or remove them"));
    }

    std::shared_ptr<State> state_;
};

}  // namespace detail

}  // namespace vitscape
