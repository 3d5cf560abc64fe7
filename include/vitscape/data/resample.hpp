// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

/// A rectangle whose edges may lie within pixels.
struct FractionalBox {
    double left = 0.0;
    double top = 0.0;
    double width = 0.0;
    double height = 0.0;
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

    /// The part of length `extent` from position `start` of `in` input positions, divided into `out`.
    ResampleWeights(Index in, double start, double extent, Index out, Interpolation interpolation) {
        const double scale = extent / static_cast<double>(out);
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
            const double centre = start + (static_cast<double>(x) + 0.5) * scale;
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

/// Rows that are resized together: a weight is multiplied with the pixels of one column of all of them, which is one vector
/// operation, instead of with the three values of one pixel.
inline constexpr Index rows_together = 16;

/// Puts the columns of up to `rows_together` rows one after the other: (box.width, rows_together, 3). Where there are fewer
/// rows, the last one is repeated.
inline void gather_columns(const Image& image, const Box& box, Index top, std::uint8_t* columns) {
    std::array<const std::uint8_t*, rows_together> row;
    for (Index r = 0; r < rows_together; ++r)
        row[static_cast<std::size_t>(r)] = image.pixel(box.left, box.top + std::min(top + r, box.height - 1));
    for (Index x = 0; x < box.width; ++x)
        for (Index r = 0; r < rows_together; ++r, columns += 3)
            std::memcpy(columns, row[static_cast<std::size_t>(r)] + 3 * x, 3);
}

/// Resizes the part `box` of an image along x: result (box.height, out).
inline Image resample_rows(const Image& image, const Box& box, const ResampleWeights& weights) {
    const auto out = static_cast<Index>(weights.begin.size());
    constexpr std::size_t lanes = 3 * rows_together;
    std::vector<std::uint8_t> columns(static_cast<std::size_t>(box.width) * lanes);
    Image result(out, box.height);
    for (Index top = 0; top < box.height; top += rows_together) {
        gather_columns(image, box, top, columns.data());
        const Index rows = std::min(rows_together, box.height - top);
        for (Index x = 0; x < out; ++x) {
            const auto at = static_cast<std::size_t>(x);
            const std::uint8_t* column = columns.data() + static_cast<std::size_t>(weights.begin[at]) * lanes;
            const std::int32_t* weight = weights.weight.data() + x * weights.taps;
            std::array<std::int32_t, lanes> sums;
            sums.fill(half_weight);
            for (Index i = 0, n = weights.count[at]; i < n; ++i, column += lanes)
                for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += weight[i] * column[lane];
            std::array<std::uint8_t, lanes> rounded;
            std::transform(sums.begin(), sums.end(), rounded.begin(), rounded_to_byte);
            for (Index r = 0; r < rows; ++r)
                std::memcpy(result.pixel(x, top + r), &rounded[static_cast<std::size_t>(3 * r)], 3);
        }
    }
    return result;
}

/// Resizes the part `box` of an image along y: result (out, box.width).
inline Image resample_columns(const Image& image, const Box& box, const ResampleWeights& weights) {
    const auto out = static_cast<Index>(weights.begin.size());
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

/// Resizes what `part` covers of the pixels `box` of an image; `part` is relative to `box` and touches each of its rows and
/// columns.
inline Image resample_part(const Image& image, const Box& box, const FractionalBox& part, Index width,
                           Index height, Interpolation interpolation) {
    if (width < 1 || height < 1)
        throw ConfigError(message("an image cannot be resized to ", width, " x ", height));
    const auto unchanged = [](double start, double extent, Index out) {
        return start == 0.0 && extent == static_cast<double>(out);
    };
    const bool same_width = unchanged(part.left, part.width, width);
    const bool same_height = unchanged(part.top, part.height, height);
    if (same_width && same_height) return copy_of(image, box);
    const auto narrowed = [&](const Image& from, const Box& within) {
        return resample_rows(from, within,
                             ResampleWeights(box.width, part.left, part.width, width, interpolation));
    };
    const auto flattened = [&](const Image& from, const Box& within) {
        return resample_columns(from, within,
                                ResampleWeights(box.height, part.top, part.height, height, interpolation));
    };
    if (same_width) return flattened(image, box);
    if (same_height) return narrowed(image, box);
    if (height < box.height && box.height - height > 2 * (box.width - width))
        return narrowed(flattened(image, box), {0, 0, box.width, height});
    return flattened(narrowed(image, box), {0, 0, width, box.height});
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
    return detail::resample_part(
        image, crop, {0.0, 0.0, static_cast<double>(crop.width), static_cast<double>(crop.height)}, width,
        height, interpolation);
}

/// `resample` for a crop whose edges may lie within pixels, as in a reduced image: the pixels that it touches are cut out and
/// the positions in them are fractional, as with `box` in Pillow's `resize`.
///
/// @throws ConfigError as `resample`
inline Image resample_fractional(const Image& image, const FractionalBox& crop, Index width, Index height,
                                 Interpolation interpolation = Interpolation::bicubic) {
    const double right = crop.left + crop.width, bottom = crop.top + crop.height;
    if (!(crop.left >= 0.0 && crop.top >= 0.0 && right > crop.left && bottom > crop.top &&
          right <= static_cast<double>(image.width) && bottom <= static_cast<double>(image.height)))
        throw ConfigError(message("the crop ", crop.width, " x ", crop.height, " at (", crop.left, ", ",
                                  crop.top, ") is not inside the image of ", image.width, " x ",
                                  image.height));
    Box touched{static_cast<Index>(std::floor(crop.left)), static_cast<Index>(std::floor(crop.top)), 0, 0};
    touched.width = static_cast<Index>(std::ceil(right)) - touched.left;
    touched.height = static_cast<Index>(std::ceil(bottom)) - touched.top;
    return detail::resample_part(image, touched,
                                 {crop.left - static_cast<double>(touched.left),
                                  crop.top - static_cast<double>(touched.top), crop.width, crop.height},
                                 width, height, interpolation);
}

}  // namespace vitscape
