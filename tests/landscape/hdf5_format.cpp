// SPDX-License-Identifier: Apache-2.0
//
// Surfaces as HDF5: read back, as Li et al.'s program has them, and files that do not fit.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <vitscape/landscape/surface_io.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/python.hpp"
#include "support/surfaces.hpp"
#include "support/temporary_folder.hpp"

#if defined(VITSCAPE_HAS_HDF5) && VITSCAPE_HAS_HDF5

namespace hdf5_format_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

using Numbers = std::vector<double>;

/// A surface of another program with three columns and two rows.
struct Foreign {
    Numbers x{-1, 0, 1}, y{0, 2}, loss{1, 2, 3, -1, 0, 6};
    Shape shape{3, 2};  // as that program states it
    bool line = false;

    void write(const std::filesystem::path& path, const std::string& more = "", const Shape& more_shape = {},
               const Numbers& more_numbers = {0}) const {
        Hdf5Writer writer;
        writer.add_text("dir_file", "directions.h5");
        writer.add<double>("xcoordinates", Shape{static_cast<Index>(x.size())}, x);
        if (!line) writer.add<double>("ycoordinates", Shape{static_cast<Index>(y.size())}, y);
        if (!loss.empty()) writer.add<double>("train_loss", shape, loss);
        if (!more.empty()) writer.add<double>(more, more_shape, more_numbers);
        writer.write(path);
    }
};

}  // namespace

TEST_CASE("a surface reads back from HDF5 as it was written") {
    const TemporaryFolder folder;
    for (const Surface& surface : {holed_surface(), holed_line()})
        for (const char* name : {"a.b.h5", "a.hdf5"}) {
            write_surface(folder / name, surface, {{"seed", 7}, {"names", {"\xff", "ü"}}});
            const StoredSurface stored = load_surface(folder / name);
            CHECK(stored.surface.x == surface.x);
            CHECK(stored.surface.y == surface.y);
            CHECK((stored.surface.computed == surface.computed));
            CHECK(same_numbers(stored.surface.loss, surface.loss));
            CHECK(same_numbers(stored.surface.standard_error, surface.standard_error));
            CHECK(same_numbers(stored.surface.difference_standard_error, surface.difference_standard_error));
            CHECK(stored.metadata.at("seed") == 7);
            CHECK(stored.metadata.at("names") == nlohmann::ordered_json{"\\xFF", "ü"});
            CHECK(surface_json(stored.surface, {}) == surface_json(surface, {}));
        }
}

TEST_CASE("a loss that is -1 and one that overflowed stay computed") {
    const TemporaryFolder folder;
    Surface surface = holed_surface();
    surface.loss(0, 0) = -1;
    surface.loss(0, 1) = std::numeric_limits<double>::infinity();
    write_surface(folder / "a.h5", surface);
    const Surface stored = load_surface(folder / "a.h5").surface;
    CHECK(stored.loss(0, 0) == -1);
    CHECK(std::isnan(stored.loss(0, 1)));  // as in a file of JSON
    CHECK((stored.computed == surface.computed));
}

TEST_CASE("an HDF5 surface has the datasets of Li et al.'s program") {
    const TemporaryFolder folder;
    write_surface(folder / "a.h5", holed_surface(), {{"directions", "d.h5"}});
    const Hdf5Reader file = Hdf5Reader::load(folder / "a.h5");
    CHECK(file.text("dir_file") == "d.h5");
    CHECK(file.list("xcoordinates") == Numbers{-1, 0, 1, 2});
    CHECK(file.list("ycoordinates") == Numbers{0, 0.25, 0.5});
    const Hdf5Numbers loss = file.numbers("train_loss");
    CHECK(loss.shape == Shape{3, 4});
    CHECK(loss.values[4] == 10.5);  // rows along y
    CHECK(std::isnan(loss.values[10]));
    CHECK(loss.values[11] == -1);
    write_surface(folder / "line.h5", holed_line());
    const Hdf5Reader line = Hdf5Reader::load(folder / "line.h5");
    CHECK_FALSE(line.contains("ycoordinates"));
    CHECK(line.list("train_loss") == Numbers{3, -1, 4});
    CHECK(line.text("dir_file").empty());
}

