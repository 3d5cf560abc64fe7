// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/json_fields.hpp>
#include <vitscape/data/image_folder.hpp>
#include <vitscape/data/label_noise.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/data/synthetic.hpp>

#include "image_files.hpp"
#include "support/catch.hpp"
#include "temporary_folder.hpp"

namespace reduced_decoding_test {

using namespace vitscape;
using Bytes = std::vector<std::uint8_t>;

static_assert(ReducingDataset<ImageFolder> && ReducingDataset<AnyDataset>);
static_assert(ReducingDataset<Subset<ImageFolder>> && ReducingDataset<WithLabelNoise<ImageFolder>>);
static_assert(!ReducingDataset<Synthetic>);

namespace {

ReductionChoice always(Index reduction) {
    return [reduction](Index, Index) { return reduction; };
}

const ImageTransform training{
    .side = 16, .crop = Crop::random_resized, .flip = true, .reduced_decoding = true};

}  // namespace

TEST_CASE("a transform's description of earlier versions decodes whole images", "[data][reduced]") {
    ImageTransform transform{.side = 24, .crop = Crop::random_resized, .min_crop = 0.3, .flip = true};
    const auto earlier = nlohmann::json::parse(
        R"({"side": 24, "crop": "random-resized", "min_crop": 0.3, "flip": true, "mean": [0.5, 0.5, 0.5],
            "standard_deviation": [0.25, 0.25, 0.25]})");
    transform.mean.fill(0.5F);
    transform.standard_deviation.fill(0.25F);
    CHECK(describe(transform) == earlier);
    ImageTransform restored;
    read_fields(earlier, restored);
    CHECK_FALSE(restored.reduced_decoding);
    CHECK(restored.side == 24);

    transform.reduced_decoding = true;
    CHECK(describe(transform).at("reduced_decoding") == true);
    read_fields(describe(transform), restored);
    CHECK(restored.reduced_decoding);
    CHECK_FALSE(restored.evaluation().reduced_decoding);
}

TEST_CASE("an image is reduced as far as the part taken allows", "[data][reduced]") {
    const ImageTransform centre{.side = 28, .reduced_decoding = true};  // the shorter side becomes 32
    const RandomKey key{};
    CHECK(centre.reduction(512, 512, key) == 8);
    CHECK(centre.reduction(511, 600, key) == 4);
    CHECK(centre.reduction(5000, 256, key) == 4);
    CHECK(centre.reduction(255, 255, key) == 2);
    CHECK(centre.reduction(127, 127, key) == 1);
    CHECK(centre.reduction(28, 28, key) == 1);
    CHECK(centre.reduction(1, 3, key) == 1);
    CHECK(ImageTransform{.side = 28}.reduction(4000, 4000, key) == 1);

    std::array<int, 9> count{};
    for (std::uint32_t i = 0; i < 200; ++i) {
        const RandomKey sample{3, Purpose::augmentation, 1, i};
        const Index reduction = training.reduction(300, 200, sample);
        ++count[static_cast<std::size_t>(reduction)];
        RandomSequence random(sample);
        (void)random.uniform();  // whether it is mirrored
        const Box box = random_resized_crop(300, 200, training.min_crop, random);
        const Index shorter = std::min(box.width, box.height);
        CHECK(shorter >= (reduction == 1 ? 0 : 2 * reduction * 16));
        CHECK((reduction == 8 || shorter < 4 * reduction * 16));
    }
    CHECK(count[2] > 0);
    CHECK(count[4] > 0);
}

#if VITSCAPE_HAS_JPEG

namespace {

std::string failure(const Bytes& bytes, Index reduction) {
    try {
        (void)decode_image_reduced(bytes, "some.jpg", always(reduction));
    } catch (const DataError& error) {
        return error.what();
    }
    return {};
}

double root_mean_square(const std::vector<float>& a, const std::vector<float>& b) {
    REQUIRE(a.size() == b.size());
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i] - b[i]), 2);
    return std::sqrt(sum / static_cast<double>(a.size()));
}

}  // namespace

