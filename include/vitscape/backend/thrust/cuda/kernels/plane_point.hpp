// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/thrust/cuda/kernels/pack.hpp>

namespace vitscape::kernels {

/// out = theta + alpha delta + beta eta, summed in float and rounded once to T: the weights of one point of a
/// plane. A null eta leaves its term out.
template <class T>
struct PlanePointTo {
    static constexpr int max_threads = stream_threads, width = pack_width<T>;
    Index n;
    const float* theta;
    float alpha;
    const float* delta;
    float beta;
    const float* eta;
    T* out;
    /// Where not null: alpha and beta in device memory, taken instead, so that a recorded graph serves all points.
    const float* position = nullptr;

    [[nodiscard]] Index blocks() const { return ceiling_ratio(n, elementwise_part(width)); }
    [[nodiscard]] static std::size_t shared_bytes() { return 0; }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        PlanePointTo kernel = *this;
        if (position != nullptr) {
            kernel.alpha = position[0];
            kernel.beta = position[1];
        }
        elementwise<width>(block, n, aligned(width, theta, delta, eta) && aligned(width, out), kernel);
    }

    template <int N>
    VITSCAPE_DEVICE void at(Index i) const {
        float point[N], direction[N];
        load(theta + i, point);
        load(delta + i, direction);
        VITSCAPE_UNROLL
        for (int k = 0; k < N; ++k) point[k] += alpha * direction[k];
        if (eta != nullptr) {
            load(eta + i, direction);
            VITSCAPE_UNROLL
            for (int k = 0; k < N; ++k) point[k] += beta * direction[k];
        }
        store(point, out + i);
    }
};

}  // namespace vitscape::kernels
