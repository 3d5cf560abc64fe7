// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <new>
#include <unordered_map>
#include <vector>

// Under the address sanitizer, memory in a free list must not be accessed, as if it had been returned to the system.
#if defined(__SANITIZE_ADDRESS__)
#define VITSCAPE_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VITSCAPE_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(VITSCAPE_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#define VITSCAPE_POISON(memory, bytes) __asan_poison_memory_region(memory, bytes)
#define VITSCAPE_UNPOISON(memory, bytes) __asan_unpoison_memory_region(memory, bytes)
#else
#define VITSCAPE_POISON(memory, bytes) static_cast<void>(0)
#define VITSCAPE_UNPOISON(memory, bytes) static_cast<void>(0)
#endif

namespace vitscape {

/// Keeps released memory in lists by size class (eight classes per power of two, at most 12.5 % waste), so
/// that a loop with the same requests allocates in its first iterations only. Used by one
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
            VITSCAPE_UNPOISON(memory, size);
            return memory;
        }
        ++system_allocations_;
        return ::operator new (size, std::align_val_t{alignment});
    }

    /// Releases the result of `allocate(bytes)`, with the same `bytes`.
    void release(void* memory, std::size_t bytes) {
        const std::size_t size = size_class(bytes);
        in_use_ -= size;
        free_[size].push_back(memory);
        VITSCAPE_POISON(memory, size);
    }

    /// Returns the memory in the free lists to the system.
    void trim() {
        for (auto& [size, list] : free_) {
            for (void* memory : list) {
                VITSCAPE_UNPOISON(memory, size);
                ::operator delete (memory, std::align_val_t{alignment});
            }
            list.clear();
        }
    }

    [[nodiscard]] std::size_t bytes_in_use() const { return in_use_; }
    /// Peak of the bytes in use, since the start or the last `forget_peak`.
    [[nodiscard]] std::size_t peak_bytes() const { return peak_; }
    void forget_peak() { peak_ = in_use_; }
    /// Number of allocations from the system rather than from a free list.
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
