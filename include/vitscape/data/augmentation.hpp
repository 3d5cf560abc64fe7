// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include <vitscape/core/error.hpp>
#include <vitscape/core/fields.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/data/image.hpp>
#include <vitscape/data/resample.hpp>

namespace vitscape {

/// Which part of an image becomes the model's input: the centre, or a random part with a random aspect ratio.
enum class Crop { centre, random_resized };
constexpr std::array<std::pair<std::string_view, Crop>, 2> enumerators(Crop) {
    return {{{"centre", Crop::centre}, {"random-resized", Crop::random_resized}}};
}

/// A random part of an image (Szegedy et al. 2015; torchvision's `RandomResizedCrop`): its area is uniform
/// in [min_area, 1] of the image's, the logarithm of width / height uniform between log 3/4 and log 4/3,
/// its position uniform. After ten proposals that do not fit: the largest central part with an allowed aspect ratio.
inline Box random_resized_crop(Index width, Index height, double min_area, RandomSequence& random) {
    constexpr double narrowest = 3.0 / 4.0;
    constexpr double widest = 4.0 / 3.0;
    const double area = static_cast<double>(width) * static_cast<double>(height);
    for (int attempt = 0; attempt < 10; ++attempt) {
        const double target = area * random.uniform(min_area, 1.0);
        const double ratio = std::exp(random.uniform(std::log(narrowest), std::log(widest)));
        const auto w = static_cast<Index>(std::nearbyint(std::sqrt(target * ratio)));
        const auto h = static_cast<Index>(std::nearbyint(std::sqrt(target / ratio)));
        if (w < 1 || h < 1 || w > width || h > height) continue;
        const Index top = random.below(height - h + 1);
        const Index left = random.below(width - w + 1);
        return {left, top, w, h};
    }
    Box box{0, 0, width, height};
    const double ratio = static_cast<double>(width) / static_cast<double>(height);
    if (ratio < narrowest)
        box.height = static_cast<Index>(std::nearbyint(static_cast<double>(width) / narrowest));
    if (ratio > widest) box.width = static_cast<Index>(std::nearbyint(static_cast<double>(height) * widest));
    box.left = (width - box.width) / 2;
    box.top = (height - box.height) / 2;
    return box;
}

/// Converts an image to the input of a model: side x side x 3 values (x / 255 - mean) / standard_deviation,
/// channel by channel.
///
/// With `Crop::centre`, an image of side x side is used unchanged; any other is resized so that its
/// shorter side is int(side * 256 / 224) (or `side`, above 224) and its centre is cropped, as in the
/// evaluation of He et al. 2022. The default mean and standard deviation are those of ImageNet.
struct ImageTransform {
    Index side = 224;  ///< pixels
    Crop crop = Crop::centre;
    double min_crop = 0.2;  ///< smallest fraction of the area, `random_resized` only
    bool flip = false;      ///< mirror left and right with probability 1/2
    std::array<float, 3> mean{0.485F, 0.456F, 0.406F};  ///< red, green, blue, for values in [0, 1]
    std::array<float, 3> standard_deviation{0.229F, 0.224F, 0.225F};
    Interpolation interpolation = Interpolation::bicubic;
    /// Decode JPEG files at 1/2, 1/4 or 1/8 of their size where the part taken keeps `reduced_margin` times the pixels that it
    /// is resized to, each way: large photos load quicker, and their inputs differ slightly from those of whole images. The
    /// random numbers, and so the parts, are the same.
    bool reduced_decoding = false;

    /// That of Pillow's `thumbnail`. For photos of 500 pixels resized to 32 inputs differ by 0.9 levels of 255 (root mean square),
    /// with a margin of 1 by 2.9.
    static constexpr Index reduced_margin = 2;

    /// Files of earlier versions lack it: whole images were decoded.
    static constexpr std::array<std::string_view, 1> newer_fields{"reduced_decoding"};

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("side", self.side, "", "pixels", Range::at_least(1));
        visit("crop", self.crop, "", "what part of the image is taken");
        visit("min_crop", self.min_crop, "min-crop", "smallest share of the area", Range::positive_share());
        visit("flip", self.flip, "", "mirror left and right with probability 1/2");
        visit("mean", self.mean, "", "of red, green and blue in [0, 1]");
        visit("standard_deviation", self.standard_deviation, "", "of red, green and blue");
        visit("reduced_decoding", self.reduced_decoding, "", "decode large JPEG files at a reduced size");
    }
    /// @throws ConfigError for a side below 1, a `min_crop` outside (0, 1], a deviation that is not positive.
    void check() const {
        if (side < 1) throw ConfigError(message("image side ", side, " is below 1"));
        if (!(min_crop > 0.0 && min_crop <= 1.0))
            throw ConfigError(message("smallest crop ", min_crop, " is not in (0, 1]"));
        for (std::size_t c = 0; c < 3; ++c)
            if (!(standard_deviation[c] > 0.0F) || !std::isfinite(standard_deviation[c]) ||
                !std::isfinite(mean[c]))
                throw ConfigError(message("pixel mean ", mean[c], " and standard deviation ",
                                          standard_deviation[c],
                                          ": both must be finite, the deviation positive"));
    }

