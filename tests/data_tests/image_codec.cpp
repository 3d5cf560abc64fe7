// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include <vitscape/data/image_codec.hpp>

#include "image_files.hpp"
#include "support/catch.hpp"
#include "temporary_folder.hpp"

namespace image_codec_test {

using namespace vitscape;
using Bytes = std::vector<std::uint8_t>;

namespace {

/// Largest difference of two pictures of one size.
[[maybe_unused]] int difference(const Image& a, const Image& b) {
    REQUIRE(a.width == b.width);
    REQUIRE(a.height == b.height);
    int largest = 0;
    for (std::size_t i = 0; i < a.pixels.size(); ++i)
        largest = std::max(largest, std::abs(int{a.pixels[i]} - int{b.pixels[i]}));
    return largest;
}

/// The text of the DataError that decoding throws; empty if it throws none.
std::string failure(const Bytes& bytes, Index max_pixels = default_max_pixels) {
    try {
        static_cast<void>(decode_image(bytes, "some.jpg", max_pixels));
    } catch (const DataError& error) {
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("a file that is neither JPEG nor PNG is named", "[data][codec]") {
    CHECK(failure({}).find("some.jpg") != std::string::npos);
    CHECK(failure({'G', 'I', 'F', '8', '9', 'a'}).find("neither a JPEG nor a PNG") != std::string::npos);
    CHECK(image_format(Bytes{0xFF, 0xD8}) == ImageFormat::unknown);
    CHECK_THROWS_AS(read_image("/no/such/file.png"), DataError);
}

#if VITSCAPE_HAS_JPEG
TEST_CASE("JPEG files of every colour space decode to RGB", "[data][codec][jpeg]") {
    const Image picture = test::smooth_picture(40, 24);
    SECTION("YCbCr, baseline and progressive") {
        const Bytes baseline = test::jpeg_file(picture);
        CHECK(difference(decode_image(baseline, "x"), picture) <= 6);
        CHECK(decode_image(test::jpeg_file(picture, true), "x") == decode_image(baseline, "x"));
    }
    SECTION("RGB without a colour transform") {
        const auto bytes = test::jpeg_file(40, 24, picture.pixels, {3, JCS_RGB, JCS_RGB, true, false});
        CHECK(difference(decode_image(bytes, "x"), picture) <= 6);
    }
    SECTION("greyscale") {
        Bytes grey;
        Image expected(40, 24);
        for (Index i = 0; i < 40 * 24; ++i) {
            grey.push_back(picture.pixels[static_cast<std::size_t>(3 * i)]);
            std::fill_n(expected.pixels.begin() + 3 * i, 3, grey.back());
        }
        const auto bytes = test::jpeg_file(40, 24, grey, {1, JCS_GRAYSCALE, JCS_GRAYSCALE, false, false});
        CHECK(difference(decode_image(bytes, "x"), expected) <= 4);
    }
    SECTION("CMYK and YCCK, plain and as Adobe inverts it") {
        // R = (255 - C)(255 - K)/255 with a constant K of 51 gives 0.8 * picture for C = 255 - picture.
        Image expected = picture;
        for (auto& value : expected.pixels) value = static_cast<std::uint8_t>((value * 4 + 2) / 5);
        for (const bool inverted : {false, true})
            for (const J_COLOR_SPACE stored : {JCS_CMYK, JCS_YCCK}) {
                Bytes ink;
                for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
                    const auto amount = static_cast<std::uint8_t>(255 - picture.pixels[i]);
                    ink.push_back(inverted ? picture.pixels[i] : amount);
                    if (i % 3 == 2) ink.push_back(inverted ? 204 : 51);
                }
                // Without the marker a decoder takes four components for CMYK.
                if (!inverted && stored == JCS_YCCK) continue;
                const auto bytes = test::jpeg_file(40, 24, ink, {4, JCS_CMYK, stored, inverted, false});
                INFO("inverted " << inverted << ", stored as " << stored);
                CHECK(difference(decode_image(bytes, "x"), expected) <= 8);
            }
    }
}

TEST_CASE("damaged JPEG files are errors", "[data][codec][jpeg]") {
    const Image picture = test::smooth_picture(64, 48);
    const bool progressive = GENERATE(false, true);
    const Bytes whole = test::jpeg_file(picture, progressive);
    SECTION("truncated anywhere") {
        for (std::size_t size = 3; size < whole.size(); size += 7) {
            INFO(size << " of " << whole.size() << " bytes");
            CHECK(failure(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)))
                      .find("some.jpg") != std::string::npos);
        }
    }
    SECTION("without the end mark") { CHECK(!failure(Bytes(whole.begin(), whole.end() - 2)).empty()); }
    SECTION("any byte changed gives a picture or an error, nothing worse") {
        for (std::size_t at = 2; at < whole.size(); at += 3) {
            Bytes bytes = whole;
            bytes[at] ^= 0x5A;
            try {
                const Image image = decode_image(bytes, "x");
                CHECK(image.pixels.size() == static_cast<std::size_t>(image.width * image.height * 3));
            } catch (const DataError&) {
            }
        }
    }
    SECTION("more lines claimed than there are") {
        Bytes bytes = whole;
        const std::array<std::uint8_t, 2> frame{0xFF, static_cast<std::uint8_t>(progressive ? 0xC2 : 0xC0)};
        const auto at = std::search(bytes.begin(), bytes.end(), frame.begin(), frame.end());
        REQUIRE(at != bytes.end());
        at[5] = 0xFF;  // height 65,328
        at[6] = 0x30;
        CHECK(!failure(bytes).empty());
        at[7] = 0xFF;  // and width: beyond the limit
        at[8] = 0x30;
        CHECK(failure(bytes).find("limit") != std::string::npos);
    }
}

TEST_CASE("stray bytes that cost no pixels are accepted", "[data][codec][jpeg]") {
    const Image picture = test::smooth_picture(16, 16);
    Bytes bytes = test::jpeg_file(picture);
    const Image clean = decode_image(bytes, "x");
    bytes.insert(bytes.end() - 2, {0x00, 0x00, 0x00});
    CHECK(decode_image(bytes, "x") == clean);
    bytes.insert(bytes.end(), 100, std::uint8_t{7});
    CHECK(decode_image(bytes, "x") == clean);
}
#endif

#if VITSCAPE_HAS_PNG
TEST_CASE("PNG files of every kind decode to RGB", "[data][codec][png]") {
    const Image picture = test::smooth_picture(5, 3);
    SECTION("RGB, also interlaced") {
        CHECK(decode_image(test::png_file(picture), "x") == picture);
        const Image larger = test::smooth_picture(37, 21);
        CHECK(decode_image(test::png_file(larger, true), "x") == larger);
    }
    SECTION("alpha is dropped") {
        std::vector<Bytes> rows(3), grey(3);
        Image expected(5, 3);
        for (Index y = 0; y < 3; ++y)
            for (Index x = 0; x < 5; ++x) {
                const std::uint8_t* pixel = picture.pixel(x, y);
                auto& row = rows[static_cast<std::size_t>(y)];
                row.insert(row.end(), {pixel[0], pixel[1], pixel[2], static_cast<std::uint8_t>(x * 60)});
                grey[static_cast<std::size_t>(y)].insert(grey[static_cast<std::size_t>(y)].end(),
                                                         {pixel[0], std::uint8_t{0}});
                std::fill_n(expected.pixel(x, y), 3, pixel[0]);
            }
        CHECK(decode_image(test::png_file(5, 3, 8, PNG_COLOR_TYPE_RGBA, rows), "x") == picture);
        CHECK(decode_image(test::png_file(5, 3, 8, PNG_COLOR_TYPE_GRAY_ALPHA, grey), "x") == expected);
    }
    SECTION("16 bits keep the upper byte") {
        std::vector<Bytes> rows(3), grey(3);
        Image expected(5, 3);
        for (Index y = 0; y < 3; ++y)
            for (Index x = 0; x < 5; ++x) {
                for (int c = 0; c < 3; ++c) {
                    rows[static_cast<std::size_t>(y)].push_back(picture.pixel(x, y)[c]);
                    rows[static_cast<std::size_t>(y)].push_back(0xEE);
                }
                grey[static_cast<std::size_t>(y)].push_back(picture.pixel(x, y)[1]);
                grey[static_cast<std::size_t>(y)].push_back(0xEE);
                std::fill_n(expected.pixel(x, y), 3, picture.pixel(x, y)[1]);
            }
        CHECK(decode_image(test::png_file(5, 3, 16, PNG_COLOR_TYPE_RGB, rows), "x") == picture);
        CHECK(decode_image(test::png_file(5, 3, 16, PNG_COLOR_TYPE_GRAY, grey), "x") == expected);
    }
    SECTION("one bit grey, and a palette with transparency") {
        const Image bits = decode_image(test::png_file(5, 1, 1, PNG_COLOR_TYPE_GRAY, {{0b10110000}}), "x");
        const Image palette = decode_image(
            test::png_file(
                4, 1, 2, PNG_COLOR_TYPE_PALETTE, {{0b00011000}}, false,
                [](png_structp png, png_infop info) {
                    const std::array<png_color, 3> colours{{{10, 20, 30}, {40, 50, 60}, {70, 80, 90}}};
                    const std::array<png_byte, 2> alpha{0, 128};
                    png_set_PLTE(png, info, colours.data(), 3);
                    png_set_tRNS(png, info, alpha.data(), 2, nullptr);
                }),
            "x");
        CHECK(bits.pixels == Bytes{255, 255, 255, 0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0});
        CHECK(palette.pixels == Bytes{10, 20, 30, 40, 50, 60, 70, 80, 90, 10, 20, 30});
    }
}

TEST_CASE("damaged PNG files are errors", "[data][codec][png]") {
    const Bytes whole = test::png_file(test::smooth_picture(64, 48));
    SECTION("truncated anywhere") {
        for (std::size_t size = 8; size < whole.size(); size += 5)
            CHECK(failure(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)))
                      .find("some.jpg") != std::string::npos);
    }
    SECTION("any byte changed is an error: each critical chunk has a checksum") {
        for (std::size_t at = 8; at < whole.size(); ++at) {
            Bytes bytes = whole;
            bytes[at] ^= 0x5A;
            INFO("byte " << at);
            CHECK(!failure(bytes).empty());
        }
    }
    SECTION("a huge size that the file cannot hold is refused before memory is taken") {
        std::vector<Bytes> rows{Bytes(3)};
        Bytes bytes = test::png_file(1, 1, 8, PNG_COLOR_TYPE_RGB, rows);
        const std::array<std::uint8_t, 8> size{0, 0, 0x40, 0, 0, 0, 0x40, 0};  // 16384 x 16384, at the limit
        std::copy(size.begin(), size.end(), bytes.begin() + 16);
        std::uint32_t crc = 0xFFFFFFFFu;
        for (auto at = bytes.begin() + 12; at != bytes.begin() + 29; ++at) {
            crc ^= *at;
            for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0u);
        }
        crc = ~crc;
        for (int i = 0; i < 4; ++i)
            bytes[static_cast<std::size_t>(29 + i)] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
        CHECK(failure(bytes).find("16384 x 16384 pixels, the limit is 67108864") != std::string::npos);
        CHECK(failure(bytes, Index{1} << 28).find("do not contain") != std::string::npos);
    }
}
#endif

