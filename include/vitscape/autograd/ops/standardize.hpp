// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/autograd/ops/linear.hpp>

namespace vitscape {

/// Adds factor * (x - mean) / sqrt(variance + epsilon) of each row to `sum`: a layer normalization without parameters, biased
/// variance (Ba et al. 2016, arXiv 1607.06450). Not recorded: for constants of the loss, such as a teacher's features.
/// @param x  an operand of rows x columns
/// @param sum  (rows, columns), on the master
template <Recorder R, class Operand, class B = typename R::BackendType>
void add_standardized(R& recorder, Index rows, Index columns, double epsilon, double factor, const Operand& x,
                      const Tensor<Master<B>>& sum) {
    using T = RealOf<B>;
    using Sums = typename Master<B>::Pointer;
    B& b = recorder.backend();
    const T count = static_cast<T>(columns);
    const Tensor<Master<B>> mean = recorder.allocate_sums({rows}), inverse = recorder.allocate_sums({rows});
    const operand::Matrix<Sums> means{mean.data(), 1}, inverses{inverse.data(), 1};
    const operand::PerRow<Sums> mean_per_row{mean.data()}, inverse_per_row{inverse.data()};
    b.reduce_rows(rows, columns, functor::Identity{}, mean.data(), x);
    b.map(rows, 1, functor::Scale<T>{T(1) / count}, means, means);
    b.reduce_rows(rows, columns, functor::SquaredDifference{}, inverse.data(), x, mean_per_row);
    b.map(rows, 1, functor::InverseDeviation<T>{count, static_cast<T>(epsilon)}, inverses, inverses);
    const operand::Matrix<Sums> to{sum.data(), columns};
    b.map(rows, columns, functor::AddStandardized<T>{static_cast<T>(factor)}, to, to, x, mean_per_row,
          inverse_per_row);
}

}  // namespace vitscape
