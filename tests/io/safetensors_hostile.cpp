// SPDX-License-Identifier: Apache-2.0
//
// Files that were cut, damaged or made to harm: each must end in an IoError, whatever it claims.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/io/safetensors.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace safetensors_hostile_test {

using namespace vitscape;
using test::contains;
using test::error_text;

namespace {

std::vector<std::byte> file_of(const std::string& header, std::size_t data, std::uint64_t claimed) {
    std::vector<std::byte> bytes(8 + header.size() + data, std::byte{1});
    std::memcpy(bytes.data(), &claimed, 8);
    std::memcpy(bytes.data() + 8, header.data(), header.size());
    return bytes;
}

std::string refusal(const std::string& header, std::size_t data) {
    return error_text<IoError>([&] { SafeTensors::parse(file_of(header, data, header.size()), "evil"); });
}

const std::string good_header = R"({"__metadata__":{"format":"pt"},
 "a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},
 "b":{"dtype":"I64","shape":[1],"data_offsets":[16,24]}})";

}  // namespace

TEST_CASE("a good header passes, so that the refusals below have one reason each") {
    CHECK(refusal(good_header, 24).empty());
    CHECK(refusal("{}", 0).empty());
}

TEST_CASE("lengths are checked against the file before they are used") {
    const auto parse = [](std::vector<std::byte> bytes) {
        return error_text<IoError>([&] { SafeTensors::parse(std::move(bytes), "evil"); });
    };
    CHECK(contains(parse({}), "0 bytes"));
    CHECK(contains(parse(std::vector<std::byte>(7)), "7 bytes"));
    CHECK(contains(parse(file_of(good_header, 24, ~std::uint64_t{0})), "18446744073709551615"));
    CHECK(contains(parse(file_of(good_header, 24, std::uint64_t{1} << 63)), "9223372036854775808"));
    CHECK(contains(parse(file_of(good_header, 24, SafeTensors::max_header)), "the file has"));
    CHECK(contains(parse(file_of(good_header, 0, good_header.size() + 1)), "the file has"));
    CHECK(contains(refusal(good_header, 23), "24 of 23"));
    CHECK(contains(refusal(good_header, 25), "appended"));
}

TEST_CASE("headers that are no safetensors header are refused") {
    CHECK(contains(refusal("", 0), "not valid JSON"));
    CHECK(contains(refusal("[1, 2]", 0), "not a JSON object"));
    CHECK(contains(refusal("{\"a\":", 0), "not valid JSON"));
    CHECK(contains(refusal("{\"\xFF\":{}}", 0), "not valid JSON"));
    CHECK(contains(refusal(std::string(100000, '['), 0), "too deeply"));
    CHECK(
        contains(refusal(R"({"a":{"dtype":"U8","shape":[[[[]]]],"data_offsets":[0,1]}})", 1), "too deeply"));
    CHECK(contains(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                           R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                           1),
                   "\"a\" twice"));
    CHECK(contains(refusal(R"({"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", 1),
                   "twice"));
    CHECK(contains(refusal(R"({"__metadata__":7})", 0), "not an object"));
    CHECK(contains(refusal(R"({"__metadata__":{"epoch":7}})", 0), "entry epoch is not a text"));
}