TEST_CASE("a JPEG file of every kind is decoded at a reduced size", "[data][reduced][jpeg]") {
    const auto [width, height] = GENERATE(std::pair<Index, Index>{64, 48}, std::pair<Index, Index>{61, 43},
                                          std::pair<Index, Index>{9, 1});
    const bool progressive = GENERATE(false, true);
    const int luma = GENERATE(1, 2);
    const Image picture = test::smooth_picture(width, height);
    const Bytes bytes =
        test::jpeg_file(width, height, picture.pixels, {3, JCS_RGB, JCS_YCbCr, false, progressive, luma});
    const Image whole = decode_image(bytes, "x");
    for (const Index reduction : {1, 2, 4, 8}) {
        INFO(width << " x " << height << " by " << reduction);
        Index header_width = 0, header_height = 0;
        const ReducedImage reduced = decode_image_reduced(bytes, "x", [&](Index w, Index h) {
            header_width = w;
            header_height = h;
            return reduction;
        });
        CHECK(header_width == width);
        CHECK(header_height == height);
        CHECK(reduced.width == width);
        CHECK(reduced.height == height);
        CHECK(reduced.reduction == reduction);
        CHECK(reduced.image.width == (width + reduction - 1) / reduction);
        CHECK(reduced.image.height == (height + reduction - 1) / reduction);
        if (reduction == 1) CHECK(reduced.image == whole);
        // A pixel is about the mean of those that it covers.
        for (Index y = 0; y < height / reduction; ++y)
            for (Index x = 0; x < width / reduction; ++x)
                for (Index c = 0; c < 3; ++c) {
                    double sum = 0.0;
                    for (Index j = 0; j < reduction; ++j)
                        for (Index i = 0; i < reduction; ++i)
                            sum += whole.pixel(x * reduction + i, y * reduction + j)[c];
                    sum /= static_cast<double>(reduction * reduction);
                    CHECK(std::abs(reduced.image.pixel(x, y)[c] - sum) <= 8.0);
                }
    }
    for (const Index impossible : {0, 3, 16, -1})
        CHECK_THROWS_AS(decode_image_reduced(bytes, "x", always(impossible)), ConfigError);
}

TEST_CASE("ink is reduced as colours are", "[data][reduced][jpeg]") {
    const Image picture = test::smooth_picture(40, 24);
    Bytes ink;
    for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
        ink.push_back(picture.pixels[i]);
        if (i % 3 == 2) ink.push_back(255);
    }
    const auto bytes = test::jpeg_file(40, 24, ink, {4, JCS_CMYK, JCS_YCCK, true, false});
    const ReducedImage reduced = decode_image_reduced(bytes, "x", always(8));
    CHECK(reduced.image.width == 5);
    CHECK(reduced.image.height == 3);
    CHECK(std::abs(int{reduced.image.pixel(2, 1)[0]} - int{picture.pixel(20, 12)[0]}) <= 8);
}

TEST_CASE("damaged JPEG files are errors at any reduction", "[data][reduced][jpeg]") {
    const bool progressive = GENERATE(false, true);
    const Bytes whole = test::jpeg_file(64, 48, test::smooth_picture(64, 48).pixels,
                                        {3, JCS_RGB, JCS_YCbCr, false, progressive, 2});
    const Index reduction = GENERATE(2, 4, 8);
    for (std::size_t size = 3; size < whole.size(); size += 7)
        CHECK(!failure(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), reduction)
                   .empty());
    CHECK(!failure(Bytes(whole.begin(), whole.end() - 2), reduction).empty());
    for (std::size_t at = 2; at < whole.size(); at += 3) {  // the same files as without a reduction
        Bytes bytes = whole;
        bytes[at] ^= 0x5A;
        INFO("byte " << at << ": " << failure(bytes, 1));
        CHECK(failure(bytes, reduction).empty() == failure(bytes, 1).empty());
    }
    Bytes bytes = whole;  // more lines claimed than there are
    const std::array<std::uint8_t, 2> frame{0xFF, static_cast<std::uint8_t>(progressive ? 0xC2 : 0xC0)};
    const auto at = std::search(bytes.begin(), bytes.end(), frame.begin(), frame.end());
    REQUIRE(at != bytes.end());
    at[5] = 0x01;
    CHECK(!failure(bytes, reduction).empty());
    at[5] = at[7] = 0xFF;  // more pixels than allowed
    CHECK(failure(bytes, reduction).find("limit") != std::string::npos);
}

