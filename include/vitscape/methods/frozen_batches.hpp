// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/data/batch.hpp>
#include <vitscape/methods/method.hpp>

namespace vitscape {

struct FrozenOptions {
    /// Images evaluated at once, at most; affects memory and speed, and results only by rounding. On processors as many at once as fit
    /// a core's cache, by each thread. 0: `usual`, and on a device more of a small model (`images_at_once`).
    std::size_t batch = 0;
    std::size_t usual = 128;
    std::uint64_t mask_seed = 0;  ///< masks are a function of (mask_seed, epoch 0, sample)
    /// The images as they should be predicted, if the given ones are changed, such as by noise; null: the given ones.
    const Batch* clean = nullptr;
};

/// A method's inputs in parts that are evaluated one at a time.
template <class Inputs>
struct FrozenParts {
    std::vector<Inputs> inputs{};
    std::vector<std::size_t> first{};  ///< number of the first image of each

    [[nodiscard]] Index size() const { return static_cast<Index>(inputs.size()); }
};

/// The images of a fixed loss in batches, and what a method reads of them: on any backend the same patches, masks and predictions of the
/// teacher.
class FrozenBatches {
  public:
    /// @param batch  images of each
    /// @throws DataError without images, or if the clean images are others; ConfigError for a batch of none
    FrozenBatches(const Batch& images, const FrozenOptions& options, std::size_t batch)
        : key_{options.mask_seed, 0} {
        if (images.size() == 0) throw DataError("a loss needs at least one image");
        if (batch == 0) throw ConfigError("the batch must hold at least one image");
        if (options.clean != nullptr && options.clean->samples != images.samples)
            throw DataError("the clean images of a loss are not those that it reads");
        divide(images, batch, read_);
        if (options.clean != nullptr) divide(*options.clean, batch, clean_);
    }

    /// The images that the model reads.
    [[nodiscard]] const std::vector<Batch>& read() const { return read_; }

    /// The method's inputs, one part per batch, or several of at most `largest` images.
    /// @param teacher  bound to the teacher's parameters, if there is one
    /// @throws ConfigError if images differ from the clean ones and the method's inputs have no `targets`
    template <class M, Backend B>
    [[nodiscard]] FrozenParts<typename M::template Inputs<B>> prepared(const M& method, Eval<B>& teacher,
                                                                       std::size_t largest) const {
        FrozenParts<typename M::template Inputs<B>> all;
        std::size_t before = 0;
        for (std::size_t i = 0; i < read_.size(); before += read_[i++].size())
            for (std::size_t first = 0; first < read_[i].size();
                 first += std::min(largest, read_[i].size())) {
                const std::size_t count = std::min(largest, read_[i].size() - first);
                all.first.push_back(before + first);
                prepare(method, teacher, slice(read_[i], first, count), all.inputs.emplace_back());
                if (!clean_.empty())
                    predict_clean(method, teacher, slice(clean_[i], first, count), all.inputs.back());
            }
        return all;
    }

  private:
    template <class M, Backend B>
    void prepare(const M& method, Eval<B>& teacher, const Batch& images,
                 typename M::template Inputs<B>& inputs) const {
        method.prepare(teacher.backend(), images, key_, inputs);
        if constexpr (TaughtMethod<M, B>) method.run_teacher(teacher, inputs);
    }
    template <class M, Backend B>
    void predict_clean(const M& method, Eval<B>& teacher, const Batch& images,
                       typename M::template Inputs<B>& inputs) const {
        if constexpr (requires { inputs.targets; }) {
            typename M::template Inputs<B> clean;
            prepare(method, teacher, images, clean);
            inputs.targets = clean.targets;
        } else {
            throw ConfigError(
                "this method's Inputs have no `targets`, so its loss cannot predict clean images");
        }
    }
    static void divide(const Batch& all, std::size_t size, std::vector<Batch>& batches) {
        for (std::size_t first = 0; first < all.size(); first += size)
            batches.push_back(slice(all, first, std::min(size, all.size() - first)));
    }

    MaskKey key_;
    std::vector<Batch> read_, clean_;  // clean_ is empty if the images are clean
};

}  // namespace vitscape
