// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/pack.hpp>
#include <vitscape/core/functors.hpp>

namespace vitscape::kernels {

/// Replaces h in y by y = GELU(h), and derivative = GELU'(h) if not null; the exact GELU of
/// `functor::Gelu`. Applied after the matrix product, which has added the bias.
template <class T>
struct GeluInPlace {
    static constexpr int max_threads = stream_threads, width = pack_width<T>;
    Index n;
    T *y, *derivative;

    [[nodiscard]] Index blocks() const { return ceiling_ratio(n, elementwise_part(width)); }
    [[nodiscard]] static std::size_t shared_bytes() { return 0; }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        elementwise<width>(block, n, aligned(width, y, derivative), *this);
    }

    template <int N>
    VITSCAPE_DEVICE void at(Index i) const {
        Real<T> h[N], value[N], slope[N];
        load(y + i, h);
        VITSCAPE_UNROLL
        for (int k = 0; k < N; ++k) {
            value[k] = functor::Gelu{}(h[k]);
            slope[k] = functor::GeluDerivative{}(h[k]);
        }
        store(value, y + i);
        if (derivative != nullptr) store(slope, derivative + i);
    }
};

}  // namespace vitscape::kernels
