// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <vitscape/landscape/grid.hpp>

#include "support/catch.hpp"

namespace grid_test {

using namespace vitscape;

TEST_CASE("a grid's coordinates") {
    const Grid grid{.from = -1, .to = 1, .steps = 5};
    CHECK(grid.coordinates() == std::vector<double>{-1, -0.5, 0, 0.5, 1});
    CHECK(Grid{.from = 0, .to = 2, .steps = 3}.coordinates() == std::vector<double>{0, 1, 2});
    CHECK(Grid{.from = 0.25, .to = 0.25, .steps = 1}.coordinates() == std::vector<double>{0.25});
}

TEST_CASE("symmetric grids with an odd number of steps hold exactly 0 and mirror exactly") {
    for (const double end : {1.0, 0.7, 0.1, 1e-3, 3.3333})
        for (const Index steps : {3, 5, 7, 25, 51, 101}) {
            const Grid grid{.from = -end, .to = end, .steps = steps};
            CHECK(grid.at(steps / 2) == 0);
            CHECK(grid.at(steps - 1) == end);
            for (Index i = 0; i < steps; ++i) CHECK(grid.at(i) == -grid.at(steps - 1 - i));
        }
    CHECK(Grid{.from = -0.3, .to = 0.1, .steps = 5}.at(3) == 0);  // not 5e-17
    for (Index i = 0; i < 50; ++i) CHECK(Grid{.from = -1, .to = 1, .steps = 50}.at(i) != 0);
}

TEST_CASE("grids on the command line") {
    CHECK(parse_grid("-1:1:25") == PlaneGrid(Grid{.from = -1, .to = 1, .steps = 25}));
    CHECK(parse_grid("x:-0.5:1e0:3,y:0:+2:4") ==
          PlaneGrid(Grid{.from = -0.5, .to = 1, .steps = 3}, Grid{.from = 0, .to = 2, .steps = 4}));
    CHECK(parse_grid("y:0:2:4,x:-0.5:1:3") ==
          PlaneGrid(Grid{.from = -0.5, .to = 1, .steps = 3}, Grid{.from = 0, .to = 2, .steps = 4}));
    for (const std::string bad : {"",
                                  ":",
                                  "1",
                                  "-1:1",
                                  "-1:1:",
                                  "-1:1:x",
                                  "-1:1:2.5",
                                  "1:-1:5",
                                  "-1:1:0",
                                  "-1:1:-3",
                                  "-1:1:1",
                                  "nan:1:5",
                                  "-inf:inf:5",
                                  "-1:1:999999999",
                                  "x:-1:1:5",
                                  "x:-1:1:5,x:-1:1:5",
                                  "x:-1:1:5,",
                                  "y:-1:1:5,-1:1:5",
                                  "-1:1:5,-1:1:5",
                                  "-1:1:5 ",
                                  "x:-1:1:5,y:-1:1:5,y:-1:1:5",
                                  "-1:1:25abc",
                                  "-1::5"}) {
        INFO(bad);
        CHECK_THROWS_AS(parse_grid(bad), ConfigError);
    }
}

}  // namespace grid_test
