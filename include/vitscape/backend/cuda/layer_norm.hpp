// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(__CUDACC__)  // empty without a CUDA compiler

#include <vitscape/backend/cuda/kernels/column_sums.hpp>
#include <vitscape/backend/cuda/kernels/layer_norm.hpp>
#include <vitscape/backend/cuda/kernels/layer_norm_backward.hpp>
#include <vitscape/backend/cuda/run.hpp>

namespace vitscape::detail {

template <class T>
void layer_norm_forward(Execution<system::cuda>& execution, Index rows, Index columns, double epsilon,
                        const T* x, const T* gamma, const T* beta, T* y, float* mean,
                        float* inverse_deviation) {
    run(execution, kernels::LayerNorm<T>{rows, columns, static_cast<float>(epsilon), x, gamma, beta, y, mean,
                                         inverse_deviation});
}

/// dx = beta dx + gradient in one pass over the rows; the sums for gamma and beta in two stages, in a fixed order.
template <class T>
void layer_norm_gradient(Execution<system::cuda>& execution, Index rows, Index columns, const T* x,
                         const T* gamma, const float* mean, const float* inverse_deviation, const T* dy,
                         double beta, T* dx, float* dgamma, float* dbeta) {
    kernels::LayerNormBackward<T> kernel{
        rows, columns, x, gamma, mean, inverse_deviation, dy, static_cast<float>(beta), dx, nullptr};
    const DeviceScratch<float> partial(execution, kernel.blocks() * 2 * columns);
    kernel.partial = partial.data();
    run(execution, kernel);
    run(execution, kernels::AddPartialSums{kernel.blocks(), columns, partial.data(), dgamma, dbeta});
}

}  // namespace vitscape::detail

#endif
