// SPDX-License-Identifier: Apache-2.0
//
// Files of HDF5: numbers and texts read back, and those that were damaged or hold what is not read.
#include <vitscape/io/hdf5_reader.hpp>
#include <vitscape/io/hdf5_writer.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/temporary_folder.hpp"

#if defined(VITSCAPE_HAS_HDF5) && VITSCAPE_HAS_HDF5

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace hdf5_test {

using namespace vitscape;
using test::contains;
using test::error_text;

namespace {

/// Makes a file by the library's own functions: `fill(file)`.
template <class Fill>
void make(const std::filesystem::path& path, const Fill& fill) {
    const detail::Hdf5Id file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
    REQUIRE(file.valid());
    fill(file.get());
}

/// Makes a dataset `a` of float64 without writing to it.
void make_dataset(const std::filesystem::path& path, std::vector<hsize_t> extents, hid_t type,
                  hid_t creation = H5P_DEFAULT) {
    make(path, [&](hid_t file) {
        const detail::Hdf5Id space(
            H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), H5Sclose);
        const detail::Hdf5Id dataset(
            H5Dcreate2(file, "a", type, space.get(), H5P_DEFAULT, creation, H5P_DEFAULT), H5Dclose);
        REQUIRE(dataset.valid());
    });
}

std::string refusal(const std::filesystem::path& path, const std::string& name = "a") {
    return error_text<IoError>([&] { (void)Hdf5Reader::load(path).numbers(name); });
}

}  // namespace

TEST_CASE("numbers and texts of an HDF5 file read back") {
    const test::TemporaryFolder folder;
    const std::vector<double> doubles{1, -2.5, 1e300, 0, 3, 4};
    const std::vector<float> floats{0.1F, -2};
    const std::vector<std::uint8_t> bytes{0, 255};
    Hdf5Writer writer;
    writer.add<double>("a", {2, 3}, doubles);
    writer.add<float>("group/inner/0", {2, 1, 1}, floats);
    writer.add<std::uint8_t>("group/1", {2}, bytes);
    writer.add<double>("number", {}, std::vector<double>{7});
    writer.add<double>("none", {0, 3}, std::vector<double>{});
    writer.add_text("text", "naïve");
    writer.add_text("no text", "");
    writer.write(folder / "a.h5");

    const Hdf5Reader file = Hdf5Reader::load(folder / "a.h5");
    CHECK(file.numbers("a").shape == Shape{2, 3});
    CHECK(file.numbers("a").values == doubles);
    CHECK(file.numbers("group/inner/0").shape == Shape{2, 1, 1});
    CHECK(file.numbers("group/inner/0").values == std::vector<double>{static_cast<double>(0.1F), -2});
    CHECK(file.list("group/1") == std::vector<double>{0, 255});
    CHECK(file.numbers("number").shape == Shape{});
    CHECK(file.numbers("number").values == std::vector<double>{7});
    CHECK(file.numbers("none").values.empty());
    CHECK(file.text("text") == "naïve");
    CHECK(file.text("no text").empty());
    CHECK(file.contains("group"));
    CHECK(file.contains("group/1"));
    CHECK_FALSE(file.contains("group/2"));
    CHECK_FALSE(file.contains("other/1"));
    CHECK(contains(error_text<IoError>([&] { (void)file.contains("a/b"); }), "'a/b' cannot be looked up"));

    CHECK(contains(error_text<IoError>([&] { (void)file.numbers("b"); }),
                   "a.h5 is not an HDF5 file that can be used: it holds no 'b'"));
    CHECK(contains(error_text<IoError>([&] { (void)file.numbers("group"); }), "'group' is no dataset"));
    CHECK(contains(error_text<IoError>([&] { (void)file.numbers("text"); }), "no numbers of a type"));
    CHECK(contains(error_text<IoError>([&] { (void)file.text("a"); }), "no text of fixed length"));
    CHECK(contains(error_text<IoError>([&] { (void)file.list("a"); }), "(2, 3), a list of numbers"));
    CHECK(contains(error_text<IoError>([&] { (void)file.list("number"); }), "shape ()"));
}

TEST_CASE("a dataset that does not fit its shape, or is there, is not added") {
    Hdf5Writer writer;
    const std::vector<double> two{1, 2};
    CHECK(contains(error_text<ShapeError>([&] { writer.add<double>("a", {3}, two); }), "needs 3 values, 2"));
    writer.add<double>("a", {2}, two);
    CHECK(contains(error_text<IoError>([&] { writer.add<double>("a", {2}, two); }),
                   "cannot add the dataset a"));
}

