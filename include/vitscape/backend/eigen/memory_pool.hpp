// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <new>
#include <unordered_map>
#include <vector>

namespace vitscape {

/// Keeps released memory in lists by size class (eight classes per power of two, at most 12.5 % waste), so
/// that a loop which asks for the same sizes again and again allocates in its first rounds only. Used by one
/// thread at a time.
class MemoryPool {
  public:
    static constexpr std::size_t alignment = 64;

    MemoryPool() = default;
    MemoryPool(const MemoryPool&) = delete;
    MemoryPool& operator=(const MemoryPool&) = delete;
    ~MemoryPool() { trim(); }

    /// Uninitialized memory for at least `bytes` bytes, aligned to a cache line.
    void* allocate(std::size_t bytes) {
        const std::size_t size = size_class(bytes);
        auto& list = free_[size];
        in_use_ += size;
        if (in_use_ > peak_) peak_ = in_use_;
        if (!list.empty()) {
            void* memory = list.back();
            list.pop_back();
            return memory;
        }
        ++system_allocations_;
        return ::operator new (size, std::align_val_t{alignment});
    }

    /// Takes back what `allocate(bytes)` gave, with the same `bytes`.
    void release(void* memory, std::size_t bytes) {
        const std::size_t size = size_class(bytes);
        in_use_ -= size;
        free_[size].push_back(memory);
    }

    /// Gives the memory in the free lists back to the system.
    void trim() {
        for (auto& [size, list] : free_) {
            for (void* memory : list) ::operator delete (memory, std::align_val_t{alignment});
            list.clear();
        }
    }

    [[nodiscard]] std::size_t bytes_in_use() const { return in_use_; }
    [[nodiscard]] std::size_t peak_bytes() const { return peak_; }
    /// How often memory came from the system rather than from a free list.
    [[nodiscard]] std::size_t system_allocations() const { return system_allocations_; }

  private:
    static std::size_t size_class(std::size_t bytes) {
        if (bytes <= 512)
            return (bytes + alignment - 1) / alignment * alignment + (bytes == 0 ? alignment : 0);
        const std::size_t step = std::bit_floor(bytes) / 8;
        return (bytes + step - 1) / step * step;
    }

    std::unordered_map<std::size_t, std::vector<void*>> free_;
    std::size_t in_use_ = 0, peak_ = 0, system_allocations_ = 0;
};

}  // namespace vitscape
