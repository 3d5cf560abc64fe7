// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/data/batch.hpp>

namespace vitscape {

/// A batch with a distribution over the classes for each image, as modified by training recipes.
struct SoftBatch {
    xt::xtensor<float, 4> images;              ///< (batch, 3, side, side), normalized
    xt::xtensor<double, 2> targets;            ///< (batch, classes)
    std::vector<std::uint32_t> samples;        ///< (batch), dataset indices
    std::optional<std::uint32_t> leader = {};  ///< see `Batch`

    [[nodiscard]] std::size_t size() const { return samples.size(); }

    /// Copies the images of `batch` and its targets, row by row. @throws ShapeError if they do not fit.
    void assign(const Batch& batch, std::span<const double> distributions) {
        if (batch.size() == 0 || distributions.size() % batch.size() != 0)
            throw ShapeError(message(distributions.size(), " target values do not fit a batch of ",
                                     batch.size(), " images"));
        images = batch.images;
        samples = batch.samples;
        leader = batch.leader;
        targets.resize(std::array<std::size_t, 2>{batch.size(), distributions.size() / batch.size()});
        std::copy(distributions.begin(), distributions.end(), targets.data());
    }
};

/// The random numbers of a batch policy, a function of (seed, epoch) and a dataset index, so that a batch is independent
/// of threads and interruptions.
struct BatchRandom {
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;

    /// The numbers of one image.
    [[nodiscard]] RandomSequence of_sample(Purpose purpose, std::uint32_t sample) const {
        return RandomSequence(RandomKey{seed, purpose, epoch, sample});
    }
    /// The numbers of a batch, identified by its first image; of a part of a batch, those of the whole.
    [[nodiscard]] RandomSequence of_batch(Purpose purpose, const SoftBatch& batch) const {
        return of_sample(purpose, batch.leader.value_or(batch.samples.front()));
    }
};

/// Changes a batch before a model is trained on it: images, targets or both. It draws random numbers only from `random`,
/// and `check` throws a ConfigError for invalid values. In a training by several processes it gets a part of the batch. One that
/// changes an image by its partner, the i-th image by the i-th from the end, says so by `bool pairs_images() const`, and gets
/// both in the same part; one that reads other images cannot give the same batches as a single process.
template <class P>
concept BatchPolicy = std::copyable<P> && requires(const P& policy, SoftBatch& batch, BatchRandom random) {
    policy.check();
    policy(batch, random);
};

/// Compiles if `P` is a `BatchPolicy`; otherwise the compiler's first error says which member is missing.
template <class P>
constexpr bool require_batch_policy() {
    static_assert(std::copyable<P>, "a batch policy cannot be copied");
    static_assert(
        requires(const P& policy) { policy.check(); },
        "a batch policy lacks check() const, which throws a ConfigError for invalid values");
    static_assert(
        requires(const P& policy, SoftBatch& batch, BatchRandom random) { policy(batch, random); },
        "a batch policy lacks operator()(SoftBatch&, const BatchRandom&) const");
    return true;
}

}  // namespace vitscape
