// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>

#include <vitscape/core/error.hpp>
#include <vitscape/data/tar_index.hpp>

#include "support/catch.hpp"
#include "tar_bytes.hpp"
#include "temporary_folder.hpp"

namespace tar_index_test {

using namespace vitscape;
using detail::TarIndex, detail::TarIndexer;
using test::TarBytes;
using Lines = std::vector<std::string>;

#if VITSCAPE_HAS_LIBARCHIVE

namespace {

TarIndex indexed(const std::string& bytes, const std::string& inside = "") {
    const test::TemporaryFolder folder;
    folder.write("x.tar", bytes);
    return TarIndexer(folder.path() / "x.tar", inside).read();
}

/// "NAME=LABEL" of all samples.
Lines samples(const TarIndex& index) {
    Lines lines;
    for (const auto& image : index.images)
        lines.push_back(std::string(index.name(image)) + "=" + std::to_string(image.label));
    return lines;
}

std::string refusal(const std::string& bytes) {
    try {
        (void)indexed(bytes);
    } catch (const DataError& error) {
        return error.what();
    }
    return {};
}

/// A DataError that names the archive and has these words.
void check_refused(const std::string& bytes, const Lines& parts) {
    const std::string text = refusal(bytes);
    INFO(text);
    CHECK(text.find("x.tar") != std::string::npos);
    for (const std::string& part : parts) {
        INFO(part);
        CHECK(text.find(part) != std::string::npos);
    }
}

/// The bytes of the archive where the index says that the first image is.
std::string content(const std::string& bytes) {
    const TarIndex index = indexed(bytes);
    REQUIRE(index.images.size() == 1);
    return bytes.substr(static_cast<std::size_t>(index.images[0].offset),
                        static_cast<std::size_t>(index.images[0].size));
}

}  // namespace

TEST_CASE("an index says where the images of an archive lie", "[data][tar]") {
    TarBytes tar;
    tar.add("./cat/", "", {.type = '5'}).add("./cat/b.jpg", "first").add("cat/notes", "no image");
    tar.add("/cat//a.PNG", std::string(1000, 'p')).add("cat/.c.jpg", "hidden").add("empty.jpeg", "");
    const std::string bytes = tar.closed();
    const TarIndex index = indexed(bytes);
    REQUIRE(samples(index) == Lines{"cat/b.jpg=-1", "cat/a.PNG=-1", "empty.jpeg=-1"});
    CHECK(index.images[0].offset == 1024);
    CHECK(bytes.substr(static_cast<std::size_t>(index.images[0].offset), 5) == "first");
    CHECK(index.images[1].size == 1000);
    CHECK(bytes[static_cast<std::size_t>(index.images[1].offset)] == 'p');
    CHECK(index.images[2].size == 0);
    CHECK(index.ends_properly);

    CHECK(samples(indexed(bytes, "cat")) == Lines{"cat/b.jpg=-1", "cat/a.PNG=-1"});
    CHECK(samples(indexed(bytes, "ca")).empty());
    CHECK(samples(indexed(TarBytes().closed())).empty());
}

TEST_CASE("headers of pax and GNU archives are understood", "[data][tar]") {
    const std::string longest = std::string(150, 'd') + "/" + std::string(90, 'f') + ".jpg";
    const std::string by_pax = TarBytes().pax({{"path", longest}}).add("short.jpg", "content").closed();
    CHECK(content(by_pax) == "content");
    CHECK(samples(indexed(by_pax)) == Lines{longest + "=-1"});
    const std::string by_gnu =
        TarBytes().add("././@LongLink", longest + '\0', {.type = 'L'}).add("short.jpg", "content").closed();
    CHECK(content(by_gnu) == "content");
    CHECK(samples(indexed(by_gnu)) == Lines{longest + "=-1"});
    // letters beyond ASCII, whatever the locale
    CHECK(samples(indexed(TarBytes().pax({{"path", "caf\xC3\xA9.jpg"}}).add("x", "c").closed())) ==
          Lines{"caf\xC3\xA9.jpg=-1"});
    CHECK(samples(indexed(TarBytes().add("caf\xE9.jpg", "c").closed())) == Lines{"caf\xE9.jpg=-1"});
    // a size that the short field of the header cannot hold
    const std::string sized = TarBytes().pax({{"size", "7"}}).add("a.jpg", "content", {.size = 0}).closed();
    CHECK(content(sized) == "content");
    // one archive behind the other
    CHECK(samples(indexed(TarBytes().add("a.jpg", "1").closed() + TarBytes().add("b.jpg", "2").closed())) ==
          Lines{"a.jpg=-1", "b.jpg=-1"});
}

TEST_CASE("members with one name to its first dot are a sample", "[data][tar]") {
    const auto labelled = [](const TarBytes& tar) { return samples(indexed(tar.closed())); };
    CHECK(labelled(TarBytes().add("1.jpg", "").add("1.cls", "7").add("2.CLS", " 0\n").add("2.png", "")) ==
          Lines{"1.jpg=7", "2.png=0"});
    CHECK(labelled(TarBytes().add("d/1.jpg", "").add("e/1.cls", "7")) == Lines{"d/1.jpg=-1"});
    CHECK(labelled(TarBytes().add("1.jpg", "").add("2.jpg", "").add("1.cls", "7")) ==
          Lines{"1.jpg=-1", "2.jpg=-1"});
    // further images of a sample
    TarBytes several;
    several.add("1.left.jpg", "").add("1.jpg", "").add("1.mask.png", "").add("1.cls", "3").add("2.jpg", "");
    const TarIndex index = indexed(several.closed());
    CHECK(samples(index) == Lines{"1.jpg=3", "2.jpg=-1"});
    CHECK(index.beside == 2);
    CHECK(labelled(TarBytes().add("1.left.jpg", "").add("1.cls", "3")) == Lines{"1.left.jpg=3"});
    check_refused(TarBytes().add("1.jpg", "").add("1.png", "").add("1.cls", "3").closed(),
                  {"2 images", "'1'"});
    check_refused(TarBytes().add("1.a.jpg", "").add("1.b.jpg", "").add("1.txt", "").closed(),
                  {"2 images", "'1'"});
    // without other files a dot is a part of a photo's name
    CHECK(labelled(TarBytes().add("of 1.2.jpg", "").add("of 1.3.jpg", "")) ==
          Lines{"of 1.2.jpg=-1", "of 1.3.jpg=-1"});
    // labels of what is no image here
    const TarIndex alone = indexed(TarBytes().add("1.cls", "x").add("1.webp", "").add("2.jpg", "").closed());
    CHECK(alone.labels_alone == 1);
    CHECK(samples(alone) == Lines{"2.jpg=-1"});
}

TEST_CASE("labels are whole numbers", "[data][tar]") {
    const auto cls = [](const std::string& text) {
        return TarBytes().add("1.jpg", "").add("1.cls", text).closed();
    };
    CHECK(samples(indexed(cls("999999"))) == Lines{"1.jpg=999999"});
    for (const char* text : {"", " ", "cat", "-1", "1000000", "1.0", "1 2", "0x1", "99999999999999999999"})
        check_refused(cls(text), {"1.cls holds '", "0 to 999999"});
    check_refused(cls(std::string((1 << 20) + 1, '1')), {"1.cls of 1048577 bytes", "at most 1048576"});
#if VITSCAPE_HAS_JSON
    const auto json = [](const std::string& text) {
        return TarBytes().add("1.jpg", "").add("1.json", text).closed();
    };
    CHECK(samples(indexed(json(R"({"a": {"label": 1}, "label": 5, "b": [[{}]]})"))) == Lines{"1.jpg=5"});
    CHECK(samples(indexed(json(R"({"caption": "a cat"})"))) == Lines{"1.jpg=-1"});
    CHECK(samples(indexed(
              TarBytes().add("1.cls", "2").add("1.jpg", "").add("1.json", R"({"label": 3})").closed())) ==
          Lines{"1.jpg=2"});
    for (const char* text :
         {R"({"label": "cat"})", R"({"label": -1})", R"({"label": 1.5})", R"({"label": 1e30})",
          R"({"label": null})", R"({"label": 1000000})", R"({"label": 18446744073709551615})"})
        check_refused(json(text), {"1.json", "label is not the number of a class"});
    for (const char* text : {"", "[1]", "7", "{", R"({"label": 1}})"})
        check_refused(json(text), {"no JSON object"});
    check_refused(json(std::string(500000, '[')), {"no JSON object"});
    std::string deep = R"({"label": 4, "a": )" + std::string(200000, '[') + std::string(200000, ']') + "}";
    CHECK(samples(indexed(json(deep))) == Lines{"1.jpg=4"});
#endif
}

TEST_CASE("archives that are cut off are named", "[data][tar]") {
    const std::string whole =
        TarBytes().add("a.jpg", std::string(700, 'a')).add("b.jpg", std::string(10, 'b')).open();
    REQUIRE(whole.size() == 512 + 1024 + 512 + 512);
    for (std::size_t length = 1; length < whole.size(); ++length) {
        INFO(length);
        const std::string text = whole.substr(0, length);
        if (length >= 512 + 700 && length <= 512 + 1024) continue;  // the second is missing as a whole: below
        if (length >= 512 + 1024 + 512 + 10) continue;              // only zeros are missing
        CHECK_FALSE(refusal(text).empty());
    }
    check_refused(whole.substr(0, 600), {"is cut off: a.jpg has 700 bytes at 512", "ends at 600"});
    CHECK_FALSE(indexed(whole).ends_properly);
    CHECK_FALSE(indexed(whole.substr(0, 512 + 1024)).ends_properly);
    CHECK(indexed(whole + std::string(512, '\0')).ends_properly);
}

TEST_CASE("hostile archives are refused", "[data][tar]") {
    const auto one = [](const TarBytes::Special& special) {
        return TarBytes().add("a.jpg", "content", special).closed();
    };
    SECTION("sizes") {
        check_refused(one({.size = std::size_t{077777777777}}), {"is cut off: a.jpg has 8589934591 bytes"});
        const auto huge = [](const std::string& size) {
            return TarBytes().pax({{"size", size}}).add("a.jpg", "content").closed();
        };
        check_refused(huge("9223372036854775807"), {"x.tar"});
        check_refused(huge("9223372036854775000"), {"x.tar"});
        check_refused(huge("99999999999999999999999"), {"x.tar"});
        CHECK(refusal(huge("-5")).find("x.tar") != std::string::npos);
        std::string binary = one({});  // base 256: a negative number
        for (std::size_t i = 124; i < 136; ++i) binary[i] = '\xFF';
        CHECK_FALSE(refusal(binary).empty());
    }
    SECTION("headers in front of members") {
        check_refused(TarBytes().add("h", "", {.type = 'x', .size = std::size_t{1} << 32}).closed(),
                      {"Special header too large"});
        check_refused(TarBytes().add("h", "", {.type = 'g', .size = std::size_t{1} << 32}).closed(),
                      {"Special header too large"});
        check_refused(TarBytes().add("h", "", {.type = 'L', .size = std::size_t{1} << 32}).closed(),
                      {"Special header too large"});
        TarBytes many;
        for (int i = 0; i < 100000; ++i) many.add("././@LongLink", "a.jpg", {.type = 'L'});
        many.add("b.jpg", "");
        CHECK_FALSE(refusal(many.closed()).empty());
    }
    SECTION("names") {
        check_refused(TarBytes().add("../a.jpg", "").closed(), {"'../a.jpg'", "leads out of it"});
        check_refused(TarBytes().add("a/../../b.jpg", "").closed(), {"leads out of it"});
        check_refused(TarBytes().add("..", "").closed(), {"leads out of it"});
        CHECK(samples(indexed(TarBytes().add("a..b/..c.jpg", "").add("a..b/c...jpg", "").closed())) ==
              Lines{"a..b/c...jpg=-1"});
    }
    SECTION("members without bytes of their own") {
        TarBytes tar;
        tar.add("b.jpg", "", {.type = '2', .link = "/etc/passwd"})
            .add("c.jpg", "", {.type = '1', .link = "a.jpg"});
        tar.add("d.jpg", "", {.type = '6'}).add("e.jpg", "", {.type = '3'}).add("f.jpg", "x");
        const TarIndex index = indexed(tar.closed());
        CHECK(samples(index) == Lines{"f.jpg=-1"});
        CHECK(index.links == 4);
        std::string map = "1\n0\n512\n";
        map.resize(512, '\0');
        const std::string sparse = TarBytes()
                                       .pax({{"GNU.sparse.major", "1"},
                                             {"GNU.sparse.minor", "0"},
                                             {"GNU.sparse.name", "a.jpg"},
                                             {"GNU.sparse.realsize", "1024"}})
                                       .add("GNUSparseFile.1/a.jpg", map + std::string(512, 'a'))
                                       .closed();
        check_refused(sparse, {"a.jpg as a sparse file", "--sparse"});
        check_refused(TarBytes()
                          .pax({{"GNU.sparse.map", "512,7"}, {"GNU.sparse.size", "519"}})
                          .add("a.jpg", "content")
                          .closed(),
                      {"a.jpg as a sparse file"});
    }
    SECTION("what is no tar archive") {
        check_refused("", {"cannot be read", "expected is a tar archive"});
        check_refused("this is a text", {"cannot be read", "expected is a tar archive"});
        check_refused(std::string(2000, 'x'), {"cannot be read", "expected is a tar archive"});
        std::string changed = TarBytes().add("a.jpg", "1").add("b.jpg", "2").closed();
        changed[1024 + 5] ^= 1;  // the checksum of the second header is wrong
        check_refused(changed, {"is damaged", "after 1 entries"});
        check_refused("\x1F\x8B\x08 and so on", {"packed by gzip", "gzip -dk "});
        check_refused("BZh91AY&SY", {"packed by bzip2"});
        check_refused(
            "\xFD"
            "7zXZ and so on",
            {"packed by xz"});
        check_refused("\x28\xB5\x2F\xFD and so on", {"packed by zstd"});
        check_refused("PK\x03\x04 and so on", {"packed by zip", "give its folder"});
        const test::TemporaryFolder folder;
        REQUIRE(::mkfifo((folder.path() / "pipe.tar").c_str(), 0600) == 0);
        CHECK_THROWS_AS(TarIndexer(folder.path() / "pipe.tar", ""), IoError);
        CHECK_THROWS_AS(TarIndexer(folder.path(), ""), IoError);
        CHECK_THROWS_AS(TarIndexer(folder.path() / "none.tar", ""), IoError);
    }
}

#else
TEST_CASE("a build without libarchive says so", "[data][tar]") {
    const test::TemporaryFolder folder;
    folder.write("x.tar", TarBytes().add("a.jpg", "").closed());
    CHECK_THROWS_AS(TarIndexer(folder.path() / "x.tar", ""), ConfigError);
}
#endif

}  // namespace tar_index_test
