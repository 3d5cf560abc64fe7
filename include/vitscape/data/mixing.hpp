// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <vitscape/core/fields.hpp>
#include <vitscape/data/soft_batch.hpp>

namespace vitscape {

/// A gamma variate of shape `shape` > 0 and scale 1 (Marsaglia & Tsang 2000, "A simple method for generating gamma
/// variables"); for a shape below 1 by their section 6, Gamma(shape + 1) times a power of a uniform number.
inline double random_gamma(double shape, RandomSequence& random) {
    if (shape < 1) {
        const double boosted = random_gamma(shape + 1, random);
        return boosted * std::pow(1 - random.uniform(), 1 / shape);  // 1 - u lies in (0, 1]
    }
    const double d = shape - 1.0 / 3.0, c = 1 / std::sqrt(9 * d);
    while (true) {
        const double x = random.normal(), root = 1 + c * x;
        if (root <= 0) continue;
        const double v = root * root * root, u = 1 - random.uniform();
        if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
    }
}

/// A Beta(alpha, alpha) variate in [0, 1], alpha > 0.
inline double random_beta(double alpha, RandomSequence& random) {
    const double a = random_gamma(alpha, random), b = random_gamma(alpha, random);
    return a + b > 0 ? a / (a + b) : random.uniform() < 0.5 ? 0.0 : 1.0;  // both round to 0 for a tiny alpha
}

namespace detail {
/// targets[i] = share targets[i] + (1 - share) targets[partner of i]; image i's partner is the one as far from the
/// batch's end as i is from its start.
inline void mix_targets(double share, SoftBatch& batch) {
    const std::size_t size = batch.size(), classes = batch.targets.shape(1);
    for (std::size_t i = 0; i < size / 2; ++i)
        for (std::size_t c = 0; c < classes; ++c) {
            double& a = batch.targets(i, c);
            double& b = batch.targets(size - 1 - i, c);
            const double first = a, second = b;
            a = share * first + (1 - share) * second;
            b = share * second + (1 - share) * first;
        }
}
}  // namespace detail

/// Mixup (Zhang et al. 2018, arXiv 1710.09412): each image and its target are replaced by lambda times themselves plus
/// 1 - lambda times their partner, with lambda from Beta(alpha, alpha), one for the whole batch. The partner of image i
/// is the i-th from the end, as in the reference's fine-tuning.
struct Mixup {
    static constexpr std::string_view kind = "mixup";
    double alpha = 0.8;  ///< at least 0; 0 disables it

    static constexpr Range alphas = Range::at_least(0).said("the alpha of mixup is a number of at least 0");

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("alpha", self.alpha, "mixup", "alpha of mixup; 0: off", Mixup::alphas);
    }
    [[nodiscard]] bool active() const { return alpha != 0; }
    [[nodiscard]] bool pairs_images() const { return active(); }
    void check() const { check_ranges(*this); }
    void operator()(SoftBatch& batch, const BatchRandom& random) const {
        RandomSequence numbers = random.of_batch(Purpose::mixing, batch);
        apply(batch, numbers);
    }
    void apply(SoftBatch& batch, RandomSequence& random) const {
        if (alpha == 0) return;
        const double share = random_beta(alpha, random);
        const auto a = static_cast<float>(share), b = static_cast<float>(1 - share);
        const std::size_t size = batch.size(), pixels = batch.images.size() / std::max<std::size_t>(1, size);
        for (std::size_t i = 0; i < size / 2; ++i) {
            float* x = batch.images.data() + i * pixels;
            float* y = batch.images.data() + (size - 1 - i) * pixels;
            for (std::size_t k = 0; k < pixels; ++k) {
                const float first = x[k], second = y[k];
                x[k] = a * first + b * second;
                y[k] = a * second + b * first;
            }
        }
        detail::mix_targets(share, batch);
    }
};

/// CutMix (Yun et al. 2019, arXiv 1905.04899): a rectangle of each image, sqrt(1 - lambda) of its sides, is replaced by
/// that of its partner; lambda from Beta(alpha, alpha), one rectangle for the whole batch. The targets are mixed by
/// the area actually replaced, as the rectangle is clipped at the image's edges.
struct Cutmix {
    static constexpr std::string_view kind = "cutmix";
    double alpha = 1.0;  ///< at least 0; 0 disables it

    static constexpr Range alphas = Range::at_least(0).said("the alpha of cutmix is a number of at least 0");

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("alpha", self.alpha, "cutmix", "alpha of cutmix; 0: off", Cutmix::alphas);
    }
    [[nodiscard]] bool active() const { return alpha != 0; }
    [[nodiscard]] bool pairs_images() const { return active(); }
    void check() const { check_ranges(*this); }
    void operator()(SoftBatch& batch, const BatchRandom& random) const {
        RandomSequence numbers = random.of_batch(Purpose::mixing, batch);
        apply(batch, numbers);
    }
    void apply(SoftBatch& batch, RandomSequence& random) const {
        if (alpha == 0) return;
        const double part = std::sqrt(1 - random_beta(alpha, random));
        const auto height = static_cast<Index>(batch.images.shape(2)),
                   width = static_cast<Index>(batch.images.shape(3));
        const Index half_height = static_cast<Index>(static_cast<double>(height) * part) / 2,
                    half_width = static_cast<Index>(static_cast<double>(width) * part) / 2;
        const Index y = random.below(height), x = random.below(width);
        const Index top = std::max<Index>(0, y - half_height), bottom = std::min(height, y + half_height);
        const Index left = std::max<Index>(0, x - half_width), right = std::min(width, x + half_width);
        const std::size_t size = batch.size();
        for (std::size_t i = 0; i < size / 2; ++i)
            for (std::size_t c = 0; c < batch.images.shape(1); ++c)
                for (Index row = top; row < bottom; ++row) {
                    const auto at = [&](std::size_t image) {
                        return &batch.images(image, c, static_cast<std::size_t>(row), 0);
                    };
                    std::swap_ranges(at(i) + left, at(i) + right, at(size - 1 - i) + left);
                }
        const double taken =
            static_cast<double>((bottom - top) * (right - left)) / static_cast<double>(height * width);
        detail::mix_targets(1 - taken, batch);
    }
};

/// Mixup or CutMix, chosen at random for each batch, as in the reference's fine-tuning; if one of them is off,
/// always the other.
struct MixupOrCutmix {
    static constexpr std::string_view kind = "mixup-or-cutmix";
    Mixup mixup{};
    Cutmix cutmix{};
    double switch_probability = 0.5;  ///< probability of CutMix, in [0, 1]

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("mixup", self.mixup.alpha, "mixup", "alpha of mixup; 0: off", Mixup::alphas);
        visit("cutmix", self.cutmix.alpha, "cutmix", "alpha of cutmix; 0: off", Cutmix::alphas);
        visit("switch_probability", self.switch_probability, "", "how often it is CutMix", Range::share());
    }
    [[nodiscard]] bool active() const { return mixup.active() || cutmix.active(); }
    [[nodiscard]] bool pairs_images() const { return active(); }
    void check() const { check_ranges(*this); }
    void operator()(SoftBatch& batch, const BatchRandom& random) const {
        RandomSequence numbers = random.of_batch(Purpose::mixing, batch);
        const bool cuts = numbers.uniform() < switch_probability;
        if (mixup.alpha == 0 || (cuts && cutmix.alpha > 0))
            cutmix.apply(batch, numbers);
        else
            mixup.apply(batch, numbers);
    }
};

}  // namespace vitscape
