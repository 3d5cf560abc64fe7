// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/data/image_folder.hpp>

#include "image_files.hpp"
#include "support/catch.hpp"
#include "temporary_folder.hpp"

namespace image_folder_test {

using namespace vitscape;
using Lines = std::vector<std::string>;

static_assert(Dataset<ImageFolder>);

#if VITSCAPE_HAS_JPEG && VITSCAPE_HAS_PNG

namespace {

const std::vector<std::uint8_t>& picture_bytes(int shade) {
    static std::vector<std::vector<std::uint8_t>> files(200);
    auto& file = files.at(static_cast<std::size_t>(shade));
    if (file.empty()) {
        const Image image = test::smooth_picture(16, 12, shade);
        file = shade % 2 == 0 ? test::png_file(image) : test::jpeg_file(image);
    }
    return file;
}

/// Classes `ant` and `bee` with `count` pictures each, shades counting up in name order.
void fill(const test::TemporaryFolder& folder, int count) {
    int shade = 0;
    for (const char* name : {"ant", "bee"})
        for (int i = 0; i < count; ++i)
            folder.write(std::filesystem::path(name) / (std::to_string(100 + i) + ".jpg"),
                         picture_bytes(shade++));
}

ImageFolderOptions logging_to(Lines& lines) {
    ImageFolderOptions options;
    options.log = [&lines](const std::string& line) { lines.push_back(line); };
    return options;
}

template <class E>
std::string thrown(const std::filesystem::path& folder, ImageFolderOptions options = {}) {
    try {
        const ImageFolder images(folder, std::move(options));
    } catch (const E& error) {
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("an image folder's classes and files are sorted by name", "[data][image_folder]") {
    const test::TemporaryFolder folder;
    fill(folder, 3);
    folder.write("ant/notes.txt", std::string("not a picture"));
    folder.write("ant/.hidden.jpg", std::string("nor this"));
    folder.write("cover.png", picture_bytes(0));
    Lines log;
    const ImageFolder images(folder.path(), logging_to(log));
    REQUIRE(images.size() == 6);
    CHECK(images.is_cached());
    CHECK(images.classes() == Lines{"ant", "bee"});
    for (std::size_t i = 0; i < 6; ++i) {
        CHECK(images.label(i) == static_cast<int>(i / 3));
        CHECK(images.load(i) == decode_image(picture_bytes(static_cast<int>(i)), "x"));
    }
    CHECK(std::filesystem::path(images.name(4)) == folder.path() / "bee" / "101.jpg");
    REQUIRE(log.size() == 1);
    CHECK(log[0].find("belong to no class") != std::string::npos);

    ImageFolderOptions options = logging_to(log);
    options.limit_per_class = 2;
    options.cache_bytes = 0;
    const ImageFolder fewer(folder.path(), options);
    REQUIRE(fewer.size() == 4);
    CHECK_FALSE(fewer.is_cached());
    CHECK(fewer.load(2) == images.load(3));
    CHECK(fewer.label(2) == 1);
}

TEST_CASE("a folder of pictures alone has no labels", "[data][image_folder]") {
    const test::TemporaryFolder folder;
    folder.write("b.jpg", picture_bytes(1));
    folder.write("a.PNG", picture_bytes(2));
    const ImageFolder images(folder.path());
    REQUIRE(images.size() == 2);
    CHECK(images.label(0) == -1);
    CHECK(images.classes().empty());
    CHECK(images.load(0) == decode_image(picture_bytes(2), "x"));
}

TEST_CASE("folders that cannot be used are named", "[data][image_folder]") {
    const test::TemporaryFolder folder;
    CHECK(thrown<DataError>(folder.path() / "none").find("none does not exist") != std::string::npos);
    CHECK(thrown<DataError>(folder.path()).find("is empty") != std::string::npos);
    fill(folder, 1);
    folder.write("cat/readme.txt", std::string("empty"));
    CHECK(thrown<DataError>(folder.path()).find("cat holds no") != std::string::npos);
    CHECK(thrown<DataError>(folder.path() / "ant" / "100.jpg").find("not a folder") != std::string::npos);
    const test::TemporaryFolder above;
    std::filesystem::create_directory_symlink(folder.path(), above.path() / "train");
    CHECK(thrown<DataError>(above.path()).find("give this folder itself") != std::string::npos);
}

TEST_CASE("a picture of more pixels than allowed counts as damaged", "[data][image_folder]") {
    const test::TemporaryFolder folder;
    fill(folder, 100);
    folder.write("ant/141.jpg", test::png_file(test::smooth_picture(17, 12)));
    for (const std::size_t cache : {std::size_t{0}, std::size_t{1} << 30}) {
        Lines log;
        ImageFolderOptions options = logging_to(log);
        options.max_pixels = 16 * 12;
        options.cache_bytes = cache;
        const ImageFolder images(folder.path(), options);
        CHECK(images.size() == 199);
        CHECK(images.broken_count() == 1);
        REQUIRE(log.size() == 1);
        CHECK(log[0].find("141.jpg") != std::string::npos);
        CHECK(log[0].find("17 x 12 pixels, the limit is 192") != std::string::npos);
    }
    Lines log;
    ImageFolderOptions options = logging_to(log);
    options.max_pixels = 16 * 12 - 1;
    CHECK(thrown<DataError>(folder.path(), options).find("200 of 200 files") != std::string::npos);
    options.max_pixels = 0;
    CHECK(thrown<ConfigError>(folder.path(), options).find("max_pixels is at least 1") != std::string::npos);
}

TEST_CASE("class names are texts whatever bytes the folders' names are", "[data][image_folder]") {
    const test::TemporaryFolder folder;
    folder.write("cl\xE9/a.png", picture_bytes(0));
    folder.write("cl\xC3\xA9/a.png", picture_bytes(2));
    folder.write("ant/\xFF.png", picture_bytes(4));
    const ImageFolder images(folder.path());
    CHECK(images.classes() == Lines{"ant", "cl\xC3\xA9", "cl\\xE9"});
    REQUIRE(images.size() == 3);
    CHECK(images.load(0) == decode_image(picture_bytes(4), "x"));
}

TEST_CASE("few damaged files are named and left out, many are an error", "[data][image_folder]") {
    const test::TemporaryFolder folder;
    fill(folder, 100);
    const auto& whole = picture_bytes(41);
    const bool damage_in_middle = GENERATE(false, true);
    if (damage_in_middle) {  // header and end are fine: only decoding shows it
        std::vector<std::uint8_t> damaged(whole.begin(),
                                          whole.begin() + static_cast<std::ptrdiff_t>(whole.size() - 40));
        damaged.insert(damaged.end(), {0xFF, 0xD9});
        folder.write("ant/141.jpg", damaged);
    } else {
        folder.write("ant/141.jpg", std::span(whole).first(whole.size() / 2));
    }
    folder.write("bee/199.jpg", std::string("this is no picture"));
    Lines log;

    SECTION("cached") {
        const ImageFolder images(folder.path(), logging_to(log));
        CHECK(images.size() == 198);
        CHECK(images.broken_count() == 2);
        CHECK(images.load(41) == decode_image(picture_bytes(42), "x"));
        CHECK(images.label(98) == 0);
        CHECK(images.label(99) == 1);
        REQUIRE(log.size() == 2);
        CHECK((log[0] + log[1]).find("141.jpg") != std::string::npos);
        CHECK((log[0] + log[1]).find("199.jpg") != std::string::npos);
    }
    SECTION("decoded at each use") {
        ImageFolderOptions options = logging_to(log);
        options.cache_bytes = 1000;
        const ImageFolder images(folder.path(), options);
        CHECK(log.size() == (damage_in_middle ? 1 : 2));
        for (int round = 0; round < 2; ++round)
            for (std::size_t i = 0; i < images.size(); ++i) CHECK(images.load(i).width == 16);
        CHECK(images.load(41) == decode_image(picture_bytes(42), "x"));
        CHECK(images.broken_count() == 2);
        CHECK(log.size() == 2);  // each file once
    }
    SECTION("more than 1 %") {
        folder.write("bee/100.jpg", std::string());
        const std::string text = thrown<DataError>(folder.path(), logging_to(log));
        CHECK(text.find("3 of 200") != std::string::npos);
        CHECK(text.find("1 %") != std::string::npos);
        CHECK(log.size() == 3);
        ImageFolderOptions tolerant = logging_to(log);
        tolerant.broken_limit = 0.02;
        CHECK(ImageFolder(folder.path(), tolerant).size() == 197);
    }
}

TEST_CASE("damage found late replaces within the class and is an error beyond the limit",
          "[data][image_folder]") {
    const test::TemporaryFolder folder;
    fill(folder, 2);
    Lines log;
    ImageFolderOptions options = logging_to(log);
    options.cache_bytes = 0;
    options.broken_limit = 0.5;
    const ImageFolder images(folder.path(), options);
    folder.write("ant/101.jpg", std::string("damaged after the check"));
    CHECK(images.load(1) == images.load(0));
    CHECK(images.broken_count() == 1);
    folder.write("ant/100.jpg", std::string("and this"));
    CHECK_THROWS_AS(images.load(1), DataError);  // no good file of the class is left
    folder.write("bee/100.jpg", std::string("third of four"));
    CHECK_THROWS_AS(images.load(2), DataError);  // over the limit
    CHECK(log.size() == 3);
}

TEST_CASE("a long trailer after the end mark is no damage", "[data][image_folder]") {
    const test::TemporaryFolder folder;
    auto bytes = picture_bytes(1);
    bytes.insert(bytes.end(), 9000, std::uint8_t{0});
    folder.write("a.jpg", bytes);
    CHECK(ImageFolder(folder.path()).size() == 1);
}

TEST_CASE("progress is told up to the last file", "[data][image_folder]") {
    const test::TemporaryFolder folder;
    fill(folder, 50);
    std::size_t checked = 0, decoded = 0;
    ImageFolderOptions options;
    options.threads = 3;
    options.progress = [&](std::string_view stage, std::size_t done, std::size_t total) {
        CHECK(total == 100);
        std::size_t& count = stage == "checking images" ? checked : decoded;
        CHECK(done > count);
        count = done;
    };
    CHECK(ImageFolder(folder.path(), options).size() == 100);
    CHECK(checked == 100);
    CHECK(decoded == 100);
}

#endif

#if !VITSCAPE_HAS_PNG
TEST_CASE("a folder that this build cannot decode is refused at once", "[data][image_folder]") {
    const test::TemporaryFolder folder;
    const std::vector<std::uint8_t> head{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0, 0, 0, 13,
                                         'I',  'H', 'D', 'R', 0,    0,    0,    8,    0, 0, 0, 8};
    folder.write("a.png", head);
    ImageFolderOptions options;
    options.cache_bytes = 0;
    CHECK_THROWS_AS(ImageFolder(folder.path(), options), ConfigError);
}
#endif

}  // namespace image_folder_test
