// SPDX-License-Identifier: Apache-2.0
//
// Makes JPEG and PNG files in memory, also unusual ones.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <vector>

#include <vitscape/data/image.hpp>

#if VITSCAPE_HAS_JPEG
#include <jpeglib.h>
#endif
#if VITSCAPE_HAS_PNG
#include <png.h>
#endif

namespace vitscape::test {

/// A smooth colour picture, which JPEG keeps nearly as it is.
inline Image smooth_picture(Index width, Index height, int shade = 0) {
    Image image(width, height);
    for (Index y = 0; y < height; ++y)
        for (Index x = 0; x < width; ++x) {
            image.pixel(x, y)[0] = static_cast<std::uint8_t>((x * 200 / width + shade) % 256);
            image.pixel(x, y)[1] = static_cast<std::uint8_t>(y * 200 / height + 20);
            image.pixel(x, y)[2] = static_cast<std::uint8_t>((x + y) * 120 / (width + height) + 60);
        }
    return image;
}

#if VITSCAPE_HAS_JPEG
struct JpegKind {
    int components = 3;
    J_COLOR_SPACE given = JCS_RGB;
    J_COLOR_SPACE stored = JCS_YCbCr;
    bool adobe_marker = false;
    bool progressive = false;
    int luma_sampling = 1;  // 2: chroma at half the size, as cameras store it
};

/// Compresses rows of `kind.components` values a pixel.
inline std::vector<std::uint8_t> jpeg_file(Index width, Index height, std::vector<std::uint8_t> values,
                                           const JpegKind& kind) {
    jpeg_compress_struct info{};
    jpeg_error_mgr errors{};
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    unsigned char* buffer = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &buffer, &size);
    info.image_width = static_cast<JDIMENSION>(width);
    info.image_height = static_cast<JDIMENSION>(height);
    info.input_components = kind.components;
    info.in_color_space = kind.given;
    jpeg_set_defaults(&info);
    jpeg_set_colorspace(&info, kind.stored);
    jpeg_set_quality(&info, 95, TRUE);
    for (int c = 0; c < kind.components; ++c)
        info.comp_info[c].h_samp_factor = info.comp_info[c].v_samp_factor = 1;
    info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = kind.luma_sampling;
    info.write_Adobe_marker = kind.adobe_marker ? TRUE : FALSE;
    if (kind.progressive) jpeg_simple_progression(&info);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
        JSAMPROW row = values.data() + info.next_scanline * static_cast<std::size_t>(width * kind.components);
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    std::vector<std::uint8_t> bytes(buffer, buffer + size);
    std::free(buffer);
    return bytes;
}

inline std::vector<std::uint8_t> jpeg_file(const Image& image, bool progressive = false) {
    JpegKind kind;
    kind.progressive = progressive;
    return jpeg_file(image.width, image.height, image.pixels, kind);
}
#endif

#if VITSCAPE_HAS_PNG
/// Writes rows that are already packed as PNG stores them.
inline std::vector<std::uint8_t> png_file(Index width, Index height, int depth, int type,
                                          const std::vector<std::vector<std::uint8_t>>& rows,
                                          bool interlaced = false,
                                          const std::function<void(png_structp, png_infop)>& more = {}) {
    std::vector<std::uint8_t> bytes;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    if (setjmp(png_jmpbuf(png)) != 0) std::abort();
    png_set_write_fn(
        png, &bytes,
        [](png_structp p, png_bytep data, png_size_t count) {
            auto& out = *static_cast<std::vector<std::uint8_t>*>(png_get_io_ptr(p));
            out.insert(out.end(), data, data + count);
        },
        nullptr);
    png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), depth, type,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (more) more(png, info);
    png_write_info(png, info);
    std::vector<png_bytep> pointers;
    for (const auto& row : rows) pointers.push_back(const_cast<png_bytep>(row.data()));
    png_write_image(png, pointers.data());
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return bytes;
}

inline std::vector<std::uint8_t> png_file(const Image& image, bool interlaced = false) {
    std::vector<std::vector<std::uint8_t>> rows;
    for (Index y = 0; y < image.height; ++y)
        rows.emplace_back(image.pixel(0, y), image.pixel(0, y) + image.width * 3);
    return png_file(image.width, image.height, 8, PNG_COLOR_TYPE_RGB, rows, interlaced);
}
#endif

}  // namespace vitscape::test
