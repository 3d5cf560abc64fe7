// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <istream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/image.hpp>
#include <vitscape/data/jpeg.hpp>
#include <vitscape/data/png.hpp>

namespace vitscape {

/// Image file formats, detected by their first bytes and never by their names.
enum class ImageFormat { unknown, jpeg, png };

/// Whether this build can decode a format.
constexpr bool can_decode(ImageFormat format) {
    bool jpeg = false, png = false;
#if defined(VITSCAPE_HAS_JPEG) && VITSCAPE_HAS_JPEG
    jpeg = true;
#endif
#if defined(VITSCAPE_HAS_PNG) && VITSCAPE_HAS_PNG
    png = true;
#endif
    return (format == ImageFormat::jpeg && jpeg) || (format == ImageFormat::png && png);
}

/// The format indicated by the first bytes of a file.
inline ImageFormat image_format(std::span<const std::uint8_t> bytes) {
    constexpr std::array<std::uint8_t, 3> jpeg{0xFF, 0xD8, 0xFF};
    constexpr std::array<std::uint8_t, 8> png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    const auto starts_with = [bytes](const auto& magic) {
        return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
    };
    if (starts_with(jpeg)) return ImageFormat::jpeg;
    if (starts_with(png)) return ImageFormat::png;
    return ImageFormat::unknown;
}

/// Decodes a JPEG or PNG file held in memory to RGB.
///
/// @param name  name of the file in error messages
/// @throws DataError for data that is neither, is truncated or damaged, or has more than `max_pixels` pixels;
///         ConfigError if this build lacks the library
inline Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name,
                          Index max_pixels = default_max_pixels) {
    switch (image_format(bytes)) {
        case ImageFormat::jpeg:
            return decode_jpeg(bytes, name, max_pixels);
        case ImageFormat::png:
            return decode_png(bytes, name, max_pixels);
        case ImageFormat::unknown:
            break;
    }
    throw DataError(message("file ", name, " is neither a JPEG nor a PNG image",
                            bytes.empty() ? ": it is empty" : ", despite its name"));
}

/// `decode_image`, reduced as `choose` says for the size in the header if the file is a JPEG file; any other is decoded as it is.
/// @throws the same errors, and ConfigError if `choose` returns another number than 1, 2, 4 or 8
inline ReducedImage decode_image_reduced(std::span<const std::uint8_t> bytes, const std::string& name,
                                         const ReductionChoice& choose,
                                         Index max_pixels = default_max_pixels) {
    if (image_format(bytes) == ImageFormat::jpeg) return decode_jpeg_reduced(bytes, name, choose, max_pixels);
    return detail::not_reduced(decode_image(bytes, name, max_pixels));
}

namespace detail {

/// Why a file of so many bytes is not read; empty if it is. Four channels of 16 bits are 8 bytes per pixel; no packing of
/// PNG doubles them, and what else a file carries (profiles, thumbnails) is far below 64 MiB.
inline std::string bytes_refusal(std::uintmax_t bytes, Index max_pixels) {
    constexpr std::uintmax_t rest = std::uintmax_t{1} << 26;
    if (bytes <= rest || (bytes - rest) / 16 <= static_cast<std::uintmax_t>(max_pixels)) return {};
    return message("it has ", bytes, " bytes, more than an image of ", max_pixels,
                   " pixels needs; raise max_pixels (--max-pixels) if it is one");
}

inline std::vector<std::uint8_t> image_file_bytes(const std::filesystem::path& path,
                                                  Index max_pixels = default_max_pixels) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : -1;
    if (size < 0) throw DataError(message("file ", path.string(), " cannot be opened"));
    if (const auto refusal = bytes_refusal(static_cast<std::uintmax_t>(size), max_pixels); !refusal.empty())
        throw DataError(message("file ", path.string(), " cannot be decoded: ", refusal));
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(bytes.data()), size);
    if (file.gcount() != size) throw DataError(message("file ", path.string(), " cannot be read"));
    return bytes;
}

}  // namespace detail

/// Reads and decodes an image file. @throws DataError as `decode_image`, and if the file cannot be
/// read.
inline Image read_image(const std::filesystem::path& path, Index max_pixels = default_max_pixels) {
    return decode_image(detail::image_file_bytes(path, max_pixels), path.string(), max_pixels);
}

