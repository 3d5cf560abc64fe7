// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/io/pickle.hpp>
#include <vitscape/io/pickle_reader.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/torch_file.hpp"

namespace pickle_test {

using namespace vitscape;
using test::contains;
using test::error_text;
using test::PickleText;
using Kind = Pickle::Kind;

namespace {

Pickle read(const std::string& text) {
    const auto bytes = std::as_bytes(std::span(text));
    return read_pickle({bytes.begin(), bytes.end()}, "evil");
}

/// Why a pickle is refused; empty if it is not.
std::string refusal(const std::string& bytes) {
    return error_text<IoError>([&] { (void)read(bytes); });
}
std::string refusal(const PickleText& pickle) { return refusal(pickle.stop()); }

/// An object as Python would print it.
std::string printed(const Pickle& pickle, Pickle::Id id) {
    const Pickle::Node& node = pickle[id];
    const auto items = [&] {
        std::string text;
        for (const Pickle::Id item : node.items) text += (text.empty() ? "" : " ") + printed(pickle, item);
        return text;
    };
    switch (node.kind) {
        case Kind::boolean:
            return node.integer == 1 ? "True" : "False";
        case Kind::integer:
            return std::to_string(node.integer);
        case Kind::real:
            return message(node.real);
        case Kind::text:
            return "'" + std::string(node.text) + "'";
        case Kind::list:
            return "[" + items() + "]";
        case Kind::tuple:
            return "(" + items() + ")";
        case Kind::dict:
            return "{" + items() + "}";
        case Kind::global:
            return pickle.global_name(id);
        case Kind::call:
            return "call<" + items() + ">";
        case Kind::persistent:
            return "persistent<" + items() + ">";
        case Kind::other:
            break;
    }
    return "other";
}
std::string printed(const std::string& bytes) {
    const Pickle pickle = read(bytes);
    return printed(pickle, pickle.root());
}
std::string printed(const PickleText& pickle) { return printed(pickle.stop()); }

std::string from_hex(const std::string& digits) {
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2)
        bytes.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
    return bytes;
}

}  // namespace

TEST_CASE("pickles of Python's four protocols hold the same objects") {
    // o = {"a": [1, 2.5, "x", None, True, False], "b": (1 << 40, -1, -300, 70000), "c": {"d": b"yz", "e": {1, 2}},
    //      "f": ("é",), "g": 1 << 70}; o["again"] = o["a"]; pickle.dumps(o, protocol).hex()
    const std::string protocol_2 =
        "80027d71002858010000006171015d7102284b0147400400000000000058010000007871034e888965580100000062710428"
        "8a06"
        "0000000000014affffffff4ad4feffff4a7011010074710558010000006371067d7107285801000000647108635f636f6465"
        "6373"
        "0a656e636f64650a71095802000000797a710a58060000006c6174696e31710b86710c52710d580100000065710e635f5f62"
        "7569"
        "6c74696e5f5f0a7365740a710f5d7110284b014b02658571115271127558010000006671135802000000c3a9711485711558"
        "0100"
        "00006771168a090000000000000000405805000000616761696e71176802752e";
    const std::string protocol_3 =
        "80037d71002858010000006171015d7102284b0147400400000000000058010000007871034e888965580100000062710428"
        "8a06"
        "0000000000014affffffff4ad4feffff4a7011010074710558010000006371067d71072858010000006471084302797a7109"
        "5801"
        "00000065710a636275696c74696e730a7365740a710b5d710c284b014b026585710d52710e75580100000066710f58020000"
        "00c3"
        "a9711085711158010000006771128a090000000000000000405805000000616761696e71136802752e";
    const std::string protocol_4 =
        "8004957e000000000000007d94288c0161945d94284b014740040000000000008c0178944e8889658c016294288a06000000"
        "0000"
        "014affffffff4ad4feffff4a7011010074948c0163947d94288c0164944302797a948c0165948f94284b014b0290758c0166"
        "948c"
        "02c3a99485948c0167948a090000000000000000408c05616761696e946802752e";
    const std::string list = "[1 2.5 'x' other True False]";
    const std::string start = "{'a' " + list + " 'b' (1099511627776 -1 -300 70000) 'c' {'d' ";
    const std::string end = "} 'f' ('é') 'g' other 'again' " + list + "}";
    CHECK(printed(from_hex(protocol_2)) ==
          start + "call<_codecs.encode ('yz' 'latin1')> 'e' call<__builtin__.set ([1 2])>" + end);
    CHECK(printed(from_hex(protocol_3)) == start + "other 'e' call<builtins.set ([1 2])>" + end);
    CHECK(printed(from_hex(protocol_4)) == start + "other 'e' other" + end);
    CHECK(printed("\x80\x05" + from_hex(protocol_4).substr(2)) == start + "other 'e' other" + end);
}

