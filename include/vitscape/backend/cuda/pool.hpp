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

/// The source of a pool's memory: `allocate` returns nullptr when there is none left.
template <class M>
concept MemorySource = requires(M source, void* memory, std::size_t bytes) {
    { source.allocate(bytes) } -> std::same_as<void*>;
    source.release(memory);
    { source.memory_info() } -> std::convertible_to<MemoryInfo>;
};

/// Statistics of a pool, in bytes as allocated (rounded up to size classes).
struct PoolStatistics {
    std::size_t in_use = 0;              ///< allocated bytes
    std::size_t reserved = 0;            ///< bytes obtained from the source, in use or free
    std::size_t peak = 0;                ///< maximum of `in_use`
    std::size_t system_allocations = 0;  ///< number of allocations from the source
};

/// The statistics of all pools under the names of the host's `MemoryPool`.
struct MemoryFigures {
    PoolStatistics all;
    [[nodiscard]] std::size_t bytes_in_use() const { return all.in_use; }
    [[nodiscard]] std::size_t peak_bytes() const { return all.peak; }
    [[nodiscard]] std::size_t system_allocations() const { return all.system_allocations; }
};

/// Memory for arrays used in the order of one stream: released memory may be reused immediately,
/// because its next use is queued after its earlier one. Released blocks are kept in lists by size class
/// (eight per power of two, at most 12.5 % waste), so that a loop of identical requests allocates from the source in
/// its first iteration only.
///
/// Captured graphs keep the addresses of their memory, so each gets a private pool: while one is current, all
/// requests are served from it (it may take free blocks of the common pool) and its blocks are not used elsewhere. A
/// block returns to the pool it came from, whichever is current. Used by one thread at a time.
template <MemorySource Memory>
class PoolSet {
  public:
    /// Identifies a pool; 0 is the common one.
    using Id = std::size_t;
    static constexpr Id common = 0;
    static constexpr std::size_t alignment = 256;

    explicit PoolSet(Memory memory = Memory{}) : memory_(std::move(memory)) { pools_[common]; }
    PoolSet(const PoolSet&) = delete;
    PoolSet& operator=(const PoolSet&) = delete;
    /// Frees all free blocks; none may be in use.
    ~PoolSet() {
        for (auto& [id, pool] : pools_) return_free_blocks(pool);
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
            if (memory == nullptr) throw OutOfDeviceMemory(bytes, memory_.memory_info(), total_in_use_);
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

    /// Releases the result of `allocate(bytes)`, with the same `bytes`.
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

    /// Creates a private pool.
    [[nodiscard]] Id open() {
        pools_[++last_];
        return last_;
    }
    /// Makes `id` the current pool until the next `use`; returns the previous one.
    Id use(Id id) { return std::exchange(current_, id); }
    /// Closes a private pool: its blocks, free or in use, belong to the common pool from now on. A captured graph
    /// that keeps their addresses must not be launched any more.
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

    /// Returns the free blocks of the common pool to the source. The free blocks of a private pool are its
    /// graph's scratch memory, and are kept.
    void trim() { return_free_blocks(pools_.find(common)->second); }
    /// Whether a failing request may trim (not while a stream is captured).
    void allow_trim(bool allowed) { may_trim_ = allowed; }

    /// Totals over all pools.
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
    /// Resets the peak of all pools to what is in use now.
    void forget_peak() { peak_ = total_in_use_; }
    [[nodiscard]] PoolStatistics statistics(Id id) const { return pools_.at(id).statistics; }

    /// Bytes allocated for a request of `bytes`.
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
    void return_free_blocks(Pool& pool) {
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
