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

/// What one of several processes loads of each batch. A batch is divided into `count` parts, whose sizes differ by at most one, or by
/// at most three in pairs; a process takes one or more successive ones.
struct Shard {
    std::size_t rank = 0, count = 1;  ///< number of the first part it takes, and of all parts
    std::size_t parts = 1;            ///< that it takes
    /// Each part consists of pairs: an image and the one that is as far from the batch's end as the first is from its start,
    /// again in this order. Otherwise a part is contiguous.
    bool pairs = false;

    /// The positions in a batch of `size` of the images of part number `part`.
    [[nodiscard]] std::vector<std::size_t> positions(std::size_t part, std::size_t size) const {
        const std::size_t shared = pairs ? size / 2 : size;
        const std::size_t least = shared / count, larger = shared % count;  // the first parts get one more
        std::vector<std::size_t> at(least + (part < larger ? 1 : 0));
        std::iota(at.begin(), at.end(), part * least + std::min(part, larger));
        if (!pairs) return at;
        const std::size_t half = at.size();
        if (size % 2 != 0 && part + 1 == count) at.push_back(size / 2);  // has no partner
        for (std::size_t i = half; i-- > 0;) at.push_back(size - 1 - at[i]);
        return at;
    }
    /// The number of images of this process of a batch of `size`.
    [[nodiscard]] std::size_t images(std::size_t size) const {
        std::size_t sum = 0;
        for (std::size_t part = rank; part < rank + parts; ++part) sum += positions(part, size).size();
        return sum;
    }
    /// Whether each part of a batch of `size` has images.
    [[nodiscard]] bool divides(std::size_t size) const {
        return (pairs ? size / 2 : size) >= count || count == 1;
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
/// neither depends on the number of workers or on where an epoch was resumed. With a `Shard` each process gets, and reads, its
/// part of the batches of a single process; contiguous parts, in rank order, are exactly those batches. A batch is
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

    /// The batches of one epoch, starting with number `first_batch` and ending before `end_batch`; loading starts immediately. For
    /// a single use.
    /// @throws ConfigError for a first batch beyond the epoch
    [[nodiscard]] detail::Prefetch epoch(
        std::uint32_t epoch, std::size_t first_batch = 0,
        std::size_t end_batch = std::numeric_limits<std::size_t>::max()) const {
        if (first_batch > batches())
            throw ConfigError(
                message("an epoch of ", batches(), " batches cannot start at batch ", first_batch));
        const std::vector<std::uint32_t> all = order(epoch);
        const std::size_t last = std::min(all.size(), std::min(batches(), end_batch) * options_.batch);
        const std::size_t first = std::min(last, first_batch * options_.batch);
        const Shard& shard = options_.shard;
        std::vector<std::uint32_t> samples, leaders;
        samples.reserve((last - first) / shard.count * shard.parts + batches());
        for (std::size_t batch = first; batch < last; batch += options_.batch) {
            const std::size_t size = std::min(options_.batch, last - batch);
            for (std::size_t part = shard.rank; part < shard.rank + shard.parts; ++part)
                for (const std::size_t at : shard.positions(part, size)) samples.push_back(all[batch + at]);
            if (shard.count > 1) leaders.push_back(all[batch]);
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
                                {shard.images(options_.batch), options_.transform.side, options_.workers,
                                 options_.prefetch, std::move(leaders)},
                                buffers_);
    }

  private:
    /// Every process must get images of every batch: one without any would not stay in step with the others.
    void check_shard() const {
        const Shard& shard = options_.shard;
        if (shard.count == 0 || shard.parts == 0 || shard.rank >= shard.count ||
            shard.parts > shard.count - shard.rank)
            throw ConfigError(
                message("part ", shard.rank, " of ", shard.count,
                        " of each batch was requested; parts begin at 0 and end before the count"));
        const char* const pairs = shard.pairs ? " that mixes pairs of them" : "";
        if (!shard.divides(options_.batch))
            throw ConfigError(message("a batch of ", options_.batch, " images", pairs,
                                      " cannot be divided into ", shard.count,
                                      " parts; choose a larger batch or fewer processes or parts"));
        const std::size_t rest = options_.drop_last ? 0 : dataset_.size() % options_.batch;
        if (rest != 0 && !shard.divides(rest))
            throw ConfigError(message("the last batch of ", rest, " images", pairs,
                                      " cannot be divided into ", shard.count,
                                      " parts; drop it (drop_last) or choose another batch"));
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