TEST_CASE("numbers of every width keep their values") {
    CHECK(printed(PickleText().raw("K\xFF")) == "255");
    CHECK(printed(PickleText().raw("M\xFF\xFF")) == "65535");
    CHECK(printed(PickleText().raw("J\xFF\xFF\xFF\xFF")) == "-1");
    CHECK(printed(PickleText().raw(std::string("\x8A\0", 2))) == "0");
    CHECK(printed(PickleText().raw("\x8A\x01\x80")) == "-128");
    CHECK(printed(PickleText().raw(std::string("\x8A\x02\xFF\0", 4))) == "255");
    CHECK(printed(PickleText().raw(std::string("\x8B\x01\0\0\0\x07", 6))) == "7");
    for (const std::int64_t value :
         {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()})
        CHECK(printed(PickleText().integer(value)) == std::to_string(value));
    CHECK(printed(PickleText().raw("\x8A\x09" + std::string(9, '\x01'))) == "other");
    CHECK(printed(PickleText().real(-0.375)) == "-0.375");
}

TEST_CASE("each way to make a container is read") {
    CHECK(printed(PickleText().raw("](K\x01K\x02"
                                   "eK\x03"
                                   "a")) == "[1 2 3]");
    CHECK(printed(PickleText().raw("(K\x01K\x02l")) == "[1 2]");
    CHECK(printed(PickleText().raw("(K\x01(K\x02tt")) == "(1 (2))");
    CHECK(printed(PickleText().raw(")")) == "()");
    CHECK(printed(PickleText().raw("K\x01K\x02K\x03\x87")) == "(1 2 3)");
    CHECK(printed(PickleText().raw("K\x01K\x02K\x03\x86")) == "(2 3)");
    CHECK(printed(PickleText().raw("(U\x01"
                                   "aK\x01"
                                   "dU\x01"
                                   "bK\x02s")) == "{'a' 1 'b' 2}");
    CHECK(printed(PickleText().raw("\x8F(K\x01\x90")) == "other");
    CHECK(printed(PickleText().raw("(K\x01\x91")) == "other");
    CHECK(printed(PickleText().raw("K\x01"
                                   "2\x86")) == "(1 1)");
    CHECK(printed(PickleText().raw("K\x01K\x02"
                                   "0")) == "1");
    CHECK(printed(PickleText().raw("K\x01(K\x02K\x03"
                                   "1")) == "1");
    CHECK(printed(PickleText()
                      .raw("K\x07q\x05"
                           "0h\x05"
                           "j")
                      .raw(test::bytes_of_number(5))
                      .raw("\x86")) == "(7 7)");
    CHECK(printed(PickleText()
                      .raw("K\x07r")
                      .raw(test::bytes_of_number(-1))
                      .raw("j")
                      .raw(test::bytes_of_number(-1))) == "7");
    CHECK(printed(PickleText().raw("K\x07\x94K\x08\x94h\x01h").raw(std::string(1, '\0')).raw("\x87")) ==
          "(8 8 7)");
}

