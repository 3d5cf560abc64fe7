// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <vitscape/data/augmentation.hpp>

#include "support/catch.hpp"

namespace augmentation_test {

using namespace vitscape;

namespace {

Image gradient(Index width, Index height) {
    Image image(width, height);
    for (Index y = 0; y < height; ++y)
        for (Index x = 0; x < width; ++x) {
            image.pixel(x, y)[0] = static_cast<std::uint8_t>(x * 255 / width);
            image.pixel(x, y)[1] = static_cast<std::uint8_t>(y * 255 / height);
            image.pixel(x, y)[2] = static_cast<std::uint8_t>((x * 31 + y * 17) % 256);
        }
    return image;
}

std::vector<float> apply(const ImageTransform& transform, const Image& image, std::uint32_t sample) {
    std::vector<float> out(static_cast<std::size_t>(3 * transform.side * transform.side));
    transform(image, {1, Purpose::augmentation, 2, sample}, out);
    return out;
}

}  // namespace

TEST_CASE("a picture of the right size is only normalized", "[data][augmentation]") {
    ImageTransform transform{.side = 16};
    transform.mean = {0.5F, 0.4F, 0.3F};
    transform.standard_deviation = {0.5F, 0.25F, 0.2F};
    const Image image = gradient(16, 16);
    const auto out = apply(transform, image, 0);
    for (Index c = 0; c < 3; ++c)
        for (Index y = 0; y < 16; ++y)
            for (Index x = 0; x < 16; ++x) {
                const auto channel = static_cast<std::size_t>(c);
                const double expected = (image.pixel(x, y)[c] / 255.0 - transform.mean[channel]) /
                                        transform.standard_deviation[channel];
                CHECK(std::abs(out[static_cast<std::size_t>((c * 16 + y) * 16 + x)] - expected) < 1e-6);
            }
}

TEST_CASE("evaluation resizes the shorter side and takes the centre", "[data][augmentation]") {
    RandomSequence unused{RandomKey{}};
    const ImageTransform transform{.side = 28};  // shorter side: 28 * 256 / 224 = 32
    const Image wide = gradient(100, 50);
    const Image resized = resample(wide, {0, 0, 100, 50}, 64, 32);
    CHECK(transform.cut(wide, unused) == resample(resized, {18, 2, 28, 28}, 28, 28));
    const Image tall = gradient(50, 75);
    const Image upright = resample(tall, {0, 0, 50, 75}, 32, 48);
    CHECK(transform.cut(tall, unused) == resample(upright, {2, 10, 28, 28}, 28, 28));
    const ImageTransform large{.side = 256};  // above 224 the shorter side becomes the side itself
    CHECK(large.cut(gradient(100, 100), unused) == resample(gradient(100, 100), {0, 0, 100, 100}, 256, 256));

    const ImageTransform training{.side = 28, .crop = Crop::random_resized, .flip = true};
    CHECK(training.evaluation().cut(wide, unused) == transform.cut(wide, unused));
    CHECK_FALSE(training.evaluation().flip);
}

TEST_CASE("random crops keep to the stated areas and proportions", "[data][augmentation]") {
    constexpr int count = 4000;
    double area_sum = 0.0, log_ratio_sum = 0.0, smallest = 1.0, largest = 0.0, left_sum = 0.0, room_sum = 0.0;
    for (std::uint32_t i = 0; i < count; ++i) {
        RandomSequence random(RandomKey{0, Purpose::augmentation, 0, i});
        const Box box = random_resized_crop(400, 300, 0.2, random);
        REQUIRE(box.left >= 0);
        REQUIRE(box.top >= 0);
        REQUIRE(box.left + box.width <= 400);
        REQUIRE(box.top + box.height <= 300);
        const double area = static_cast<double>(box.width * box.height) / (400.0 * 300.0);
        const double ratio = static_cast<double>(box.width) / static_cast<double>(box.height);
        CHECK(ratio > 0.73);
        CHECK(ratio < 1.37);
        area_sum += area;
        log_ratio_sum += std::log(ratio);
        smallest = std::min(smallest, area);
        largest = std::max(largest, area);
        left_sum += static_cast<double>(box.left);
        room_sum += static_cast<double>(400 - box.width);
    }
    CHECK(smallest > 0.19);
    CHECK(smallest < 0.22);
    CHECK(largest > 0.9);
    // Large crops often do not fit and are proposed again, so the means are not 0.6 and 0 but, by 200,000
    // draws of an independent program, 0.4958 (deviation 0.185) and 0.0372 (0.163).
    CHECK(area_sum / count == Approx(0.4958).margin(0.012));
    CHECK(log_ratio_sum / count == Approx(0.0372).margin(0.011));
    CHECK(left_sum / room_sum == Approx(0.5).margin(0.02));
}

TEST_CASE("a crop that never fits falls back to the centre", "[data][augmentation]") {
    RandomSequence random{RandomKey{}};
    CHECK(random_resized_crop(300, 3, 1.0, random) == Box{148, 0, 4, 3});
    CHECK(random_resized_crop(6, 100, 1.0, random) == Box{0, 46, 6, 8});
    CHECK(random_resized_crop(1, 1, 0.2, random) == Box{0, 0, 1, 1});
}

TEST_CASE("augmentation is a function of its key", "[data][augmentation]") {
    const ImageTransform transform{.side = 24, .crop = Crop::random_resized, .flip = true};
    const Image image = gradient(40, 30);
    CHECK(apply(transform, image, 5) == apply(transform, image, 5));
    CHECK(apply(transform, image, 5) != apply(transform, image, 6));

    const ImageTransform flipping{.side = 8, .flip = true};
    const Image small = gradient(8, 8);
    const auto plain = apply(flipping.evaluation(), small, 0);
    int mirrored = 0;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        const auto out = apply(flipping, small, i);
        if (out == plain) continue;
        ++mirrored;
        for (std::size_t row = 0; row < 24; ++row)
            for (std::size_t x = 0; x < 8; ++x) REQUIRE(out[row * 8 + x] == plain[row * 8 + 7 - x]);
    }
    CHECK(mirrored > 430);  // 500 with a standard deviation of 16
    CHECK(mirrored < 570);
}

TEST_CASE("a transform that cannot work says why", "[data][augmentation]") {
    CHECK_THROWS_AS(ImageTransform{.side = 0}.check(), ConfigError);
    CHECK_THROWS_AS((ImageTransform{.min_crop = 0.0}.check()), ConfigError);
    CHECK_THROWS_AS((ImageTransform{.min_crop = 1.5}.check()), ConfigError);
    CHECK_THROWS_AS((ImageTransform{.min_crop = std::nan("")}.check()), ConfigError);
    ImageTransform flat;
    flat.standard_deviation[1] = 0.0F;
    CHECK_THROWS_AS(flat.check(), ConfigError);
    std::vector<float> few(10);
    CHECK_THROWS_AS((ImageTransform{.side = 8}(gradient(8, 8), RandomKey{}, few)), ShapeError);
}

}  // namespace augmentation_test
