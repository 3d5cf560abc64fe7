// SPDX-License-Identifier: Apache-2.0
//
// Files that were cut, damaged or made to harm: each must end in an Error or be read within its bounds, and run nothing.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/io/pth.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"
#include "support/torch_file.hpp"

#if VITSCAPE_HAS_LIBZIP && VITSCAPE_HAS_ZLIB
#include <zlib.h>
#endif

using namespace vitscape;
using test::contains;
using test::error_text;
using test::PickleText;

#if VITSCAPE_HAS_LIBZIP

namespace {

using Numbers = std::vector<std::int64_t>;
constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

PthFile parse(const std::vector<test::ZipEntry>& entries) {
    return PthFile::parse(bytes_of(test::zip_of(entries)), "evil");
}
std::string refusal(const std::vector<test::ZipEntry>& entries) {
    return error_text<Error>([&] { (void)parse(entries); });
}
std::string refusal(const PickleText& pickle, const std::vector<std::string>& storages = {}) {
    return refusal(test::torch_entries(pickle.stop(), storages));
}

/// Why a file with this tensor and a storage "0" of 16 bytes is refused.
std::string refusal_of_tensor(const std::string& type, const std::string& key, std::int64_t count,
                              std::int64_t offset, const Numbers& extents, const Numbers& strides) {
    PickleText pickle;
    pickle.raw("}").text("norm.bias").tensor(type, key, count, offset, extents, strides).raw("s");
    return refusal(pickle, {std::string(16, '\x01')});
}

std::vector<test::ZipEntry> good_entries() {
    PickleText pickle;
    pickle.raw("}(").text("a").tensor("FloatStorage", "0", 4, 0, {2, 2}, {1, 2});
    pickle.text("b").tensor("LongStorage", "1", 1, 0, {1}, {1}).text("epoch").integer(3).raw("u");
    return test::torch_entries(pickle.stop(), {std::string(16, '\x01'), std::string(8, '\x02')});
}

}  // namespace

TEST_CASE("a good file passes, so that the refusals below have one reason each") {
    CHECK(refusal(good_entries()).empty());
    CHECK(refusal_of_tensor("FloatStorage", "0", 4, 0, {4}, {1}).empty());
}

TEST_CASE("a pickle that would run a program runs none") {
    const test::TemporaryFolder folder;
    const auto marker = folder / "marker";
    const std::string command = "touch " + marker.string();
    const auto arguments = [&](PickleText& pickle) -> PickleText& {
        return pickle.text(command).raw("\x85");
    };
    const auto tensor = [](PickleText& pickle) -> PickleText& {
        return pickle.text("good").tensor("FloatStorage", "0", 4, 0, {4}, {1});
    };
    // What it is hidden in is skipped, and refused where it is asked for.
    for (const std::string module : {"os", "posix", "nt", "subprocess", "builtins", "__builtin__"})
        for (const std::string function : {"system", "eval", "exec", "call"})
            for (const int way : {0, 1, 2, 3, 4}) {
                PickleText pickle;
                pickle.raw("}(");
                tensor(pickle).text("bad");
                if (way == 0) arguments(pickle.global(module, function)).raw("R");
                if (way == 1) arguments(pickle.text(module).text(function).raw("\x93")).raw("R");
                if (way == 2) arguments(pickle.global(module, function)).raw("\x81");
                if (way == 3) arguments(pickle.global(module, function)).raw("}\x92");
                if (way == 4) arguments(pickle.global(module, function).raw(")R")).raw("b");
                pickle.raw("u");
                const PthFile file = parse(test::torch_entries(pickle.stop(), {std::string(16, '\x01')}));
                CHECK(file.names() == std::vector<std::string>{"good"});
                CHECK(contains(error_text<IoError>([&] { (void)file.at("bad"); }),
                               "it is made by " + module + "." + function + " in Python, which is not run"));
            }
    // As what a tensor is built by or from, and as the whole file.
    PickleText extents;
    extents.raw("}")
        .text("x")
        .global("torch._utils", "_rebuild_tensor_v2")
        .raw("(")
        .storage("FloatStorage", "0", 4);
    arguments(extents.integer(0).global("os", "system"))
        .raw("R")
        .integers({1})
        .raw("\x89")
        .ordered_dict()
        .raw("tRs");
    CHECK(contains(refusal(extents, {std::string(16, '\x01')}),
                   "tensor x: its extents or strides are no tuple"));
    PickleText wrapped;
    wrapped.raw("}")
        .text("x")
        .global("torch._tensor", "_rebuild_from_type_v2")
        .raw("(")
        .global("os", "system")
        .global("torch", "Tensor");
    const PthFile file = parse(test::torch_entries(arguments(wrapped).raw("}tRs").stop(), {}));
    CHECK(contains(error_text<IoError>([&] { (void)file.at("x"); }), "made by os.system in Python"));
    PickleText whole;
    CHECK(contains(refusal(arguments(whole.global("os", "system")).raw("R")), "holds what os.system makes"));
    PickleText key;
    CHECK(refusal(arguments(key.raw("}").global("os", "system")).raw("RK\x01s")).empty());
    // The instructions of protocol 0 and 1 for the same.
    PickleText inst, obj;
    CHECK(contains(refusal(inst.raw("(").text(command).raw("ios\nsystem\n")),
                   "the instruction 105 is not one"));
    CHECK(
        contains(refusal(obj.raw("(").global("os", "system").text(command).raw("o")), "the instruction 111"));
    CHECK(!std::filesystem::exists(marker));
}