TEST_CASE("two writers at a time keep their files apart") {
    const test::TemporaryFolder folder;
    Hdf5Writer one, other;
    one.add<double>("a", {1}, std::vector<double>{1});
    other.add<double>("a", {1}, std::vector<double>{2});
    one.write(folder / "one.h5");
    other.write(folder / "other.h5");
    CHECK(Hdf5Reader::load(folder / "one.h5").list("a") == std::vector<double>{1});
    CHECK(Hdf5Reader::load(folder / "other.h5").list("a") == std::vector<double>{2});
}

TEST_CASE("a flipped bit of an HDF5 file is seen by its checksum") {
    const test::TemporaryFolder folder;
    Hdf5Writer writer;
    writer.add<double>("a", {3}, std::vector<double>{1, 2, 3});
    writer.write(folder / "a.h5");
    const std::string good = read_text(folder / "a.h5");
    CHECK(contains(good.substr(good.size() - 24), "xxh3-64:"));
    const std::size_t mark = good.size() - 24;
    for (std::size_t at = 0; at < good.size(); at += at + 50 < mark ? 31 : 1) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 4);
        write_atomically(folder / "bad.h5", bad);
        INFO(at);
        CHECK(contains(refusal(folder / "bad.h5"), "bad.h5 is damaged"));
    }
    write_atomically(folder / "bad.h5", good.substr(0, mark));
    CHECK(refusal(folder / "bad.h5").empty());  // as of another program
    write_atomically(folder / "bad.h5", good.substr(0, mark - 1));
    CHECK(contains(refusal(folder / "bad.h5"), "it cannot be opened (HDF5: "));
}

