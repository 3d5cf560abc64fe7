// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/core/functors.hpp>

namespace vitscape {

/// y[i] = residual[i] + scales[row, i] branch[i] for each sample i: a residual branch with a per-sample weight, as
/// needed for stochastic depth (Huang et al. 2016, arXiv 1603.09382, eq. 2).
/// @param residual, branch  (samples, ...) of the same shape, which is also that of y.
/// @param scales  (rows, samples), constants; `row` selects one of the rows.
/// @throws ShapeError if the shapes do not fit.
template <Recorder R, class B = typename R::BackendType>
Variable<B> add_scaled_samples(R& recorder, const Variable<B>& residual, const Variable<B>& branch,
                               const Tensor<Master<B>>& scales, Index row) {
    using P = operand::Matrix<typename B::Pointer>;
    using Scales = operand::PerRow<typename Master<B>::Pointer>;
    if (residual.shape() != branch.shape())
        throw ShapeError(message("a branch of shape ", branch.shape(),
                                 " cannot be added to a residual of shape ", residual.shape()));
    const Index samples = branch.shape()[0];
    if (scales.shape().rank() != 2 || scales.shape()[1] != samples || row < 0 || row >= scales.shape()[0])
        throw ShapeError(message("row ", row, " of scales of shape ", scales.shape(),
                                 " does not fit a branch of shape ", branch.shape()));
    const Index count = samples == 0 ? 0 : branch.value.size() / samples;
    Tensor<B> y = recorder.allocate(branch.shape());
    recorder.backend().map(samples, count, functor::MultiplyAdd{}, P{y.data(), count},
                           P{branch.data(), count}, Scales{scales.data() + row * samples},
                           P{residual.data(), count});
    return recorder.record(std::move(y), [=, scales = scales, residual = residual.node, branch = branch.node](
                                             Tape<B>& tape, const Tensor<B>& dy) {
        tape.pass_gradient(residual, dy);
        if (branch < 0) return;
        const Tensor<B> scaled = tape.allocate(dy.shape());
        tape.backend().map(samples, count, functor::Multiply{}, P{scaled.data(), count}, P{dy.data(), count},
                           Scales{scales.data() + row * samples});
        tape.pass_gradient(branch, scaled);
    });
}

}  // namespace vitscape
