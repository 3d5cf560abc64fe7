// SPDX-License-Identifier: Apache-2.0
//
// Arrays for kernels that run on the host: aligned as on a GPU, or off by some elements, between guards that spoil
// what is read beyond the ends and show what is written there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

#include <vitscape/core/shape.hpp>

namespace vitscape::test {

/// n numbers, the first of them `offset` elements behind an address that is a multiple of 256.
template <class T>
class GuardedArray {
  public:
    explicit GuardedArray(Index n, Index offset = 0)
        : count_(static_cast<std::size_t>(n)),
          lines_((bytes(count_ + static_cast<std::size_t>(offset)) + 3 * guard) / sizeof(Line)),
          begin_(reinterpret_cast<T*>(memory() + guard) + offset) {
        std::memset(memory(), 0xFF, lines_.size() * sizeof(Line));  // not a number in every format
    }
    GuardedArray(const std::vector<double>& numbers, Index offset = 0)
        : GuardedArray(static_cast<Index>(numbers.size()), offset) {
        std::transform(numbers.begin(), numbers.end(), begin_, [](double x) { return static_cast<T>(x); });
    }
    GuardedArray(const GuardedArray&) = delete;
    GuardedArray& operator=(const GuardedArray&) = delete;
    ~GuardedArray() = default;

    [[nodiscard]] T* data() { return begin_; }
    [[nodiscard]] const T* data() const { return begin_; }

    /// The numbers as they are, rounded to T; empty if something was written beyond the ends.
    [[nodiscard]] std::vector<double> host() const {
        const auto* const all = reinterpret_cast<const std::byte*>(lines_.data());
        const auto* const first = reinterpret_cast<const std::byte*>(begin_);
        const auto untouched = [](std::byte byte) { return byte == std::byte{0xFF}; };
        if (!std::all_of(all, first, untouched) ||
            !std::all_of(first + bytes(count_), all + lines_.size() * sizeof(Line), untouched))
            return {};
        std::vector<double> numbers(count_);
        for (std::size_t i = 0; i < count_; ++i) numbers[i] = static_cast<double>(begin_[i]);
        return numbers;
    }

  private:
    struct alignas(256) Line {
        std::byte bytes[256];
    };
    static constexpr std::size_t guard = sizeof(Line);

    static std::size_t bytes(std::size_t n) { return n * sizeof(T); }
    std::byte* memory() { return reinterpret_cast<std::byte*>(lines_.data()); }

    std::size_t count_;
    std::vector<Line> lines_;
    T* begin_;
};

}  // namespace vitscape::test
