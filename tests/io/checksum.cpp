// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <numeric>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <xtensor/xarray.hpp>

#include <vitscape/core/random.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/io/npy.hpp>
#include <vitscape/io/safetensors.hpp>
#include <vitscape/io/safetensors_writer.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

namespace checksum_test {

using namespace vitscape;
using test::contains;
using test::error_text;

namespace {

/// What std::clog gets while it lives, and whether the missing checksum was told of before.
class Notes {
  public:
    Notes()
        : before_(detail::told_of_missing_checksum.exchange(false)), old_(std::clog.rdbuf(text_.rdbuf())) {}
    ~Notes() {
        std::clog.rdbuf(old_);
        detail::told_of_missing_checksum = before_;
    }
    [[nodiscard]] std::string text() const { return text_.str(); }

  private:
    bool before_;
    std::ostringstream text_;
    std::streambuf* old_;
};

/// Without the care of `write_atomically`, which waits for the disk each time.
void write_plainly(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

const nlohmann::json some_json = {{"asked", {{"data", "folder:/images"}, {"epochs", 20}}},
                                  {"decided", {{"epochs", 20}, {"level", 0}}}};

/// A kind of file that is read back.
struct Kind {
    std::string name;
    std::function<void(const std::filesystem::path&)> write, read;
};

const std::vector<Kind> kinds{
    {"a.safetensors",
     [](const auto& path) {
         SafeTensorsWriter writer;
         std::vector<float> weight(60);
         std::iota(weight.begin(), weight.end(), 0.5f);
         writer.add("norm.weight", {3, 20}, weight);
         writer.add("labels", {3}, std::vector<std::int64_t>{1, 2, 3});
         writer.set_metadata("vitscape", R"({"format": 1})");
         writer.write(path);
     },
     [](const auto& path) { (void)SafeTensors::load(path); }},
    {"empty.safetensors", [](const auto& path) { SafeTensorsWriter().write(path); },
     [](const auto& path) { (void)SafeTensors::load(path); }},
    {"a.json", [](const auto& path) { write_json(path, some_json); },
     [](const auto& path) { (void)load_json(path); }},
    {"empty.json", [](const auto& path) { write_json(path, nlohmann::json::object()); },
     [](const auto& path) { (void)load_json(path); }},
    {"a.npy",
     [](const auto& path) {
         write_npy(path, xt::xarray<double>{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
     },
     [](const auto& path) { (void)load_npy<double>(path); }},
    {"bytes.npy",
     [](const auto& path) {
         write_npy(path, xt::xarray<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8});
     },
     [](const auto& path) { (void)load_npy<std::uint8_t>(path); }},
    {"log.jsonl",
     [](const auto& path) {
         for (const int epoch : {1, 2, 3})
             append_json_line(path, nlohmann::json{{"epoch", epoch}, {"loss", 1.0 / epoch}});
     },
     [](const auto& path) { (void)load_json_lines(path); }}};

}  // namespace

TEST_CASE("the checksum is XXH3 with 64 bits") {
    // XXH3_64bits of nothing and of "a", as the xxhsum program gives them
    CHECK(Checksum().digits() == "2d06800538d394c2");
    CHECK(Checksum().update("a").digits() == "e6c632b61e964e1f");
    std::string all;
    Checksum parts;
    for (int i = 0; i < 2000; ++i) {
        const std::string part(static_cast<std::size_t>(i % 77), static_cast<char>('a' + i % 26));
        parts.update(part);
        all += part;
    }
    CHECK(parts.value() == Checksum().update(all).value());
}

TEST_CASE("a file's checksum is over all its bytes, its own digits taken as zeros") {
    const test::TemporaryFolder folder;
    for (const Kind& kind : kinds) {
        INFO(kind.name);
        kind.write(folder / kind.name);
        std::string text = read_text(folder / kind.name);
        if (kind.name == "log.jsonl")
            text = text.substr(text.find('\n') + 1, text.rfind('\n', text.size() - 2) - text.find('\n'));
        const std::size_t digits = text.rfind(checksum_mark) + checksum_mark.size();
        const std::string carried = text.substr(digits, 16);
        text.replace(digits, 16, 16, '0');
        CHECK(Checksum().update(text).digits() == carried);
    }
}

TEST_CASE("every flipped bit of every kind of file is refused") {
    const test::TemporaryFolder folder;
    const Notes notes;
    for (const Kind& kind : kinds) {
        const auto path = folder / kind.name;
        kind.write(path);
        CHECK_NOTHROW(kind.read(path));
        const auto good = read_bytes(path);
        for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
            auto bytes = good;
            bytes[bit / 8] ^= std::byte{1} << (bit % 8);
            write_plainly(path, bytes);
            const std::string text = error_text<IoError>([&] { kind.read(path); });
            INFO(kind.name << ", bit " << bit << ": " << text);
            REQUIRE(contains(text, path.string()));
        }
    }
    CHECK(notes.text().empty());  // none of them passed for a file of another program
}

TEST_CASE("what was cut off or put behind is refused") {
    const test::TemporaryFolder folder;
    const Notes notes;
    for (const Kind& kind : kinds) {
        if (kind.name == "log.jsonl") continue;  // a kill may cut off the end of its last line
        const auto path = folder / kind.name;
        kind.write(path);
        const auto good = read_bytes(path);
        for (std::size_t size = 0; size < good.size(); ++size) {
            write_plainly(path, std::span(good).first(size));
            // an array alone, without the checksum behind it, is a whole file of another program
            if (kind.name.ends_with(".npy") && size == good.size() - detail::npy_checksum().size()) continue;
            INFO(kind.name << ", " << size << " of " << good.size() << " bytes");
            REQUIRE(!error_text<IoError>([&] { kind.read(path); }).empty());
        }
        for (const char more : {' ', '\n', '0'}) {
            auto bytes = good;
            bytes.push_back(static_cast<std::byte>(more));
            write_plainly(path, bytes);
            CHECK(!error_text<IoError>([&] { kind.read(path); }).empty());
        }
    }
}

TEST_CASE("the refusal says what to do") {
    const test::TemporaryFolder folder;
    write_json(folder / "plan.json", some_json);
    std::string text = read_text(folder / "plan.json");
    text.replace(text.find("20"), 2, "30");
    write_atomically(folder / "plan.json", text);
    const std::string refusal = error_text<IoError>([&] { load_json(folder / "plan.json"); });
    CHECK(contains(refusal, "plan.json is damaged"));
    CHECK(contains(refusal, "take a good copy, or make it again"));
}

TEST_CASE("files without a checksum are read, with one note") {
    const test::TemporaryFolder folder;
    const Notes notes;
    write_atomically(folder / "old.json", R"({"epochs": 3})");
    write_atomically(folder / "foreign.json",
                     R"({"checksum": "sha1:0a4d55a8d778e5022fab701977c5d840bbc486d0"})");
    const std::string header = R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})";
    const std::uint64_t size = header.size();
    write_atomically(folder / "old.safetensors",
                     std::string(reinterpret_cast<const char*>(&size), 8) + header + "\x01\x02");
    CHECK(load_json(folder / "old.json").at("epochs") == 3);
    CHECK(load_json(folder / "foreign.json").contains("checksum"));
    CHECK_FALSE(SafeTensors::load(folder / "old.safetensors").has_checksum());
    const std::string text = notes.text();
    CHECK(contains(text, "note: "));
    CHECK(contains(text, "old.json carries no checksum"));
    CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("the entry is the file's own, and nobody else sees it") {
    const test::TemporaryFolder folder;
    write_json(folder / "a.json", some_json);
    CHECK(load_json(folder / "a.json") == some_json);
    write_json(folder / "list.json", nlohmann::json::array({1, 2}));
    CHECK(load_json(folder / "list.json") == nlohmann::json::array({1, 2}));
    SafeTensorsWriter writer;
    writer.set_metadata("checksum", "mine");
    writer.set_metadata("format", "pt");
    writer.write(folder / "a.safetensors");
    const SafeTensors file = SafeTensors::load(folder / "a.safetensors");
    CHECK(file.has_checksum());
    CHECK(file.metadata() == std::map<std::string, std::string>{{"format", "pt"}});
}

}  // namespace checksum_test
