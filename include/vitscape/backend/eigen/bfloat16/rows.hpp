// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include <vitscape/core/bfloat16.hpp>
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

/// to[i] = from[i]; exact.
inline void widen(Index n, const bfloat16* __restrict from, float* __restrict to) {
    for (Index i = 0; i < n; ++i) to[i] = from[i];
}

/// to[i] = from[i], rounded to nearest, ties to even.
inline void narrow(Index n, const float* __restrict from, bfloat16* __restrict to) {
    for (Index i = 0; i < n; ++i) to[i] = bfloat16(from[i]);
}

}  // namespace vitscape::detail
