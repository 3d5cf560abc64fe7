// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/core/range.hpp>
#include <vitscape/data/dataset.hpp>

namespace vitscape {

/// A dataset some of whose labels are wrong: each image has, with the probability `share`, the label of another class, which is
/// drawn uniformly (symmetric label noise; Zhang et al. 2017, arXiv 1611.03530, section 2, but never the true class). Images,
/// names and classes stay.
///
/// A label is a function of (seed, index), so it is the same in each epoch, and the labels that are wrong at a small share are
/// wrong, by the same class, at a larger one. To keep them where a subset is trained on, make the subset of this, not the other
/// way round. An image without a label keeps having none.
template <Dataset D>
class WithLabelNoise : public DatasetViews<WithLabelNoise<D>> {
  public:
    static constexpr Range shares = Range::share_below_all();

    /// @param share  of the labels, in [0, 1)
    /// @throws ConfigError for another share, DataError for a dataset of fewer than two classes
    WithLabelNoise(D dataset, double share, std::uint64_t seed)
        : dataset_(std::move(dataset)), share_(share), seed_(seed) {
        require_in("share of wrong labels", share, shares);
        if (dataset_.classes().size() < 2)
            throw DataError(message("wrong labels need images of at least 2 classes, these have ",
                                    dataset_.classes().size()));
    }

    [[nodiscard]] std::size_t size() const { return dataset_.size(); }
    [[nodiscard]] Image load(std::size_t i) const { return dataset_.load(i); }
    [[nodiscard]] ReducedImage load_reduced(std::size_t i, const ReductionChoice& choose) const {
        return vitscape::load_reduced(dataset_, i, choose);
    }
    [[nodiscard]] int label(std::size_t i) const {
        const int truth = dataset_.label(i);
        RandomSequence random({seed_, Purpose::label_noise, 0, static_cast<std::uint32_t>(i)});
        if (truth < 0 || !(random.uniform() < share_)) return truth;
        const auto classes = static_cast<std::int64_t>(dataset_.classes().size());
        return static_cast<int>((truth + 1 + random.below(classes - 1)) % classes);
    }
    [[nodiscard]] const std::vector<std::string>& classes() const { return dataset_.classes(); }
    [[nodiscard]] std::string name(std::size_t i) const { return dataset_.name(i); }

  private:
    D dataset_;
    double share_;
    std::uint64_t seed_;
};

}  // namespace vitscape
