// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// An image file with more pixels is treated as damaged unless another limit is given. 2^26 pixels, for example
/// 8192 x 8192, are 200 MB when decoded.
inline constexpr Index default_max_pixels = Index{1} << 26;

/// An 8-bit RGB image: `pixels` holds height x width x 3 values in 0..255, row by row from the top, the
/// channel innermost.
struct Image {
    Index width = 0;
    Index height = 0;
    std::vector<std::uint8_t> pixels{};  // (height, width, 3)

    Image() = default;
    /// A black image. @throws DataError for an extent below one.
    Image(Index image_width, Index image_height) : width(image_width), height(image_height) {
        if (width < 1 || height < 1)
            throw DataError(
                message("an image must have at least one pixel, ", width, " x ", height, " was given"));
        pixels.resize(static_cast<std::size_t>(width * height * 3));
    }

    /// The three values of the pixel in row `y`, column `x`; not checked.
    [[nodiscard]] const std::uint8_t* pixel(Index x, Index y) const {
        return pixels.data() + (y * width + x) * 3;
    }
    [[nodiscard]] std::uint8_t* pixel(Index x, Index y) { return pixels.data() + (y * width + x) * 3; }

    friend bool operator==(const Image&, const Image&) = default;
};

/// An image decoded at `width` x `height` pixels divided by `reduction`, rounded up. Its pixel (x, y) covers the square of
/// reduction x reduction pixels at (reduction x, reduction y) of the whole image, as far as that reaches.
struct ReducedImage {
    Image image{};
    Index width = 0;  ///< of the whole image, as `height`
    Index height = 0;
    Index reduction = 1;  ///< 1, 2, 4 or 8
};

/// How far an image may be reduced, by its width and height: 1, 2, 4 or 8. The same answer for the same size.
using ReductionChoice = std::function<Index(Index width, Index height)>;

namespace detail {

/// The image as it is, for formats and datasets that cannot reduce it.
inline ReducedImage not_reduced(Image image) {
    const Index width = image.width, height = image.height;
    return {std::move(image), width, height, 1};
}

/// The reason why an image of that size is not decoded; empty if it is.
inline std::string size_refusal(Index width, Index height, Index max_pixels) {
    if (width >= 1 && height >= 1 && width <= max_pixels / height) return {};
    return message("it claims ", width, " x ", height, " pixels, the limit is ", max_pixels,
                   "; raise max_pixels (--max-pixels) if that is its size");
}

}  // namespace detail

}  // namespace vitscape