TEST_CASE("files of the library's own making, and what they may not hold") {
    const test::TemporaryFolder folder;
    const auto path = folder / "a.h5";
    make_dataset(path, {3}, H5T_IEEE_F64BE);
    CHECK(contains(refusal(path), "'a' of shape (3) needs 24 bytes, 0 are stored"));
    make(path, [](hid_t file) {
        const std::array<hsize_t, 1> extents{2};
        const std::array<float, 2> values{1, -2};
        const detail::Hdf5Id space(H5Screate_simple(1, extents.data(), nullptr), H5Sclose);
        const detail::Hdf5Id dataset(
            H5Dcreate2(file, "a", H5T_IEEE_F64BE, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
            H5Dclose);
        H5Dwrite(dataset.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    });
    CHECK(Hdf5Reader::load(path).list("a") == std::vector<double>{1, -2});
    make_dataset(path, {3}, H5T_NATIVE_LDOUBLE);
    CHECK(contains(refusal(path), "no numbers of a type that is read"));
    const detail::Hdf5Id odd(H5Tcopy(H5T_NATIVE_INT), H5Tclose);
    H5Tset_precision(odd.get(), 13);
    make_dataset(path, {3}, odd.get());
    CHECK(contains(refusal(path), "no numbers of a type that is read"));
    make_dataset(path, {1, 1, 1, 1, 1, 1, 1}, H5T_NATIVE_DOUBLE);
    CHECK(contains(refusal(path), "7 axes, at most 6"));
    make_dataset(path, {hsize_t{1} << 40}, H5T_NATIVE_DOUBLE);
    CHECK(contains(refusal(path), "claims more numbers than the file can hold"));
    make_dataset(path, {0, hsize_t{1} << 40}, H5T_NATIVE_DOUBLE);
    CHECK(contains(refusal(path), "claims more numbers than the file can hold"));
    make_dataset(path, {hsize_t{1} << 20, hsize_t{1} << 20, hsize_t{1} << 20}, H5T_NATIVE_UINT8);
    CHECK(contains(refusal(path), "claims more numbers than the file can hold"));

    const detail::Hdf5Id creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    const std::array<hsize_t, 1> chunk{2};
    H5Pset_chunk(creation.get(), 1, chunk.data());
    make_dataset(path, {3}, H5T_NATIVE_DOUBLE, creation.get());
    CHECK(contains(refusal(path), "h5repack -l CONTI"));
    const detail::Hdf5Id compact(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_layout(compact.get(), H5D_COMPACT);
    make_dataset(path, {3}, H5T_NATIVE_DOUBLE, compact.get());
    CHECK(contains(refusal(path), "h5repack -l CONTI"));
    const detail::Hdf5Id outside(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_external(outside.get(), "/etc/hostname", 0, 8);
    make_dataset(path, {1}, H5T_NATIVE_UINT8, outside.get());
    CHECK(contains(refusal(path), "in other files"));

    make(path,
         [](hid_t file) { H5Lcreate_external("/etc/other.h5", "b", file, "a", H5P_DEFAULT, H5P_DEFAULT); });
    CHECK(contains(refusal(path), "'a' is a link, which is not followed"));
    make(path, [](hid_t file) { H5Lcreate_soft("/b", file, "a", H5P_DEFAULT, H5P_DEFAULT); });
    CHECK(contains(refusal(path), "'a' is a link, which is not followed"));
    CHECK(contains(refusal(path, "a/b"), "'a' is a link, which is not followed"));
    make(path, [](hid_t file) {
        const detail::Hdf5Id space(H5Screate(H5S_NULL), H5Sclose);
        H5Dclose(
            H5Dcreate2(file, "a", H5T_NATIVE_DOUBLE, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    });
    CHECK(contains(refusal(path), "'a' is empty"));
    make(path, [](hid_t file) {
        const detail::Hdf5Id text(H5Tcopy(H5T_C_S1), H5Tclose), space(H5Screate(H5S_SCALAR), H5Sclose);
        H5Tset_size(text.get(), H5T_VARIABLE);
        H5Dclose(H5Dcreate2(file, "a", text.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        const detail::Hdf5Id length(H5Tcopy(H5T_C_S1), H5Tclose);
        H5Tset_size(length.get(), std::size_t{1} << 30);
        H5Dclose(H5Dcreate2(file, "long", length.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    });
    const Hdf5Reader texts = Hdf5Reader::load(path);
    CHECK(contains(error_text<IoError>([&] { (void)texts.text("a"); }), "no text of fixed length"));
    CHECK(contains(error_text<IoError>([&] { (void)texts.text("long"); }), "claims 1073741824 bytes"));
}

TEST_CASE("names of a group that lie outside the file are refused before the library looks for them") {
    const test::TemporaryFolder folder;
    Hdf5Writer writer;
    writer.add<double>("a", {3}, std::vector<double>{1, 2, 3});
    writer.write(folder / "a.h5");
    const std::string written = read_text(folder / "a.h5"), good = written.substr(0, written.size() - 24);
    const std::size_t heap = good.find("HEAP");
    REQUIRE(heap != std::string::npos);
    for (const auto& [at, bytes] : {std::pair{heap + 24, std::string(8, '\xFF')},
                                    {heap + 25, std::string(1, '\x7F')},
                                    {heap + 12, std::string(1, '\1')}}) {
        write_atomically(folder / "a.h5", std::string(good).replace(at, bytes.size(), bytes));
        CHECK(contains(refusal(folder / "a.h5"), "its names should lie at byte"));
    }
    write_atomically(folder / "a.h5", good);
    CHECK(refusal(folder / "a.h5").empty());
}

TEST_CASE("what is no HDF5 file is refused, and whatever printed errors before prints them again") {
    const test::TemporaryFolder folder;
    for (const std::string& bytes : {std::string(), std::string("no HDF5"), std::string("\x89HDF\r\n\x1a\n"),
                                     std::string("\x89HDF\r\n\x1a\n") + std::string(88, '\0')}) {
        write_atomically(folder / "a.h5", bytes);
        CHECK(
            contains(refusal(folder / "a.h5"), "is not an HDF5 file that can be used: it cannot be opened"));
    }
    CHECK_THROWS_AS(Hdf5Reader::load(folder.path()), IoError);
    CHECK_THROWS_AS(Hdf5Reader::load(folder / "missing"), IoError);

    H5E_auto2_t print = nullptr;
    void* data = nullptr;
    H5Eget_auto2(H5E_DEFAULT, &print, &data);
    CHECK(print != nullptr);
}

#else

TEST_CASE("without HDF5 a sentence says what is missing") {
    CHECK(vitscape::test::contains(
        vitscape::test::error_text<vitscape::ConfigError>([] { vitscape::Hdf5Writer(); }), "libhdf5-dev"));
    CHECK(vitscape::test::contains(
        vitscape::test::error_text<vitscape::ConfigError>([] { (void)vitscape::Hdf5Reader::load("a.h5"); }),
        "libhdf5-dev"));
}

#endif

}  // namespace hdf5_test