TEST_CASE("tensors whose description lies are refused by name") {
    const auto one = [](const std::string& description, std::size_t data = 16) {
        return refusal("{\"norm.bias\":" + description + "}", data);
    };
    REQUIRE(one(R"({"dtype":"F32","shape":[4],"data_offsets":[0,16]})").empty());

    CHECK(contains(one("3"), "tensor norm.bias has no dtype"));
    CHECK(contains(one(R"({"shape":[4],"data_offsets":[0,16]})"), "no dtype"));
    CHECK(contains(one(R"({"dtype":"F32","data_offsets":[0,16]})"), "no shape"));
    CHECK(contains(one(R"({"dtype":"F32","shape":[4]})"), "no data_offsets"));
    CHECK(contains(one(R"({"dtype":4,"shape":[4],"data_offsets":[0,16]})"), "dtype is not a text"));
    CHECK(contains(one(R"({"dtype":"F8_E5M2","shape":[16],"data_offsets":[0,16]})"),
                   "F8_E5M2 is not supported"));
    CHECK(contains(one(R"({"dtype":"F32","shape":4,"data_offsets":[0,16]})"), "shape is not a list"));
    CHECK(contains(one(R"({"dtype":"F32","shape":[-4],"data_offsets":[0,16]})"), "-4"));
    CHECK(contains(one(R"({"dtype":"F32","shape":[4.0],"data_offsets":[0,16]})"), "4.0"));
    CHECK(contains(one(R"({"dtype":"F32","shape":["4"],"data_offsets":[0,16]})"), "no count"));
    CHECK(contains(one(R"({"dtype":"F32","shape":[1,1,1,1,1,1,4],"data_offsets":[0,16]})"), "7 axes"));
    CHECK(
        contains(one(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,16]})"), "larger"));
    CHECK(
        contains(one(R"({"dtype":"F32","shape":[9223372036854775807,2],"data_offsets":[0,16]})"), "larger"));
    CHECK(contains(one(R"({"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,16]})"), "larger"));
    CHECK(
        contains(one(R"({"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,16]})"), "no count"));
    CHECK(contains(one(R"({"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]})", 0),
                   "not plausible"));
    // An empty tensor may be long, but its extents have a product in any order.
    CHECK(one(R"({"dtype":"F32","shape":[1000000,0],"data_offsets":[0,0]})", 0).empty());
    CHECK(contains(one(R"({"dtype":"F32","shape":[2097152,2097152,2097152,0],"data_offsets":[0,0]})", 0),
                   "not plausible"));
    CHECK(contains(one(R"({"dtype":"F32","shape":[4],"data_offsets":[0]})"), "begin and an end"));
    CHECK(contains(one(R"({"dtype":"F32","shape":[4],"data_offsets":[16,0]})"), "16 to 0"));
    CHECK(contains(one(R"({"dtype":"F32","shape":[4],"data_offsets":[0,17]})"), "of 16"));
    CHECK(contains(one(R"({"dtype":"F32","shape":[4],"data_offsets":[0,18446744073709551615]})"), "of 16"));
    CHECK(contains(one(R"({"dtype":"F32","shape":[3],"data_offsets":[0,16]})"), "needs 12 bytes, it has 16"));
    CHECK(contains(one(R"({"dtype":"F64","shape":[4],"data_offsets":[0,16]})", 100),
                   "needs 32 bytes, it has 16"));
    CHECK(contains(one(R"({"dtype":"F32","shape":[4],"data_offsets":[4,20]})", 20), "gap"));
}

TEST_CASE("tensors that overlap or leave gaps are refused") {
    CHECK(contains(refusal(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                           R"("b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
                           6),
                   "tensor b begins at byte 2, inside"));
    CHECK(contains(refusal(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                           R"("b":{"dtype":"U8","shape":[4],"data_offsets":[5,9]}})",
                           9),
                   "tensor b begins at byte 5, after a gap"));
    CHECK(contains(refusal(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                           R"("b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
                           4),
                   "inside"));
}

TEST_CASE("a damaged file either reads within its bounds or ends in an IoError") {
    const auto good = file_of(good_header, 24, good_header.size());
    const std::string likely = "0123456789-[]{}\",:.eE \\";  // bytes that keep a header nearly JSON
    RandomSequence random({.seed = 2024, .purpose = Purpose::test});
    int refused = 0;
    for (int round = 0; round < 20000; ++round) {
        auto bytes = good;
        for (auto changes = 1 + random.below(3); changes > 0; --changes) {
            const auto at = static_cast<std::ptrdiff_t>(random.below(static_cast<Index>(bytes.size())));
            switch (random.below(5)) {
                case 0:
                    bytes[static_cast<std::size_t>(at)] = static_cast<std::byte>(random.below(256));
                    break;
                case 1:
                case 2: {
                    const auto pick =
                        static_cast<std::size_t>(random.below(static_cast<Index>(likely.size())));
                    bytes[static_cast<std::size_t>(at)] = static_cast<std::byte>(likely[pick]);
                    break;
                }
                case 3:
                    bytes.resize(static_cast<std::size_t>(at) + 1);
                    break;
                default:
                    bytes.erase(bytes.begin() + at);
                    break;
            }
            if (bytes.empty()) break;
        }
        try {
            const auto file = SafeTensors::parse(std::move(bytes), "damaged");
            for (const auto& name : file.names())
                REQUIRE(file.at(name).to<double>().size() ==
                        static_cast<std::size_t>(file.at(name).shape.size()));
        } catch (const IoError&) {
            ++refused;
        }
    }
    CHECK(refused > 10000);
}

}  // namespace safetensors_hostile_test
