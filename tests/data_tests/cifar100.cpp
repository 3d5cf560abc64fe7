// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <string>
#include <vector>

#include <vitscape/data/cifar100.hpp>
#include <vitscape/data/open_dataset.hpp>

#include "support/catch.hpp"
#include "temporary_folder.hpp"

namespace cifar100_test {

using namespace vitscape;

static_assert(Dataset<Cifar100>);

namespace {

/// `count` records; record i has the coarse label (first + i) % 20, the fine label (first + 7 i) % 100 and channel c filled with
/// i + 50 c.
std::string records(int count, int first) {
    std::string bytes;
    for (int i = 0; i < count; ++i) {
        bytes.push_back(static_cast<char>((first + i) % 20));
        bytes.push_back(static_cast<char>((first + 7 * i) % 100));
        for (int c = 0; c < 3; ++c) bytes.append(1024, static_cast<char>(i + 50 * c));
    }
    return bytes;
}

std::string lines(const std::string& word, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += word + std::to_string(i) + '\n';
    return text + '\n';  // as in the published archive
}

std::string failure(const std::filesystem::path& folder, Cifar100::Labels labels = Cifar100::Labels::fine) {
    try {
        const Cifar100 set(folder, Cifar100::Part::train, labels);
    } catch (const DataError& error) {
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("CIFAR-100 has fine and coarse labels of the same images", "[data][cifar100]") {
    const test::TemporaryFolder folder;
    const std::filesystem::path inside = GENERATE("cifar-100-binary", ".");
    folder.write(inside / "train.bin", records(21, 3));
    folder.write(inside / "test.bin", records(2, 90));
    folder.write(inside / "fine_label_names.txt", lines("fine", 100));

    const Cifar100 fine(folder.path());
    REQUIRE(fine.size() == 21);
    REQUIRE(fine.classes().size() == 100);
    CHECK(fine.classes()[42] == "fine42");
    CHECK(fine.label(0) == 3);
    CHECK(fine.label(20) == 43);
    const Image last = fine.load(20);
    CHECK(last.width == 32);
    CHECK(last.pixels.size() == 3072);
    for (Index c = 0; c < 3; ++c) CHECK(last.pixel(0, 31)[c] == 20 + 50 * c);

    const Cifar100 coarse(folder.path(), Cifar100::Part::train, Cifar100::Labels::coarse);
    REQUIRE(coarse.classes().size() == 20);
    CHECK(coarse.classes()[7] == "7");  // its names are not there
    CHECK(coarse.label(0) == 3);
    CHECK(coarse.label(20) == 3);
    CHECK(coarse.load(20) == last);

    const std::string path = folder.path().string();
    CHECK(open_dataset("cifar100:" + path).label(20) == 43);
    CHECK(open_dataset("cifar100-coarse:" + path).label(20) == 3);
    const AnyDataset test_set = open_dataset("cifar100:" + path, {.test = true});
    CHECK(test_set.size() == 2);
    CHECK(test_set.label(1) == 97);
    CHECK(has_test_part("cifar100-coarse:" + path));
}

TEST_CASE("CIFAR-100 files that cannot be used are named", "[data][cifar100]") {
    const test::TemporaryFolder folder;
    CHECK(failure(folder.path()).find("train.bin cannot be read") != std::string::npos);
    folder.write("train.bin", records(2, 0).substr(1));
    CHECK(failure(folder.path()).find("multiple of 3074") != std::string::npos);
    std::string bytes = records(3, 0);
    bytes[3074] = 20;
    folder.write("train.bin", bytes);
    CHECK(failure(folder.path()).empty());  // the fine label is good
    CHECK(failure(folder.path(), Cifar100::Labels::coarse).find("image 1 has label 20, labels are 0 to 19") !=
          std::string::npos);
    bytes[3075] = 100;
    folder.write("train.bin", bytes);
    CHECK(failure(folder.path()).find("image 1 has label 100, labels are 0 to 99") != std::string::npos);
    folder.write("train.bin", records(3, 0));
    folder.write("fine_label_names.txt", lines("fine", 99));
    CHECK(failure(folder.path()).find("has 99 names, CIFAR-100 has 100") != std::string::npos);
    folder.write("fine_label_names.txt", lines("fine", 101));
    CHECK(failure(folder.path()).find("has 101 lines") != std::string::npos);
    folder.write("train.bin", std::string());
    folder.write("fine_label_names.txt", lines("fine", 100));
    std::filesystem::resize_file(folder.path() / "train.bin", std::uintmax_t{3074} << 32);  // a hole
    CHECK_THROWS_AS(Cifar100(folder.path()), ConfigError);
}

}  // namespace cifar100_test
