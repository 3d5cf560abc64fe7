// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include <vitscape/core/error.hpp>

#if defined(VITSCAPE_HAS_ZLIB) && VITSCAPE_HAS_ZLIB
#include <zlib.h>
#endif

namespace vitscape {

/// Whether a file's first bytes say gzip (RFC 1952), whatever its name is.
inline bool is_gzip(std::span<const std::byte> bytes) {
    return bytes.size() >= 2 && bytes[0] == std::byte{0x1F} && bytes[1] == std::byte{0x8B};
}

/// Deflate (RFC 1951) writes at most 258 bytes for two bits of its input: nothing grows by more than this factor.
inline constexpr std::size_t largest_gzip_growth = 1032;

#if defined(VITSCAPE_HAS_ZLIB) && VITSCAPE_HAS_ZLIB

/// Unpacks a gzip file that lies in memory, as many bytes at a time as the reader has room for, so that a small file which
/// unpacks to a large one takes no more memory than its reader gives it.
class GzipReader {
  public:
    /// @param bytes  the file, which outlives the reader  @param name  its name in messages
    /// @throws DataError where zlib gets no memory
    GzipReader(std::span<const std::byte> bytes, std::string name) : rest_(bytes), name_(std::move(name)) {
        if (inflateInit2(&stream_, gzip_only) != Z_OK)
            throw DataError(message("file ", name_, " cannot be unpacked: zlib gets no memory"));
    }
    GzipReader(const GzipReader&) = delete;
    GzipReader& operator=(const GzipReader&) = delete;
    ~GzipReader() { inflateEnd(&stream_); }

    /// Unpacks the next bytes into `out`; returns how many, fewer than `out` holds only where the file is at its end.
    /// @throws DataError for damage, a file that is cut off, a wrong checksum, and bytes behind the end that are not gzip
    [[nodiscard]] std::size_t read(std::span<std::byte> out) {
        std::size_t filled = 0;
        while (filled < out.size() && !ended_) {
            const auto some = out.subspan(filled, std::min(out.size() - filled, piece));
            filled += step(some);
        }
        return filled;
    }

  private:
    static constexpr int gzip_only = 16 + MAX_WBITS;
    static constexpr std::size_t piece = std::numeric_limits<unsigned>::max();  // zlib counts in `unsigned`

    std::size_t step(std::span<std::byte> out) {
        const auto given = std::min(rest_.size(), piece);
        // zlib does not write to its input, but has no const
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest_.data()));
        stream_.avail_in = static_cast<unsigned>(given);
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<unsigned>(out.size());
        const int result = inflate(&stream_, Z_NO_FLUSH);
        rest_ = rest_.subspan(given - stream_.avail_in);
        const std::size_t written = out.size() - stream_.avail_out;
        if (result == Z_STREAM_END) {
            next_member();
        } else if (result == Z_BUF_ERROR || (result == Z_OK && rest_.empty() && written < out.size())) {
            throw DataError(message("file ", name_, " is damaged: its gzip data are cut off"));
        } else if (result != Z_OK) {
            throw DataError(message("file ", name_, " is damaged: its gzip data cannot be unpacked",
                                    stream_.msg != nullptr ? message(" (", stream_.msg, ")") : ""));
        }
        return written;
    }

    /// A gzip file is one or more members, one behind the other (RFC 1952, section 2.2).
    void next_member() {
        if (rest_.empty()) {
            ended_ = true;
        } else if (!is_gzip(rest_) || inflateReset(&stream_) != Z_OK) {
            throw DataError(message("file ", name_, " is damaged: ", rest_.size(),
                                    " bytes behind the end of its gzip data are no gzip data"));
        }
    }

    z_stream stream_{};
    std::span<const std::byte> rest_;
    std::string name_;
    bool ended_ = false;
};

#else

class GzipReader {
  public:
    GzipReader(std::span<const std::byte>, const std::string& name) {
        throw ConfigError(
            message("this build cannot read gzip files (", name,
                    "): unpack it by gunzip, or install zlib (Debian: zlib1g-dev) and configure again"));
    }
    [[nodiscard]] std::size_t read(std::span<std::byte>) { return 0; }
};

#endif

}  // namespace vitscape
