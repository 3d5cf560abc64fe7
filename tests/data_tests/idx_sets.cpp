// SPDX-License-Identifier: Apache-2.0
//
// Where the sets of MNIST's format lie on disks, by other names, and EMNIST's images and labels.
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/data/idx.hpp>

#include "support/catch.hpp"
#include "temporary_folder.hpp"

namespace idx_sets_test {

using namespace vitscape;

namespace {

std::string words(const std::vector<std::uint32_t>& numbers) {
    std::string bytes;
    for (const std::uint32_t number : numbers)
        for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(number >> shift));
    return bytes;
}

/// Two images, 2 rows of 3 values that count up from `first`.
std::string images_text(int first) {
    std::string bytes = words({0x803, 2, 2, 3});
    for (int value = 0; value < 12; ++value) bytes.push_back(static_cast<char>(first + value));
    return bytes;
}
std::string labels_text(const std::string& labels) {
    return words({0x801, static_cast<std::uint32_t>(labels.size())}) + labels;
}

std::string failure(const std::filesystem::path& path) {
    try {
        const IdxImages images(path);
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}
bool has(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

/// The files of EMNIST's letters, for training and testing.
void write_letters(const test::TemporaryFolder& folder) {
    for (const std::string part : {"train", "test"}) {
        folder.write("emnist-letters-" + part + "-images-idx3-ubyte", images_text(part == "train" ? 0 : 100));
        folder.write("emnist-letters-" + part + "-labels-idx1-ubyte", labels_text("\x03\x01"));
    }
    folder.write("emnist-letters-mapping.txt", std::string("1 65 97\r\n2 66 98 \n\n3 67 99\n"));
}

}  // namespace

TEST_CASE("idx files are found by the names that sets have", "[data][idx]") {
    const test::TemporaryFolder folder;
    const std::string dash = GENERATE("-", ".");  // as published, and as some sites rename it
    const std::filesystem::path inside = GENERATE(".", "raw");
    folder.write(inside / ("train-images" + dash + "idx3-ubyte"), images_text(0));
    folder.write(inside / "train-labels-idx1-ubyte", labels_text({"\x01\x00", 2}));
    folder.write(inside / "classes.txt", std::string("none\none\n"));
    const IdxImages images(folder.path());
    REQUIRE(images.size() == 2);
    CHECK(images.label(0) == 1);
    CHECK(images.classes() == std::vector<std::string>{"none", "one"});
    CHECK(images.load(1).width == 3);
    CHECK(images.load(1).pixel(2, 0)[1] == 8);
}

TEST_CASE("a folder of a file's name does not hide the file", "[data][idx]") {
    const test::TemporaryFolder folder;
    folder.write("train-images-idx3-ubyte/train-images-idx3-ubyte", images_text(50));
    folder.write("train-labels-idx1-ubyte", labels_text({"\x01\x00", 2}));
    CHECK(has(failure(folder.path()), "train-images-idx3-ubyte: not a regular file"));
    folder.write("train-images.idx3-ubyte", images_text(0));
    CHECK(IdxImages(folder.path()).load(0).pixels[0] == 0);
}

TEST_CASE("EMNIST's images stand upright and its labels are characters", "[data][idx]") {
    const test::TemporaryFolder folder;
    write_letters(folder);
    const std::filesystem::path set = folder.path() / "emnist-letters";
    const IdxImages images(set);
    REQUIRE(images.size() == 2);
    CHECK(images.classes() == std::vector<std::string>{"Aa", "Bb", "Cc"});
    CHECK(images.label(0) == 2);
    CHECK(images.label(1) == 0);
    const Image image = images.load(1);  // its rows are columns of the file
    CHECK(image.width == 2);
    CHECK(image.height == 3);
    for (Index y = 0; y < 3; ++y)
        for (Index x = 0; x < 2; ++x)
            for (Index c = 0; c < 3; ++c) CHECK(image.pixel(x, y)[c] == 6 + 3 * x + y);
    CHECK(IdxImages(set, IdxImages::Part::test).load(0).pixels[0] == 100);
    CHECK(has(failure(folder.path()), "give one of the sets in this folder: " + set.string()));

    std::filesystem::remove(folder.path() / "emnist-letters-mapping.txt");
    CHECK(IdxImages(set).label(0) == 3);
    CHECK(IdxImages(set).classes().size() == 10);
}

TEST_CASE("a table of EMNIST's classes that is none is refused", "[data][idx]") {
    const test::TemporaryFolder folder;
    write_letters(folder);
    const auto refused = [&](const std::string& text, const std::string& part) {
        folder.write("emnist-letters-mapping.txt", text);
        const std::string error = failure(folder.path() / "emnist-letters");
        CHECK(has(error, "emnist-letters-mapping.txt"));
        CHECK(has(error, part));
    };
    refused("", "is empty");
    refused("1 65\n256 66\n", "no label in line 2");
    refused("-1 65\n", "no label in line 1");
    refused("A 65\n", "no label in line 1");
    refused("1\n", "no codes in line 1");
    refused("1 65 b\n", "no codes in line 1");
    refused("1 31\n", "code 31 in line 1");
    refused("1 127\n", "code 127 in line 1");
    refused("1 65\n1 66\n", "label 1 twice");
    refused("1 65\n2 65\n", "class 'A' twice");
    refused(std::string(70000, '1'), "70000 bytes");
    refused("1 65\n2 66\n", "image 0 has label 3, which");
}

}  // namespace idx_sets_test
