// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>

#include <vitscape/core/host_device.hpp>

namespace vitscape {

/// The purpose of a random number. Numbers of different purposes never coincide; the values are part of the file
/// formats (a seed must mean the same in every release), so new purposes are appended.
enum class Purpose : std::uint32_t {
    initial_weights = 1,
    sample_order = 2,
    augmentation = 3,
    masking = 4,
    direction = 5,
    trace_probe = 6,
    lanczos_start = 7,
    synthetic_image = 8,
    test = 9,
    teacher_masking = 10,
    permutation = 11,
    mixing = 12,
    erasing = 13,
    drop_path = 14,
    corruption = 15,
    bootstrap = 16,
    label_noise = 17,
    curve_position = 18,
    held_out_point = 20,
};

/// Identifies one sequence of random numbers. Every random number in vitscape is Philox(seed, purpose, epoch, sample,
/// index), so none depends on threads, on the backend, or on interruptions of the run.
struct RandomKey {
    std::uint64_t seed = 0;
    Purpose purpose = Purpose::test;
    std::uint32_t epoch = 0;
    std::uint32_t sample = 0;
};

/// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): ten rounds that map a
/// 128-bit counter to 128 random bits under a 64-bit key.
VITSCAPE_HOST_DEVICE inline std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                                    std::array<std::uint32_t, 2> key) {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * counter[0];
        const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * counter[2];
        counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
                   static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1],
                   static_cast<std::uint32_t>(p0)};
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return counter;
}

/// The 128 bits of one block of the sequence `key`.
VITSCAPE_HOST_DEVICE inline std::array<std::uint32_t, 4> random_block(const RandomKey& key,
                                                                      std::uint32_t block) {
    return philox4x32({block, key.sample, key.epoch, static_cast<std::uint32_t>(key.purpose)},
                      {static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)});
}

/// Element `index` of the uniform sequence `key`: 53 bits in [0, 1).
VITSCAPE_HOST_DEVICE inline double random_uniform(const RandomKey& key, std::uint64_t index) {
    const auto words = random_block(key, static_cast<std::uint32_t>(index / 2));
    const std::size_t first = 2 * (index % 2);
    const std::uint64_t bits = (std::uint64_t{words[first]} << 32) | words[first + 1];
    return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

/// Element `index` of the standard normal sequence `key`, by the Box-Muller transform of the uniform pair of
/// its block.
VITSCAPE_HOST_DEVICE inline double random_normal(const RandomKey& key, std::uint64_t index) {
    const std::uint64_t pair = index & ~std::uint64_t{1};
    const double radius =
        std::sqrt(-2.0 * std::log(1.0 - random_uniform(key, pair)));  // 1 - u lies in (0, 1]
    const double angle = 6.283185307179586476925 * random_uniform(key, pair + 1);
    return radius * (index % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

/// Draws the elements of one sequence in order, for code that is more readable as a stream (masking policies,
/// augmentation).
class RandomSequence {
  public:
    explicit RandomSequence(const RandomKey& key) : key_(key) {}

    /// Uniform in [0, 1).
    double uniform() { return random_uniform(key_, next_++); }
    /// Uniform in [from, to).
    double uniform(double from, double to) { return from + (to - from) * uniform(); }
    /// Uniform integer in [0, count); `count` must be positive. The bias is below count * 2^-53.
    std::int64_t below(std::int64_t count) {
        return static_cast<std::int64_t>(uniform() * static_cast<double>(count));
    }
    /// Standard normal; uses two uniform numbers.
    double normal() {
        const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
        return radius * std::cos(6.283185307179586476925 * uniform());
    }
    /// Fisher-Yates shuffle.
    template <class T>
    void shuffle(std::span<T> items) {
        for (std::size_t i = items.size(); i > 1; --i)
            std::swap(items[i - 1], items[static_cast<std::size_t>(below(static_cast<std::int64_t>(i)))]);
    }

  private:
    RandomKey key_;
    std::uint64_t next_ = 0;
};

}  // namespace vitscape
