// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include <vitscape/core/shape.hpp>

namespace vitscape::detail {

/// This thread's memory for n intermediate numbers of one `Use`; it only grows. It begins at a cache line: where a vector loop begins
/// depends on the address, and so does rounding.
template <class Use, class T>
[[nodiscard]] T* thread_scratch(Index n) {
    struct alignas(64) CacheLine {
        std::byte bytes[64];
    };
    thread_local std::vector<CacheLine> memory;
    const std::size_t lines = (static_cast<std::size_t>(n) * sizeof(T) + 63) / 64;
    if (memory.size() < lines) memory.resize(lines);
    return reinterpret_cast<T*>(memory.data());
}

}  // namespace vitscape::detail
