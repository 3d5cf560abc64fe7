// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/image.hpp>

namespace vitscape {

/// Interpolation kernel: the triangle, or Keys' cubic with a = -0.5.
enum class Interpolation { bilinear, bicubic };

/// A rectangle of pixels.
struct Box {
    Index left = 0;
    Index top = 0;
    Index width = 0;
    Index height = 0;

    friend bool operator==(const Box&, const Box&) = default;
};

namespace detail {

/// Fractional bits of a weight: 8 bits of value and 2 of overshoot leave 22 of 32.
inline constexpr int weight_bits = 32 - 8 - 2;

inline double kernel_value(Interpolation interpolation, double x) {
    x = std::abs(x);
    if (interpolation == Interpolation::bilinear) return x < 1.0 ? 1.0 - x : 0.0;
    constexpr double a = -0.5;
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
    return 0.0;
}

/// For every output position of one axis, the input positions and their weights.
struct ResampleWeights {
    Index taps = 0;                      ///< stride of `weight`
    std::vector<Index> begin{};          ///< first input position, (out)
    std::vector<Index> count{};          ///< number of input positions, (out)
    std::vector<std::int32_t> weight{};  ///< fixed point with `weight_bits`, (out, taps)

    ResampleWeights(Index in, Index out, Interpolation interpolation) {
        const double scale = static_cast<double>(in) / static_cast<double>(out);
        const double stretch =
            std::max(scale, 1.0);  // shrinking widens the kernel, which is the antialiasing
        const double support = (interpolation == Interpolation::bilinear ? 1.0 : 2.0) * stretch;
        const double inverse_stretch = 1.0 / stretch;
        taps = static_cast<Index>(std::ceil(support)) * 2 + 1;
        begin.resize(static_cast<std::size_t>(out));
        count.resize(static_cast<std::size_t>(out));
        weight.resize(static_cast<std::size_t>(out * taps));
        std::vector<double> exact(static_cast<std::size_t>(taps));
        for (Index x = 0; x < out; ++x) {
            const double centre = (static_cast<double>(x) + 0.5) * scale;
            const Index first = std::max<Index>(0, static_cast<Index>(centre - support + 0.5));
            const Index last = std::min<Index>(in, static_cast<Index>(centre + support + 0.5));
            double sum = 0.0;
            for (Index i = first; i < last; ++i) {
                const double value =
                    kernel_value(interpolation, (static_cast<double>(i) - centre + 0.5) * inverse_stretch);
                exact[static_cast<std::size_t>(i - first)] = value;
                sum += value;
            }
            begin[static_cast<std::size_t>(x)] = first;
            count[static_cast<std::size_t>(x)] = last - first;
            for (Index i = 0; i < last - first; ++i) {
                double value = exact[static_cast<std::size_t>(i)];
                if (sum != 0.0) value /= sum;
                const double scaled = value * (1 << weight_bits);
                weight[static_cast<std::size_t>(x * taps + i)] =
                    static_cast<std::int32_t>(scaled < 0.0 ? scaled - 0.5 : scaled + 0.5);
            }
        }
    }
};

inline std::uint8_t rounded_to_byte(std::int32_t sum) {
    return static_cast<std::uint8_t>(std::clamp(sum >> weight_bits, 0, 255));
}

inline constexpr std::int32_t half_weight = 1 << (weight_bits - 1);

/// Resizes the part `box` of an image along x: result (box.height, out).
inline Image resample_rows(const Image& image, const Box& box, Index out, Interpolation interpolation) {
    const ResampleWeights weights(box.width, out, interpolation);
    Image result(out, box.height);
    for (Index y = 0; y < box.height; ++y) {
        const std::uint8_t* source = image.pixel(box.left, box.top + y);
        std::uint8_t* target = result.pixel(0, y);
        for (Index x = 0; x < out; ++x, target += 3) {
            const std::uint8_t* pixel = source + weights.begin[static_cast<std::size_t>(x)] * 3;
            const std::int32_t* weight = weights.weight.data() + x * weights.taps;
            std::int32_t red = half_weight, green = half_weight, blue = half_weight;
            for (Index i = 0, n = weights.count[static_cast<std::size_t>(x)]; i < n; ++i, pixel += 3) {
                red += weight[i] * pixel[0];
                green += weight[i] * pixel[1];
                blue += weight[i] * pixel[2];
            }
            target[0] = rounded_to_byte(red);
            target[1] = rounded_to_byte(green);
            target[2] = rounded_to_byte(blue);
        }
    }
    return result;
}

/// Resizes the part `box` of an image along y: result (out, box.width).
inline Image resample_columns(const Image& image, const Box& box, Index out, Interpolation interpolation) {
    const ResampleWeights weights(box.height, out, interpolation);
    const auto stride = static_cast<std::size_t>(box.width) * 3;
    Image result(box.width, out);
    std::vector<std::int32_t> sums(stride);
    for (Index y = 0; y < out; ++y) {
        std::fill(sums.begin(), sums.end(), half_weight);
        const Index first = box.top + weights.begin[static_cast<std::size_t>(y)];
        for (Index i = 0; i < weights.count[static_cast<std::size_t>(y)]; ++i) {
            const std::uint8_t* row = image.pixel(box.left, first + i);
            const std::int32_t weight = weights.weight[static_cast<std::size_t>(y * weights.taps + i)];
            for (std::size_t x = 0; x < stride; ++x) sums[x] += weight * row[x];
        }
        std::transform(sums.begin(), sums.end(), result.pixel(0, y), rounded_to_byte);
    }
    return result;
}

inline Image copy_of(const Image& image, const Box& box) {
    Image result(box.width, box.height);
    for (Index y = 0; y < box.height; ++y)
        std::copy_n(image.pixel(box.left, box.top + y), box.width * 3, result.pixel(0, y));
    return result;
}

}  // namespace detail

/// Crops `crop` from `image` and resizes it to `width` x `height`, byte for byte as Pillow's `crop` and
/// `resize` do: a pass along rows and one along columns, each a weighted mean whose kernel is stretched by
/// the shrinking factor, in fixed point, rounded and clipped to 0..255 after each pass. A pass that would
/// change nothing is skipped.
///
/// The pass along rows comes first, unless the image loses more than twice as many rows as columns.
/// That is the order of Pillow 13; earlier versions never swap it, so their values may differ by a few levels
/// in that case.
///
/// @throws ConfigError for a box that is empty or not inside the image, or a size below one
inline Image resample(const Image& image, const Box& crop, Index width, Index height,
                      Interpolation interpolation = Interpolation::bicubic) {
    if (crop.left < 0 || crop.top < 0 || crop.width < 1 || crop.height < 1 ||
        crop.width > image.width - crop.left || crop.height > image.height - crop.top)
        throw ConfigError(message("the crop ", crop.width, " x ", crop.height, " at (", crop.left, ", ",
                                  crop.top, ") is not inside the image of ", image.width, " x ",
                                  image.height));
    if (width < 1 || height < 1)
        throw ConfigError(message("an image cannot be resized to ", width, " x ", height));
    if (width == crop.width && height == crop.height) return detail::copy_of(image, crop);
    if (width == crop.width) return detail::resample_columns(image, crop, height, interpolation);
    if (height == crop.height) return detail::resample_rows(image, crop, width, interpolation);
    if (height < crop.height && crop.height - height > 2 * (crop.width - width)) {
        const Image flat = detail::resample_columns(image, crop, height, interpolation);
        return detail::resample_rows(flat, {0, 0, crop.width, height}, width, interpolation);
    }
    const Image narrow = detail::resample_rows(image, crop, width, interpolation);
    return detail::resample_columns(narrow, {0, 0, width, crop.height}, height, interpolation);
}

}  // namespace vitscape
