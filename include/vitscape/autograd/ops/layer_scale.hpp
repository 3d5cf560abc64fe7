// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/autograd/ops/linear.hpp>

namespace vitscape {

/// y = [residual +] gamma x, with a factor for each column: LayerScale (Touvron et al. 2021, arXiv 2103.17239, eq. 4).
/// @param x  (..., width).  @param gamma  (width).  @param residual  of the shape of x, or null
/// @throws ShapeError if x has another width or the residual another shape
template <Recorder R, class B = typename R::BackendType>
Variable<B> layer_scale(R& recorder, const Variable<B>& x, const ParameterSlot& gamma,
                        const Variable<B>* residual = nullptr) {
    using PerColumn = operand::PerColumn<typename B::Pointer>;
    const Index width = gamma.shape[0], rows = x.value.view().rows();
    detail::require_width(x.value, width, "a layer scale");
    if (residual != nullptr && residual->shape() != x.shape())
        throw ShapeError(message("a branch of shape ", x.shape(), " cannot be added to a residual of shape ",
                                 residual->shape()));
    Tensor<B> y = recorder.allocate(x.shape());
    const PerColumn scales{recorder.parameter(gamma).data};
    if (residual == nullptr)
        recorder.backend().map(rows, width, functor::Multiply{}, detail::matrix(y), detail::matrix(x.value),
                               scales);
    else
        recorder.backend().map(rows, width, functor::MultiplyAdd{}, detail::matrix(y),
                               detail::matrix(x.value), scales, detail::matrix(residual->value));
    return recorder.record(
        std::move(y), [=, x = x.value, node = x.node, before = residual == nullptr ? -1 : residual->node](
                          Tape<B>& tape, const Tensor<B>& dy) {
            B& b = tape.backend();
            tape.pass_gradient(before, dy);
            b.reduce_columns(rows, width, functor::Multiply{}, 1, tape.parameter_gradient(gamma).data,
                             detail::matrix(dy), detail::matrix(x));
            if (node < 0) return;
            const Tensor<B> dx = tape.allocate(dy.shape());
            b.map(rows, width, functor::Multiply{}, detail::matrix(dx), detail::matrix(dy),
                  PerColumn{tape.parameter(gamma).data});
            tape.pass_gradient(node, dx);
        });
}

}  // namespace vitscape