    /// The same transform without randomness, for evaluation: of whole images, so that its numbers do not depend on how the
    /// training was sped up.
    [[nodiscard]] ImageTransform evaluation() const {
        ImageTransform plain = *this;
        plain.crop = Crop::centre;
        plain.flip = false;
        plain.reduced_decoding = false;
        return plain;
    }

    /// How far an image of that size may be reduced when it is decoded for the input of `key`: by the largest of 1, 2, 4 and 8
    /// that leaves the part taken `reduced_margin` times as wide and high as what it is resized to; always 1 without
    /// `reduced_decoding`.
    [[nodiscard]] Index reduction(Index width, Index height, const RandomKey& key) const {
        if (!reduced_decoding) return 1;
        RandomSequence random(key);
        (void)mirrored(random);
        const Part part = part_of(width, height, random);
        const Index fits =
            std::min(part.box.width / part.width, part.box.height / part.height) / reduced_margin;
        Index factor = 8;
        while (factor > 1 && factor > fits) factor /= 2;
        return factor;
    }

    /// The cropped part of the image, resized to side x side, before any flip.
    [[nodiscard]] Image cut(const Image& image, RandomSequence& random) const {
        return cut(image, image.width, image.height, 1, random);
    }

    /// Writes the model's input to `out`, 3 * side * side values. Randomness comes only from `key`.
    void operator()(const Image& image, const RandomKey& key, std::span<float> out) const {
        write(image, image.width, image.height, 1, key, out);
    }
    /// The same for an image that may be reduced: the part taken is that of the whole image.
    void operator()(const ReducedImage& reduced, const RandomKey& key, std::span<float> out) const {
        write(reduced.image, reduced.width, reduced.height, reduced.reduction, key, out);
    }

  private:
    /// A part of an image and the size to which it is resized.
    struct Part {
        Box box;
        Index width, height;
    };

    [[nodiscard]] bool mirrored(RandomSequence& random) const { return flip && random.uniform() < 0.5; }

    [[nodiscard]] bool whole(Index width, Index height) const {
        return crop == Crop::centre && width == side && height == side;
    }

    [[nodiscard]] Part part_of(Index width, Index height, RandomSequence& random) const {
        if (crop == Crop::random_resized)
            return {random_resized_crop(width, height, min_crop, random), side, side};
        const Box all{0, 0, width, height};
        if (whole(width, height)) return {all, side, side};
        const Index shorter = side <= 224 ? side * 256 / 224 : side;
        const Index longer = shorter * std::max(width, height) / std::min(width, height);
        const bool upright = height >= width;
        return {all, upright ? shorter : longer, upright ? longer : shorter};
    }

    /// `image` has the size width x height divided by `reduction`.
    [[nodiscard]] Image cut(const Image& image, Index width, Index height, Index reduction,
                            RandomSequence& random) const {
        const Part part = part_of(width, height, random);
        const Box& box = part.box;
        const double scale = 1.0 / static_cast<double>(reduction);  // a power of two: products are exact
        const FractionalBox reduced_box{
            static_cast<double>(box.left) * scale, static_cast<double>(box.top) * scale,
            static_cast<double>(box.width) * scale, static_cast<double>(box.height) * scale};
        Image resized = resample_fractional(image, reduced_box, part.width, part.height, interpolation);
        if (part.width == side && part.height == side) return resized;
        // An odd margin is divided by rounding half to even, as in Python.
        const auto margin = [this](Index extent) {
            return static_cast<Index>(std::nearbyint(static_cast<double>(extent - side) / 2.0));
        };
        return resample(resized, Box{margin(part.width), margin(part.height), side, side}, side, side);
    }

    void write(const Image& image, Index width, Index height, Index reduction, const RandomKey& key,
               std::span<float> out) const {
        const auto pixels = static_cast<std::size_t>(side * side);
        if (out.size() != 3 * pixels)
            throw ShapeError(message("an input of 3 x ", side, " x ", side, " values cannot be written to ",
                                     out.size(), " places"));
        RandomSequence random(key);
        const bool mirror = mirrored(random);
        const bool unchanged = whole(width, height) && reduction == 1;
        const Image part = unchanged ? Image{} : cut(image, width, height, reduction, random);
        const Image& source = unchanged ? image : part;
        std::array<std::array<float, 256>, 3> value;
        for (std::size_t c = 0; c < 3; ++c)
            for (std::size_t level = 0; level < 256; ++level)
                value[c][level] = (static_cast<float>(level) / 255.0F - mean[c]) / standard_deviation[c];
        for (Index y = 0; y < side; ++y) {
            float* row = out.data() + y * side;
            const std::uint8_t* pixel = source.pixel(0, y);
            for (Index x = 0; x < side; ++x, pixel += 3) {
                const Index target = mirror ? side - 1 - x : x;
                for (std::size_t c = 0; c < 3; ++c)
                    row[c * pixels + static_cast<std::size_t>(target)] = value[c][pixel[c]];
            }
        }
    }
};

}  // namespace vitscape
