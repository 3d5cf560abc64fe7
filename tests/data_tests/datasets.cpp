// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <vitscape/data/cifar10.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/data/parallel.hpp>
#include <vitscape/data/synthetic.hpp>

#include "support/catch.hpp"
#include "temporary_folder.hpp"

namespace datasets_test {

using namespace vitscape;

static_assert(Dataset<Synthetic>);
static_assert(Dataset<Cifar10>);
static_assert(Dataset<Subset<Synthetic>>);
static_assert(Dataset<Subset<Subset<Synthetic>>>);
static_assert(Dataset<AnyDataset>);
static_assert(!Dataset<int>);

namespace {

/// `count` records; record i has label (i + first) % 10 and channel c filled with i + 50 c.
std::string cifar_records(int count, int first = 0) {
    std::string bytes;
    for (int i = 0; i < count; ++i) {
        bytes.push_back(static_cast<char>((i + first) % 10));
        for (int c = 0; c < 3; ++c) bytes.append(1024, static_cast<char>(i + 50 * c));
    }
    return bytes;
}

std::string cifar_failure(const std::filesystem::path& folder, Cifar10::Part part) {
    try {
        const Cifar10 set(folder, part);
    } catch (const DataError& error) {
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("views keep labels and names", "[data][dataset]") {
    const Synthetic set(40, 16, 3);
    const auto first = set.first(12);
    REQUIRE(first.size() == 12);
    CHECK(first.load(11) == set.load(11));
    CHECK(first.label(11) == 1);
    CHECK(first.name(11) == set.name(11));
    CHECK(&first.classes() == &set.classes());

    const auto limited = set.limit_per_class(2);
    REQUIRE(limited.size() == 20);
    for (std::size_t i = 0; i < 20; ++i) CHECK(limited.label(i) == static_cast<int>(i % 10));
    const auto chosen = limited.subset({19, 0, 19});
    CHECK(chosen.load(0) == set.load(19));
    CHECK(chosen.load(1) == set.load(0));

    CHECK_THROWS_AS(set.first(41), DataError);
    CHECK_THROWS_AS(set.subset({0, 40}), DataError);
    CHECK_THROWS_AS(set.limit_per_class(0), ConfigError);
}

TEST_CASE("AnyDataset forwards to what it holds", "[data][dataset]") {
    const Synthetic set(20, 16, 3);
    AnyDataset any = set;
    const AnyDataset copy = any;
    any = set.first(5);
    CHECK(any.size() == 5);
    CHECK(copy.size() == 20);
    CHECK(copy.load(7) == set.load(7));
    CHECK(copy.label(7) == 7);
    CHECK(copy.name(7) == set.name(7));
    CHECK(copy.classes() == set.classes());
    CHECK(copy.limit_per_class(1).size() == 10);
    CHECK(any.first(3).load(2) == set.load(2));
}

TEST_CASE("CIFAR-10 files are read in order, channels innermost", "[data][cifar10]") {
    const test::TemporaryFolder folder;
    const bool nested = GENERATE(false, true);
    const std::filesystem::path inside = nested ? "cifar-10-batches-bin" : ".";
    for (int i = 1; i <= 5; ++i)
        folder.write(inside / ("data_batch_" + std::to_string(i) + ".bin"), cifar_records(i, i));
    folder.write(inside / "test_batch.bin", cifar_records(4));

    const Cifar10 train(folder.path());
    REQUIRE(train.size() == 15);
    CHECK(train.classes().size() == 10);
    CHECK(train.classes()[9] == "truck");
    CHECK(train.label(0) == 1);
    CHECK(train.label(14) == 9);  // record 4 of file 5
    const Image last = train.load(14);
    CHECK(last.width == 32);
    CHECK(last.height == 32);
    CHECK(last.pixels.size() == 3072);
    for (Index c = 0; c < 3; ++c) CHECK(last.pixel(31, 31)[c] == 4 + 50 * c);

    const Cifar10 test_set(folder.path(), Cifar10::Part::test);
    CHECK(test_set.size() == 4);
    CHECK(test_set.label(3) == 3);
}

TEST_CASE("CIFAR-10 files that cannot be used are named", "[data][cifar10]") {
    const test::TemporaryFolder folder;
    CHECK(cifar_failure(folder.path(), Cifar10::Part::train).find("data_batch_1.bin") != std::string::npos);
    folder.write("test_batch.bin", cifar_records(2).substr(1));
    CHECK(cifar_failure(folder.path(), Cifar10::Part::test).find("3073") != std::string::npos);
    folder.write("test_batch.bin", std::string());
    CHECK(cifar_failure(folder.path(), Cifar10::Part::test).find("0 bytes") != std::string::npos);
    std::string bytes = cifar_records(3);
    bytes[3073] = 10;
    folder.write("test_batch.bin", bytes);
    CHECK(cifar_failure(folder.path(), Cifar10::Part::test).find("image 1 has label 10") !=
          std::string::npos);
}

TEST_CASE("a synthetic picture is a function of seed and index", "[data][synthetic]") {
    const Synthetic small(20, 32, 5), large(500, 32, 5), other(20, 32, 6);
    for (std::size_t i = 0; i < 20; ++i) {
        const Image image = small.load(i);
        CHECK(image.width == 32);
        CHECK(image == large.load(i));
        CHECK(image == small.load(i));  // kept since the first time
        CHECK(image != other.load(i));
        CHECK(image != large.load(i + 20));
        CHECK(small.label(i) == static_cast<int>(i % 10));
    }
    const Synthetic larger(2, 96, 5);
    CHECK(larger.load(1).pixels.size() == 96 * 96 * 3);
    CHECK_THROWS_AS(Synthetic(0), ConfigError);
    CHECK_THROWS_AS(Synthetic(10, 4), ConfigError);

    const Synthetic shared(64, 32, 5);  // several threads draw and keep the same pictures
    std::vector<Image> drawn(640);
    detail::parallel_for(
        drawn.size(), 4, [&](std::size_t i) { drawn[i] = shared.load(i % 64); }, [](std::size_t) {});
    for (std::size_t i = 0; i < drawn.size(); ++i) CHECK(drawn[i] == large.load(i % 64));
}

TEST_CASE("synthetic classes are not told apart by their mean pictures", "[data][synthetic]") {
    constexpr std::size_t train = 1000, test_count = 500;
    const Synthetic set(train + test_count, 16, 1);
    std::array<std::vector<double>, 10> mean;
    for (auto& values : mean) values.assign(16 * 16 * 3, 0.0);
    double spread = 0.0;
    for (std::size_t i = 0; i < train; ++i) {
        const Image image = set.load(i);
        double sum = 0.0, squares = 0.0;
        for (std::size_t k = 0; k < image.pixels.size(); ++k) {
            const double value = image.pixels[k];
            mean[i % 10][k] += value / (train / 10);
            sum += value;
            squares += value * value;
        }
        const auto n = static_cast<double>(image.pixels.size());
        spread += std::sqrt(squares / n - sum / n * (sum / n)) / train;
    }
    std::size_t right = 0;
    for (std::size_t i = train; i < train + test_count; ++i) {
        const Image image = set.load(i);
        std::array<double, 10> distance{};
        for (std::size_t c = 0; c < 10; ++c)
            for (std::size_t k = 0; k < image.pixels.size(); ++k)
                distance[c] += (image.pixels[k] - mean[c][k]) * (image.pixels[k] - mean[c][k]);
        const auto best = std::min_element(distance.begin(), distance.end()) - distance.begin();
        if (best == static_cast<std::ptrdiff_t>(i % 10)) ++right;
    }
    CHECK(right < test_count / 5);  // chance is a tenth
    CHECK(spread > 25.0);           // and the pictures are far from flat
}

TEST_CASE("parallel_for visits every index once and passes an exception on", "[data][parallel]") {
    std::vector<int> visits(1000, 0);
    std::size_t reported = 0;
    detail::parallel_for(
        visits.size(), 3, [&](std::size_t i) { ++visits[i]; }, [&](std::size_t done) { reported = done; });
    CHECK(std::all_of(visits.begin(), visits.end(), [](int count) { return count == 1; }));
    CHECK(reported == 1000);
    const auto fail = [](std::size_t i) {
        if (i == 500) throw DataError("number 500");
    };
    CHECK_THROWS_AS(detail::parallel_for(1000, 3, fail, [](std::size_t) {}), DataError);
}

}  // namespace datasets_test
