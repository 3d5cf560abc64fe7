// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include <vitscape/core/fields.hpp>
#include <vitscape/data/balanced.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/data/label_noise.hpp>
#include <vitscape/study/numbers.hpp>

namespace vitscape {

/// What a contestant has of a study's training images: a share of them, and labels some of which are wrong.
struct DataVariant {
    double share = 1;              ///< of the images, taken from the classes in turn (`balanced`)
    double label_noise = 0;        ///< share of wrong labels (`WithLabelNoise`)
    std::uint64_t noise_seed = 0;  ///< which labels are wrong

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("share", self.share, "data-share", "of the training images", Range::positive_share());
        visit("label_noise", self.label_noise, "label-noise", "share of wrong training labels",
              WithLabelNoise<AnyDataset>::shares);
        visit("noise_seed", self.noise_seed, "label-noise-seed", "which labels are wrong", Range::seed());
    }
    void check() const { check_ranges(*this); }
    friend bool operator==(const DataVariant&, const DataVariant&) = default;

    /// The number of images among `all`, at least 1.
    [[nodiscard]] std::size_t count(std::size_t all) const {
        return std::max<std::size_t>(
            1, static_cast<std::size_t>(std::llround(share * static_cast<double>(all))));
    }
    /// In names: "@data-0.1@noise-0.2"; empty for all images with true labels.
    [[nodiscard]] std::string suffix() const {
        return (share == 1 ? "" : "@data-" + plain_number(share)) +
               (label_noise == 0 ? "" : "@noise-" + plain_number(label_noise));
    }
    /// In titles: ", 10 % of the images, 20 % of the labels wrong".
    [[nodiscard]] std::string ending() const {
        return (share == 1 ? "" : ", " + plain_number(100 * share) + " % of the images") +
               (label_noise == 0 ? "" : ", " + plain_number(100 * label_noise) + " % of the labels wrong");
    }
};

/// The training images of a contestant. Of two variants the one with the smaller share has images of the other, and the same
/// wrong labels.
struct TrainingImages {
    DataVariant variant{};
    AnyDataset images;  ///< with the labels that the contestant learns
    AnyDataset clean;   ///< the same images with their true labels

    /// @param all  the study's
    /// @throws ConfigError for an invalid variant, DataError for wrong labels of images without classes
    TrainingImages(const AnyDataset& all, const DataVariant& which)
        : variant(which), images(all), clean(all) {
        variant.check();
        if (variant.label_noise > 0)
            images = WithLabelNoise<AnyDataset>(all, variant.label_noise, variant.noise_seed);
        if (variant.share == 1) return;
        const auto chosen = balanced(all, variant.count(all.size()));
        images = images.subset(chosen);
        clean = all.subset(chosen);
    }
    /// At most `count` of them, taken from the true classes in turn: the same images in each variant that has so many.
    [[nodiscard]] AnyDataset some(std::size_t count) const {
        return images.subset(balanced(clean, std::min(count, clean.size())));
    }
};

}  // namespace vitscape
