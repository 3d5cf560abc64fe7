// SPDX-License-Identifier: Apache-2.0
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/nn/positions.hpp>

#include "support/backends.hpp"
#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace positions_test {

using namespace vitscape;
using namespace vitscape::test;

TEST_CASE("positions: interpolated as PyTorch's bicubic interpolation", "[nn]") {
    // torch.nn.functional.interpolate(mode="bicubic", align_corners=False) of a 3 x 3 table of width 1
    const std::vector<double> table{7, 0.5, -1, 2, 4, 0.25, 1, -2, 3, 8};
    const auto check = [&](Index side, const std::vector<double>& expected) {
        const std::vector<double> result = interpolate_positions<double>(table, 1, 3, side);
        REQUIRE(result.size() == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
            INFO(side << " patches, number " << i);
            CHECK(result[i] == Approx(expected[i]).margin(1e-12));
        }
    };
    check(3, table);
    check(2, {7, 0.8965797424316406, 0.9155311584472656, 0.009021759033203125, 5.585475921630859});
    check(4, {7, 0.34485334157943726, -0.9547234177589417, -0.09752267599105835, 2.2987013459205627,
              3.6779176592826843, 0.7828159928321838, -0.5369080901145935, 0.6698238253593445,
              2.2830005288124084, 1.4589794278144836, 2.01862233877182, 3.558614432811737,
              -2.8346306681632996, 0.5864798426628113, 5.727388322353363, 8.883224070072174});
    check(5, {7,
              0.28726399999999935,
              -0.565744000000001,
              -1.1199999999999997,
              0.755743999999998,
              2.4047359999999993,
              2.578288,
              0.993723999999999,
              -0.7130000000000014,
              0.18523599999999651,
              1.2828159999999957,
              4.3599999999999985,
              2.4909999999999988,
              0.25,
              0.43900000000000095,
              1.0720000000000003,
              0.4414720000000025,
              0.9102759999999975,
              2.0229999999999975,
              4.078563999999993,
              5.518143999999997,
              -3.1366400000000003,
              -0.6994560000000049,
              3.264000000000001,
              6.994175999999996,
              9.191168000000006});
}

TEST_CASE("positions: each column of the table is interpolated by itself", "[nn]") {
    const std::vector<double> one = random_numbers(1 + 16, 1), other = random_numbers(1 + 16, 2);
    std::vector<double> both;
    for (std::size_t i = 0; i < one.size(); ++i) both.insert(both.end(), {one[i], other[i]});
    const auto apart = interpolate_positions<double>(other, 1, 4, 7),
               together = interpolate_positions<double>(both, 2, 4, 7);
    for (std::size_t i = 0; i < apart.size(); ++i) CHECK(together[2 * i + 1] == apart[i]);
    CHECK(contains(error_text<ShapeError>([&] { (void)interpolate_positions<double>(both, 2, 5, 7); }),
                   "5 x 5 patches and width 2 have 52 numbers, 34 were given"));
}

TEST_CASE("positions: those of a checkpoint replace the computed ones", "[nn]") {
    FixedPositions positions("pos_embed", 8, 2);
    CHECK(positions.tensor().values == sin_cos_positions(8, 2));
    std::vector<double> numbers = random_numbers(5 * 8, 1);
    const FixedPositions copy = positions;
    positions.take_from(std::vector<FixedTensor>{{"other", {1, 5, 8}, random_numbers(40, 2)}});
    CHECK(positions.tensor().values == sin_cos_positions(8, 2));
    positions.take_from(std::vector<FixedTensor>{{"pos_embed", {1, 5, 8}, numbers}});
    CHECK(positions.tensor().values == numbers);
    CHECK(copy.tensor().values == sin_cos_positions(8, 2));
    const CpuPrimitives<double> backend(1);
    CHECK(download(backend, positions.upload_to(backend).view()) == numbers);
    CHECK(error_text<ShapeError>([&] {
              positions.take_from(std::vector<FixedTensor>{{"pos_embed", {1, 10, 8}, random_numbers(80, 1)}});
          }) == "the positions pos_embed have the shape (1, 10, 8), the model needs (1, 5, 8)");
}

}  // namespace positions_test