TEST_CASE("tensors that do not lie within their storages are refused by name") {
    const auto contained = [](const std::string& text, const std::string& part) {
        INFO(text);
        return contains(text, "evil is not a PyTorch file that can be used: tensor norm.bias: ") &&
               contains(text, part);
    };
    const auto floats = [](std::int64_t offset, const Numbers& extents, const Numbers& strides) {
        return refusal_of_tensor("FloatStorage", "0", 4, offset, extents, strides);
    };
    CHECK(contained(floats(0, {5}, {1}), "reaches beyond the 4 elements"));
    CHECK(contained(floats(1, {4}, {1}), "reaches beyond"));
    CHECK(contained(floats(4, {}, {}), "reaches beyond"));
    CHECK(contained(floats(largest, {1}, {1}), "reaches beyond"));
    CHECK(contained(floats(0, {2}, {largest}), "reaches beyond"));
    CHECK(contained(floats(0, {3, 3}, {largest, largest}), "reaches beyond"));
    CHECK(contained(floats(3, {2, 2}, {0, 1}), "reaches beyond"));
    CHECK(contained(floats(0, {largest}, {1}), "reaches beyond"));
    CHECK(contained(floats(0, {largest, largest}, {0, 0}), "no product"));
    CHECK(contained(floats(0, {0, largest, 2}, {0, 0, 0}), "no product"));
    CHECK(contained(floats(-1, {1}, {1}), "no count"));
    CHECK(contained(floats(0, {-1}, {1}), "no count"));
    CHECK(contained(floats(3, {2}, {-1}), "no count"));
    CHECK(contained(floats(0, {2, 2}, {2}), "2 extents and 1 strides"));
    CHECK(contained(refusal_of_tensor("FloatStorage", "0", 5, 0, {4}, {1}),
                    "storage 0 claims 20 bytes, it has 16"));
    CHECK(contained(refusal_of_tensor("FloatStorage", "0", 3, 0, {3}, {1}),
                    "storage 0 claims 12 bytes, it has 16"));
    CHECK(contained(refusal_of_tensor("DoubleStorage", "0", 4, 0, {4}, {1}), "claims 32 bytes"));
    CHECK(contained(refusal_of_tensor("FloatStorage", "0", largest, 0, {4}, {1}),
                    "storage claims 9223372036854775807"));
    CHECK(contained(refusal_of_tensor("FloatStorage", "0", -4, 0, {4}, {1}), "no count"));
    CHECK(contained(refusal_of_tensor("FloatStorage", "1", 4, 0, {4}, {1}), "storage 1 is missing"));
    CHECK(contained(refusal_of_tensor("FloatStorage", std::string(65, '0'), 4, 0, {4}, {1}),
                    "not referred to"));
    CHECK(contained(refusal_of_tensor("FloatStorage", "../data.pkl", 4, 0, {4}, {1}), "is missing"));
    CHECK(floats(largest, {0, 7}, {largest, largest}).empty());  // no element, so none outside
    CHECK(floats(0, {1, 4}, {largest, 1}).empty());              // a step that is never taken
}

