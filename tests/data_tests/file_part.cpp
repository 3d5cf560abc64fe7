// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <istream>
#include <random>
#include <span>
#include <sstream>
#include <string>

#include <vitscape/data/file_part.hpp>

#include "support/catch.hpp"
#include "temporary_folder.hpp"

namespace file_part_test {

using namespace vitscape;

TEST_CASE("a part of a file is read as a stream of its own", "[data][file_part]") {
    std::string content;
    for (int i = 0; content.size() < 20000; ++i) content += std::to_string(i * 7919) + ' ';
    const test::TemporaryFolder folder;
    folder.write("file", content);
    const detail::RandomFile file(folder.path() / "file");
    CHECK(file.size() == content.size());

    constexpr std::size_t begin = 777, size = 9000;
    detail::FilePartBuffer buffer(file, begin, size);
    std::istream part(&buffer);
    std::istringstream expected(content.substr(begin, size));
    std::mt19937 random(5);
    const auto below = [&](int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); };
    for (int step = 0; step < 3000; ++step) {
        const int offset = below(12000) - 1500, count = below(step % 3 == 0 ? 6000 : 20);
        const std::ios::seekdir from =
            step % 5 == 0 ? std::ios::beg : (step % 5 == 1 ? std::ios::end : std::ios::cur);
        for (std::istream* stream : {&part, static_cast<std::istream*>(&expected)}) {
            stream->clear();
            if (step % 2 == 0) stream->seekg(from == std::ios::cur ? offset % 500 : offset, from);
        }
        REQUIRE(part.fail() == expected.fail());
        std::string read(static_cast<std::size_t>(count), '?'), right = read;
        part.read(read.data(), count);
        expected.read(right.data(), count);
        REQUIRE(part.gcount() == expected.gcount());
        REQUIRE(part.eof() == expected.eof());
        REQUIRE(read == right);
    }
}

TEST_CASE("a file is read at any place up to its end", "[data][file_part]") {
    const test::TemporaryFolder folder;
    folder.write("file", std::string("0123456789"));
    const detail::RandomFile file(folder.path() / "file");
    std::string bytes(4, '?');
    const auto read = [&](std::uint64_t offset) {
        return file.read(offset, std::as_writable_bytes(std::span(bytes)));
    };
    CHECK(read(3) == 4);
    CHECK(bytes == "3456");
    CHECK(read(8) == 2);
    CHECK(bytes.substr(0, 2) == "89");
    CHECK(read(10) == 0);
    CHECK(read(std::uint64_t{1} << 40) == 0);
    CHECK_THROWS_AS(detail::RandomFile(folder.path()), IoError);
    CHECK_THROWS_AS(detail::RandomFile(folder.path() / "none"), IoError);
}

}  // namespace file_part_test
