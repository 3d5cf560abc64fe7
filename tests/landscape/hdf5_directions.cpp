// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/direction_file.hpp>

#include "landscape/functions.hpp"
#include "support/backend_types.hpp"
#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"
#include "support/python.hpp"
#include "support/temporary_folder.hpp"

namespace hdf5_directions_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

ParameterLayout small_layout(Index filters = 4) {
    ParameterLayout layout;
    layout.add("patch_embed.proj.weight", Shape{filters, 3, 2, 2}, ParameterKind::weight,
               Initializer::zeros());
    layout.add("norm.bias", Shape{4}, ParameterKind::bias, Initializer::zeros());
    return layout;
}

}  // namespace

#if defined(VITSCAPE_HAS_HDF5) && VITSCAPE_HAS_HDF5

TEMPLATE_LIST_TEST_CASE("directions read back from HDF5, in float32", "", test::Plain) {
    using B = TestType;
    const B cpu = test::make_backend<B>(1);
    const TemporaryFolder folder;
    const auto path = folder / "directions.h5";
    const ParameterLayout layout = small_layout();
    const std::vector<Vector<B>> directions = {gaussian_direction(cpu, layout, 3, 0),
                                               gaussian_direction(cpu, layout, 3, 1)};
    write_directions(path, layout, directions);
    const auto loaded = load_directions(cpu, path, layout);
    REQUIRE(loaded.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto exact = directions[i].to_host(), read = loaded[i].to_host();
        REQUIRE(read.size() == exact.size());
        for (std::size_t k = 0; k < read.size(); ++k)
            CHECK(read[k] == static_cast<double>(static_cast<float>(exact[k])));
    }
    const Hdf5Reader file = Hdf5Reader::load(path);
    CHECK(file.numbers("ydirection/0").shape == Shape{4, 3, 2, 2});
    CHECK(file.numbers("xdirection/1").values.size() == 4);
    CHECK_FALSE(file.contains("xdirection/2"));
    CHECK_FALSE(file.contains("proj_xcoord"));
}

TEST_CASE("directions that do not fit the model or the format are refused") {
    const Cpu64 cpu{1};
    const TemporaryFolder folder;
    const auto path = folder / "directions.hdf5";
    const ParameterLayout layout = small_layout();
    using V = Vector<Cpu64>;
    const std::vector<V> directions = {gaussian_direction(cpu, layout, 3, 0),
                                       gaussian_direction(cpu, layout, 3, 1)};
    write_directions(path, layout, directions);
    const auto loads = [&](const ParameterLayout& other, int count = 2) {
        return [&path, &cpu, &other, count] { (void)load_directions(cpu, path, other, count); };
    };

    const std::string shapes = error_text<ShapeError>(loads(small_layout(5)));
    CHECK(contains(shapes, "xdirection/0 has shape (4, 3, 2, 2)"));
    CHECK(contains(shapes, "patch_embed.proj.weight has (5, 3, 2, 2)"));
    ParameterLayout more = layout, less;
    more.add("norm.weight", Shape{4}, ParameterKind::norm, Initializer::zeros());
    less.add("patch_embed.proj.weight", Shape{4, 3, 2, 2}, ParameterKind::weight, Initializer::zeros());
    CHECK(contains(error_text<IoError>(loads(more)),
                   "no 'xdirection/2' for the model's parameter norm.weight"));
    CHECK(contains(error_text<IoError>(loads(less)), "'xdirection/1', but the model has 1 parameters"));
    CHECK(contains(error_text<IoError>(loads(layout, 3)), "two directions, 3 are needed"));

    write_directions(path, layout, std::vector<V>{directions[0]});
    CHECK(load_directions(cpu, path, layout, 1).size() == 1);
    CHECK(contains(error_text<IoError>(loads(layout)), "no 'ydirection/0'"));
    V broken(cpu, layout.size());
    fill(std::nan(""), broken);
    write_directions(path, layout, std::vector<V>{broken, broken});
    CHECK(contains(error_text<IoError>(loads(layout)), "direction 0 has elements that are not finite"));
    CHECK_THROWS_AS(write_directions(path, layout, std::vector<V>{V(cpu, 3)}), ShapeError);
    CHECK_THROWS_AS(write_directions(path, layout, std::vector<V>{broken, broken, broken}), ConfigError);
}