TEST_CASE("calls that are nearly those for tensors are refused") {
    const auto refusal_of = [](const PickleText& value) {
        return refusal(
            PickleText().raw("}").text("x").raw(value.stop().substr(2, value.stop().size() - 3)).raw("s"),
            {std::string(16, '\x01')});
    };
    const auto rebuild = [] {
        PickleText pickle;
        pickle.global("torch._utils", "_rebuild_tensor_v2").raw("(");
        return pickle;
    };
    CHECK(contains(refusal_of(rebuild().raw("K\x01K\x02K\x03K\x04NNtR")), "storage is not referred to"));
    CHECK(contains(refusal_of(rebuild().text("a").raw("Q))))NNtR")), "storage is not referred to"));
    CHECK(contains(refusal_of(rebuild().raw("(").text("module").raw("NNNNtQ))))NNtR")),
                   "storage is not referred to"));
    CHECK(contains(refusal_of(rebuild().storage("FloatStorage", "0", 4).raw("N))NNtR")), "no count"));
    CHECK(contains(refusal_of(rebuild().storage("FloatStorage", "0", 4).raw("K\x01N)NNtR")), "no tuple"));
    CHECK(contains(refusal_of(rebuild().storage("FloatStorage", "0", 4).raw("K\x01]]NNtR")), "no tuple"));
    CHECK(refusal_of(PickleText().global("collections", "OrderedDict").raw("]\x85R")).empty());
    // Too few arguments, a list of them, parameters around parameters: not read, but no fault of other tensors.
    CHECK(refusal_of(rebuild().raw("tR")).empty());
    CHECK(refusal_of(PickleText().global("torch._utils", "_rebuild_tensor_v2").raw("]R")).empty());
    PickleText nested;
    for (int i = 0; i < 1000; ++i) nested.global("torch._utils", "_rebuild_parameter").raw("(");
    nested.raw("N");
    for (int i = 0; i < 1000; ++i) nested.raw("tR");
    CHECK(refusal_of(nested).empty());
}

TEST_CASE("dicts that contain themselves or each other without end are refused") {
    CHECK(contains(refusal(PickleText().raw("}q\x01").text("a").raw("h\x01s")),
                   "nested more than 64 levels deep"));
    // 60 levels, each twice in the next: 2^60 names
    PickleText doubled;
    doubled.raw("}q").raw(std::string(1, '\0'));
    for (char level = 1; level < 60; ++level) {
        const std::string below = std::string("h") + static_cast<char>(level - 1);
        doubled.raw("}q").raw(std::string(1, level));
        doubled.raw("(").text("a").raw(below).text("b").raw(below).raw("u");
    }
    CHECK(contains(refusal(doubled), "hold more than any model's"));
    // A name as long as the file, in front of many others
    PickleText lengthy;
    lengthy.raw("}").text(std::string(1 << 20, 'x')).raw("}(");
    for (int i = 0; i < 100; ++i) lengthy.text(std::to_string(i)).raw("N");
    CHECK(contains(refusal(lengthy.raw("us")), "hold more than any model's"));
    PickleText twice;
    twice.raw("}(").text("a.b").tensor("FloatStorage", "0", 4, 0, {4}, {1}).text("a").raw("}").text("b");
    twice.tensor("FloatStorage", "0", 4, 0, {4}, {1}).raw("su");
    CHECK(contains(refusal(twice, {std::string(16, '\x01')}), "names two tensors a.b"));
}

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
    CHECK(parse(entries).at("b").to<std::int64_t>()[0] == 0x0202020202020202);

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

TEST_CASE("a damaged pickle in a good archive either reads within its bounds or ends in an Error") {
    const auto good = good_entries();
    RandomSequence random({.seed = 2027, .purpose = Purpose::test});
    const auto below = [&](std::size_t n) {
        return static_cast<std::size_t>(random.below(static_cast<Index>(n)));
    };
    int refused = 0;
    for (int round = 0; round < 10000; ++round) {
        auto entries = good;
        std::string& bytes = entries[0].content;
        for (auto changes = 1 + below(2); changes > 0; --changes)
            bytes[below(bytes.size())] = static_cast<char>(below(256));
        try {
            const PthFile file = parse(entries);
            for (const auto& name : file.names())
                REQUIRE(file.at(name).to<double>().size() ==
                        static_cast<std::size_t>(file.at(name).shape.size()));
        } catch (const Error&) {
            ++refused;
        }
    }
    CHECK(refused > 1000);
    CHECK(refused < 10000);
}

#endif
