// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/data/augmentation.hpp>
#include <vitscape/data/batch.hpp>
#include <vitscape/data/dataset.hpp>
#include <vitscape/data/prefetch.hpp>

namespace vitscape {

/// One of several processes that load each batch together.
struct Shard {
    std::size_t rank = 0, count = 1;

    /// This process's images of a batch of `size`: contiguous, in rank order; the sizes of the processes'
    /// parts differ by at most one.
    struct Part {
        std::size_t first, size;
    };
    [[nodiscard]] Part of(std::size_t size) const {
        const std::size_t least = size / count, larger = size % count;  // the first ranks get one more
        return {rank * least + std::min(rank, larger), least + (rank < larger ? 1 : 0)};
    }
};

/// How a `Loader` forms batches.
struct LoaderOptions {
    std::size_t batch = 256;   ///< images per batch, over all processes
    bool shuffle = true;       ///< a new order in each epoch; otherwise that of the dataset
    bool drop_last = false;    ///< skip the last batch if it is smaller than `batch`
    std::size_t workers = 1;   ///< prefetching threads; 0: the calling thread loads each batch on demand
    std::size_t prefetch = 2;  ///< batches prefetched beyond the one in use, at least 1
    std::uint64_t seed = 0;
    ImageTransform transform{};
    Shard shard{};  ///< the part of each batch that this process loads; all of it by default
};

/// Batches of a dataset, prefetched by threads:
///
///     for (const Batch& batch : loader.epoch(3)) …
///
/// The order of samples is a function of (seed, epoch) and the augmentation one of (seed, epoch, sample), so
/// neither depends on the number of workers or on where an epoch was resumed. With a `Shard` each process gets
/// its part of the batches of a single process; concatenated in rank order, the parts are exactly those batches. A batch is
/// valid until the next one is requested; its memory is reused. The loop may be left early. One loader may serve several
/// loops at once.
template <Dataset D>
class Loader {
  public:
    /// @throws ConfigError for invalid options, DataError for an empty dataset.
    explicit Loader(D dataset, LoaderOptions options = {})
        : dataset_(std::move(dataset)),
          options_(options),
          buffers_(std::make_shared<detail::BatchBuffers>()) {
        options_.transform.check();
        const std::size_t samples = dataset_.size();
        if (samples == 0) throw DataError("an empty dataset cannot be loaded");
        if (samples > std::numeric_limits<std::uint32_t>::max())
            throw DataError(message("a dataset of ", samples, " images is too large, the limit is 2^32 - 1"));
        if (options_.batch == 0) throw ConfigError("a batch of 0 images was requested");
        if (options_.prefetch == 0)
            throw ConfigError("the number of prefetched batches must be at least 1, 0 was given");
        if (options_.drop_last && options_.batch > samples)
            throw ConfigError(message("a batch of ", options_.batch, " images is larger than the dataset of ",
                                      samples, "; choose a smaller batch"));
        check_shard();
    }

    /// Batches in one epoch, the same for all processes.
    [[nodiscard]] std::size_t batches() const {
        const std::size_t full = dataset_.size() / options_.batch;
        return full + (!options_.drop_last && dataset_.size() % options_.batch != 0 ? 1 : 0);
    }
    [[nodiscard]] const D& dataset() const { return dataset_; }
    [[nodiscard]] const LoaderOptions& options() const { return options_; }

    /// Dataset indices in the order of `epoch`.
    [[nodiscard]] std::vector<std::uint32_t> order(std::uint32_t epoch) const {
        std::vector<std::uint32_t> samples(dataset_.size());
        std::iota(samples.begin(), samples.end(), std::uint32_t{0});
        if (options_.shuffle) {
            RandomSequence random(RandomKey{options_.seed, Purpose::sample_order, epoch, 0});
            random.shuffle(std::span(samples));
        }
        return samples;
    }

    /// The batches of one epoch, starting with number `first_batch`; loading starts immediately. For a single use.
    /// @throws ConfigError for a first batch beyond the epoch
    [[nodiscard]] detail::Prefetch epoch(std::uint32_t epoch, std::size_t first_batch = 0) const {
        if (first_batch > batches())
            throw ConfigError(
                message("an epoch of ", batches(), " batches cannot start at batch ", first_batch));
        const std::vector<std::uint32_t> all = order(epoch);
        const std::size_t last = std::min(all.size(), batches() * options_.batch);
        const std::size_t first = std::min(last, first_batch * options_.batch);
        std::vector<std::uint32_t> samples;
        samples.reserve((last - first) / options_.shard.count + batches());
        for (std::size_t batch = first; batch < last; batch += options_.batch) {
            const Shard::Part part = options_.shard.of(std::min(options_.batch, last - batch));
            const auto begin = all.begin() + static_cast<std::ptrdiff_t>(batch + part.first);
            samples.insert(samples.end(), begin, begin + static_cast<std::ptrdiff_t>(part.size));
        }
        auto load = [dataset = dataset_, transform = options_.transform, seed = options_.seed, epoch](
                        std::uint32_t sample, std::span<float> image, std::int64_t& label) {
            label = dataset.label(sample);
            const RandomKey key{seed, Purpose::augmentation, epoch, sample};
            if (!transform.reduced_decoding) return transform(dataset.load(sample), key, image);
            const auto choose = [&](Index width, Index height) {
                return transform.reduction(width, height, key);
            };
            transform(load_reduced(dataset, sample, choose), key, image);
        };
        return detail::Prefetch(std::move(load), std::move(samples),
                                {options_.shard.of(options_.batch).size, options_.transform.side,
                                 options_.workers, options_.prefetch},
                                buffers_);
    }

  private:
    /// Every process must get images of every batch: one without any would not stay in step with the others.
    void check_shard() const {
        const Shard& shard = options_.shard;
        if (shard.count == 0 || shard.rank >= shard.count)
            throw ConfigError(message("rank ", shard.rank, " of ", shard.count,
                                      " processes was requested; ranks begin at 0 and end before the count"));
        if (options_.batch < shard.count)
            throw ConfigError(message("a batch of ", options_.batch, " images cannot be divided among ",
                                      shard.count, " processes; choose a larger batch or fewer processes"));
        const std::size_t rest = options_.drop_last ? 0 : dataset_.size() % options_.batch;
        if (rest != 0 && rest < shard.count)
            throw ConfigError(message("the last batch of ", rest, " images cannot be divided among ",
                                      shard.count,
                                      " processes; drop it (drop_last) or choose another batch"));
    }

    D dataset_;
    LoaderOptions options_;
    std::shared_ptr<detail::BatchBuffers> buffers_;
};

/// All samples of a dataset as one batch, without augmentation and in order; for evaluations on a fixed set.
template <Dataset D>
Batch load_all(const D& dataset, const ImageTransform& transform, std::size_t workers = 1) {
    const Loader<D> loader(dataset, {.batch = std::max<std::size_t>(1, dataset.size()),
                                     .shuffle = false,
                                     .workers = workers,
                                     .transform = transform.evaluation()});
    auto epoch = loader.epoch(0);
    return std::move(*epoch.next());
}

}  // namespace vitscape
