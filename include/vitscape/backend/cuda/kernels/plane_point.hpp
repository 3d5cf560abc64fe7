// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/pack.hpp>

namespace vitscape::kernels {

/// out = theta + position[0] delta + position[1] eta, summed in float and rounded once to T: the weights of one point
/// of a plane. The position is in device memory, so that a recorded graph serves all points.
template <class T>
struct PlanePointTo {
    static constexpr int max_threads = stream_threads, width = pack_width<T>;
    Index n;
    const float *theta, *delta, *eta;
    const float* position;
    T* out;

    [[nodiscard]] Index blocks() const { return ceiling_ratio(n, elementwise_part(width)); }
    [[nodiscard]] static std::size_t shared_bytes() { return 0; }

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        elementwise<width>(block, n, aligned(width, theta, delta, eta) && aligned(width, out),
                           Body{*this, position[0], position[1]});
    }

  private:
    /// The kernel with the position in registers.
    struct Body {
        const PlanePointTo& kernel;
        float alpha, beta;
        template <int N>
        VITSCAPE_DEVICE void at(Index i) const {
            float point[N], along_delta[N], along_eta[N];
            load(kernel.theta + i, point);
            load(kernel.delta + i, along_delta);
            load(kernel.eta + i, along_eta);
            VITSCAPE_UNROLL
            for (int k = 0; k < N; ++k) point[k] += alpha * along_delta[k];
            VITSCAPE_UNROLL
            for (int k = 0; k < N; ++k) point[k] += beta * along_eta[k];
            store(point, kernel.out + i);
        }
    };
};

}  // namespace vitscape::kernels
