// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string_view>

#include <vitscape/core/fields.hpp>
#include <vitscape/data/soft_batch.hpp>

namespace vitscape {

/// Random erasing (Zhong et al. 2020, arXiv 1708.04896): with a given probability, a rectangle of an image is replaced by
/// standard normal numbers, one per pixel and channel (the images are normalized), as in the reference's
/// fine-tuning. Targets are unchanged.
struct RandomErasing {
    static constexpr std::string_view kind = "random-erasing";
    double probability = 0.25;                       ///< in [0, 1], for each image; 0 disables it
    double smallest = 0.02, largest = 1.0 / 3.0;     ///< fraction of the image's area, uniform between them
    double narrowest = 0.3, widest = 1 / narrowest;  ///< height over width, log-uniform between them

    static constexpr Range probabilities =
        Range::share().said("the probability of random erasing lies in [0, 1]");

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("probability", self.probability, "random-erasing", "that a rectangle of an image is erased",
              probabilities);
        visit("smallest", self.smallest, "", "area over the image's", Range::positive_share());
        visit("largest", self.largest, "", "area over the image's", Range::positive_share());
        visit("narrowest", self.narrowest, "", "height over width", Range::above(0));
        visit("widest", self.widest, "", "height over width", Range::above(0));
    }
    [[nodiscard]] bool active() const { return probability != 0; }
    /// @throws ConfigError for values outside these ranges.
    void check() const {
        check_ranges(*this);
        if (!(smallest <= largest))
            throw ConfigError(
                message("the erased area needs two fractions in (0, 1], the smaller one first; ", smallest,
                        " and ", largest, " were given"));
        if (!(narrowest <= widest))
            throw ConfigError(
                message("the aspect ratio of the erased rectangle needs two positive numbers, the "
                        "smaller one first; ",
                        narrowest, " and ", widest, " were given"));
    }
    void operator()(SoftBatch& batch, const BatchRandom& random) const {
        if (probability == 0) return;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            RandomSequence numbers = random.of_sample(Purpose::erasing, batch.samples[i]);
            if (numbers.uniform() < probability) erase(batch.images, i, numbers);
        }
    }

  private:
    void erase(xt::xtensor<float, 4>& images, std::size_t image, RandomSequence& random) const {
        const auto height = static_cast<Index>(images.shape(2)), width = static_cast<Index>(images.shape(3));
        for (int attempt = 0; attempt < 10; ++attempt) {  // a rectangle must lie inside the image
            const double area = random.uniform(smallest, largest) * static_cast<double>(height * width);
            const double aspect = std::exp(random.uniform(std::log(narrowest), std::log(widest)));
            const auto rows = static_cast<Index>(std::lround(std::sqrt(area * aspect)));
            const auto columns = static_cast<Index>(std::lround(std::sqrt(area / aspect)));
            if (rows < 1 || columns < 1 || rows >= height || columns >= width) continue;
            const Index top = random.below(height - rows + 1), left = random.below(width - columns + 1);
            for (std::size_t c = 0; c < images.shape(1); ++c)
                for (Index row = top; row < top + rows; ++row) {
                    float* target = &images(image, c, static_cast<std::size_t>(row), 0);
                    for (Index column = left; column < left + columns; ++column)
                        target[column] = static_cast<float>(random.normal());
                }
            return;
        }
    }
};

}  // namespace vitscape