TEST_CASE("accuracies are percents in HDF5, as Li et al.'s program has them") {
    const TemporaryFolder folder;
    Surface surface = holed_surface();
    surface.numbers.push_back(SurfaceNumber::of(
        {.name = "accuracy_top1", .label = "a", .meaning = "b", .error = NumberError::none}, surface.loss));
    surface.numbers[0].values(0, 1) = 0.25;
    write_surface(folder / "a.h5", surface);
    const Hdf5Numbers written = Hdf5Reader::load(folder / "a.h5").numbers("train_acc");
    CHECK(written.shape == Shape{3, 4});
    CHECK(written.values[1] == 25);
    CHECK(std::isnan(written.values[0]));  // computed, without an accuracy
    CHECK(written.values[11] == -1);
    Foreign foreign;
    foreign.write(folder / "b.h5", "train_acc", foreign.shape, {10, 20, 30, -1, 50, 60});
    const Surface read = load_surface(folder / "b.h5").surface;
    REQUIRE(read.numbers.size() == 1);
    CHECK(read.numbers[0].card.name == "accuracy_top1");
    CHECK(read.numbers[0].values(0, 2) == 0.3);
    CHECK(std::isnan(read.numbers[0].values(1, 0)));
    CHECK(read.numbers[0].values(1, 2) == 0.6);
    foreign.write(folder / "c.h5", "train_acc", {2, 2}, {1, 2, 3, 4});
    CHECK_THROWS_AS(load_surface(folder / "c.h5"), IoError);
}

TEST_CASE("two files of the same surface have the same bytes") {
    const TemporaryFolder folder;
    write_surface(folder / "a.h5", holed_surface(), {{"seed", 7}});
    write_surface(folder / "b.h5", holed_surface(), {{"seed", 7}});
    CHECK(read_bytes(folder / "a.h5") == read_bytes(folder / "b.h5"));
}

TEST_CASE(
    "surfaces of Li et al.'s program: rows along y whatever the shape says, -1 where nothing was computed") {
    const TemporaryFolder folder;
    Foreign foreign;
    for (const Shape& shape : {Shape{3, 2}, Shape{2, 3}}) {
        foreign.shape = shape;
        foreign.write(folder / "a.h5");
        const StoredSurface stored = load_surface(folder / "a.h5");
        CHECK(stored.surface.loss(0, 2) == 3);
        CHECK(stored.surface.loss(1, 1) == 0);
        CHECK(std::isnan(stored.surface.loss(1, 0)));
        CHECK(stored.surface.computed(1, 0) == 0);
        CHECK(stored.surface.computed_points() == 5);
        CHECK(std::isnan(stored.surface.standard_error(0, 0)));
        CHECK(std::isnan(stored.surface.centre_loss));
        CHECK(stored.metadata.empty());
    }
    foreign.line = true;
    foreign.shape = {3};
    foreign.loss = {4, 5, 6};
    foreign.write(folder / "line.h5");
    const Surface line = load_surface(folder / "line.h5").surface;
    CHECK(line.is_line());
    CHECK(line.y == Numbers{0});
    CHECK(line.loss(0, 1) == 5);
}

TEST_CASE("a point that another program has computed since counts") {
    const TemporaryFolder folder;
    Foreign foreign;
    foreign.write(folder / "a.h5", "computed", {3, 2}, {1, 0, 1, 0, 0, 1});
    const Surface surface = load_surface(folder / "a.h5").surface;
    CHECK(surface.computed_points() == 5);
    CHECK(surface.loss(0, 1) == 2);
}

