// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/pack.hpp>

namespace vitscape::kernels {

/// to = from, rounded to nearest: between float and bfloat16, as for the compute copy of the parameters.
template <class From, class To>
struct Cast {
    static constexpr int max_threads = stream_threads;
    static constexpr int width = pack_width<From> > pack_width<To> ? pack_width<From> : pack_width<To>;
    Index n;
    const From* from;
    To* to;

    [[nodiscard]] Index blocks() const { return ceiling_ratio(n, elementwise_part(width)); }
    [[nodiscard]] static std::size_t shared_bytes() { return 0; }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        elementwise<width>(block, n, aligned(width, from) && aligned(width, to), *this);
    }

    template <int N>
    VITSCAPE_DEVICE void at(Index i) const {
        Real<From> numbers[N];
        load(from + i, numbers);
        store(numbers, to + i);
    }
};

}  // namespace vitscape::kernels