TEST_CASE("what Python would import, call and build is a node of the graph") {
    CHECK(printed(PickleText().global("os", "system").text("touch x").raw("\x85R")) ==
          "call<os.system ('touch x')>");
    CHECK(printed(PickleText().text("os").text("system").raw("\x93)\x81")) == "call<os.system ()>");
    CHECK(printed(PickleText().global("a", "B").raw(")}\x92")) == "call<a.B ()>");
    CHECK(printed(PickleText().global("a", "B").raw(")R}(").text("k").integer(1).raw("ub")) ==
          "call<a.B ()>");
    CHECK(printed(PickleText().ordered_dict().raw("(").text("k").integer(1).raw("u")) ==
          "call<collections.OrderedDict () 'k' 1>");
    CHECK(printed(PickleText().global("a", "B").raw(")R(K\x01K\x02"
                                                    "e")) == "call<a.B ()>");
    CHECK(printed(PickleText().storage("FloatStorage", "0", 4)) ==
          "persistent<('storage' torch.FloatStorage '0' 'cpu' 4)>");

    const Pickle pickle = read(PickleText().ordered_dict().raw("(").text("k").integer(1).raw("u").stop());
    REQUIRE(pickle.pairs(pickle.root()).size() == 2);
    CHECK(pickle[pickle.pairs(pickle.root())[0]].text == "k");
    CHECK(pickle.pairs(pickle.pairs(pickle.root())[1]).empty());
    CHECK(pickle.global_name(pickle.root()).empty());
    const Pickle lengthy = read(PickleText().global(std::string(1000, 'a'), "b").stop());
    CHECK(lengthy.global_name(lengthy.root()) == std::string(200, 'a') + ".b");
}

TEST_CASE("an object may contain itself") {
    const Pickle pickle = read(PickleText()
                                   .raw("]q\x01h\x01"
                                        "a")
                                   .stop());
    REQUIRE(pickle[pickle.root()].items.size() == 1);
    CHECK(pickle[pickle.root()].items[0] == pickle.root());
}

