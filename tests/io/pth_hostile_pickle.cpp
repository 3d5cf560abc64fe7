// SPDX-License-Identifier: Apache-2.0
//
// Pickles that were damaged or made to harm: each must end in an Error or be read within its bounds, and run nothing.
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

namespace pth_hostile_pickle_test {

using namespace vitscape;
using test::contains;
using test::error_text;
using test::good_entries;
using test::parse_pth;
using test::PickleText;
using test::refusal;

#if VITSCAPE_HAS_LIBZIP

namespace {

using Numbers = std::vector<std::int64_t>;
constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

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
                const PthFile file = parse_pth(test::torch_entries(pickle.stop(), {std::string(16, '\x01')}));
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
    const PthFile file = parse_pth(test::torch_entries(arguments(wrapped).raw("}tRs").stop(), {}));
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
            const PthFile file = parse_pth(entries);
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

}  // namespace pth_hostile_pickle_test