#if VITSCAPE_HAS_JPEG && VITSCAPE_HAS_PNG
TEST_CASE("images with more pixels than allowed are refused by size, limit and option", "[data][codec]") {
    const bool png = GENERATE(false, true), second_kind = GENERATE(false, true);  // progressive, interlaced
    const Image picture = test::smooth_picture(40, 25);
    const Bytes bytes = png ? test::png_file(picture, second_kind) : test::jpeg_file(picture, second_kind);
    CHECK(failure(bytes, 1000).empty());
    const std::string refusal = failure(bytes, 999);
    CHECK(refusal.find("some.jpg") != std::string::npos);
    CHECK(refusal.find("40 x 25 pixels, the limit is 999") != std::string::npos);
    CHECK(refusal.find("--max-pixels") != std::string::npos);
}

TEST_CASE("a JPEG file of a few bytes that claims millions of pixels takes no memory",
          "[data][codec][jpeg]") {
    for (const bool progressive : {false, true}) {
        Bytes bytes = test::jpeg_file(test::smooth_picture(8, 8), progressive);
        const std::array<std::uint8_t, 2> frame{0xFF, static_cast<std::uint8_t>(progressive ? 0xC2 : 0xC0)};
        const auto at = std::search(bytes.begin(), bytes.end(), frame.begin(), frame.end());
        REQUIRE(at != bytes.end());
        const std::array<std::uint8_t, 4> size{0x20, 0x00, 0x20, 0x00};  // 8192 x 8192, within the limit
        std::copy(size.begin(), size.end(), at + 5);
        CHECK(failure(bytes).find("cannot contain") != std::string::npos);
    }
}

