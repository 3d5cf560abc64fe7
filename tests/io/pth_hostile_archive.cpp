// SPDX-License-Identifier: Apache-2.0
//
// Archives that were cut, damaged or lie: each must end in an Error or be read within its bounds.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/io/pth.hpp>

#include "io/hostile_pth.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"
#include "support/torch_file.hpp"

#if VITSCAPE_HAS_LIBZIP && VITSCAPE_HAS_ZLIB
#include <zlib.h>
#endif

namespace pth_hostile_archive_test {

using namespace vitscape;
using test::contains;
using test::error_text;
using test::good_entries;
using test::parse_pth;
using test::PickleText;
using test::refusal;

#if VITSCAPE_HAS_LIBZIP

TEST_CASE("archives that lie are refused by their entry") {
    const auto changed = [](const auto& change) {
        auto entries = good_entries();
        change(entries);
        return refusal(entries);
    };
    const std::string storage = "evil cannot be read: its entry archive/data/0: ";
    REQUIRE(good_entries()[2].name == "archive/data/0");
    CHECK(contains(changed([](auto& entries) { entries[2].crc = 1; }),
                   storage + "its CRC-32 is that of other bytes; it is damaged, or was written without one"));
    CHECK(contains(changed([](auto& entries) { entries[2].flags = 1; }), storage + "it is encrypted"));
    CHECK(contains(changed([](auto& entries) { entries[2].method = 12; }),
                   storage + "it is packed by method 12"));
    CHECK(contains(changed([](auto& entries) { entries[2].size = 17; }),
                   storage + "it claims 17 bytes packed into 16"));
    CHECK(contains(changed([](auto& entries) { entries[0].size = 0xFFFFFFF0; }),
                   "claims 4294967280 bytes packed into"));
    CHECK(contains(changed([](auto& entries) { entries[2].method = 8; }), storage));  // is no deflate stream
    CHECK(contains(changed([](auto& entries) { entries.push_back(entries[2]); }),
                   "evil is not a zip archive that can be read: two of its entries have one name"));
    CHECK(contains(changed([](auto& entries) { entries[1].content = std::string(17, 'l'); }),
                   "its entry archive/byteorder: it has 17 bytes, more than 16"));
    CHECK(
        contains(changed([](auto& entries) { entries.erase(entries.begin() + 2); }), "storage 0 is missing"));
    CHECK(contains(refusal(std::vector<test::ZipEntry>()), "empty"));
}

TEST_CASE("names of entries lead nowhere") {
    const test::TemporaryFolder folder;
    auto entries = good_entries();
    entries.push_back({.name = "archive/../../../" + (folder / "marker").string(), .content = "x"});
    entries.push_back({.name = (folder / "marker").string(), .content = "x"});
    CHECK(refusal(entries).empty());
    CHECK(!std::filesystem::exists(folder / "marker"));
    for (auto& entry : entries) entry.name.replace(0, 7, "../..");
    CHECK(contains(refusal(entries), "without the entry ../data.pkl"));
}

#if VITSCAPE_HAS_ZLIB
namespace {

/// The content as a deflate stream, as a zip archive has it.
test::ZipEntry packed(const std::string& name, const std::string& content) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string bytes(deflateBound(&stream, static_cast<uLong>(content.size())), '\0');
    std::string input = content;
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<unsigned>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
    stream.avail_out = static_cast<unsigned>(bytes.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    bytes.resize(stream.total_out);
    deflateEnd(&stream);
    return {.name = name,
            .content = bytes,
            .method = 8,
            .size = static_cast<std::int64_t>(content.size()),
            .crc = static_cast<std::int64_t>(crc32(0, reinterpret_cast<const Bytef*>(content.data()),
                                                   static_cast<unsigned>(content.size())))};
}

}  // namespace

TEST_CASE("packed entries are read up to what tensors claim") {
    auto entries = good_entries();
    for (auto& entry : entries) entry = packed(entry.name, entry.content);
    CHECK(refusal(entries).empty());
    CHECK(parse_pth(entries).at("b").to<std::int64_t>()[0] == 0x0202020202020202);

    const test::ZipEntry bomb = packed("archive/data/0", std::string(1 << 24, '\0'));
    REQUIRE(bomb.content.size() < 20000);
    entries[2] = bomb;
    CHECK(contains(refusal(entries), "storage 0 claims 16 bytes, it has 16777216"));
    entries[2].size = 16;  // what the tensor claims
    CHECK(contains(refusal(entries), "evil cannot be read: its entry archive/data/0: "));
    entries[2] = bomb;
    entries[2].size = 0xFFFFFFF0;  // more than deflate can give
    CHECK(contains(refusal(entries), "it claims 4294967280 bytes packed into"));
    entries = good_entries();
    entries[0] =
        packed("archive/data.pkl", PickleText().raw(std::string(std::size_t{101} << 20, 'N')).stop());
    CHECK(contains(refusal(entries), "archive/data.pkl: it has 105906179 bytes, more than 100000000"));
}

TEST_CASE("what exceeds the memory is refused before it is taken") {
    // 2 MB packed to 2 kB, of which each of 65000 tensors wants a copy with its elements in another order
    const std::string storage(1 << 21, '\0');
    PickleText pickle;
    pickle.raw("}(").text("a");
    pickle.global("torch._utils", "_rebuild_tensor_v2")
        .raw("(")
        .storage("ByteStorage", "0", 1 << 21)
        .integer(0);
    pickle.integers({2, 1 << 20}).integers({1, 2}).raw("\x89").ordered_dict().raw("tRq\x01");
    for (int i = 0; i < 65000; ++i) pickle.text(std::to_string(i)).raw("h\x01");
    auto entries = test::torch_entries(pickle.raw("u").stop(), {});
    entries.push_back(packed("archive/data/0", storage));
    const double needed = 65002.0 * (1 << 21);
    if (available_memory() >= needed) {
        WARN("not checked: this machine has " << memory_text(available_memory()));
        return;
    }
    CHECK(contains(refusal(entries), "PyTorch file evil would need 136 GB of memory, "));
}
#endif

TEST_CASE("a damaged file either reads within its bounds or ends in an Error") {
    const std::string good = test::zip_of(good_entries());
    RandomSequence random({.seed = 2026, .purpose = Purpose::test});
    const auto below = [&](std::size_t n) {
        return static_cast<std::size_t>(random.below(static_cast<Index>(n)));
    };
    int refused = 0;
    for (int round = 0; round < 10000; ++round) {
        std::string bytes = good;
        for (auto changes = 1 + below(3); changes > 0 && !bytes.empty(); --changes) {
            const std::size_t at = below(bytes.size());
            switch (below(4)) {
                case 0:
                    bytes.resize(at);
                    break;
                case 1:
                    bytes.erase(at, 1);
                    break;
                default:
                    bytes[at] = static_cast<char>(below(256));
                    break;
            }
        }
        try {
            const PthFile file = PthFile::parse(bytes_of(bytes), "damaged");
            for (const auto& name : file.names())
                REQUIRE(file.at(name).to<double>().size() ==
                        static_cast<std::size_t>(file.at(name).shape.size()));
        } catch (const Error&) {
            ++refused;
        }
    }
    CHECK(refused > 5000);
}

#endif

}  // namespace pth_hostile_archive_test
