// SPDX-License-Identifier: Apache-2.0
//
// PNG and JPEG files, told apart by their first bytes, and their outlines. Two million pixels at most, so that one image
// takes milliseconds.
#include <vitscape/data/image_codec.hpp>

#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    constexpr vitscape::Index most = 1 << 21;
    (void)vitscape::image_outline(fuzz::file_of(bytes), most);
    (void)vitscape::decode_image(bytes, "input", most);
}