TEST_CASE("a reduced image gives nearly the input of the whole image", "[data][reduced][jpeg]") {
    const int luma = GENERATE(1, 2);
    const Image picture = test::smooth_picture(301, 223);
    const Bytes bytes =
        test::jpeg_file(301, 223, picture.pixels, {3, JCS_RGB, JCS_YCbCr, false, false, luma});
    const Image whole = decode_image(bytes, "x");
    ImageTransform transform = training;
    transform.crop = GENERATE(Crop::random_resized, Crop::centre);
    transform.mean.fill(0.0F);
    transform.standard_deviation.fill(1.0F);
    std::vector<float> expected(3 * 16 * 16), given(3 * 16 * 16);
    for (std::uint32_t i = 0; i < 40; ++i) {
        const RandomKey key{5, Purpose::augmentation, 0, i};
        const ReducedImage reduced = decode_image_reduced(
            bytes, "x", [&](Index width, Index height) { return transform.reduction(width, height, key); });
        transform(whole, key, expected);
        transform(reduced, key, given);
        if (transform.crop == Crop::centre) CHECK(reduced.reduction == 4);
        // 48 dB, one level of 255; a part that begins 4 of the 301 pixels to the side misses by 0.007.
        CHECK(root_mean_square(expected, given) < 0.004);
        transform(ReducedImage{whole, 301, 223, 1}, key, given);
        CHECK(given == expected);
    }
}

#if VITSCAPE_HAS_PNG
TEST_CASE("reduced inputs do not depend on cache, threads, views and where an epoch began",
          "[data][reduced]") {
    const test::TemporaryFolder folder;
    for (int i = 0; i < 12; ++i) {
        const Image picture = test::smooth_picture(160 + 7 * i, 150, 20 * i);
        folder.write("ant/" + std::to_string(100 + i) + (i % 3 == 0 ? ".png" : ".jpg"),
                     i % 3 == 0 ? test::png_file(picture) : test::jpeg_file(picture, i % 3 == 1));
    }
    ImageFolderOptions options;
    const ImageFolder cached(folder.path(), options);
    options.cache_bytes = 0;
    const ImageFolder on_demand(folder.path(), options);
    REQUIRE(cached.is_cached());
    REQUIRE_FALSE(on_demand.is_cached());
    for (std::size_t i = 0; i < 12; ++i)
        for (const Index reduction : {1, 4}) {
            const ReducedImage kept = cached.load_reduced(i, always(reduction));
            const ReducedImage read = on_demand.load_reduced(i, always(reduction));
            CHECK(kept.image == read.image);
            CHECK(kept.reduction == read.reduction);
            CHECK(read.reduction == (i % 3 == 0 ? 1 : reduction));
            CHECK(kept.width == read.width);
            CHECK(read.width == static_cast<Index>(160 + 7 * i));
        }

    const auto pixels = [](auto dataset, std::size_t workers, std::size_t first, bool reduced) {
        LoaderOptions loading{.batch = 4, .workers = workers, .seed = 2, .transform = training};
        loading.transform.reduced_decoding = reduced;
        const Loader loader(std::move(dataset), loading);
        std::vector<float> all;
        for (const Batch& batch : loader.epoch(1, first))
            all.insert(all.end(), batch.images.begin(), batch.images.end());
        return all;
    };
    const std::vector<float> expected = pixels(on_demand, 0, 0, true);
    CHECK(pixels(cached, 0, 0, true) == expected);
    CHECK(pixels(on_demand, 3, 0, true) == expected);
    CHECK(pixels(AnyDataset(cached.first(12)), 2, 0, true) == expected);
    const std::vector<float> rest = pixels(cached, 1, 2, true);
    CHECK(std::equal(rest.begin(), rest.end(), expected.end() - static_cast<std::ptrdiff_t>(rest.size())));
    const std::vector<float> whole = pixels(on_demand, 0, 0, false);
    CHECK(whole != expected);
    CHECK(whole == pixels(cached, 0, 0, false));
    CHECK(root_mean_square(whole, expected) < 0.05);
}

TEST_CASE("a file damaged after the check is replaced at any reduction", "[data][reduced]") {
    const test::TemporaryFolder folder;
    for (int i = 0; i < 3; ++i)
        folder.write("ant/" + std::to_string(i) + ".jpg", test::jpeg_file(test::smooth_picture(64, 48, i)));
    ImageFolderOptions options;
    options.cache_bytes = 0;
    options.broken_limit = 0.5;
    options.log = [](const std::string&) {};
    const ImageFolder images(folder.path(), options);
    folder.write("ant/1.jpg", std::string("damaged after the check"));
    CHECK(images.load_reduced(1, always(4)).image == images.load_reduced(2, always(4)).image);
    CHECK(images.broken_count() == 1);
}
#endif
#endif

}  // namespace reduced_decoding_test
