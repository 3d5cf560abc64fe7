// SPDX-License-Identifier: Apache-2.0
#include <xtensor/xarray.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xrandom.hpp>

#include <vitscape/io/npy.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

namespace npy_test {

using namespace vitscape;
using test::contains;
using test::error_text;

namespace {

std::string npy_text(const std::string& dictionary, const std::string& data) {
    std::string header = dictionary;
    while ((10 + header.size() + 1) % 64 != 0) header += ' ';
    header += '\n';
    std::string text = std::string("\x93NUMPY\x01", 7) + '\0';
    text += static_cast<char>(header.size() & 0xFF);
    text += static_cast<char>(header.size() >> 8);
    return text + header + data;
}

}  // namespace

TEMPLATE_TEST_CASE("arrays come back from .npy files", "", double, float, std::int64_t, std::int32_t,
                   std::uint8_t) {
    const test::TemporaryFolder folder;
    const xt::xarray<TestType> array = xt::cast<TestType>(xt::arange<double>(0.0, 60.0).reshape({3, 4, 5}));
    write_npy(folder / "a.npy", array);
    CHECK((load_npy<TestType>(folder / "a.npy") == array));

    const xt::xarray<TestType> scalar = static_cast<TestType>(7);
    write_npy(folder / "scalar.npy", scalar);
    CHECK((load_npy<TestType>(folder / "scalar.npy") == scalar));

    const xt::xarray<TestType> empty(std::vector<std::size_t>{0, 3});
    write_npy(folder / "empty.npy", empty);
    CHECK((load_npy<TestType>(folder / "empty.npy").shape() == empty.shape()));
}

TEST_CASE("an expression is written by its values, and Fortran order is understood") {
    const test::TemporaryFolder folder;
    const xt::xarray<double> array{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}};
    write_npy(folder / "doubled.npy", 2.0 * array);
    CHECK(load_npy<double>(folder / "doubled.npy")(1, 2) == 12.0);

    const xt::xarray<double, xt::layout_type::column_major> transposed = array;
    write_npy(folder / "fortran.npy", transposed);
    CHECK(contains(read_text(folder / "fortran.npy"), "'fortran_order': True"));
    CHECK((load_npy<double>(folder / "fortran.npy") == array));
}

TEST_CASE("a long header, as other programs write it, is read") {
    const test::TemporaryFolder folder;
    const std::string padded =
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }" + std::string(180, ' ');
    write_atomically(folder / "a.npy", npy_text(padded, "\x05\x06"));
    const auto array = load_npy<std::uint8_t>(folder / "a.npy");
    REQUIRE(array.size() == 2);
    CHECK(array(1) == 6);
}

TEST_CASE("broken .npy files are refused") {
    const test::TemporaryFolder folder;
    const auto path = folder / "a.npy";
    const auto refusal = [&](const std::string& text) {
        write_atomically(path, text);
        return error_text<IoError>([&] { load_npy<double>(path); });
    };
    const std::string data(32, '\0');
    REQUIRE(refusal(npy_text("{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }", data)).empty());

    CHECK(contains(refusal("not numpy"), "format's magic string"));
    CHECK(contains(refusal("\x93NUMPY\x01"), "inside its header"));
    CHECK(contains(refusal(std::string("\x93NUMPY\x09", 7) + std::string(100, '\0')), "version 9"));
    CHECK(contains(refusal(std::string("\x93NUMPY\x01\0\xFF\x7F", 10) + "{}"), "should be 32767 bytes"));
    CHECK(contains(refusal(npy_text("{'fortran_order': False, 'shape': (4,), }", data)), "element type"));
    CHECK(contains(refusal(npy_text("{'descr': '<f8', 'fortran_order': 3, 'shape': (4,), }", data)),
                   "Fortran"));
    CHECK(contains(refusal(npy_text("{'descr': '<f8', 'fortran_order': False, 'shape': (-4,), }", data)),
                   "no shape"));
    CHECK(contains(refusal(npy_text("{'descr': '<f4', 'fortran_order': False, 'shape': (8,), }", data)),
                   "'<f4', '<f8' are needed"));
    CHECK(contains(refusal(npy_text("{'descr': '<f8', 'fortran_order': False, 'shape': (5,), }", data)),
                   "should hold 40 bytes"));
    CHECK(contains(refusal(npy_text("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", data)),
                   "should hold 24 bytes"));
    CHECK(
        contains(refusal(npy_text(
                     "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", data)),
                 "memory"));
    for (const char* shape : {"(0, 9223372036854775807, 9223372036854775807)", "(4294967296, 0, 4294967296)"})
        CHECK(contains(refusal(npy_text(
                           message("{'descr': '<f8', 'fortran_order': False, 'shape': ", shape, ", }"), "")),
                       "memory"));
    CHECK(contains(
        refusal(npy_text("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999999,), }",
                         data)),
        "too large"));
}

TEST_CASE("a header is a dictionary of three entries and nothing else") {
    const test::TemporaryFolder folder;
    const auto path = folder / "a.npy";
    const auto refusal = [&](const std::string& dictionary) {
        write_atomically(path, npy_text(dictionary, std::string(32, '\0')));
        return error_text<IoError>([&] { load_npy<double>(path); });
    };
    for (const char* good : {"{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }",
                             "{'shape': (2, 2), 'descr': '<f8', 'fortran_order': True}",
                             "{\"descr\":\"<f8\",\"fortran_order\":False,\"shape\":(2,2,)}",
                             "{ 'descr' : '<f8' , 'fortran_order' : False , 'shape' : ( 4 , ) , }"}) {
        INFO(good);
        CHECK(refusal(good).empty());
    }
    for (const char* bad : {"'descr': '<f8', 'fortran_order': False, 'shape': (4,), ",
                            "{'descr': '<f8', 'fortran_order': False, 'shape': (4,), } or else",
                            "{'descr': '<f8', 'fortran_order': False, 'shape': (4,), ",
                            "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (4,), }",
                            "{'descr': '<f8', 'fortran_order': False, 'shape': (4,), 'more': 1}",
                            "{'descr': '<f8' 'fortran_order': False, 'shape': (4,), }",
                            "{'descr': '<f8', 'fortran_order': Falsehood, 'shape': (4,), }",
                            "{'descr': '<f8', 'fortran_order': False, 'shape': (4), }",
                            "{'descr': '<f8', 'fortran_order': False, 'shape': (2 2), }",
                            "{'descr': '<f8', 'fortran_order': False, 'shape': (2,,2), }",
                            "{'descr': '<f8', 'fortran_order': False, 'shape': (,4), }",
                            "{'descr': '<f8', 'fortran_order': False, 'shape': 4, }",
                            "{'descr': '<f8', 'fortran_order': False, 'shape': (4.0,), }",
                            "{'xdescr': '<f8', 'fortran_order': False, 'shape': (4,), }", "{}", ""}) {
        INFO(bad);
        CHECK(contains(refusal(bad), "header"));
    }
    CHECK(contains(refusal("{'descr': '<f8', 'fortran_order': False, 'shape': (" +
                           [] {
                               std::string ones;
                               for (int i = 0; i < 33; ++i) ones += "1, ";
                               return ones;
                           }() +
                           "), }"),
                   "more than 32 axes"));
}

}  // namespace npy_test
