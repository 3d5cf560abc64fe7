// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>
#include <limits>

#include <vitscape/core/bfloat16.hpp>
#include <vitscape/core/random.hpp>

#include "support/catch.hpp"

namespace bfloat16_test {

using vitscape::bfloat16;

TEST_CASE("every bfloat16 is a float and comes back from it", "[core]") {
    int different = 0;
    for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
        const auto number = std::bit_cast<bfloat16>(static_cast<std::uint16_t>(bits));
        const float wide = number;
        const bfloat16 back(wide);
        if (std::isnan(wide) ? !std::isnan(static_cast<float>(back)) : back.bits != number.bits) ++different;
    }
    CHECK(different == 0);
}

TEST_CASE("rounding to bfloat16 is to the nearest, ties to even", "[core]") {
    CHECK(static_cast<float>(bfloat16(1.0F + 0x1.0p-8F)) == 1.0F);               // a tie, down to even
    CHECK(static_cast<float>(bfloat16(1.0F + 0x1.8p-7F)) == 1.0F + 0x1.0p-6F);   // a tie, up to even
    CHECK(static_cast<float>(bfloat16(1.0F + 0x1.02p-8F)) == 1.0F + 0x1.0p-7F);  // just above a tie
    CHECK(static_cast<float>(bfloat16(-1.0F - 0x1.02p-8F)) == -1.0F - 0x1.0p-7F);
    CHECK(std::isinf(static_cast<float>(bfloat16(std::numeric_limits<float>::max()))));
    CHECK(std::isnan(static_cast<float>(bfloat16(std::numeric_limits<float>::quiet_NaN()))));
    CHECK(static_cast<float>(bfloat16(0.1)) == static_cast<float>(bfloat16(0.1F)));
    double worst = 0;
    for (std::uint64_t i = 0; i < 100000; ++i) {
        const auto x = static_cast<float>(vitscape::random_normal({.seed = 1}, i));
        worst =
            std::max(worst, std::abs(static_cast<double>(static_cast<float>(bfloat16(x))) - x) / std::abs(x));
    }
    CHECK(worst <= 0x1.0p-8);  // 8 significant bits
    CHECK(worst > 0x1.0p-9);
}

}  // namespace bfloat16_test
