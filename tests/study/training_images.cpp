// SPDX-License-Identifier: Apache-2.0
//
// Variants of a study's training images: shares of them, and wrong labels.
#include <string>
#include <tuple>
#include <vector>

#include <vitscape/data/synthetic.hpp>
#include <vitscape/study/image_checks.hpp>
#include <vitscape/study/measures/half_gain.hpp>
#include <vitscape/study/training_images.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace training_images_test {

using namespace vitscape;
using test::contains;
using test::error_text;

namespace {

std::vector<std::string> names_of(const AnyDataset& images) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < images.size(); ++i) names.push_back(images.name(i));
    return names;
}

}  // namespace

TEST_CASE("a smaller share of the images is part of a larger one, with the same wrong labels", "[compare]") {
    const AnyDataset all = Synthetic(203, 16, 1);
    const TrainingImages whole(all, {.label_noise = 0.4, .noise_seed = 3}),
        half(all, {.share = 0.5, .label_noise = 0.4, .noise_seed = 3}), tenth(all, {.share = 0.1});
    CHECK(whole.images.size() == 203);
    CHECK(half.images.size() == 102);
    CHECK(tenth.images.size() == 20);
    std::vector<int> of_class(10);
    for (std::size_t i = 0; i < 20; ++i) ++of_class[static_cast<std::size_t>(tenth.images.label(i))];
    CHECK(of_class == std::vector<int>(10, 2));

    std::size_t wrong = 0;
    for (std::size_t i = 0, at = 0; i < half.images.size(); ++i, ++at) {
        while (at < all.size() && all.name(at) != half.images.name(i)) ++at;
        REQUIRE(at < all.size());
        CHECK(half.images.label(i) == whole.images.label(at));
        CHECK(half.clean.label(i) == all.label(at));
        CHECK(half.images.load(i) == all.load(at));
        wrong += half.images.label(i) != half.clean.label(i) ? 1 : 0;
    }
    CHECK(wrong > 25);  // of 102, 41 are expected, with a deviation of 5
    CHECK(wrong < 57);

    // what losses are measured over is the same in each variant that has so many
    const auto some = names_of(whole.some(16));
    CHECK(some == names_of(all.subset(balanced(all, 16))));
    CHECK(some == names_of(half.some(16)));
    CHECK(some == names_of(tenth.some(16)));
    CHECK(tenth.some(500).size() == 20);
}

TEST_CASE("names and titles say what a contestant does not have of the images", "[compare]") {
    CHECK(DataVariant{}.suffix().empty());
    CHECK(DataVariant{}.ending().empty());
    const DataVariant both{.share = 0.07, .label_noise = 0.2};
    CHECK(both.suffix() == "@data-0.07@noise-0.2");
    CHECK(both.ending() == ", 7 % of the images, 20 % of the labels wrong");
    CHECK(DataVariant{.label_noise = 0.5}.suffix() == "@noise-0.5");
    CHECK(describe(both).at("share") == 0.07);
    CHECK(both.count(100) == 7);
    CHECK(DataVariant{.share = 1e-6}.count(100) == 1);
}

TEST_CASE("variants that cannot be are refused, and images that are too few", "[compare]") {
    const AnyDataset all = Synthetic(50, 16, 1);
    CHECK_THROWS_AS(TrainingImages(all, {.share = 0}), ConfigError);
    CHECK_THROWS_AS(TrainingImages(all, {.share = 1.1}), ConfigError);
    CHECK_THROWS_AS(TrainingImages(all, {.label_noise = 1}), ConfigError);
    ComparisonPlan plan;
    plan.training.batch = 8;
    const std::tuple measures{HalfGainMeasure{.images = 30}};
    CHECK_NOTHROW(check_enough_images(30, 10, " of MAE", plan, measures));
    const auto text = [&](std::size_t count) {
        return error_text<ConfigError>([&] { check_enough_images(count, 10, " of MAE", plan, measures); });
    };
    CHECK(text(7) == "the dataset of MAE has 7 images, fewer than one batch of 8; choose a smaller batch");
    CHECK(text(9) == "the dataset of MAE has 9 images of 10 classes; it needs at least one of each");
    CHECK(text(29) == "losses over 30 images were requested, the dataset of MAE has 29");
    plan.training.accumulate = 4;
    CHECK(contains(text(30), "accumulate fewer"));
}

}  // namespace training_images_test
