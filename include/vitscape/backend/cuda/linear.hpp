// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(__CUDACC__)  // empty without a CUDA compiler

#include <vitscape/backend/cuda/execution.hpp>
#include <vitscape/backend/cuda/kernels/column_sums.hpp>
#include <vitscape/backend/cuda/kernels/gelu.hpp>
#include <vitscape/backend/cuda/run.hpp>
#include <vitscape/backend/linear_products.hpp>

namespace vitscape::detail {

using DeviceExecution = Execution<system::cuda>;

/// y = [residual +] x W^T + bias, with the bias in cuBLASLt's epilogue; returns false, without any work, if it has none for these
/// sizes. cuBLASLt's GELU is the tanh approximation, not the exact one, so it is not used.
template <class T>
[[nodiscard]] bool linear_with_bias(DeviceExecution& execution, Index rows, Index out, Index in, const T* x,
                                    const T* weight, const T* bias, const T* residual, T* y) {
    const MatrixProduct product = linear_product(rows, out, in, residual == nullptr ? 0 : 1);
    return execution.products().template try_multiply<T, T>(product, x, weight, y,
                                                            {.addend = residual, .bias = bias});
}

/// db += column sums of dy.
template <class T>
void add_column_sums(DeviceExecution& execution, Index rows, Index columns, const T* dy, float* dbias) {
    kernels::ColumnSums<T> sums{rows, columns, dy, nullptr};
    const DeviceScratch<float> partial(execution, sums.parts() * columns);
    sums.partial = partial.data();
    run(execution, sums);
    run(execution, kernels::AddPartialSums{sums.parts(), columns, partial.data(), dbias});
}

/// dW += dy^T x and db += column sums of dy, in one product if cuBLASLt has a bias-gradient epilogue for it.
template <class T>
void linear_gradient(DeviceExecution& execution, Index rows, Index out, Index in, const T* x, const T* dy,
                     float* dweight, float* dbias) {
    const MatrixProduct product = linear_weight_gradient(rows, out, in, 1);
    const DeviceScratch<float> sums(execution, out);
    if (execution.products().template try_multiply<T, float>(product, dy, x, dweight,
                                                             {.sums_of_a = sums.data()})) {
        run(execution, kernels::AddPartialSums{1, out, sums.data(), dbias});
        return;
    }
    execution.multiply(product, dy, x, dweight);
    add_column_sums(execution, rows, out, dy, dbias);
}

}  // namespace vitscape::detail

#endif
