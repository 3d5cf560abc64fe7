// SPDX-License-Identifier: Apache-2.0
//
// How many images are evaluated at once where nobody says it: on a device more of a small model, whose operations on a few would be
// shorter than what it takes to start them.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>

#include <vitscape/backend/concept.hpp>
#include <vitscape/methods/memory_need.hpp>

namespace vitscape {

/// A backend that works on few tokens no faster than on `tokens_to_fill`, within `memory_bytes()` of memory: a device.
template <class B>
concept FilledByTokens = Backend<B> && requires(const B& b) {
    { B::tokens_to_fill } -> std::convertible_to<Index>;
    { b.memory_bytes() } -> std::convertible_to<double>;
};

/// Images with at least `tokens_to_fill` tokens, of which each has `tokens`: `usual` of them or more. More than `usual` only as long as
/// they take a quarter of the memory: others are in flight, and `bytes`, of an image, is a lower bound.
[[nodiscard]] inline std::size_t images_to_fill(Index tokens_to_fill, Index tokens, double bytes,
                                                double memory, std::size_t usual) {
    const Index filling = (tokens_to_fill + tokens - 1) / std::max<Index>(1, tokens);
    const double fitting = memory / 4 / std::max(1.0, bytes);
    return std::max(usual, static_cast<std::size_t>(std::min(static_cast<double>(filling), fitting)));
}

/// Images that a model evaluates at once: on a `FilledByTokens` those that fill it, elsewhere `usual`. A function of the model and the
/// machine, not of the memory that happens to be free, so that a sum is rounded in the same way the next time.
/// @param series  2 for second derivatives, whose numbers are larger
template <Backend B, class M>
[[nodiscard]] std::size_t images_at_once(const B& backend, const M& method, std::size_t usual = 128,
                                         Index series = 1) {
    if constexpr (FilledByTokens<B>) {
        double numbers = 0;  // of an image; of a method without such a configuration none are known
        if constexpr (requires { method.config().encoder.grid(); }) {
            const MemoryNeed need = memory_need(method.config());
            numbers = need.activations + need.image;
        }
        const double bytes = static_cast<double>(series) * sizeof(typename B::Storage) * numbers;
        return images_to_fill(B::tokens_to_fill / series, method.grid().count(), bytes,
                              backend.memory_bytes(), usual);
    } else {
        return usual;
    }
}

}  // namespace vitscape
