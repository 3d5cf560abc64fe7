// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <vitscape/study/corruption.hpp>
#include <vitscape/study/store.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace store_test {

using namespace vitscape;

TEST_CASE("results are there after a restart, and a missing one is named", "[compare]") {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "results.json";
    {
        ResultStore store(path);
        store.put("one", {{"value", 0.1}});
        store.put("nothing", std::nan(""));
        CHECK(store.at("nothing").is_null());
    }
    ResultStore store(path);
    CHECK(store.at("one").at("value") == 0.1);
    CHECK_FALSE(store.has("two"));
    CHECK_THROWS_AS(store.at("two"), IoError);
}

TEST_CASE("noise has its deviation, blur keeps what is even", "[compare]") {
    Batch batch;
    batch.images = xt::xtensor<float, 4>(std::array<std::size_t, 4>{4, 3, 16, 16}, 0.5F);
    batch.samples = {0, 1, 2, 3};
    ImageTransform transform{.side = 16};
    transform.standard_deviation = {0.5F, 0.5F, 0.5F};
    const Batch noisy = with_noise(batch, 0.1, transform, 3);
    double mean = 0, square = 0;
    const double count = static_cast<double>(noisy.images.size());
    for (const float x : noisy.images) mean += static_cast<double>(x) / count;
    for (const float x : noisy.images)
        square += (static_cast<double>(x) - mean) * (static_cast<double>(x) - mean) / count;
    CHECK(mean == Approx(0.5).margin(0.02));
    CHECK(std::sqrt(square) == Approx(0.2).epsilon(0.05));
    const bool same = with_noise(batch, 0.1, transform, 3).images == noisy.images;
    CHECK(same);

    const Batch even = with_blur(batch, 1.5);
    for (const float x : even.images) REQUIRE(x == Approx(0.5F));
    Batch point = batch;
    point.images.fill(0);
    point.images(0, 0, 8, 8) = 1;
    const Batch blurred = with_blur(point, 1);
    CHECK(blurred.images(0, 0, 8, 8) == Approx(1 / 6.283).epsilon(0.02));
    CHECK(blurred.images(0, 0, 8, 7) / blurred.images(0, 0, 8, 8) == Approx(std::exp(-0.5)));
    CHECK(blurred.images(0, 1, 8, 8) == 0);
    CHECK(blurred.images(1, 0, 8, 8) == 0);
}

}  // namespace store_test
