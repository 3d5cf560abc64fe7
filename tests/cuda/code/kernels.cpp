// SPDX-License-Identifier: Apache-2.0
//
// The kernels of a training and of a surface, compiled for a device so that kernel_table.sh can read what the compiler made of them.
#include <vitscape/backend/cuda/attention.hpp>
#include <vitscape/backend/cuda/kernels/adamw.hpp>
#include <vitscape/backend/cuda/kernels/cast.hpp>
#include <vitscape/backend/cuda/kernels/column_sums.hpp>
#include <vitscape/backend/cuda/kernels/cross_entropy.hpp>
#include <vitscape/backend/cuda/kernels/element_loss.hpp>
#include <vitscape/backend/cuda/kernels/gelu.hpp>
#include <vitscape/backend/cuda/kernels/layer_norm.hpp>
#include <vitscape/backend/cuda/kernels/layer_norm_backward.hpp>
#include <vitscape/backend/cuda/kernels/map.hpp>
#include <vitscape/backend/cuda/kernels/plane_point.hpp>

namespace vitscape::detail {

using Row = operand::Matrix<bfloat16*>;
using Positions = operand::Gathered<const bfloat16*>;
template __global__ void run_kernel(const __grid_constant__ kernels::Map<functor::Multiply, Row, Row, Row>);
template __global__ void run_kernel(
    const __grid_constant__ kernels::Map<functor::Add, operand::Grouped<bfloat16*>, Row, Positions>);
template __global__ void run_kernel(const __grid_constant__ kernels::AdamW);
template __global__ void run_kernel(const __grid_constant__ kernels::AddPartialSums);
template __global__ void run_kernel(const __grid_constant__ kernels::Cast<float, bfloat16>);
template __global__ void run_kernel(const __grid_constant__ kernels::PlanePointTo<bfloat16>);
template __global__ void run_kernel(const __grid_constant__ kernels::ColumnSums<bfloat16>);
template __global__ void run_kernel(const __grid_constant__ kernels::Gelu<bfloat16>);
template __global__ void run_kernel(const __grid_constant__ kernels::GeluAndDerivative<bfloat16>);
template __global__ void run_kernel(const __grid_constant__ kernels::LayerNorm<bfloat16>);
template __global__ void run_kernel(const __grid_constant__ kernels::LayerNormBackward<bfloat16>);
template __global__ void run_kernel(const __grid_constant__ kernels::LayerNorm<float>);
template __global__ void run_kernel(const __grid_constant__ kernels::LayerNormBackward<float>);
template __global__ void run_kernel(
    const __grid_constant__ kernels::ElementLoss<bfloat16, functor::SquaredLoss>);
template __global__ void run_kernel(
    const __grid_constant__ kernels::ElementLossBackward<bfloat16, functor::SquaredLoss>);
template __global__ void run_kernel(const __grid_constant__ kernels::CrossEntropy<bfloat16>);
template __global__ void run_kernel(const __grid_constant__ kernels::CrossEntropyBackward<bfloat16>);
template __global__ void run_kernel(const __grid_constant__ AttentionForward<bfloat16, 64>);
template __global__ void run_kernel(const __grid_constant__ AttentionBackward<bfloat16, 64>);
template __global__ void run_kernel(const __grid_constant__ AttentionForward<bfloat16, 32>);
template __global__ void run_kernel(const __grid_constant__ AttentionBackward<bfloat16, 32>);
template __global__ void run_kernel(const __grid_constant__ AttentionForward<float, 64>);
template __global__ void run_kernel(const __grid_constant__ AttentionBackward<float, 64>);

}  // namespace vitscape::detail
