// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <iomanip>
#include <limits>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/file.hpp>
#include <vitscape/core/memory.hpp>
#include <vitscape/data/gzip.hpp>
#include <vitscape/data/image.hpp>

namespace vitscape {

namespace detail {

/// An idx file of bytes: the extents that its header gives, and the values.
struct IdxFile {
    std::vector<std::size_t> extents{};
    std::vector<std::byte> values{};  // (extents), row-major
};

inline std::size_t big_endian_word(std::span<const std::byte> bytes) {
    std::size_t value = 0;
    for (const std::byte byte : bytes.first(4)) value = value << 8 | std::to_integer<std::size_t>(byte);
    return value;
}

/// "60000 x 28 x 28"
inline std::string extents_text(std::span<const std::size_t> extents) {
    std::string text;
    for (const std::size_t extent : extents) text += message(text.empty() ? "" : " x ", extent);
    return text;
}

/// Reads a header of big-endian words: 0x0000 08 and the number of extents, then the extents.
/// @throws DataError for another type of values or number of extents, an extent of 0, an image of more than `max_pixels`
///         pixels, and more values than can be counted
inline std::vector<std::size_t> idx_extents(std::span<const std::byte> header, std::size_t count,
                                            const std::string& name, Index max_pixels) {
    const std::size_t magic = big_endian_word(header), expected = 0x800 + count;
    if (magic != expected) {
        std::ostringstream text;
        text << std::hex << std::setfill('0') << "begins with 0x" << std::setw(8) << magic
             << ", expected is 0x" << std::setw(8) << expected;
        throw DataError(message("idx file ", name, " ", text.str(), " (bytes with ", count,
                                count == 1 ? " extent: labels)" : " extents: grey images)"));
    }
    std::vector<std::size_t> extents;
    for (std::size_t i = 1; i <= count; ++i) extents.push_back(big_endian_word(header.subspan(4 * i)));
    if (std::find(extents.begin(), extents.end(), std::size_t{0}) != extents.end())
        throw DataError(message("idx file ", name, " says that it holds ", extents_text(extents),
                                " values; expected is at least one of each"));
    if (count == 3) {
        const std::string refusal =
            size_refusal(static_cast<Index>(extents[2]), static_cast<Index>(extents[1]), max_pixels);
        if (!refusal.empty())
            throw DataError(message("idx file ", name, " cannot be used: for each image ", refusal));
        constexpr std::size_t limit = std::numeric_limits<std::size_t>::max() / 8;
        if (extents[0] > limit / (extents[1] * extents[2]))
            throw DataError(message("idx file ", name, " says that it holds ", extents_text(extents),
                                    " values, more than any file does"));
    }
    return extents;
}

/// Reads an idx file of unsigned bytes with so many extents, as it is or packed by gzip.
/// @throws DataError for content that is not what the header says; IoError where the file cannot be read; ConfigError where it
///         does not fit into the memory, or is packed and this build lacks zlib
inline IdxFile read_idx(const std::filesystem::path& path, std::size_t count, Index max_pixels) {
    const std::string name = path.string();
    const std::string_view remedy = "use a machine with more, or a smaller file";
    std::error_code unknown;
    if (const auto size = std::filesystem::file_size(path, unknown); !unknown)
        require_memory(message("idx file ", name), static_cast<double>(size), available_memory(), remedy);
    std::vector<std::byte> bytes = read_bytes(path);
    const std::size_t header_size = 4 * (1 + count);
    const auto too_short = [&](std::size_t found) {
        return DataError(message("idx file ", name, " has ", found, " bytes, expected is a header of ",
                                 header_size, " bytes and the values behind it"));
    };
    const auto other_size = [&](const IdxFile& file, std::size_t expected, const std::string& found) {
        return DataError(message("idx file ", name, " has ", found, " behind its header, expected are ",
                                 expected, " (", extents_text(file.extents),
                                 "); it is cut off, damaged or no idx file"));
    };
    const auto value_count = [](const IdxFile& file) {
        std::size_t product = 1;
        for (const std::size_t extent : file.extents) product *= extent;
        return product;
    };

    IdxFile file;
    if (!is_gzip(bytes)) {
        if (bytes.size() < header_size) throw too_short(bytes.size());
        file.extents = idx_extents(bytes, count, name, max_pixels);
        const std::size_t expected = value_count(file), found = bytes.size() - header_size;
        if (found != expected) throw other_size(file, expected, message(found, " bytes"));
        bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header_size));
        file.values = std::move(bytes);
        return file;
    }
    GzipReader reader(bytes, name);
    std::vector<std::byte> header(header_size);
    if (const std::size_t got = reader.read(header); got < header_size) throw too_short(got);
    file.extents = idx_extents(header, count, name, max_pixels);
    const std::size_t expected = value_count(file);
    if (expected / largest_gzip_growth > bytes.size())
        throw other_size(file, expected,
                         message("no more than ", bytes.size() * largest_gzip_growth, " bytes"));
    require_memory(message("idx file ", name), static_cast<double>(expected), available_memory(), remedy);
    file.values.resize(expected);
    if (const std::size_t got = reader.read(file.values); got < expected)
        throw other_size(file, expected, message(got, " bytes"));
    std::array<std::byte, 1> more{};
    if (reader.read(more) != 0) throw other_size(file, expected, "more bytes");
    return file;
}

}  // namespace detail

}  // namespace vitscape
