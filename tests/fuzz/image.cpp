// SPDX-License-Identifier: Apache-2.0
//
// PNG and JPEG files, told apart by their first bytes, and their outlines. Two million pixels at most, so that one image
// takes milliseconds. JPEG files are decoded at any of the four reductions, by their size.
#include <vitscape/data/image_codec.hpp>

#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    constexpr vitscape::Index most = 1 << 21;
    (void)vitscape::image_outline(fuzz::file_of(bytes), most);
    const auto by_size = [](vitscape::Index width, vitscape::Index height) {
        return vitscape::Index{1} << (width + height) % 4;
    };
    (void)vitscape::decode_image_reduced(bytes, "input", by_size, most);
}
