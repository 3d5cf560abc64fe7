// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <vitscape/study/page/figures.hpp>

#include "support/catch.hpp"

namespace slice_title_test {

using namespace vitscape;

TEST_CASE("the title of slices names a band only where there is one", "[compare]") {
    const auto title = [](const std::vector<std::size_t>& counts) {
        std::vector<BandCurve> curves(counts.size());
        for (std::size_t i = 0; i < counts.size(); ++i) curves[i].count = counts[i];
        return detail::slice_title(curves, "loss, of some kind");
    };
    CHECK(title({1, 1}) == "loss: one run");
    CHECK(title({2, 2}) == "loss: mean over 2 runs");
    CHECK(title({3, 3}) == "loss: mean over 3 runs, band: 95 % interval");
    CHECK(title({2, 5}) == "loss: mean over 2 to 5 runs, band: 95 % interval");
    CHECK(title({0, 0}) == "loss: mean, band: 95 % interval");  // of a report that does not say how many
}

}  // namespace slice_title_test
