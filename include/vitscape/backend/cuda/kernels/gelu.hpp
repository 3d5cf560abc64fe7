// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/pack.hpp>
#include <vitscape/core/functors.hpp>

namespace vitscape::kernels {

/// y = GELU(h), the exact GELU of `functor::Gelu`; in place too. Applied after the matrix product, which has added the bias.
template <class T>
struct Gelu {
    static constexpr int max_threads = stream_threads, width = pack_width<T>;
    Index n;
    const T* h;
    T* y;

    [[nodiscard]] Index blocks() const { return ceiling_ratio(n, elementwise_part(width)); }
    [[nodiscard]] static std::size_t shared_bytes() { return 0; }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        elementwise<width>(block, n, aligned(width, h) && aligned(width, y), *this);
    }

    template <int N>
    VITSCAPE_DEVICE void at(Index i) const {
        Real<T> numbers[N];
        load(h + i, numbers);
        VITSCAPE_UNROLL
        for (int k = 0; k < N; ++k) numbers[k] = functor::Gelu{}(numbers[k]);
        store(numbers, y + i);
    }
};

/// y = GELU(h), and h = GELU'(h) in place: both for a backward pass that kept h only.
template <class T>
struct GeluAndDerivative {
    static constexpr int max_threads = stream_threads, width = pack_width<T>;
    Index n;
    T *h, *y;

    [[nodiscard]] Index blocks() const { return ceiling_ratio(n, elementwise_part(width)); }
    [[nodiscard]] static std::size_t shared_bytes() { return 0; }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        elementwise<width>(block, n, aligned(width, h, y), *this);
    }

    template <int N>
    VITSCAPE_DEVICE void at(Index i) const {
        Real<T> numbers[N], value[N];
        load(h + i, numbers);
        VITSCAPE_UNROLL
        for (int k = 0; k < N; ++k) {
            value[k] = functor::Gelu{}(numbers[k]);
            numbers[k] = functor::GeluDerivative{}(numbers[k]);
        }
        store(value, y + i);
        store(numbers, h + i);
    }
};

}  // namespace vitscape::kernels