TEST_CASE("nesting costs no stack of ours") {
    const std::string deep(1'000'000, ']');
    CHECK(refusal(PickleText().raw(deep).raw(std::string(999'999, 'a'))).empty());
    CHECK(refusal(PickleText().raw("K\x01").raw(std::string(1'000'000, '\x85'))).empty());
}

TEST_CASE("what is no pickle of the protocols 2 to 5 is refused") {
    CHECK(contains(refusal(""), "evil is not a pickle that can be used: it is cut off (before byte 0 of 0)"));
    CHECK(contains(refusal("(dp0\n."), "does not begin with the number of a protocol"));
    CHECK(contains(refusal(PickleText("\x80\x01").raw("N")), "its protocol is 1, expected is 2 to 5"));
    CHECK(contains(refusal(PickleText("\x80\x06").raw("N")), "its protocol is 6"));
    // Of protocol 0, of an extension registry, with buffers beside the pickle, and none.
    for (const int code : std::vector<int>{'I', 'L', 'F', 'S', 'V', 'P', 'g', 'p', 'i', 'o', 0x82, 0x83, 0x84,
                                           0x97, 0x98, 0xFF, 0})
        CHECK(contains(refusal(PickleText().raw("(K\x01").raw(std::string(1, static_cast<char>(code)))),
                       message("the instruction ", code, " is not one that is read")));
}

TEST_CASE("instructions that take what is not there are refused") {
    CHECK(contains(refusal(PickleText()), "takes an object where there is none"));
    CHECK(contains(refusal(PickleText().raw("K\x01(")), "takes an object where there is none"));
    for (const std::string code :
         {"0", "2", "b", "a", "s", "Q", "\x85", "R", "\x81", "\x92", "\x93", "\x94", "q\x01"})
        CHECK(contains(refusal(PickleText().raw("K\x01(").raw(code)), "where there "));
    for (const std::string code : {"1", "e", "u", "t", "l", "d", "\x90", "\x91"})
        CHECK(contains(refusal(PickleText().raw("]").raw(code)), "looks for a mark where there is none"));
    CHECK(contains(refusal(PickleText().raw("h\x07")), "refers to object 7 of its memo, which is not there"));
    CHECK(contains(refusal(PickleText().raw("K\x01q\x06j").raw(test::bytes_of_number(-1))),
                   "object 4294967295"));
    CHECK(contains(refusal(PickleText().raw("K\x01K\x02"
                                            "a")),
                   "appends to what is no list"));
    CHECK(contains(refusal(PickleText().raw(")K\x02"
                                            "a")),
                   "appends to what is no list"));
    CHECK(contains(refusal(PickleText().raw("]K\x01K\x02s")), "sets items of what is no dict"));
    CHECK(contains(refusal(PickleText().raw("}(K\x01u")), "sets a key without a value"));
    CHECK(contains(refusal(PickleText().raw("(K\x01"
                                            "d")),
                   "sets a key without a value"));
    CHECK(contains(refusal(PickleText().raw("K\x01K\x02\x93")), "names a module by what is no text"));
}

TEST_CASE("lengths are checked against the pickle before they are used") {
    for (const std::string code : {"X", "T", "B", "\x8B"})
        CHECK(contains(refusal(PickleText().raw(code).raw("\xFF\xFF\xFF\xFFxyz")), "is cut off"));
    for (const std::string code : {"\x8D", "\x8E", "\x96"})
        CHECK(contains(refusal(PickleText().raw(code).raw(std::string(8, '\xFF')).raw("xyz")), "is cut off"));
    for (const std::string code : {"U\x09xyz", "C\x09xyz", "\x8C\x09xyz", "\x8A\x09xyz"})
        CHECK(contains(refusal(PickleText().raw(code)), "is cut off"));
    CHECK(contains(refusal(PickleText().raw("\x95").raw(std::string(8, '\xFF')).raw("N")),
                   "frames is cut off"));
    CHECK(contains(refusal(PickleText().raw("cos\nsystem")), "is cut off"));

    const std::string whole = PickleText().raw("}(").text("a").integer(1).text("b").real(2).raw("u").stop();
    REQUIRE(refusal(whole).empty());
    for (std::size_t length = 0; length < whole.size(); ++length)
        CHECK(contains(refusal(whole.substr(0, length)), "is cut off"));
}

TEST_CASE("a pickle makes no more objects than any checkpoint") {
    CHECK(refusal(PickleText().raw(std::string(Pickle::max_nodes, 'N'))).empty());
    CHECK(contains(refusal(PickleText().raw(std::string(Pickle::max_nodes + 1, 'N'))),
                   "makes more than 2097152 objects"));
}

TEST_CASE("a damaged pickle either reads or ends in an IoError") {
    const std::string good = PickleText()
                                 .raw("}q\x01(")
                                 .text("model")
                                 .ordered_dict()
                                 .raw("q\x02(")
                                 .text("weight")
                                 .tensor("FloatStorage", "0", 4, 0, {2, 2}, {2, 1})
                                 .raw("uX\x04")
                                 .raw(std::string("\0\0\0args", 7))
                                 .global("argparse", "Namespace")
                                 .raw(")\x81}(")
                                 .text("lr")
                                 .real(0.1)
                                 .raw("ubu")
                                 .stop();
    REQUIRE(refusal(good).empty());
    const std::string likely = ".(0120tlde]})u sabRcQNK\x80\x81\x85\x86\x87\x88\x89\x8A\x93\x94";
    RandomSequence random({.seed = 2025, .purpose = Purpose::test});
    const auto below = [&](std::size_t n) {
        return static_cast<std::size_t>(random.below(static_cast<Index>(n)));
    };
    int refused = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string bytes = good;
        for (auto changes = 1 + below(3); changes > 0 && !bytes.empty(); --changes) {
            const std::size_t at = below(bytes.size());
            switch (below(4)) {
                case 0:
                    bytes[at] = static_cast<char>(below(256));
                    break;
                case 1:
                    bytes[at] = likely[below(likely.size())];
                    break;
                case 2:
                    bytes.insert(at, 1, likely[below(likely.size())]);
                    break;
                default:
                    bytes.erase(at, 1);
                    break;
            }
        }
        refused += refusal(bytes).empty() ? 0 : 1;
    }
    CHECK(refused > 5000);
    CHECK(refused < 20000);
}

}  // namespace pickle_test