TEST_CASE("HDF5 files that hold no surface are refused") {
    const TemporaryFolder folder;
    const auto path = folder / "a.h5";
    const auto refusal = [&] { return error_text<IoError>([&] { (void)load_surface(path); }); };
    Foreign foreign;
    foreign.write(path);
    CHECK(refusal().empty());

    foreign.shape = {6};
    foreign.write(path);
    CHECK(contains(refusal(), "'train_loss' has shape (6), the coordinates need (2, 3)"));
    foreign.shape = {1, 6};
    foreign.write(path);
    CHECK(contains(refusal(), "(1, 6)"));
    foreign.shape = {3, 2};
    foreign.line = true;
    foreign.write(path);
    CHECK(contains(refusal(), "has shape (3, 2), the coordinates need (3)"));
    foreign = {};
    foreign.loss.clear();
    foreign.write(path);
    CHECK(contains(refusal(), "it holds no 'train_loss'"));
    foreign = {};
    foreign.x.clear();
    foreign.write(path);
    CHECK(contains(refusal(), "'xcoordinates' has shape (0), a list of numbers is needed"));
    foreign = {};
    for (const char* table : {"computed", "standard_error"}) {
        foreign.write(path, table);
        CHECK(contains(refusal(), std::string(table) + "' has shape ()"));
    }
    for (const auto& [text, words] : {std::pair{"{", "not valid JSON"},
                                      {"[]", "needed is an object"},
                                      {R"({"samples": -1})", "samples"},
                                      {R"({"centre": {"loss": "x"}})", "centre/loss"}}) {
        Hdf5Writer writer;
        writer.add<double>("xcoordinates", {1}, Numbers{0});
        writer.add<double>("train_loss", {1}, Numbers{0});
        writer.add_text("vitscape", text);
        writer.write(path);
        CHECK(contains(refusal(), words));
    }
    write_atomically(path, "no HDF5");
    CHECK(contains(refusal(), path.string() + " is not an HDF5 file"));
    CHECK_THROWS_AS(load_surface(folder / "missing.h5"), IoError);
}

TEST_CASE("h5py reads the surface as that program's scripts do, changes it, and writes others") {
    const std::string python = python_with("h5py");
    if (python.empty()) return;
    const TemporaryFolder folder;
    write_surface(folder / "a.h5", holed_surface(), {{"directions", "d.h5"}});
    REQUIRE(run_python(python, R"(import sys, h5py, numpy as np
f = h5py.File(sys.argv[1], "r+")
x, y = f["xcoordinates"][:], f["ycoordinates"][:]
losses = f["train_loss"][:]
X, Y = np.meshgrid(x, y)
assert losses.shape == X.shape == (3, 4) and losses.dtype == np.float64
todo = np.arange(losses.size)[losses.ravel() <= 0]
assert list(todo) == [11], todo
assert losses[1, 2] == 12.5 and X.ravel()[11] == 2 and Y.ravel()[11] == 0.5
losses.ravel()[11] = 23.5
f["train_loss"][:] = losses
f.close()
with h5py.File(sys.argv[1] + ".hdf5", "w") as g:
    g["dir_file"] = "some/directions.h5"
    g["xcoordinates"], g["ycoordinates"] = np.linspace(-1, 1, 3), np.linspace(-2, 2, 5)
    g["train_loss"] = -np.ones(shape=(3, 5))
    g["train_acc"] = -np.ones(shape=(3, 5))
    values = g["train_loss"][:]
    values.ravel()[:4] = [1, 2, 3, 4]
    g["train_loss"][:] = values
)",
                       folder / "a.h5"));
    const Surface completed = load_surface(folder / "a.h5").surface;
    CHECK(completed.complete());
    CHECK(completed.loss(2, 3) == 23.5);
    CHECK(completed.samples == 7);
    const Surface foreign = load_surface(folder / "a.h5.hdf5").surface;
    CHECK(foreign.rows() == 5);
    CHECK(foreign.loss(0, 2) == 3);
    CHECK(foreign.loss(1, 0) == 4);
    CHECK(foreign.computed_points() == 4);
}

#endif

}  // namespace hdf5_format_test