/// Reads and decodes an image file at a reduced size, as `decode_image_reduced`.
inline ReducedImage read_image_reduced(const std::filesystem::path& path, const ReductionChoice& choose,
                                       Index max_pixels = default_max_pixels) {
    return decode_image_reduced(detail::image_file_bytes(path, max_pixels), path.string(), choose,
                                max_pixels);
}

/// Properties of an image file that are known without decoding it.
struct ImageOutline {
    ImageFormat format = ImageFormat::unknown;
    Index width = 0;  ///< 0 if the header cannot be read or claims more pixels than allowed
    Index height = 0;
    bool ends_properly = false;  ///< the end mark (JPEG EOI, PNG IEND) was found in the last 4096 bytes
};

namespace detail {

inline Index big_endian(std::span<const std::uint8_t> bytes) {
    Index value = 0;
    for (const std::uint8_t byte : bytes) value = value << 8 | byte;
    return value;
}

/// Scans the marker segments (ITU T.81, annex B) up to the frame header, which holds the size of the image.
inline void outline_jpeg(std::istream& file, ImageOutline& outline) {
    std::array<std::uint8_t, 7> bytes{};
    const auto next = [&](std::size_t count) {
        return static_cast<bool>(
            file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count)));
    };
    file.seekg(2);
    while (next(1)) {
        if (bytes[0] != 0xFF) continue;
        while (next(1) && bytes[0] == 0xFF) continue;
        const unsigned marker = bytes[0];
        if (!file || marker == 0xD9 || marker == 0xDA) return;  // end, or scan before frame
        if (marker == 0 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8))
            continue;  // these have no length
        if (!next(2)) return;
        const Index length = big_endian(std::span(bytes).first(2));
        if (length < 2) return;
        const bool frame =
            marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (frame) {
            if (!next(5)) return;
            outline.height = big_endian(std::span(bytes).subspan(1, 2));
            outline.width = big_endian(std::span(bytes).subspan(3, 2));
            return;
        }
        file.seekg(length - 2, std::ios::cur);
    }
}

inline bool contains(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> pattern) {
    return std::search(bytes.begin(), bytes.end(), pattern.begin(), pattern.end()) != bytes.end();
}

}  // namespace detail

/// Reads only the first and last bytes of an image file, which takes microseconds regardless of its size.
/// @throws nothing for a damaged file: its outline has no size or no end marker.
inline ImageOutline image_outline(std::istream& file, Index max_pixels = default_max_pixels) {
    constexpr std::array<std::uint8_t, 2> jpeg_end{0xFF, 0xD9};
    constexpr std::array<std::uint8_t, 8> png_end{'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};
    ImageOutline outline;
    std::array<std::uint8_t, 24> head{};
    file.read(reinterpret_cast<char*>(head.data()), head.size());
    outline.format = image_format(std::span(head).first(static_cast<std::size_t>(file.gcount())));
    if (!file || outline.format == ImageFormat::unknown) return outline;
    if (outline.format == ImageFormat::png && std::equal(head.begin() + 12, head.begin() + 16, "IHDR")) {
        outline.width = detail::big_endian(std::span(head).subspan(16, 4));
        outline.height = detail::big_endian(std::span(head).subspan(20, 4));
    }
    if (outline.format == ImageFormat::jpeg) detail::outline_jpeg(file, outline);

    file.clear();
    file.seekg(0, std::ios::end);
    const std::streamoff size = file.tellg();
    std::vector<std::uint8_t> tail(static_cast<std::size_t>(std::clamp<std::streamoff>(size, 0, 4096)));
    file.seekg(size - static_cast<std::streamoff>(tail.size()));
    file.read(reinterpret_cast<char*>(tail.data()), static_cast<std::streamsize>(tail.size()));
    outline.ends_properly = file && (outline.format == ImageFormat::jpeg ? detail::contains(tail, jpeg_end)
                                                                         : detail::contains(tail, png_end));
    if (!detail::size_refusal(outline.width, outline.height, max_pixels).empty())
        outline.width = outline.height = 0;
    return outline;
}
inline ImageOutline image_outline(const std::filesystem::path& path, Index max_pixels = default_max_pixels) {
    std::ifstream file(path, std::ios::binary);
    return image_outline(file, max_pixels);
}

}  // namespace vitscape
