// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/image.hpp>

#if defined(VITSCAPE_HAS_JPEG) && VITSCAPE_HAS_JPEG
// The error numbers in jerror.h depend on what jpeglib.h defines, so it comes second.
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on
#endif

namespace vitscape {

#if defined(VITSCAPE_HAS_JPEG) && VITSCAPE_HAS_JPEG

namespace detail {

/// libjpeg's error handler: errors are reported by longjmp, because exceptions must not cross C code.
struct JpegErrors {
    jpeg_error_mgr manager;  // first, so that libjpeg's pointer to it is a pointer to this
    std::jmp_buf jump;
    char text[JMSG_LENGTH_MAX];

    [[noreturn]] static void fail(j_common_ptr info) {
        auto* errors = reinterpret_cast<JpegErrors*>(info->err);
        info->err->format_message(info, errors->text);
        std::longjmp(errors->jump, 1);
    }

    /// Warnings that mean lost image data are errors; the others (stray bytes between markers, unknown
    /// versions) are common in files that decode completely.
    static void warn(j_common_ptr info, int level) {
        if (level >= 0) return;
        switch (info->err->msg_code) {
            case JWRN_JPEG_EOF:
            case JWRN_HIT_MARKER:
            case JWRN_HUFF_BAD_CODE:
            case JWRN_ARITH_BAD_CODE:
            case JWRN_MUST_RESYNC:
                fail(info);
            default:
                break;
        }
    }

    static void stay_silent(j_common_ptr) {}
};

/// Owns a libjpeg decompressor and runs steps of it.
class JpegDecoder {
  public:
    JpegDecoder() {
        info.err = jpeg_std_error(&errors_.manager);
        errors_.manager.error_exit = &JpegErrors::fail;
        errors_.manager.emit_message = &JpegErrors::warn;
        errors_.manager.output_message = &JpegErrors::stay_silent;
        progress_.progress_monitor = &limit_scans;
    }
    JpegDecoder(const JpegDecoder&) = delete;
    JpegDecoder& operator=(const JpegDecoder&) = delete;
    ~JpegDecoder() { jpeg_destroy_decompress(&info); }

    /// Runs `step`, which calls libjpeg; false if libjpeg reported an error, with the reason in
    /// `reason()`. The jump leaves `step` without running destructors, so it must not own anything.
    template <class Step>
    [[nodiscard]] bool attempt(const Step& step) {
        static_assert(std::is_trivially_destructible_v<Step>);
        if (setjmp(errors_.jump) != 0) return false;
        step(info);
        return true;
    }

    /// The progress hook can only be set after jpeg_create_decompress, which clears it.
    void watch() { info.progress = &progress_; }
    [[nodiscard]] const char* reason() const { return errors_.text; }

    jpeg_decompress_struct info{};

  private:
    /// A few kilobytes can describe thousands of scans of a huge image; real progressive files have about
    /// ten.
    static void limit_scans(j_common_ptr info) {
        auto* decompress = reinterpret_cast<j_decompress_ptr>(info);
        if (decompress->input_scan_number <= 200) return;
        auto* errors = reinterpret_cast<JpegErrors*>(info->err);
        std::snprintf(errors->text, sizeof errors->text, "more than 200 progressive scans");
        std::longjmp(errors->jump, 1);
    }

