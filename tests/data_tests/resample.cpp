// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <vitscape/data/resample.hpp>

#include "support/catch.hpp"
#include "support/golden.hpp"

namespace resample_test {

using namespace vitscape;

namespace {

Image golden_image(const SafeTensors& tensors, const std::string& name) {
    const SafeTensor tensor = tensors.at(name);
    REQUIRE(tensor.shape.rank() == 3);
    REQUIRE(tensor.shape[2] == 3);
    Image image(tensor.shape[1], tensor.shape[0]);
    image.pixels = tensor.to<std::uint8_t>();
    return image;
}

/// Weighted mean in double, without fixed point: what `resample` approximates for one row.
std::vector<double> exact_row(const Image& image, Index y, Index channel, Index out) {
    const double scale = static_cast<double>(image.width) / static_cast<double>(out);
    const double stretch = std::max(1.0, scale);
    std::vector<double> result;
    for (Index x = 0; x < out; ++x) {
        const double centre = (static_cast<double>(x) + 0.5) * scale;
        double sum = 0.0, weights = 0.0;
        for (Index i = 0; i < image.width; ++i) {
            const double weight =
                std::max(0.0, 1.0 - std::abs((static_cast<double>(i) + 0.5 - centre) / stretch));
            sum += weight * image.pixel(i, y)[channel];
            weights += weight;
        }
        result.push_back(sum / weights);
    }
    return result;
}

Image pattern(Index width, Index height) {
    Image image(width, height);
    for (std::size_t i = 0; i < image.pixels.size(); ++i)
        image.pixels[i] = static_cast<std::uint8_t>((i * 97 + i * i / 7) % 256);
    return image;
}

}  // namespace

TEST_CASE("resample gives the reference's bytes", "[data][resample]") {
    const auto scalars = test::golden_json("resample");
    const auto tensors = test::golden_tensors("resample");
    const auto& crops = scalars.at("crops");
    REQUIRE(!crops.empty());
    for (std::size_t i = 0; i < crops.size(); ++i) {
        const Image image = golden_image(tensors, "image" + std::to_string(i));
        const auto box = crops[i].at("box_left_top_right_bottom").get<std::vector<Index>>();
        const Box crop{box.at(0), box.at(1), box.at(2) - box.at(0), box.at(3) - box.at(1)};
        for (const bool cubic : {true, false}) {
            const std::string name = cubic ? "bicubic" : "bilinear";
            const auto size = crops[i].at(name + "_size_wh").get<std::vector<Index>>();
            const Image resized = resample(image, crop, size.at(0), size.at(1),
                                           cubic ? Interpolation::bicubic : Interpolation::bilinear);
            INFO(name << i);
            CHECK(resized == golden_image(tensors, name + std::to_string(i)));
        }
    }
}

TEST_CASE("resample shrinks with antialiasing", "[data][resample]") {
    const Image image = pattern(61, 3);
    const Image small = resample(image, {0, 0, 61, 3}, 7, 3, Interpolation::bilinear);
    for (Index y = 0; y < 3; ++y)
        for (Index c = 0; c < 3; ++c) {
            const auto exact = exact_row(image, y, c, 7);
            for (Index x = 0; x < 7; ++x)
                CHECK(std::abs(small.pixel(x, y)[c] - exact[static_cast<std::size_t>(x)]) <= 0.5001);
        }
}

TEST_CASE("resample keeps constant pictures and sizes that do not change", "[data][resample]") {
    const Image image = pattern(17, 11);
    CHECK(resample(image, {0, 0, 17, 11}, 17, 11) == image);
    const Image part = resample(image, {3, 2, 5, 7}, 5, 7);
    for (Index y = 0; y < 7; ++y)
        for (Index x = 0; x < 5; ++x)
            for (Index c = 0; c < 3; ++c) CHECK(part.pixel(x, y)[c] == image.pixel(x + 3, y + 2)[c]);

    Image flat(13, 40);
    std::fill(flat.pixels.begin(), flat.pixels.end(), std::uint8_t{201});
    for (const auto interpolation : {Interpolation::bilinear, Interpolation::bicubic}) {
        const Image other = resample(flat, {1, 1, 12, 39}, 30, 9, interpolation);
        CHECK(std::all_of(other.pixels.begin(), other.pixels.end(), [](auto value) { return value == 201; }));
    }
    // The cubic kernel overshoots at an edge; the result is clipped and does not wrap round.
    Image edge(8, 1);
    for (Index x = 4; x < 8; ++x) std::fill_n(edge.pixel(x, 0), 3, std::uint8_t{255});
    const Image large = resample(edge, {0, 0, 8, 1}, 64, 1);
    for (Index x = 1; x < 64; ++x) CHECK(large.pixel(x, 0)[0] >= large.pixel(x - 1, 0)[0]);
}

TEST_CASE("resample passes along the rows first unless many more rows than columns go", "[data][resample]") {
    const Image image = pattern(40, 60);
    const auto steps = [&](Index first_width, Index first_height, Index width, Index height) {
        const Image between = resample(image, {0, 0, 40, 60}, first_width, first_height);
        return resample(between, {0, 0, first_width, first_height}, width, height);
    };
    CHECK(resample(image, {0, 0, 40, 60}, 30, 40) == steps(30, 60, 30, 40));  // 20 rows, 10 columns
    CHECK(resample(image, {0, 0, 40, 60}, 30, 39) == steps(40, 39, 30, 39));
    CHECK(resample(image, {0, 0, 40, 60}, 50, 59) == steps(40, 59, 50, 59));
    CHECK(resample(image, {0, 0, 40, 60}, 50, 70) == steps(50, 60, 50, 70));
    CHECK(steps(30, 60, 30, 39) != steps(40, 39, 30, 39));
}

TEST_CASE("a crop between pixels is the weighted mean of the pixels that it touches", "[data][resample]") {
    const Image image = pattern(61, 3);
    // From 10.25 to 40.75: pixels 10 to 40, whose centres lie at 0.5 - 0.25 + i from the crop's edge.
    const Image small =
        resample_fractional(image, FractionalBox{10.25, 0, 30.5, 3}, 7, 3, Interpolation::bilinear);
    const double scale = 30.5 / 7;
    for (Index y = 0; y < 3; ++y)
        for (Index c = 0; c < 3; ++c)
            for (Index x = 0; x < 7; ++x) {
                const double centre = 10.25 + (static_cast<double>(x) + 0.5) * scale;
                double sum = 0.0, weights = 0.0;
                for (Index i = 10; i <= 40; ++i) {
                    const double away = std::abs(static_cast<double>(i) + 0.5 - centre) / scale;
                    sum += std::max(0.0, 1.0 - away) * image.pixel(i, y)[c];
                    weights += std::max(0.0, 1.0 - away);
                }
                CHECK(std::abs(small.pixel(x, y)[c] - sum / weights) <= 0.5001);
            }

    CHECK(resample_fractional(image, FractionalBox{3, 1, 20, 2}, 9, 5) ==
          resample(image, Box{3, 1, 20, 2}, 9, 5));
    CHECK(resample_fractional(image, FractionalBox{3, 1, 9, 2}, 9, 2) ==
          resample(image, Box{3, 1, 9, 2}, 9, 2));
    CHECK(resample_fractional(image, FractionalBox{3.5, 1, 9, 2}, 9, 2) !=
          resample(image, Box{3, 1, 9, 2}, 9, 2));
    const FractionalBox bad =
        GENERATE(FractionalBox{-0.1, 0, 2, 2}, FractionalBox{0, -0.1, 2, 2}, FractionalBox{59.5, 0, 1.6, 2},
                 FractionalBox{0, 1.5, 2, 1.6}, FractionalBox{0, 0, 0, 2}, FractionalBox{0, 0, 2, -1},
                 FractionalBox{0, 0, std::nan(""), 2}, FractionalBox{std::nan(""), 0, 1, 1},
                 FractionalBox{2, 0, 1e-300, 1}, FractionalBox{0, 0, 1e300, 1});
    CHECK_THROWS_AS(resample_fractional(image, bad, 4, 4), ConfigError);
    CHECK_THROWS_AS(resample_fractional(image, FractionalBox{0, 0, 2, 2}, 4, 0), ConfigError);
}

TEST_CASE("resample refuses boxes outside the picture", "[data][resample]") {
    const Image image = pattern(6, 5);
    const Box bad = GENERATE(Box{-1, 0, 2, 2}, Box{0, -1, 2, 2}, Box{5, 0, 2, 2}, Box{0, 4, 2, 2},
                             Box{0, 0, 0, 2}, Box{0, 0, 2, 0}, Box{1, 1, INT64_MAX, 2});
    CHECK_THROWS_AS(resample(image, bad, 4, 4), ConfigError);
    CHECK_THROWS_AS(resample(image, {0, 0, 6, 5}, 0, 4), ConfigError);
}

}  // namespace resample_test
