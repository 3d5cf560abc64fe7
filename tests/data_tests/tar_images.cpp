// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/data/image_folder.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/data/open_dataset.hpp>
#include <vitscape/data/tar_images.hpp>

#include "image_files.hpp"
#include "support/catch.hpp"
#include "tar_bytes.hpp"
#include "temporary_folder.hpp"

namespace tar_images_test {

using namespace vitscape;
using test::TarBytes;
using Lines = std::vector<std::string>;

static_assert(ReducingDataset<TarImages>);

#if VITSCAPE_HAS_LIBARCHIVE && VITSCAPE_HAS_JPEG && VITSCAPE_HAS_PNG

namespace {

std::vector<std::uint8_t> picture(int shade, Index width = 16) {
    const Image image = test::smooth_picture(width, 12, shade);
    return shade % 2 == 0 ? test::png_file(image) : test::jpeg_file(image);
}
Image decoded(int shade) { return decode_image(picture(shade), "x"); }

ImageFilesOptions logging_to(Lines& lines) {
    ImageFilesOptions options;
    options.log = [&lines](const std::string& line) { lines.push_back(line); };
    return options;
}

std::string failure(const std::string& archives) {
    try {
        Lines lines;
        const TarImages images(archives, logging_to(lines));
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}
bool has(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

/// Archives in a folder that is gone with the test.
struct Archives {
    test::TemporaryFolder folder{};
    std::string add(const std::string& name, const TarBytes& tar) const {
        folder.write(name, tar.closed());
        return (folder.path() / name).string();
    }
};

Lines labels(const TarImages& images) {
    Lines names;
    for (std::size_t i = 0; i < images.size(); ++i)
        names.push_back(images.label(i) < 0 ? ""
                                            : images.classes().at(static_cast<std::size_t>(images.label(i))));
    return names;
}

}  // namespace

TEST_CASE("shards of WebDataset are one set in their order", "[data][tar]") {
    const Archives archives;
    archives.add(
        "s-000.tar",
        TarBytes().add("a.jpg", picture(1)).add("a.cls", "2").add("b.cls", "0").add("b.png", picture(2)));
    archives.add("s-001.tar", TarBytes().add("c.json", R"({"label": 1})").add("c.jpg", picture(3)));
    const std::string range = (archives.folder.path() / "s-{000..001}.tar").string();
    const TarImages images(range);
    REQUIRE(images.size() == 3);
    CHECK(images.classes() == Lines{"0", "1", "2"});
    CHECK(labels(images) == Lines{"2", "0", "1"});
    for (int i = 0; i < 3; ++i) CHECK(images.load(static_cast<std::size_t>(i)) == decoded(i + 1));
    CHECK(images.name(2) == (archives.folder.path() / "s-001.tar/c.jpg").string());
    CHECK(images.is_cached());

    archives.folder.write("classes.txt", std::string("bee\nant\ncat\nfly\n"));
    const AnyDataset named = open_dataset("tar:" + archives.folder.path().string());
    CHECK(named.classes() == Lines{"bee", "ant", "cat", "fly"});
    CHECK(named.label(0) == 2);
    CHECK(open_dataset("tar:" + range, {.limit_per_class = 1}).size() == 3);
    CHECK(dataset_files("tar:" + range).size() == 2);
    CHECK_FALSE(has_test_part("tar:" + range));
    archives.folder.write("classes.txt", std::string("bee\nant\n"));
    CHECK(has(failure(range), "has 2 names, the labels reach 2"));
    archives.add("s-001.tar", TarBytes().add("c.jpg", picture(3)));
    CHECK(has(failure(range), "s-001.tar: c.jpg has no label"));
}

TEST_CASE("folders of an archive are its classes", "[data][tar]") {
    const Archives archives;
    TarBytes tar;
    tar.add("set/dog/1.jpg", picture(1)).add("set/cat/1.png", picture(2)).add("set/dog/2.jpg", picture(3));
    tar.add("set/cover.png", picture(4)).add("set/dog/2.txt", "caption").add("readme.txt", "text");
    Lines log;
    const TarImages images(archives.add("a.tar", tar), logging_to(log));
    CHECK(images.classes() == Lines{"cat", "dog"});
    CHECK(labels(images) == Lines{"dog", "cat", "dog"});
    REQUIRE(log.size() == 1);
    CHECK(has(log[0], "1 images beside the class folders"));

    const auto classes = [&](const TarBytes& other, const std::string& inside = "") {
        return TarImages(archives.add("b.tar", other) + inside).classes();
    };
    CHECK(classes(TarBytes().add("1.jpg", picture(1)).add("2.jpg", picture(2))).empty());
    CHECK(classes(TarBytes().add("all/1.jpg", picture(1)).add("all/2.jpg", picture(2))).empty());
    CHECK(classes(TarBytes().add("ab/1.jpg", picture(1)).add("ac/2.jpg", picture(2))) == Lines{"ab", "ac"});
    CHECK(classes(TarBytes().add("x/ab/1.jpg", picture(1)).add("x/a/2.jpg", picture(2))) == Lines{"a", "ab"});
    CHECK(classes(TarBytes().add("cl\xE9/1.jpg", picture(1)).add("b/2.jpg", picture(2))) ==
          Lines{"b", "cl\\xE9"});

    const TarBytes parts = TarBytes()
                               .add("train/a/1.jpg", picture(1))
                               .add("train/b/1.jpg", picture(2))
                               .add("test/a/1.jpg", picture(3));
    CHECK(classes(parts, "/train") == Lines{"a", "b"});
    CHECK(classes(parts, "/test").empty());
    const std::string path = archives.add("c.tar", parts);
    CHECK(has(failure(path), "train/a/1.jpg, in a folder of a folder"));
    CHECK(has(failure(path), "as in tar:" + path + "/train"));
    CHECK(has(failure(path + "/val"), "holds no .jpg, .jpeg or .png files in a folder val"));
    CHECK(has(failure(archives.add("d.tar", TarBytes().add("a.txt", "text"))), "holds no .jpg"));
}

TEST_CASE("an archive is the same set as the folder that was packed", "[data][tar]") {
    const Archives archives;
    TarBytes tar;
    int shade = 0;
    for (const std::string name : {"ant", "bee", "cat"})
        for (int i = 0; i < 7; ++i) {
            const std::string file = name + "/" + std::to_string(i) + ".jpg";
            archives.folder.write("set/" + file, picture(shade, 200));
            tar.add(file, picture(shade++, 200));
        }
    const std::string path = archives.add("a.tar", tar);
    for (const std::size_t cache : {std::size_t{0}, std::size_t{1} << 30}) {
        ImageFilesOptions options;
        options.cache_bytes = cache;
        const ImageFolder folder(archives.folder.path() / "set", options);
        const TarImages images(path, options);
        CHECK(images.classes() == folder.classes());
        CHECK(images.is_cached() == (cache > 0));
        const auto batches = [](const auto& dataset, std::size_t workers) {
            const Loader loader(
                AnyDataset(dataset),
                {.batch = 4,
                 .workers = workers,
                 .transform = {
                     .side = 32, .crop = Crop::random_resized, .flip = true, .reduced_decoding = true}});
            std::vector<Batch> all;
            for (const Batch& batch : loader.epoch(3)) all.push_back(batch);
            return all;
        };
        const std::vector<Batch> expected = batches(folder, 0);
        for (const std::size_t workers : {std::size_t{0}, std::size_t{3}}) {
            const std::vector<Batch> read = batches(images, workers);
            REQUIRE(read.size() == expected.size());
            for (std::size_t i = 0; i < read.size(); ++i) {
                CHECK(read[i].images == expected[i].images);
                CHECK(read[i].labels == expected[i].labels);
            }
        }
    }
    ImageFilesOptions two;
    two.limit_per_class = 2;
    const TarImages limited(path, two);
    CHECK(limited.size() == 6);
    CHECK(limited.load(3) == decode_image(picture(8, 200), "x"));
}

TEST_CASE("damaged images of an archive are treated as those of a folder", "[data][tar]") {
    const Archives archives;
    TarBytes tar;
    const auto whole = picture(1);
    for (int i = 0; i < 198; ++i)
        tar.add(std::to_string(i) + ".jpg", whole).add(std::to_string(i) + ".cls", i % 2 ? "1" : "0");
    tar.add("cut.jpg", std::span(whole).first(whole.size() / 2)).add("cut.cls", "0");
    std::vector<std::uint8_t> middle(whole.begin(), whole.end() - 40);  // its header and its end are fine
    middle.insert(middle.end(), {0xFF, 0xD9});
    tar.add("middle.jpg", middle).add("middle.cls", "1");
    const std::string path = archives.add("a.tar", tar);
    Lines log;
    CHECK(TarImages(path, logging_to(log)).size() == 198);
    CHECK(log.size() == 2);
    log.clear();
    ImageFilesOptions options = logging_to(log);
    options.cache_bytes = 0;
    const TarImages images(path, options);
    REQUIRE(images.size() == 199);
    REQUIRE(log.size() == 1);
    CHECK(has(log[0], "a.tar/cut.jpg"));
    CHECK(images.load(198) == images.load(1));  // the next of its class
    CHECK(images.broken_count() == 2);
    CHECK(has(log[1], "replaced by the next image of its class"));
    archives.folder.write("a.tar", std::string("now it is something else"));
    CHECK_THROWS_AS(images.load(0), DataError);
    std::filesystem::remove(path);
    CHECK_THROWS_AS(images.load(0), IoError);
}

TEST_CASE("an image of more bytes than any is not read", "[data][tar]") {
    const Archives archives;
    const std::size_t size = std::size_t{1} << 31;
    const std::string path = archives.add("a.tar", TarBytes().add("a.jpg", "", {.size = size}));
    std::filesystem::resize_file(path, 512 + size + 1024);  // a hole
    Lines log;
    ImageFilesOptions options = logging_to(log);
    options.max_pixels = 1000;
    options.broken_limit = 1.0;
    CHECK_THROWS_AS(TarImages(path, options), DataError);
    REQUIRE(log.size() == 1);
    CHECK(has(log[0], "2147483648 bytes, more than an image of 1000 pixels needs"));
}

TEST_CASE("what is left out of an archive is counted in the log", "[data][tar]") {
    const Archives archives;
    TarBytes tar;
    tar.add("a.jpg", picture(1))
        .add("a.cls", "0")
        .add("a.mask.png", picture(2))
        .add("b.webp", "")
        .add("b.cls", "1");
    tar.add("c.jpg", "", {.type = '2', .link = "a.jpg"});
    archives.folder.write("a.tar", tar.open());
    Lines log;
    CHECK(TarImages((archives.folder.path() / "a.tar").string(), logging_to(log)).size() == 1);
    REQUIRE(log.size() == 4);
    CHECK(has(log[0], "has no end mark"));
    CHECK(has(log[1], "1 links and other members"));
    CHECK(has(log[2], "1 labels in"));
    CHECK(has(log[3], "1 images in"));
}

#endif

}  // namespace tar_images_test
