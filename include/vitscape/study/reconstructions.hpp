// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/data/balanced.hpp>
#include <vitscape/study/contestant.hpp>
#include <vitscape/study/plan.hpp>

namespace vitscape {

/// A few test images as autoencoders see and complete them: visible patches are kept, masked patches are predicted.
/// If the method predicts normalized patches, each is drawn with its true mean and standard deviation, as in He et al. 2022.
template <Backend B>
class Reconstructions {
  public:
    Reconstructions(B backend, const AnyDataset& test, const ComparisonPlan& plan, std::size_t count = 6)
        : backend_(std::move(backend)),
          plan_(plan),
          images_(test.subset(balanced(test, std::min(count, test.size())))),
          batch_(load_all(images_, plan.training.transform)),
          rows_(batch_.size(), nlohmann::json::array()),
          visible_(batch_.size()) {}

    template <ReconstructingMethod<B> M>
    void add(const Contestant<M>& contestant, const std::filesystem::path& checkpoint) {
        draw(contestant.title, evaluated(contestant.method).reconstruction(), checkpoint,
             solution_prefix(contestant.method));
    }
    [[nodiscard]] nlohmann::json json() const {
        nlohmann::json list = nlohmann::json::array();
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (rows_[i].empty()) continue;
            const int label = images_.label(i);
            list.push_back(
                {{"title", label >= 0 ? images_.classes()[static_cast<std::size_t>(label)] : images_.name(i)},
                 {"side", plan_.training.transform.side},
                 {"views", rows_[i]}});
        }
        return list;
    }

  private:
    template <class A>
    void draw(const std::string& title, const A& autoencoder, const std::filesystem::path& checkpoint,
              const std::string& prefix) {
        typename A::template Inputs<B> inputs;
        autoencoder.prepare(backend_, batch_, MaskKey{plan_.mask_seed, 0}, inputs);
        const Vector<Master<B>> theta(
            master(backend_), Checkpoint::load(checkpoint).vector<float>(autoencoder.layout(), prefix));
        Weights<B> weights(backend_);
        Eval<B> eval(backend_, weights.of(theta));
        const std::vector<double> predicted =
            download(backend_, autoencoder.predict_masked(eval, inputs).value.view());
        const PatchGrid grid = autoencoder.grid();
        const auto size = static_cast<std::size_t>(grid.size()),
                   patches = static_cast<std::size_t>(grid.count()),
                   visible = static_cast<std::size_t>(autoencoder.visible());
        std::vector<float> own(size);
        for (std::size_t i = 0; i < batch_.size(); ++i) {
            xt::xtensor<float, 4> seen = batch_.images, completed = batch_.images;
            for (std::size_t k = visible; k < patches; ++k) {
                const std::int32_t patch = inputs.order[i * patches + k];
                copy_patch(grid, batch_.images, static_cast<Index>(i), patch, PatchOrder::row_column_channel,
                           own.data());
                double mean = 0, deviation = 1;
                if (autoencoder.normalizes_targets()) {
                    double square = 0;
                    for (const float x : own) mean += static_cast<double>(x) / static_cast<double>(size);
                    for (const float x : own)
                        square += (static_cast<double>(x) - mean) * (static_cast<double>(x) - mean);
                    deviation = std::sqrt(square / static_cast<double>(size - 1) + 1e-6);
                }
                const double* numbers = predicted.data() + (i * (patches - visible) + k - visible) * size;
                const auto side = static_cast<std::size_t>(grid.patch),
                           columns = static_cast<std::size_t>(grid.side());
                const std::size_t top = static_cast<std::size_t>(patch) / columns * side,
                                  left = static_cast<std::size_t>(patch) % columns * side;
                for (std::size_t y = 0; y < side; ++y)
                    for (std::size_t x = 0; x < side; ++x)
                        for (std::size_t c = 0; c < 3; ++c) {
                            seen(i, c, top + y, left + x) = std::nanf("");
                            completed(i, c, top + y, left + x) =
                                static_cast<float>(numbers[(y * side + x) * 3 + c] * deviation + mean);
                        }
            }
            const std::vector<int> visible_pixels = pixels(seen, i);
            if (rows_[i].empty()) {
                rows_[i].push_back({{"title", "image"}, {"pixels", pixels(batch_.images, i)}});
                rows_[i].push_back({{"title", "visible patches"}, {"pixels", visible_pixels}});
            } else if (visible_pixels != visible_[i]) {  // other masks than those of the method before
                rows_[i].push_back({{"title", "visible to " + title}, {"pixels", visible_pixels}});
            }
            visible_[i] = visible_pixels;
            rows_[i].push_back({{"title", title}, {"pixels", pixels(completed, i)}});
        }
    }
    /// Bytes of one image, row by row, red, green, blue; grey for NaN.
    [[nodiscard]] std::vector<int> pixels(const xt::xtensor<float, 4>& images, std::size_t i) const {
        std::vector<int> bytes;
        const ImageTransform& t = plan_.training.transform;
        for (std::size_t y = 0; y < images.shape(2); ++y)
            for (std::size_t x = 0; x < images.shape(3); ++x)
                for (std::size_t c = 0; c < 3; ++c) {
                    const float value = images(i, c, y, x);
                    bytes.push_back(
                        std::isnan(value)
                            ? 128
                            : static_cast<int>(std::lround(std::clamp(
                                  255 * (value * t.standard_deviation[c] + t.mean[c]), 0.0F, 255.0F))));
                }
        return bytes;
    }

    B backend_;
    const ComparisonPlan& plan_;
    AnyDataset images_;
    Batch batch_;
    std::vector<nlohmann::json> rows_;
    std::vector<std::vector<int>> visible_;  ///< what the last method saw of each image
};

}  // namespace vitscape
