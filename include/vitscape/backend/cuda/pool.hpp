// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include <vitscape/backend/cuda/error.hpp>

namespace vitscape::gpu {

/// Where a pool gets its memory: `allocate` gives nullptr when there is none left.
template <class M>
concept MemorySource = requires(M source, void* memory, std::size_t bytes) {
    { source.allocate(bytes) } -> std::same_as<void*>;
    source.release(memory);
    { source.room() } -> std::convertible_to<DeviceRoom>;
};

/// What a pool did so far, in bytes as handed out (rounded up to size classes).
struct PoolStatistics {
    std::size_t in_use = 0;              ///< Bytes that are handed out.
    std::size_t reserved = 0;            ///< Bytes taken from the source, in use or free.
    std::size_t peak = 0;                ///< Highest `in_use`.
    std::size_t system_allocations = 0;  ///< How often memory came from the source.
};

/// The figures of all pools by the names that the host's `MemoryPool` gives them.
struct MemoryFigures {
    PoolStatistics all;
    [[nodiscard]] std::size_t bytes_in_use() const { return all.in_use; }
    [[nodiscard]] std::size_t peak_bytes() const { return all.peak; }
    [[nodiscard]] std::size_t system_allocations() const { return all.system_allocations; }
};

/// Memory for arrays used in the order of one stream: what is released may be handed out again at once,
/// because whatever uses it next is queued behind its earlier use. Released blocks wait in lists by size class
/// (eight per power of two, at most 12.5 % waste), so that a loop of the same requests goes to the source in
/// its first round only.
///
/// Captured graphs keep the addresses of their memory, so each gets a private pool: while one is current, all
/// requests come from it (it takes over free blocks of the common pool) and nobody else is given its blocks. A
/// block goes back to the pool it came from, whichever is current. Used by one thread at a time.
template <MemorySource Memory>
class PoolSet {
  public:
    /// Names a pool; 0 is the common one.
    using Id = std::size_t;
    static constexpr Id common = 0;
    static constexpr std::size_t alignment = 256;

    explicit PoolSet(Memory memory = Memory{}) : memory_(std::move(memory)) { pools_[common]; }
    PoolSet(const PoolSet&) = delete;
    PoolSet& operator=(const PoolSet&) = delete;
    /// Gives back all free blocks; none may be in use.
    ~PoolSet() {
        for (auto& [id, pool] : pools_) give_back(pool);
    }

    /// Uninitialized memory for at least `bytes` bytes from the current pool, never null.
    /// @throws OutOfDeviceMemory when the source has none even after `trim()`.
    void* allocate(std::size_t bytes) {
        const std::size_t size = size_class(bytes);
        Pool& pool = pools_.find(current_)->second;
        void* memory = take(pool, size);
        if (memory == nullptr && current_ != common) {
            Pool& from = pools_.find(common)->second;
            memory = take(from, size);
            if (memory != nullptr) {
                from.statistics.reserved -= size;
                pool.statistics.reserved += size;
            }
        }
        if (memory == nullptr) {
            memory = memory_.allocate(size);
            if (memory == nullptr && may_trim_) {
                trim();
                memory = memory_.allocate(size);
            }
            if (memory == nullptr) throw OutOfDeviceMemory(bytes, memory_.room(), total_in_use_);
            pool.statistics.reserved += size;
            ++pool.statistics.system_allocations;
        }
        if (current_ != common) private_blocks_[memory] = current_;
        pool.statistics.in_use += size;
        total_in_use_ += size;
        if (pool.statistics.in_use > pool.statistics.peak) pool.statistics.peak = pool.statistics.in_use;
        if (total_in_use_ > peak_) peak_ = total_in_use_;
        return memory;
    }

    /// Takes back what `allocate(bytes)` gave, with the same `bytes`.
    void release(void* memory, std::size_t bytes) {
        const std::size_t size = size_class(bytes);
        Id id = common;
        if (const auto found = private_blocks_.find(memory); found != private_blocks_.end()) {
            id = found->second;
            private_blocks_.erase(found);
        }
        Pool& pool = pools_.find(id)->second;
        pool.statistics.in_use -= size;
        total_in_use_ -= size;
        pool.free[size].push_back(memory);
    }

    /// Opens a private pool.
    [[nodiscard]] Id open() {
        pools_[++last_];
        return last_;
    }
    /// Makes `id` the pool of all requests until the next `use`; returns the one before it.
    Id use(Id id) { return std::exchange(current_, id); }
    /// Ends a private pool: its blocks, free or in use, are the common pool's from now on. No captured graph
    /// that keeps their addresses may be launched any more.
    void close(Id id) {
        if (id == common) return;
        const auto node = pools_.extract(id);
        Pool& pool = pools_.find(common)->second;
        for (auto& [size, list] : node.mapped().free) {
            auto& to = pool.free[size];
            to.insert(to.end(), list.begin(), list.end());
        }
        pool.statistics.in_use += node.mapped().statistics.in_use;
        pool.statistics.reserved += node.mapped().statistics.reserved;
        pool.statistics.system_allocations += node.mapped().statistics.system_allocations;
        if (pool.statistics.in_use > pool.statistics.peak) pool.statistics.peak = pool.statistics.in_use;
        std::erase_if(private_blocks_, [id](const auto& block) { return block.second == id; });
        if (current_ == id) current_ = common;
    }

    /// Gives the free blocks of the common pool back to the source. A private pool's free blocks are its
    /// graph's scratch memory, and stay.
    void trim() { give_back(pools_.find(common)->second); }
    /// Whether a request that finds no memory may trim (not while a stream is captured).
    void allow_trim(bool allowed) { may_trim_ = allowed; }

    /// Of all pools together.
    [[nodiscard]] PoolStatistics statistics() const {
        PoolStatistics sum;
        for (const auto& [id, pool] : pools_) {
            sum.in_use += pool.statistics.in_use;
            sum.reserved += pool.statistics.reserved;
            sum.system_allocations += pool.statistics.system_allocations;
        }
        sum.peak = peak_;
        return sum;
    }
    /// Of all pools together: the peak is what is in use now.
    void forget_peak() { peak_ = total_in_use_; }
    [[nodiscard]] PoolStatistics statistics(Id id) const { return pools_.at(id).statistics; }

    /// Bytes that a request of `bytes` takes.
    [[nodiscard]] static std::size_t size_class(std::size_t bytes) {
        if (bytes <= 8 * alignment)
            return bytes == 0 ? alignment : (bytes + alignment - 1) / alignment * alignment;
        const std::size_t step = std::bit_floor(bytes) / 8;
        return (bytes + step - 1) / step * step;
    }

  private:
    struct Pool {
        std::unordered_map<std::size_t, std::vector<void*>> free;  // by size class
        PoolStatistics statistics;
    };

    static void* take(Pool& pool, std::size_t size) {
        const auto found = pool.free.find(size);
        if (found == pool.free.end() || found->second.empty()) return nullptr;
        void* const memory = found->second.back();
        found->second.pop_back();
        return memory;
    }
    void give_back(Pool& pool) {
        for (auto& [size, list] : pool.free) {
            for (void* const memory : list) memory_.release(memory);
            pool.statistics.reserved -= size * list.size();
            list.clear();
        }
    }

    Memory memory_;
    std::map<Id, Pool> pools_;
    std::unordered_map<void*, Id> private_blocks_;  // in use
    Id current_ = common, last_ = common;
    std::size_t total_in_use_ = 0, peak_ = 0;
    bool may_trim_ = true;
};

}  // namespace vitscape::gpu