    JpegErrors errors_{};
    jpeg_progress_mgr progress_{};
};

/// round(a * b / 255).
inline std::uint8_t multiply_255(unsigned a, unsigned b) {
    const unsigned product = a * b + 128;
    return static_cast<std::uint8_t>((product + (product >> 8)) >> 8);
}

/// Whether no file of `file_bytes` can contain so many pixels: Huffman coding needs at least one bit for each block of
/// 8 x 8 samples, and a component has at least a quarter of the blocks that its sampling factors leave of 16.
inline bool impossible_jpeg_size(Index pixels, std::size_t file_bytes) {
    return static_cast<std::size_t>(pixels) / 2048 > file_bytes;
}

/// The memory that libjpeg may use for an image of at most so many pixels: the coefficients of a progressive file are
/// kept until its last scan, two bytes for each of up to four components; the rest is for blocks beyond the borders.
inline long jpeg_memory(Index max_pixels) {
    constexpr long rest = 64L << 20, most = std::numeric_limits<long>::max();
    return max_pixels > (most - rest) / 8 ? most : rest + 8 * static_cast<long>(max_pixels);
}

/// One row of ink amounts to RGB. Adobe's files store 255 - ink.
inline void cmyk_to_rgb(const std::uint8_t* cmyk, std::uint8_t* rgb, Index width, bool inverted) {
    const unsigned flip = inverted ? 0u : 255u;
    for (Index x = 0; x < width; ++x)
        for (Index c = 0; c < 3; ++c)
            rgb[x * 3 + c] = multiply_255(cmyk[x * 4 + c] ^ flip, cmyk[x * 4 + 3] ^ flip);
}

}  // namespace detail

/// Decodes a JPEG file held in memory to RGB: YCbCr and RGB directly, greyscale repeated in the three
/// channels, CMYK and YCCK (inverted if an Adobe marker says so) by R = (255 - C) (255 - K) / 255. The
/// orientation tag is ignored.
///
/// The image is reduced as `choose` says for the size in the header: libjpeg then computes only the low frequencies of each
/// block of 8 x 8 samples, at 8 / reduction x 8 / reduction. All of the file is read at any reduction, so the same files are
/// damaged.
///
/// Memory: the image and, for a progressive file, its coefficients, 6 bytes per pixel (8 for CMYK). Both are allocated
/// only after the header was checked.
///
/// @param name  name of the file in error messages
/// @throws DataError for data that is truncated, damaged, of an unknown kind or of more than `max_pixels` pixels;
///         ConfigError if `choose` returns another number than 1, 2, 4 or 8
inline ReducedImage decode_jpeg_reduced(std::span<const std::uint8_t> bytes, const std::string& name,
                                        const ReductionChoice& choose,
                                        Index max_pixels = default_max_pixels) {
    detail::JpegDecoder decoder;
    const auto broken = [&](const std::string& reason) {
        return DataError(message("JPEG file ", name, " cannot be decoded: ", reason));
    };
    const auto read_header = [bytes](jpeg_decompress_struct& info) {
        jpeg_mem_src(&info, bytes.data(), static_cast<unsigned long>(bytes.size()));
        jpeg_read_header(&info, TRUE);
    };
    if (!decoder.attempt([](jpeg_decompress_struct& info) { jpeg_create_decompress(&info); }))
        throw broken(decoder.reason());
    decoder.watch();
    if (bytes.empty()) throw broken("it is empty");
    if (!decoder.attempt(read_header)) throw broken(decoder.reason());

    auto& info = decoder.info;
    const auto width = static_cast<Index>(info.image_width);
    const auto height = static_cast<Index>(info.image_height);
    if (const std::string refusal = detail::size_refusal(width, height, max_pixels); !refusal.empty())
        throw broken(refusal);
    if (!info.arith_code && detail::impossible_jpeg_size(width * height, bytes.size()))
        throw broken(message("it claims ", width, " x ", height, " pixels, which ", bytes.size(),
                             " bytes cannot contain"));
    info.mem->max_memory_to_use = detail::jpeg_memory(max_pixels);
    if (info.jpeg_color_space == JCS_UNKNOWN)
        throw broken(message("it has ", info.num_components, " components of unknown meaning"));
    const bool cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
    info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    const Index reduction = choose(width, height);
    if (reduction != 1 && reduction != 2 && reduction != 4 && reduction != 8)
        throw ConfigError(message("a reduction by ", reduction, " of JPEG file ", name,
                                  " was requested; 1, 2, 4 and 8 are possible"));
    info.scale_num = 1;
    info.scale_denom = static_cast<unsigned>(reduction);
    if (!decoder.attempt([](jpeg_decompress_struct& i) { jpeg_start_decompress(&i); }))
        throw broken(decoder.reason());

    Image image(static_cast<Index>(info.output_width), static_cast<Index>(info.output_height));
    std::vector<std::uint8_t> ink(cmyk ? static_cast<std::size_t>(image.width) * 4 : 0);
    for (Index y = 0; y < image.height; ++y) {
        std::uint8_t* rgb = image.pixel(0, y);
        std::uint8_t* row = cmyk ? ink.data() : rgb;
        const auto read_row = [&row](jpeg_decompress_struct& i) { jpeg_read_scanlines(&i, &row, 1); };
        if (!decoder.attempt(read_row))
            throw broken(message(decoder.reason(), " (row ", y, " of ", image.height, ")"));
        if (cmyk) detail::cmyk_to_rgb(ink.data(), rgb, image.width, info.saw_Adobe_marker != 0);
    }
    if (!decoder.attempt([](jpeg_decompress_struct& i) { jpeg_finish_decompress(&i); }))
        throw broken(decoder.reason());
    return {std::move(image), width, height, reduction};
}

#else

inline ReducedImage decode_jpeg_reduced(std::span<const std::uint8_t>, const std::string& name,
                                        const ReductionChoice&, Index = default_max_pixels) {
    throw ConfigError(message("this build cannot read JPEG files (", name,
                              "): install libjpeg-turbo (Debian: libjpeg-dev) and configure again"));
}

#endif

/// `decode_jpeg_reduced` without a reduction. @throws DataError as that
inline Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& name,
                         Index max_pixels = default_max_pixels) {
    return decode_jpeg_reduced(
               bytes, name, [](Index, Index) { return Index{1}; }, max_pixels)
        .image;
}

}  // namespace vitscape