TEST_CASE("an outline tells size and end without decoding", "[data][codec]") {
    const test::TemporaryFolder folder;
    const Bytes jpeg = test::jpeg_file(test::smooth_picture(33, 20));
    const Bytes png = test::png_file(test::smooth_picture(33, 20));
    Bytes trailing = jpeg;
    trailing.insert(trailing.end(), 6000, std::uint8_t{1});
    Bytes many_markers{0xFF, 0xD8, 0xFF,
                       0xE1, 0xFF, 0xFF};  // one segment of 65,535 bytes before the picture's own
    many_markers.resize(many_markers.size() + 65533, std::uint8_t{0xC0});
    many_markers.insert(many_markers.end(), jpeg.begin() + 2, jpeg.end());
    folder.write("a.jpg", jpeg);
    folder.write("b.jpg", png);  // the name lies
    folder.write("c.jpg", trailing);
    folder.write("d.jpg", many_markers);
    folder.write("half.jpg", std::span(jpeg).first(jpeg.size() / 2));
    folder.write("half.png", std::span(png).first(png.size() / 2));
    folder.write("head.png", std::span(png).first(20));
    folder.write("text.jpg", std::string("not a picture at all"));

    for (const char* name : {"a.jpg", "b.jpg", "c.jpg", "d.jpg", "half.jpg", "half.png"}) {
        INFO(name);
        const ImageOutline outline = image_outline(folder.path() / name);
        CHECK(outline.width == 33);
        CHECK(outline.height == 20);
    }
    CHECK(image_outline(folder.path() / "a.jpg").ends_properly);
    CHECK(image_outline(folder.path() / "b.jpg").ends_properly);
    CHECK(image_outline(folder.path() / "b.jpg").format == ImageFormat::png);
    CHECK_FALSE(image_outline(folder.path() / "c.jpg").ends_properly);
    CHECK(image_outline(folder.path() / "d.jpg").ends_properly);
    CHECK_FALSE(image_outline(folder.path() / "half.jpg").ends_properly);
    CHECK_FALSE(image_outline(folder.path() / "half.png").ends_properly);
    CHECK(image_outline(folder.path() / "head.png").width == 0);
    CHECK(image_outline(folder.path() / "text.jpg").format == ImageFormat::unknown);
    CHECK(image_outline(folder.path() / "a.jpg", 660).width == 33);
    CHECK(image_outline(folder.path() / "a.jpg", 659).width == 0);
    CHECK(image_outline(folder.path() / "missing.jpg").format == ImageFormat::unknown);
    CHECK(read_image(folder.path() / "b.jpg") == test::smooth_picture(33, 20));
}
#endif

#if !VITSCAPE_HAS_JPEG
TEST_CASE("a build without libjpeg says so", "[data][codec]") {
    CHECK_THROWS_AS(decode_image(Bytes{0xFF, 0xD8, 0xFF, 0xE0}, "x"), ConfigError);
}
#endif
#if !VITSCAPE_HAS_PNG
TEST_CASE("a build without libpng says so", "[data][codec]") {
    CHECK_THROWS_AS(decode_image(Bytes{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'}, "x"), ConfigError);
}
#endif

}  // namespace image_codec_test
