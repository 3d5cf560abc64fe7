// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <numeric>

#include <vitscape/data/loader.hpp>
#include <vitscape/data/mixing.hpp>
#include <vitscape/data/random_erasing.hpp>

#include "support/catch.hpp"
#include "support/error_text.hpp"

namespace mixing_test {

using namespace vitscape;
using namespace vitscape::test;

namespace {

static_assert(BatchPolicy<Mixup> && BatchPolicy<Cutmix> && BatchPolicy<MixupOrCutmix> &&
              BatchPolicy<RandomErasing>);

/// Image i is i everywhere and of class i.
SoftBatch numbered(std::size_t size, std::size_t side = 16, std::uint32_t first = 0) {
    SoftBatch batch;
    batch.images.resize(std::array<std::size_t, 4>{size, 3, side, side});
    batch.targets = xt::zeros<double>(std::array<std::size_t, 2>{size, size});
    for (std::size_t i = 0; i < size; ++i) {
        std::fill_n(batch.images.data() + i * 3 * side * side, 3 * side * side, static_cast<float>(i));
        batch.targets(i, i) = 1;
        batch.samples.push_back(first + static_cast<std::uint32_t>(i));
    }
    return batch;
}
std::vector<float> pixels(const SoftBatch& batch) {
    return {batch.images.data(), batch.images.data() + batch.images.size()};
}
double mean_of_image(const SoftBatch& batch, std::size_t i) {
    const std::size_t size = batch.images.size() / batch.size();
    const float* first = batch.images.data() + i * size;
    return std::accumulate(first, first + size, 0.0) / static_cast<double>(size);
}

struct Moments {
    double mean = 0, variance = 0;
    template <class Draw>
    Moments(int n, const Draw& draw) {
        double squares = 0;
        for (int i = 0; i < n; ++i) {
            const double x = draw();
            mean += x / n;
            squares += x * x / n;
        }
        variance = squares - mean * mean;
    }
};

}  // namespace

TEST_CASE("mixing: gamma and beta numbers have their mean and variance") {
    constexpr int n = 100000;
    for (const double shape : {0.3, 0.8, 1.0, 2.5, 20.0}) {
        INFO("shape " << shape);
        RandomSequence random(RandomKey{.seed = 1});
        const Moments gamma(n, [&] { return random_gamma(shape, random); });
        // five standard deviations of the estimates; the fourth central moment is 3 shape^2 + 6 shape
        CHECK(std::abs(gamma.mean - shape) < 5 * std::sqrt(shape / n));
        CHECK(std::abs(gamma.variance - shape) < 5 * std::sqrt((2 * shape * shape + 6 * shape) / n));
        const Moments beta(n, [&] {
            const double x = random_beta(shape, random);
            return x >= 0 && x <= 1 ? x : 1e9;
        });
        const double variance = 1 / (4 * (2 * shape + 1));
        CHECK(std::abs(beta.mean - 0.5) < 5 * std::sqrt(variance / n));
        // (x - 1/2)^2 lies in [0, 1/4], so that its variance is below 1/64
        CHECK(std::abs(beta.variance - variance) < 5 * std::sqrt(1.0 / 64 / n));
    }
    RandomSequence random(RandomKey{.seed = 2});
    for (int i = 0; i < 100; ++i) {  // where both gamma numbers round to 0
        const double x = random_beta(1e-8, random);
        CHECK((x >= 0 && x <= 1));
    }
}

TEST_CASE("mixup: images and targets are mixed alike, with the partner from the other end") {
    const BatchRandom random{.seed = 4, .epoch = 2};
    for (const std::size_t size : {std::size_t{1}, std::size_t{4}, std::size_t{5}}) {
        SoftBatch batch = numbered(size);
        Mixup{}(batch, random);
        for (std::size_t i = 0; i < size; ++i) {
            double expected = 0, sum = 0;
            for (std::size_t c = 0; c < size; ++c) {
                expected += static_cast<double>(c) * batch.targets(i, c);
                sum += batch.targets(i, c);
                if (c != i && c != size - 1 - i) CHECK(batch.targets(i, c) == 0);
            }
            CHECK(sum == Approx(1));
            CHECK(mean_of_image(batch, i) == Approx(expected).margin(1e-6));
            // one lambda for all; an image in the middle is its own partner
            CHECK(batch.targets(i, i) == Approx(i == size - 1 - i ? 1.0 : batch.targets(0, 0)));
        }
    }
}

TEST_CASE("cutmix: the targets are mixed by the area that was taken") {
    bool cut_at_the_edge = false;
    for (std::uint32_t epoch = 0; epoch < 30; ++epoch) {
        SoftBatch batch = numbered(4);
        Cutmix{}(batch, {.seed = 4, .epoch = epoch});
        for (std::size_t i = 0; i < 4; ++i) {
            const double own = static_cast<double>(i), other = static_cast<double>(3 - i);
            const std::vector<float> all = pixels(batch);
            double taken = 0;
            for (std::size_t k = 0; k < 768; ++k) {
                const double value = all[i * 768 + k];
                REQUIRE((value == own || value == other));
                if (value == other) taken += 1.0 / 768;
            }
            CHECK(batch.targets(i, 3 - i) == Approx(taken).margin(1e-12));
            CHECK(batch.targets(i, i) == Approx(1 - taken).margin(1e-12));
        }
        cut_at_the_edge = cut_at_the_edge || (batch.images(0, 0, 0, 8) == 3 && batch.targets(0, 0) > 0);
    }
    CHECK(cut_at_the_edge);
}

TEST_CASE("mixup or cutmix: as often as said, and always the only one that is on") {
    const auto cuts = [](const MixupOrCutmix& policy, std::uint32_t epoch) {
        SoftBatch batch = numbered(2, 16);
        policy(batch, {.seed = 1, .epoch = epoch});
        for (const float pixel : pixels(batch))
            if (pixel != 0 && pixel != 1) return false;
        return true;
    };
    int both = 0, often = 0;
    for (std::uint32_t epoch = 0; epoch < 200; ++epoch) {
        both += cuts({}, epoch) ? 1 : 0;
        often += cuts({.switch_probability = 0.9}, epoch) ? 1 : 0;
        CHECK(cuts({.mixup = {.alpha = 0}}, epoch));
        CHECK(!cuts({.cutmix = {.alpha = 0}}, epoch));
    }
    CHECK(std::abs(both - 100) < 36);  // five standard deviations
    CHECK(std::abs(often - 180) < 22);
    SoftBatch batch = numbered(4);
    const std::vector<float> before = pixels(batch);
    MixupOrCutmix{.mixup = {.alpha = 0}, .cutmix = {.alpha = 0}}(batch, {});
    CHECK(pixels(batch) == before);
    CHECK(batch.targets(1, 1) == 1);
}

TEST_CASE("random erasing: how often, how much and by what") {
    const std::size_t size = 2000, side = 32;
    SoftBatch batch;
    batch.images = xt::zeros<float>(std::array<std::size_t, 4>{size, 3, side, side});
    batch.targets = xt::zeros<double>(std::array<std::size_t, 2>{size, 2});
    for (std::size_t i = 0; i < size; ++i) batch.samples.push_back(static_cast<std::uint32_t>(i));
    RandomErasing{}(batch, {.seed = 3, .epoch = 1});
    double erased = 0, sum = 0, squares = 0, count = 0;
    for (std::size_t i = 0; i < size; ++i) {
        std::size_t top = side, bottom = 0, left = side, right = 0, changed = 0;
        for (std::size_t y = 0; y < side; ++y)
            for (std::size_t x = 0; x < side; ++x) {
                const double value = batch.images(i, 0, y, x);
                if (value == 0) continue;
                ++changed;
                top = std::min(top, y), bottom = std::max(bottom, y + 1);
                left = std::min(left, x), right = std::max(right, x + 1);
                sum += value, squares += value * value, count += 1;
                CHECK(batch.images(i, 1, y, x) != batch.images(i, 0, y, x));  // a number per channel
            }
        if (changed == 0) continue;
        ++erased;
        const auto rows = static_cast<double>(bottom - top), columns = static_cast<double>(right - left);
        REQUIRE(static_cast<double>(changed) == rows * columns);  // one full rectangle
        // sides are rounded to whole pixels
        CHECK((rows - 0.5) * (columns - 0.5) <= 1024 / 3.0);
        CHECK((rows + 0.5) * (columns + 0.5) >= 0.02 * 1024);
        CHECK((rows - 0.5) / (columns + 0.5) <= 1 / 0.3);
        CHECK((rows + 0.5) / (columns - 0.5) >= 0.3);
    }
    CHECK(std::abs(erased / static_cast<double>(size) - 0.25) <
          5 * std::sqrt(0.25 * 0.75 / static_cast<double>(size)));
    CHECK(std::abs(sum / count) < 5 / std::sqrt(count));
    CHECK(std::abs(squares / count - 1) < 5 * std::sqrt(2 / count));
}

TEST_CASE("batch policies: what an image gets depends on seed, epoch and image alone") {
    const auto erased = [](std::uint32_t first, std::uint64_t seed, std::uint32_t epoch) {
        SoftBatch batch = numbered(4, 16, first);
        std::fill_n(batch.images.data(), batch.images.size(), 0.0F);
        RandomErasing{.probability = 1}(batch, {.seed = seed, .epoch = epoch});
        return pixels(batch);
    };
    const std::vector<float> a = erased(0, 1, 1), b = erased(2, 1, 1);
    // images 2 and 3 are the last two of one batch and the first two of the other
    CHECK(std::equal(a.begin() + 2 * 768, a.end(), b.begin()));
    CHECK(a == erased(0, 1, 1));
    CHECK(a != erased(0, 2, 1));
    CHECK(a != erased(0, 1, 2));
    const auto mixed = [](std::uint64_t seed, std::uint32_t epoch) {
        SoftBatch batch = numbered(4);
        MixupOrCutmix{}(batch, {.seed = seed, .epoch = epoch});
        return pixels(batch);
    };
    CHECK(mixed(1, 1) == mixed(1, 1));
    CHECK(mixed(1, 1) != mixed(1, 2));
    CHECK(mixed(1, 1) != mixed(2, 1));
}

TEST_CASE("mixing: the parts of a batch, in pairs, become those of the whole") {
    for (const std::size_t size : {12U, 13U})
        for (const std::size_t count : {1U, 2U, 3U, 6U})
            for (std::uint32_t epoch = 0; epoch < 4; ++epoch) {  // mixup and cutmix
                const SoftBatch before = numbered(size, 8, 40);
                SoftBatch whole = before;
                MixupOrCutmix{}(whole, {.seed = 1, .epoch = epoch});
                std::size_t seen = 0;
                for (std::size_t number = 0; number < count; ++number) {
                    const auto at = Shard{.count = count, .pairs = true}.positions(number, size);
                    SoftBatch part;
                    part.images.resize(std::array<std::size_t, 4>{at.size(), 3, 8, 8});
                    part.targets.resize(std::array<std::size_t, 2>{at.size(), size});
                    part.leader = 40;
                    for (std::size_t i = 0; i < at.size(); ++i) {
                        std::copy_n(before.images.data() + at[i] * 192, 192, part.images.data() + i * 192);
                        std::copy_n(before.targets.data() + at[i] * size, size,
                                    part.targets.data() + i * size);
                        part.samples.push_back(before.samples[at[i]]);
                    }
                    MixupOrCutmix{}(part, {.seed = 1, .epoch = epoch});
                    for (std::size_t i = 0; i < at.size(); ++i, ++seen) {
                        const float* image = whole.images.data() + at[i] * 192;
                        CHECK(std::equal(image, image + 192, part.images.data() + i * 192));
                        const double* target = whole.targets.data() + at[i] * size;
                        CHECK(std::equal(target, target + size, part.targets.data() + i * size));
                    }
                }
                CHECK(seen == size);
            }
}

TEST_CASE("batch policies: invalid values are errors") {
    const auto text_of = [](const auto& policy) { return error_text<ConfigError>([&] { policy.check(); }); };
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(contains(text_of(Mixup{.alpha = -1}), "mixup"));
    CHECK(contains(text_of(Cutmix{.alpha = nan}), "cutmix"));
    CHECK(contains(text_of(MixupOrCutmix{.cutmix = {.alpha = -1}}), "cutmix"));
    CHECK(contains(text_of(MixupOrCutmix{.switch_probability = 1.5}), "1.5"));
    CHECK(contains(text_of(RandomErasing{.probability = 1.1}), "1.1"));
    CHECK(contains(text_of(RandomErasing{.smallest = 0.5, .largest = 0.4}), "0.5"));
    CHECK(contains(text_of(RandomErasing{.narrowest = 2, .widest = 1}), "aspect"));
    CHECK(text_of(MixupOrCutmix{}).empty());
    CHECK(text_of(RandomErasing{}).empty());
}

}  // namespace mixing_test
