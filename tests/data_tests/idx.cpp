// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>

#include <vitscape/core/error.hpp>
#include <vitscape/data/idx.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/data/open_dataset.hpp>

#include "support/catch.hpp"
#include "temporary_folder.hpp"

#if VITSCAPE_HAS_ZLIB
#include <zlib.h>
#endif

namespace idx_test {

using namespace vitscape;

static_assert(Dataset<IdxImages>);

namespace {

const std::string image_file = "train-images-idx3-ubyte", label_file = "train-labels-idx1-ubyte";
constexpr std::uint32_t image_magic = 0x803, label_magic = 0x801;

/// Big-endian words, as an idx header has them.
std::string words(const std::vector<std::uint32_t>& numbers) {
    std::string bytes;
    for (const std::uint32_t number : numbers)
        for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(number >> shift));
    return bytes;
}

/// `count` images, 3 high and 2 wide, whose values count up from `first`.
std::string images_text(std::uint32_t count, int first = 0) {
    std::string bytes = words({image_magic, count, 3, 2});
    for (int value = 0; value < static_cast<int>(6 * count); ++value)
        bytes.push_back(static_cast<char>(first + value));
    return bytes;
}
std::string labels_text(const std::string& labels) {
    return words({label_magic, static_cast<std::uint32_t>(labels.size())}) + labels;
}

const std::string four_labels{"\x09\x00\x02\x01", 4};

/// What refuses the folder; empty if nothing does.
std::string failure(const test::TemporaryFolder& folder, Index max_pixels = default_max_pixels) {
    try {
        const IdxImages images(folder.path(), IdxImages::Part::train, max_pixels);
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

/// A refusal that names the file and has all these words.
void check_refused(const std::string& text, const std::string& file, const std::vector<std::string>& parts) {
    INFO(text);
    CHECK(text.find(file) != std::string::npos);
    for (const std::string& part : parts) {
        INFO(part);
        CHECK(text.find(part) != std::string::npos);
    }
}

#if VITSCAPE_HAS_ZLIB
std::string packed(const std::string& text) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string bytes(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
    std::string input = text;
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<unsigned>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
    stream.avail_out = static_cast<unsigned>(bytes.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    bytes.resize(stream.total_out);
    deflateEnd(&stream);
    return bytes;
}
#endif

void check_content(const IdxImages& images, int first) {
    REQUIRE(images.size() == 4);
    CHECK(images.label(0) == 9);
    CHECK(images.label(3) == 1);
    const Image last = images.load(3);
    CHECK(last.width == 2);
    CHECK(last.height == 3);
    REQUIRE(last.pixels.size() == 18);
    for (Index y = 0; y < 3; ++y)
        for (Index x = 0; x < 2; ++x)
            for (Index c = 0; c < 3; ++c) CHECK(last.pixel(x, y)[c] == first + 18 + 2 * y + x);
}

}  // namespace

TEST_CASE("idx files are read in order, grey in all channels", "[data][idx]") {
    const test::TemporaryFolder folder;
    folder.write(image_file, images_text(4));
    folder.write(label_file, labels_text(four_labels));
    folder.write("t10k-images-idx3-ubyte", images_text(4, 200));
    folder.write("t10k-labels-idx1-ubyte", labels_text(four_labels));
    check_content(IdxImages(folder.path()), 0);
    check_content(IdxImages(folder.path(), IdxImages::Part::test), 200);

    const IdxImages images(folder.path());
    CHECK(images.classes() == std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
    CHECK(images.name(2).find('2') != std::string::npos);

    const std::string source = "idx:" + folder.path().string();
    CHECK(open_dataset(source).load(3) == images.load(3));
    CHECK(open_dataset(source, {.test = true}).load(0).pixels[0] == 200);
    CHECK(open_dataset(source, {.limit_per_class = 1}).size() == 4);
    const Batch batch = load_all(AnyDataset(images), {.side = 8});  // of another size
    CHECK(batch.images.size() == 4 * 3 * 8 * 8);
}

TEST_CASE("names of classes are the lines of classes.txt", "[data][idx]") {
    const test::TemporaryFolder folder;
    folder.write(image_file, images_text(4));
    folder.write(label_file, labels_text({"\x02\x00\x02\x01", 4}));
    folder.write("classes.txt", std::string("T-shirt\r\nankle boot \nS\xE4"
                                            "ck\n\n"));
    CHECK(IdxImages(folder.path()).classes() == std::vector<std::string>{"T-shirt", "ankle boot",
                                                                         "S\\xE4"
                                                                         "ck"});

    const auto refused = [&](const std::string& text, const std::vector<std::string>& parts) {
        folder.write("classes.txt", text);
        check_refused(failure(folder), "classes.txt", parts);
    };
    refused("", {"is empty"});
    refused("a\n\nb\n", {"empty line 2"});
    refused("a\nb\na\n", {"'a' twice"});
    std::string many;
    for (int i = 0; i < 257; ++i) many += std::to_string(i) + '\n';
    refused(many, {"257 lines", "0 to 255"});
    refused(std::string((1 << 20) + 1, 'a'), {"1048577 bytes"});
    refused("a\nb\n", {label_file, "image 0 has label 2", "0 to 1"});

    folder.write("classes.txt", many.substr(0, many.rfind("256")));
    folder.write(label_file, labels_text("\xFF\xFE\x01\x01"));
    CHECK(IdxImages(folder.path()).label(0) == 255);
}

TEST_CASE("idx files that are not as they should be are named", "[data][idx]") {
    const test::TemporaryFolder folder;
    const std::string good = images_text(4);
    folder.write(label_file, labels_text(four_labels));
    const auto refused = [&](const std::string& bytes, const std::vector<std::string>& parts) {
        folder.write(image_file, bytes);
        check_refused(failure(folder), image_file, parts);
    };
    SECTION("missing") { check_refused(failure(folder), image_file, {"is missing", ".gz"}); }
    SECTION("headers") {
        refused("", {"has 0 bytes", "header of 16"});
        refused(good.substr(0, 15), {"has 15 bytes", "header of 16"});
        refused(words({0x801, 4, 3, 2}) + good.substr(16), {"0x00000801", "0x00000803"});
        refused(words({0xD03, 4, 3, 2}) + good.substr(16), {"0x00000d03", "0x00000803"});  // floats
        refused(words({0x804, 4, 3, 2}) + good.substr(16), {"0x00000804", "0x00000803"});
        refused(words({0x3080000, 4, 3, 2}) + good.substr(16), {"0x03080000"});  // little-endian
        refused(words({image_magic, 0, 3, 2}), {"0 x 3 x 2"});
        refused(words({image_magic, 4, 0, 2}), {"4 x 0 x 2"});
        refused(words({image_magic, 4, 3, 0}), {"4 x 3 x 0"});
        const std::uint32_t most = 0xFFFFFFFF;
        refused(words({image_magic, 4, most, most}), {"4294967295 x 4294967295", "limit is 67108864"});
        refused(words({image_magic, most, 8192, 8192}), {"cut off"});
        folder.write(image_file, words({image_magic, most, most, 8192}));  // would not fit into 64 bits
        check_refused(failure(folder, Index{1} << 49), image_file,
                      {"4294967295 x 4294967295 x 8192", "any file"});
        folder.write(image_file, good);
        CHECK(failure(folder, 6).empty());
        check_refused(failure(folder, 5), image_file, {"2 x 3 pixels, the limit is 5", "--max-pixels"});
    }
    SECTION("lengths") {
        refused(good.substr(0, good.size() - 1), {"has 23 bytes", "expected are 24 (4 x 3 x 2)"});
        refused(good + 'x', {"has 25 bytes", "expected are 24 (4 x 3 x 2)"});
        refused(images_text(3), {"holds 3 images", label_file, "4 labels"});
        refused(images_text(5), {"holds 5 images", label_file, "4 labels"});
    }
    SECTION("labels") {
        folder.write(image_file, good);
        const auto refused_labels = [&](const std::string& bytes, const std::vector<std::string>& parts) {
            folder.write(label_file, bytes);
            check_refused(failure(folder), label_file, parts);
        };
        refused_labels(words({label_magic}), {"has 4 bytes", "header of 8"});
        refused_labels(words({image_magic, 4}) + four_labels, {"0x00000803", "0x00000801"});
        refused_labels(words({label_magic, 0}), {"holds 0 values"});
        refused_labels(words({label_magic, 5}) + four_labels, {"has 4 bytes", "expected are 5"});
        refused_labels(words({label_magic, 3}) + four_labels, {"has 4 bytes", "expected are 3"});
        refused_labels(labels_text({"\x09\x00\x0A\x01", 4}),
                       {"image 2 has label 10", "0 to 9", "classes.txt"});
    }
    SECTION("what is no file") {
        std::filesystem::create_directory(folder.path() / image_file);
        check_refused(failure(folder), image_file, {"not a regular file"});
        std::filesystem::remove(folder.path() / image_file);
        REQUIRE(::mkfifo((folder.path() / image_file).c_str(), 0600) == 0);
        check_refused(failure(folder), image_file, {"not a regular file"});
    }
    SECTION("more bytes than any memory") {  // a hole: it takes no place on the disk
        folder.write(image_file, good);
        std::filesystem::resize_file(folder.path() / image_file, std::uintmax_t{1} << 43);
        check_refused(failure(folder), image_file, {"8.8 TB", "available"});
    }
}

#if VITSCAPE_HAS_ZLIB
TEST_CASE("packed idx files are read like plain ones", "[data][idx][gzip]") {
    const test::TemporaryFolder folder;
    const std::string ending = GENERATE(".gz", "");  // the bytes say it, not the name
    folder.write(image_file + ending, packed(images_text(4)));
    folder.write(label_file + ending, packed(labels_text(four_labels)));
    check_content(IdxImages(folder.path()), 0);
    if (!ending.empty()) {
        folder.write(image_file + ending, images_text(4, 100));
        check_content(IdxImages(folder.path()), 100);
        folder.write(image_file, images_text(4, 150));  // the name without .gz is looked for first
        check_content(IdxImages(folder.path()), 150);
    }
}

TEST_CASE("gzip files of several members, and as gzip(1) writes them, are read", "[data][idx][gzip]") {
    const test::TemporaryFolder folder;
    const std::string images = images_text(4);
    folder.write(image_file, packed(images.substr(0, 7)) + packed("") + packed(images.substr(7)));
    // printf '\0\0\10\1\0\0\0\4\11\0\2\1' | gzip -n -9
    folder.write(label_file,
                 std::vector<std::uint8_t>{0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x63,
                                           0x60, 0xe0, 0x60, 0x64, 0x60, 0x60, 0x60, 0xe1, 0x64, 0x60, 0x62,
                                           0x04, 0x00, 0x86, 0x29, 0xc0, 0xb2, 0x0c, 0x00, 0x00, 0x00});
    check_content(IdxImages(folder.path()), 0);
}

TEST_CASE("packed idx files that are not as they should be are named", "[data][idx][gzip]") {
    const test::TemporaryFolder folder;
    const std::string good = packed(images_text(4));
    folder.write(label_file, labels_text(four_labels));
    const auto refused = [&](const std::string& bytes, const std::vector<std::string>& parts) {
        folder.write(image_file, bytes);
        check_refused(failure(folder), image_file, parts);
    };
    for (std::size_t length = 2; length < good.size(); ++length)  // wherever it is cut off
        refused(good.substr(0, length), {"is damaged", "cut off"});
    for (std::size_t i = good.size() - 8; i < good.size(); ++i) {  // its checksum, its length
        std::string changed = good;
        changed[i] = static_cast<char>(changed[i] ^ 4);
        refused(changed, {"is damaged", "incorrect"});
    }
    std::string changed = good;
    changed[2] = 7;  // an unknown method
    refused(changed, {"is damaged", "unknown compression method"});
    refused(good + "x", {"is damaged", "1 bytes behind the end"});
    refused(good + good, {"has more bytes", "expected are 24"});
    refused(packed(images_text(4).substr(0, 15)), {"has 15 bytes", "header of 16"});
    refused(packed(images_text(4).substr(0, 39)), {"has 23 bytes", "expected are 24"});
    refused(packed(words({label_magic, 4, 3, 2})), {"0x00000801", "0x00000803"});
    refused(packed(images_text(4) + std::string(1 << 24, '\0')), {"has more bytes", "expected are 24"});
    refused(packed(words({image_magic, 60000, 28, 28})), {"no more than", "expected are 47040000"});
    refused(packed(images_text(3)), {"holds 3 images", "4 labels"});
}

TEST_CASE("a gzip file is unpacked in pieces of any size", "[data][gzip]") {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += std::to_string(i * i);
    const std::string bytes = packed(text);
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{7}, std::size_t{1000}, text.size(), text.size() + 1}) {
        GzipReader reader(std::as_bytes(std::span(bytes)), "x");
        std::string unpacked;
        std::vector<std::byte> piece(size);
        for (std::size_t got = size; got == size;) {
            got = reader.read(piece);
            unpacked.append(reinterpret_cast<const char*>(piece.data()), got);
        }
        CHECK(unpacked == text);
        CHECK(reader.read(piece) == 0);
    }
}

TEST_CASE("Fashion-MNIST is read where Debian put it", "[data][idx]") {
    const std::filesystem::path folder = "/usr/share/datasets/fashion-mnist";
    if (!std::filesystem::exists(folder / "train-images-idx3-ubyte.gz")) {
        WARN("not read: Debian's package dataset-fashion-mnist is not installed");
        return;
    }
    for (const auto part : {IdxImages::Part::train, IdxImages::Part::test}) {
        const IdxImages images(folder, part);
        const bool train = part == IdxImages::Part::train;
        REQUIRE(images.size() == (train ? 60000 : 10000));
        CHECK(images.label(0) == 9);
        CHECK(images.load(images.size() - 1).width == 28);
        std::array<std::size_t, 10> each{};
        for (std::size_t i = 0; i < images.size(); ++i) ++each.at(static_cast<std::size_t>(images.label(i)));
        CHECK(std::all_of(each.begin(), each.end(), [&](std::size_t n) { return n == images.size() / 10; }));
    }
}
#else
TEST_CASE("a build without zlib says so", "[data][idx][gzip]") {
    const test::TemporaryFolder folder;
    folder.write(image_file, images_text(4));
    folder.write(label_file + ".gz", std::string("\x1F\x8B\x08"));
    CHECK_THROWS_AS(IdxImages(folder.path()), ConfigError);
    check_refused(failure(folder), label_file, {"zlib1g-dev", "gunzip"});
}
#endif

}  // namespace idx_test
