// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/methods/masking.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/nn/gather_patches.hpp>
#include <vitscape/tensor/tensor.hpp>

namespace vitscape {

/// Divides images into patches and moves the visible ones of each image to the front: shared by the methods that mask patches.
/// Attention is invariant to the order, because positions are added by patch number.
template <class Masking>
class PatchMasker {
    static_assert(require_masking_policy<Masking>());

  public:
    /// @throws ConfigError if the policy leaves no patch visible or none masked
    PatchMasker(const PatchGrid& grid, const Masking& masking)
        : grid_(grid), masking_(masking), visible_(masking.visible(grid)) {
        if (visible_ < 1 || visible_ >= grid_.count())
            throw ConfigError(message("the masking policy leaves ", visible_, " of ", grid_.count(),
                                      " patches visible; at least 1 must be visible and 1 masked"));
    }

    [[nodiscard]] const PatchGrid& grid() const { return grid_; }
    [[nodiscard]] Index visible() const { return visible_; }
    [[nodiscard]] Index masked() const { return grid_.count() - visible_; }

    /// The order of each sample's patches, visible ones first: a function of (seed, epoch, sample) and the policy.
    /// @param order  (samples.size(), patches)
    void draw(std::span<const std::uint32_t> samples, const MaskKey& key, std::vector<std::int32_t>& order,
              Purpose purpose = Purpose::masking) const {
        const auto patches = static_cast<std::size_t>(grid_.count());
        order.resize(samples.size() * patches);
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const std::span<std::int32_t> row(order.data() + i * patches, patches);
            std::iota(row.begin(), row.end(), 0);
            RandomSequence random(RandomKey{key.seed, purpose, key.epoch, samples[i]});
            masking_(row, grid_, random);
        }
    }

    /// Uploads the patches of the first `samples` images, each in its order: the visible ones, channel first, as encoders read
    /// them, and the masked ones.
    /// @param order    (samples, patches), as `draw` makes it
    /// @param numbers  order of the numbers in a masked patch.  @param normalize  each masked patch by its mean and deviation
    /// @param visible  (samples, visible, patch values).  @param masked  (samples, masked, patch values)
    /// @throws ShapeError if the images or the order do not fit the grid
    template <Backend B, class U>
    void upload_patches(const B& backend, const xt::xtensor<U, 4>& images, Index samples,
                        const std::vector<std::int32_t>& order, PatchOrder numbers, bool normalize,
                        Tensor<B>& visible, Tensor<B>& masked) const {
        check(images, samples, order);
        gather_patches(
            backend, grid_, images, samples, order,
            {PatchPart<B>{.count = this->visible(), .to = &visible}, PatchPart<B>{.first = this->visible(),
                                                                                  .count = this->masked(),
                                                                                  .numbers = numbers,
                                                                                  .normalize = normalize,
                                                                                  .to = &masked}});
    }

    /// Rows of a position table for the tokens of each sample: 0 for the class token, then 1 + patch for the first `count`
    /// patches of its order.
    template <Backend B>
    void set_positions(const B& backend, const std::vector<std::int32_t>& order, Index count,
                       std::vector<std::int32_t>& staging, IndexTensor<B>& to) const {
        const Index samples = static_cast<Index>(order.size()) / grid_.count();
        staging.clear();
        for (Index sample = 0; sample < samples; ++sample) {
            staging.push_back(0);
            for (Index i = 0; i < count; ++i)
                staging.push_back(1 + order[static_cast<std::size_t>(sample * grid_.count() + i)]);
        }
        to.assign(backend, staging);
    }

  private:
    template <class U>
    void check(const xt::xtensor<U, 4>& images, Index samples, const std::vector<std::int32_t>& order) const {
        grid_.check_images(images);
        if (samples < 0 || samples > static_cast<Index>(images.shape(0)))
            throw ShapeError(
                message("the first ", samples, " of ", images.shape(0), " images were requested"));
        if (static_cast<Index>(order.size()) != samples * grid_.count())
            throw ShapeError(message("masks of ", order.size(), " patches do not fit ", samples,
                                     " images of ", grid_.count(), " patches"));
    }

    PatchGrid grid_;
    Masking masking_;
    Index visible_;
};

}  // namespace vitscape