TEST_CASE("a trajectory stands beside the directions that it is projected on") {
    const Cpu64 cpu{1};
    const TemporaryFolder folder;
    const ParameterLayout layout = small_layout();
    const std::vector<Vector<Cpu64>> directions = {gaussian_direction(cpu, layout, 3, 0),
                                                   gaussian_direction(cpu, layout, 3, 1)};
    write_hdf5_directions(folder / "a.h5", layout, directions, {{3, 2, 0}, {1, -1, 0}, {0.75, 0.125}});
    const ProjectedTrajectory read = load_hdf5_trajectory(folder / "a.h5");
    CHECK(read.x == std::vector<double>{3, 2, 0});
    CHECK(read.y == std::vector<double>{1, -1, 0});
    CHECK(read.explained_variance_ratio == std::vector<double>{0.75, 0.125});
    CHECK(load_directions(cpu, folder / "a.h5", layout).size() == 2);

    write_hdf5_directions(folder / "b.h5", layout, directions, {{3, 2}, {1, -1}, {}});
    CHECK(load_hdf5_trajectory(folder / "b.h5").explained_variance_ratio.empty());
    CHECK_THROWS_AS(write_hdf5_directions(folder / "c.h5", layout, directions, {{3, 2}, {1}, {}}),
                    ShapeError);
    write_directions(folder / "c.h5", layout, directions);
    CHECK(contains(error_text<IoError>([&] { (void)load_hdf5_trajectory(folder / "c.h5"); }),
                   "no 'proj_xcoord'"));
    Hdf5Writer uneven;
    uneven.add<double>("proj_xcoord", {2}, std::vector<double>{1, 2});
    uneven.add<double>("proj_ycoord", {1}, std::vector<double>{1});
    uneven.write(folder / "d.h5");
    CHECK(contains(error_text<IoError>([&] { (void)load_hdf5_trajectory(folder / "d.h5"); }),
                   "'proj_xcoord' has 2 numbers, 'proj_ycoord' has 1"));
}

TEST_CASE("h5py reads directions as Li et al.'s program does, and writes others") {
    const std::string python = python_with("h5py");
    if (python.empty()) return;
    const Cpu64 cpu{1};
    const TemporaryFolder folder;
    const ParameterLayout layout = small_layout();
    std::vector<double> numbers(static_cast<std::size_t>(layout.size()));
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i) / 2;
    const Vector<Cpu64> direction(cpu, numbers);
    write_hdf5_directions(folder / "a.h5", layout, std::vector<Vector<Cpu64>>{direction, direction},
                          {{3, 2, 0}, {1, -1, 0}, {0.75, 0.125}});
    REQUIRE(run_python(python, R"(import sys, h5py, numpy as np
f = h5py.File(sys.argv[1], "r")
for name in ("xdirection", "ydirection"):
    group = f[name]
    read = [group[str(i)] for i in range(len(group))]
    assert [r.shape for r in read] == [(4, 3, 2, 2), (4,)], read
    assert all(r.dtype == np.float32 for r in read)
    assert read[1][2] == 25 and read[0][1, 0, 0, 1] == 6.5
assert list(f["proj_ycoord"]) == [1, -1, 0] and f["explained_variance_ratio_"][0] == 0.75
with h5py.File(sys.argv[1] + ".hdf5", "w") as g:
    for name in ("xdirection", "ydirection"):
        group = g.create_group(name)
        group.create_dataset("0", data=np.arange(48, dtype=np.float32).reshape(4, 3, 2, 2))
        group.create_dataset("1", data=np.arange(4, dtype=np.float32))
)",
                       folder / "a.h5"));
    const auto loaded = load_directions(cpu, folder / "a.h5.hdf5", layout);
    CHECK(loaded[1].to_host()[47] == 47);
    CHECK(loaded[0].to_host()[51] == 3);
}

#else

TEST_CASE("without HDF5, directions are refused with what is missing") {
    const Cpu64 cpu{1};
    const ParameterLayout layout = small_layout();
    CHECK(contains(error_text<ConfigError>([&] { (void)load_directions(cpu, "a.h5", layout); }),
                   "libhdf5-dev"));
    CHECK(contains(
        error_text<ConfigError>([&] { write_directions("a.h5", layout, std::vector<Vector<Cpu64>>{}); }),
        "libhdf5-dev"));
}

#endif

}  // namespace hdf5_directions_test
