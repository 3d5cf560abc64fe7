// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/core/shape.hpp>

namespace vitscape {

/// Images as a model reads them, on the host.
struct Batch {
    xt::xtensor<float, 4> images;         ///< (batch, 3, side, side)
    xt::xtensor<std::int64_t, 1> labels;  ///< (batch); -1 if the dataset has no labels
    std::vector<std::uint32_t> samples;   ///< (batch), dataset indices
    /// The first image of the whole batch, where this is a part of it: what is drawn once for a batch is the same in each part.
    std::optional<std::uint32_t> leader = {};

    [[nodiscard]] std::size_t size() const { return samples.size(); }
};

/// Images `first` to `first + count - 1` of a batch; they must be there.
[[nodiscard]] inline Batch slice(const Batch& all, std::size_t first, std::size_t count) {
    Batch part;
    auto shape = all.images.shape();  // (images, channels, rows, columns)
    const std::size_t size = shape[1] * shape[2] * shape[3];
    shape[0] = count;
    part.images.resize(shape);
    auto labels = all.labels.shape();
    labels[0] = count;
    part.labels.resize(labels);
    std::copy_n(all.images.data() + first * size, count * size, part.images.data());
    std::copy_n(all.labels.data() + first, count, part.labels.data());
    part.samples.assign(all.samples.begin() + static_cast<std::ptrdiff_t>(first),
                        all.samples.begin() + static_cast<std::ptrdiff_t>(first + count));
    part.leader = all.leader;
    return part;
}

namespace detail {

/// A pool of batches whose memory is reused.
class BatchBuffers {
  public:
    /// A batch of `count` images with undefined content; allocates only if no batch of that size was
    /// returned.
    Batch take(std::size_t count, Index side) {
        Batch batch;
        {
            const std::scoped_lock lock(mutex_);
            for (Batch& free : free_) {
                if (free.labels.size() != count || free.images.shape(3) != static_cast<std::size_t>(side))
                    continue;
                batch = std::move(free);
                std::swap(free, free_.back());
                free_.pop_back();
                break;
            }
        }
        const auto extent = static_cast<std::size_t>(side);
        batch.images.resize(std::array<std::size_t, 4>{count, 3, extent, extent});
        batch.labels.resize(std::array<std::size_t, 1>{count});
        batch.samples.resize(count);
        return batch;
    }

    void recycle(Batch batch) {
        if (batch.samples.empty()) return;  // moved from by its user
        const std::scoped_lock lock(mutex_);
        free_.push_back(std::move(batch));
    }

  private:
    std::mutex mutex_;
    std::vector<Batch> free_;
};

}  // namespace detail

}  // namespace vitscape
