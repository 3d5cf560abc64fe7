// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/data/augmentation.hpp>
#include <vitscape/data/batch.hpp>

namespace vitscape {

/// Adds independent Gaussian noise to every pixel of every channel.
/// @param deviation  standard deviation for pixels in [0, 1]; scaled as the transform does
[[nodiscard]] inline Batch with_noise(Batch images, double deviation, const ImageTransform& transform,
                                      std::uint64_t seed) {
    const std::size_t pixels = images.images.shape(2) * images.images.shape(3);
    for (std::size_t i = 0; i < images.size(); ++i) {
        const RandomKey key{seed, Purpose::corruption, 0, images.samples[i]};
        float* image = images.images.data() + i * 3 * pixels;
        for (std::size_t p = 0; p < 3 * pixels; ++p)
            image[p] += static_cast<float>(deviation * random_normal(key, p)) /
                        transform.standard_deviation[p / pixels];
    }
    return images;
}

/// Gaussian blur; at the border only pixels inside the image are weighted.
/// @param deviation  in pixels
[[nodiscard]] inline Batch with_blur(Batch images, double deviation) {
    const auto side = static_cast<Index>(images.images.shape(3));
    const auto reach = static_cast<Index>(std::ceil(3 * deviation));
    std::vector<double> weight;
    for (Index d = 0; d <= reach; ++d)
        weight.push_back(std::exp(-0.5 * static_cast<double>(d * d) / (deviation * deviation)));
    std::vector<float> line(static_cast<std::size_t>(side));
    const auto blur_line = [&](float* first, Index stride) {
        for (Index x = 0; x < side; ++x) {
            double sum = 0, weights = 0;
            for (Index at = std::max<Index>(0, x - reach); at <= std::min(side - 1, x + reach); ++at) {
                const double w = weight[static_cast<std::size_t>(std::abs(at - x))];
                sum += w * static_cast<double>(first[at * stride]);
                weights += w;
            }
            line[static_cast<std::size_t>(x)] = static_cast<float>(sum / weights);
        }
        for (Index x = 0; x < side; ++x) first[x * stride] = line[static_cast<std::size_t>(x)];
    };
    const auto planes = static_cast<Index>(3 * images.size());
    for (Index plane = 0; plane < planes; ++plane) {
        float* pixels = images.images.data() + plane * side * side;
        for (Index y = 0; y < side; ++y) blur_line(pixels + y * side, 1);
        for (Index x = 0; x < side; ++x) blur_line(pixels + x, side);
    }
    return images;
}

}  // namespace vitscape
