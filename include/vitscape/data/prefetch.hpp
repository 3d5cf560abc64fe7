// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <vitscape/core/shape.hpp>
#include <vitscape/data/batch.hpp>

namespace vitscape::detail {

struct PrefetchOptions {
    std::size_t batch = 1;
    Index side = 1;
    std::size_t workers = 1;
    std::size_t ahead = 1;
    std::vector<std::uint32_t> leaders = {};  ///< of each batch; none: the batches are whole
};

/// Fills batches ahead of their use. `load(sample, image, label)` is called by several threads at once.
///
/// Workers claim runs of samples, not batches, so several of them fill one batch and the first one is ready
/// early. A ring of slots holds the batch in use and those ahead; the last batch, if it is smaller, has its
/// own slot, so that no slot ever changes its size. An exception is stored with its batch until that batch
/// is requested.
class Prefetch {
  public:
    using Load = std::function<void(std::uint32_t, std::span<float>, std::int64_t&)>;

    Prefetch(Load load, std::vector<std::uint32_t> samples, PrefetchOptions options,
             std::shared_ptr<BatchBuffers> buffers)
        : load_(std::move(load)),
          samples_(std::move(samples)),
          options_(std::move(options)),
          buffers_(std::move(buffers)),
          full_(samples_.size() / options_.batch) {
        const std::size_t rest = samples_.size() % options_.batch;
        batches_ = full_ + (rest != 0 ? 1 : 0);
        slots_.resize(std::min(full_, options_.ahead + 1));
        for (Slot& slot : slots_) slot.batch = buffers_->take(options_.batch, options_.side);
        if (rest != 0) last_.batch = buffers_->take(rest, options_.side);
        try {
            for (std::size_t i = 0; i < std::min(options_.workers, samples_.size()); ++i)
                workers_.emplace_back([this] { work(); });
        } catch (...) {  // no more threads available
            stop();
            throw;
        }
    }
    Prefetch(const Prefetch&) = delete;
    Prefetch& operator=(const Prefetch&) = delete;
    ~Prefetch() {
        stop();
        for (Slot& slot : slots_) buffers_->recycle(std::move(slot.batch));
        if (batches_ > full_) buffers_->recycle(std::move(last_.batch));
    }

    /// The next batch, valid until the next call; null at the end. @throws any exception of loading it
    Batch* next() {
        std::unique_lock lock(mutex_);
        if (in_use_) {
            in_use_ = false;
            ++used_;
            slot_free_.notify_all();
        }
        if (used_ == batches_) return nullptr;
        Slot& slot = slot_of(used_);
        if (options_.workers == 0)
            while (claimed_ < used_ * options_.batch + slot.batch.size()) load_claim(lock);
        batch_ready_.wait(lock, [&] { return slot.filled && slot.number == used_; });
        if (slot.error) std::rethrow_exception(slot.error);
        in_use_ = true;
        return &slot.batch;
    }

    class Iterator {
      public:
        using value_type = Batch;
        using difference_type = std::ptrdiff_t;
        explicit Iterator(Prefetch& owner) : owner_(&owner), batch_(owner.next()) {}
        const Batch& operator*() const { return *batch_; }
        const Batch* operator->() const { return batch_; }
        Iterator& operator++() {
            batch_ = owner_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& i, std::default_sentinel_t) { return i.batch_ == nullptr; }

      private:
        Prefetch* owner_;
        Batch* batch_;
    };
    Iterator begin() { return Iterator(*this); }
    [[nodiscard]] std::default_sentinel_t end() const { return {}; }

  private:
    struct Slot {
        Batch batch{};
        std::size_t number = 0;   // of the batch that is or was stored here
        std::size_t missing = 0;  // samples still to be loaded
        bool filled = false;
        std::size_t error_at = 0;
        std::exception_ptr error{};
    };

    static constexpr std::size_t run_length = 8;

    Slot& slot_of(std::size_t batch) { return batch < full_ ? slots_[batch % slots_.size()] : last_; }

    [[nodiscard]] bool may_claim() const {
        return claimed_ < samples_.size() && claimed_ / options_.batch < used_ + options_.ahead + 1;
    }

    /// Claims a run of samples of one batch, loads it without the lock and records the result.
    void load_claim(std::unique_lock<std::mutex>& lock) {
        const std::size_t number = claimed_ / options_.batch;
        const std::size_t first = claimed_ % options_.batch;
        Slot& slot = slot_of(number);
        if (first == 0) {
            slot.number = number;
            slot.missing = slot.batch.size();
            slot.filled = false;
            slot.error = nullptr;
            slot.batch.leader.reset();
            if (!options_.leaders.empty()) slot.batch.leader = options_.leaders[number];
        }
        const std::size_t last = std::min(first + run_length, slot.batch.size());
        claimed_ += last - first;

        lock.unlock();
        std::exception_ptr error;
        std::size_t error_at = 0;
        const auto extent = static_cast<std::size_t>(options_.side);
        const std::size_t values = 3 * extent * extent;
        for (std::size_t i = first; i < last && !error; ++i) {
            const std::uint32_t sample = samples_[number * options_.batch + i];
            slot.batch.samples[i] = sample;
            try {
                load_(sample, std::span(slot.batch.images.data() + i * values, values), slot.batch.labels(i));
            } catch (...) {
                error = std::current_exception();
                error_at = i;
            }
        }
        lock.lock();

        // Of several errors that of the first sample is kept, independent of thread timing.
        if (error && (!slot.error || error_at < slot.error_at)) {
            slot.error = error;
            slot.error_at = error_at;
        }
        slot.missing -= last - first;
        if (slot.missing == 0) {
            slot.filled = true;
            batch_ready_.notify_one();
        }
    }

    void work() {
        std::unique_lock lock(mutex_);
        while (true) {
            slot_free_.wait(lock, [this] { return stopping_ || claimed_ == samples_.size() || may_claim(); });
            if (stopping_ || claimed_ == samples_.size()) return;
            load_claim(lock);
        }
    }

    void stop() {
        {
            const std::scoped_lock lock(mutex_);
            stopping_ = true;
        }
        slot_free_.notify_all();
        workers_.clear();  // joins
    }

    Load load_;
    std::vector<std::uint32_t> samples_;
    PrefetchOptions options_;
    std::shared_ptr<BatchBuffers> buffers_;
    std::size_t full_;
    std::size_t batches_ = 0;
    std::vector<Slot> slots_{};
    Slot last_{};
    std::mutex mutex_{};
    std::condition_variable batch_ready_{}, slot_free_{};
    std::size_t claimed_ = 0;  // samples given to workers
    std::size_t used_ = 0;     // batches whose slot has been released
    bool in_use_ = false;
    bool stopping_ = false;
    std::vector<std::jthread> workers_{};
};

}  // namespace vitscape::detail
