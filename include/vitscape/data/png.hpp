// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

#include <vitscape/core/error.hpp>
#include <vitscape/data/image.hpp>

#if defined(VITSCAPE_HAS_PNG) && VITSCAPE_HAS_PNG
#include <png.h>
#endif

namespace vitscape {

#if defined(VITSCAPE_HAS_PNG) && VITSCAPE_HAS_PNG

namespace detail {

/// Owns a libpng reader over memory and runs steps of it; errors are reported by longjmp, because exceptions
/// must not cross C code.
class PngDecoder {
  public:
    explicit PngDecoder(std::span<const std::uint8_t> bytes) : rest_(bytes) {
        png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &fail, &stay_silent);
        if (png != nullptr) info = png_create_info_struct(png);
    }
    PngDecoder(const PngDecoder&) = delete;
    PngDecoder& operator=(const PngDecoder&) = delete;
    ~PngDecoder() { png_destroy_read_struct(&png, &info, nullptr); }

    /// Runs `step`, which calls libpng; false if libpng reported an error, with the reason in `reason()`.
    /// The jump leaves `step` without running destructors, so it must not own anything.
    template <class Step>
    [[nodiscard]] bool attempt(const Step& step) {
        static_assert(std::is_trivially_destructible_v<Step>);
        if (setjmp(jump_) != 0) return false;
        step();
        return true;
    }
    [[nodiscard]] const char* reason() const { return text_; }

    static void read(png_structp png, png_bytep out, std::size_t count) {
        auto* decoder = static_cast<PngDecoder*>(png_get_io_ptr(png));
        if (count > decoder->rest_.size()) png_error(png, "the file ends early");
        std::memcpy(out, decoder->rest_.data(), count);
        decoder->rest_ = decoder->rest_.subspan(count);
    }

    png_structp png = nullptr;
    png_infop info = nullptr;

  private:
    [[noreturn]] static void fail(png_structp png, png_const_charp text) {
        auto* decoder = static_cast<PngDecoder*>(png_get_error_ptr(png));
        std::snprintf(decoder->text_, sizeof decoder->text_, "%s", text);
        std::longjmp(decoder->jump_, 1);
    }
    static void stay_silent(png_structp, png_const_charp) {}

    std::span<const std::uint8_t> rest_;
    std::jmp_buf jump_{};
    char text_[160] = {};
};

/// The longest side that libpng accepts by default; its own rows need memory, too.
inline constexpr Index max_png_side = 1'000'000;

/// An image of this many bytes before compression cannot come from a file of `file_bytes`: deflate compresses by at
/// most 1032 to 1.
inline bool impossible_png_size(std::size_t picture_bytes, std::size_t file_bytes) {
    return picture_bytes / 1040 > file_bytes;
}

}  // namespace detail

/// Decodes a PNG file held in memory to RGB: palettes are expanded, grey is repeated in the three channels,
/// 16-bit values keep their upper byte, alpha is dropped (the underlying colour remains). Gamma and colour
/// profiles are ignored.
///
/// Memory: the image and a few rows, also for an interlaced file.
///
/// @param name  name of the file in error messages
/// @throws DataError for data that is truncated or damaged, for more than `max_pixels` pixels and for a side of more
///         than a million
inline Image decode_png(std::span<const std::uint8_t> bytes, const std::string& name,
                        Index max_pixels = default_max_pixels) {
    const auto broken = [&](const std::string& reason) {
        return DataError(message("PNG file ", name, " cannot be decoded: ", reason));
    };
    detail::PngDecoder decoder(bytes);
    if (decoder.info == nullptr) throw broken("libpng could not be initialized");
    png_structp png = decoder.png;
    png_infop info = decoder.info;
    const auto read_header = [png, info, &decoder] {
        png_set_read_fn(png, &decoder, &detail::PngDecoder::read);
        png_set_user_limits(png, 0x7fffffff, 0x7fffffff);  // our own limit follows, with a clearer message
        png_set_chunk_malloc_max(
            png, std::size_t{1} << 24);  // limits text and profile chunks that decompress to gigabytes
        png_read_info(png, info);
    };
    if (!decoder.attempt(read_header)) throw broken(decoder.reason());

    const auto width = static_cast<Index>(png_get_image_width(png, info));
    const auto height = static_cast<Index>(png_get_image_height(png, info));
    if (const std::string refusal = detail::size_refusal(width, height, max_pixels); !refusal.empty())
        throw broken(refusal);
    if (std::max(width, height) > detail::max_png_side ||
        detail::impossible_png_size(png_get_rowbytes(png, info) * static_cast<std::size_t>(height),
                                    bytes.size()))
        throw broken(message("it claims ", width, " x ", height, " pixels, which ", bytes.size(),
                             " bytes of an image do not contain"));
    int passes = 1;
    const auto convert = [png, info, &passes] {
        const int type = png_get_color_type(png, info);
        if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
        if ((type & PNG_COLOR_MASK_COLOR) == 0) {
            if (png_get_bit_depth(png, info) < 8) png_set_expand_gray_1_2_4_to_8(png);
            png_set_gray_to_rgb(png);
        }
        png_set_strip_16(png);
        png_set_strip_alpha(png);
        passes = png_set_interlace_handling(png);
        png_read_update_info(png, info);
    };
    if (!decoder.attempt(convert)) throw broken(decoder.reason());
    if (png_get_rowbytes(png, info) != static_cast<std::size_t>(width) * 3)
        throw broken("its colour type is unknown");

    Image image(width, height);
    const auto read_pixels = [png, passes, &image] {
        for (int pass = 0; pass < passes; ++pass)
            for (Index y = 0; y < image.height; ++y) png_read_row(png, image.pixel(0, y), nullptr);
        png_read_end(png, nullptr);
    };
    if (!decoder.attempt(read_pixels)) throw broken(decoder.reason());
    return image;
}

#else

inline Image decode_png(std::span<const std::uint8_t>, const std::string& name, Index = default_max_pixels) {
    throw ConfigError(message("this build cannot read PNG files (", name,
                              "): install libpng (Debian: libpng-dev) and configure again"));
}

#endif

}  // namespace vitscape
