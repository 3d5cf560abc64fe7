// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// The grid of square patches of a square image; a patch's number is `row * side() + column`.
struct PatchGrid {
    Index image = 224, patch = 16, channels = 3;

    [[nodiscard]] Index side() const { return image / patch; }
    [[nodiscard]] Index count() const { return side() * side(); }
    /// Values per patch.
    [[nodiscard]] Index size() const { return channels * patch * patch; }

    /// @throws ConfigError if the patch does not divide the image.
    void check() const {
        if (image <= 0 || patch <= 0 || image % patch != 0)
            throw ConfigError(message("a patch of ", patch, " pixels does not divide an image of ", image,
                                      " pixels; choose a patch size that does"));
    }
    /// The shape of a batch of images.
    template <class U>
    [[nodiscard]] static Shape shape_of(const xt::xtensor<U, 4>& images) {
        const auto extent = [&](std::size_t axis) { return static_cast<Index>(images.shape(axis)); };
        return {extent(0), extent(1), extent(2), extent(3)};
    }
    /// @throws ShapeError unless a batch of images is (n, channels, image, image).
    template <class U>
    void check_images(const xt::xtensor<U, 4>& images) const {
        const Shape shape = shape_of(images);
        if (shape != Shape{shape[0], channels, image, image})
            throw ShapeError(message("images of shape ", shape, " were given to a model for (n, ", channels,
                                     ", ", image, ", ", image, ")"));
    }
};

/// The order of the values inside a patch: that of a convolution's weight, or that of the reference's
/// reconstruction targets.
enum class PatchOrder { channel_row_column, row_column_channel };

/// Copies one patch of images (n, channels, image, image) to `out` (grid.size() values).
template <class U, class T>
void copy_patch(const PatchGrid& grid, const xt::xtensor<U, 4>& images, Index sample, Index patch,
                PatchOrder order, T* out) {
    const Index side = grid.patch, row = patch / grid.side() * side, column = patch % grid.side() * side;
    const U* const image = images.data() + sample * grid.channels * grid.image * grid.image;
    for (Index channel = 0; channel < grid.channels; ++channel)
        for (Index y = 0; y < side; ++y) {
            const U* const line = image + (channel * grid.image + row + y) * grid.image + column;
            if (order == PatchOrder::channel_row_column) {
                for (Index x = 0; x < side; ++x)
                    out[(channel * side + y) * side + x] = static_cast<T>(line[x]);
            } else {
                for (Index x = 0; x < side; ++x)
                    out[(y * side + x) * grid.channels + channel] = static_cast<T>(line[x]);
            }
        }
}

/// What a patch's variance is increased by, so that a flat patch can be divided by its deviation.
constexpr double patch_epsilon = 1e-6;

/// Normalizes a patch by its own mean and standard deviation: (x - mean) / sqrt(variance + patch_epsilon) with the unbiased
/// variance, the reference's target for `norm_pix_loss`.
template <class T>
void normalize_patch(std::span<T> patch) {
    const auto sum = [&](const auto& term) {
        double lanes[8] = {};  // sums that do not wait for each other
        std::size_t i = 0;
        for (; i + 8 <= patch.size(); i += 8)
            for (std::size_t lane = 0; lane < 8; ++lane)
                lanes[lane] += term(static_cast<double>(patch[i + lane]));
        for (; i < patch.size(); ++i) lanes[0] += term(static_cast<double>(patch[i]));
        return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) +
               ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
    };
    const double mean = sum([](double x) { return x; }) / static_cast<double>(patch.size());
    const double squares = sum([mean](double x) { return (x - mean) * (x - mean); });
    const double inverse = 1 / std::sqrt(squares / static_cast<double>(patch.size() - 1) + patch_epsilon);
    for (T& x : patch) x = static_cast<T>((static_cast<double>(x) - mean) * inverse);
}

}  // namespace vitscape
