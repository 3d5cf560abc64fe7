// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <vitscape/nn/weight_rounding.hpp>

#include "support/catch.hpp"

namespace weight_rounding_test {

using namespace vitscape;

TEST_CASE("weights rounded to 8-bit integers have a scale of each filter, biases stay", "[nn]") {
    ParameterLayout layout;
    layout.add("bias", {2}, ParameterKind::bias, Initializer::zeros());
    layout.add("weight", {2, 3}, ParameterKind::weight, Initializer::zeros());
    layout.add("token", {1, 1, 2}, ParameterKind::token, Initializer::zeros());
    const std::vector<double> values{0.123456, 7, 1.27, -0.634, 0.004, 0, 0, 0, 0.777777, -3.3};
    const std::vector<double> rounded = rounded_to_int8(layout, values);
    const std::vector<double> expected{0.123456, 7, 1.27, -0.63, 0, 0, 0, 0, 0.777777, -3.3};
    for (std::size_t i = 0; i < values.size(); ++i) CHECK(rounded[i] == Approx(expected[i]).margin(1e-12));
    CHECK(rounded_to_int8(layout, rounded) == rounded);
    CHECK_THROWS_AS(rounded_to_int8(layout, {1, 2}), ShapeError);
}

TEST_CASE("parameters rounded to bfloat16 keep 8 significant bits", "[nn]") {
    const std::vector<double> rounded = rounded_to_bfloat16({1, 1 + 1.0 / 128, 1 + 1.0 / 512, -3.3});
    CHECK(rounded[0] == 1);
    CHECK(rounded[1] == 1 + 1.0 / 128);
    CHECK(rounded[2] == 1);
    CHECK(std::abs(rounded[3] + 3.3) <= 3.3 / 256);
}

}  // namespace weight_rounding_test
