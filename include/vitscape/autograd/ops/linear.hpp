// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/backend/linear_products.hpp>

namespace vitscape {

/// The parameters of y = x W^T + b.
struct LinearParameters {
    ParameterSlot weight;  // (out, in)
    ParameterSlot bias;    // (out)
    [[nodiscard]] Index in() const { return weight.shape[1]; }
    [[nodiscard]] Index out() const { return weight.shape[0]; }
};

namespace detail {

template <Backend B>
operand::Matrix<typename B::Pointer> matrix(const Tensor<B>& x) {
    return {x.data(), x.view().last()};
}

/// The shape of `x` with another last extent.
inline Shape with_last(const Shape& shape, Index last) {
    std::array<Index, Shape::max_rank> extents{};
    for (std::size_t axis = 0; axis < shape.rank(); ++axis) extents[axis] = shape[axis];
    extents[shape.rank() - 1] = last;
    return Shape(std::span<const Index>(extents.data(), shape.rank()));
}

template <Backend B>
void require_width(const Tensor<B>& x, Index width, const char* layer) {
    if (x.view().last() != width)
        throw ShapeError(
            message(layer, " for rows of ", width, " numbers was given a tensor of shape ", x.shape()));
}

/// dx += dy W, dW += dy^T x, db += column sums of dy.
template <Backend B>
void linear_backward(Tape<B>& tape, const LinearParameters& layer, const Tensor<B>& x, int x_node,
                     const Tensor<B>& dy) {
    B& b = tape.backend();
    const Index rows = x.view().rows(), out = layer.out(), in = layer.in();
    if (x_node >= 0) {
        const auto target = tape.gradient(x_node, x.shape());
        b.multiply(linear_input_gradient(rows, out, in, target.beta), dy.data(),
                   tape.parameter(layer.weight).data, target.data);
    }
    const auto dweight = tape.parameter_gradient(layer.weight).data;
    const auto dbias = tape.parameter_gradient(layer.bias).data;
    if constexpr (FusedLinear<B>) {
        b.linear_gradient(rows, out, in, x.data(), dy.data(), dweight, dbias);
    } else {
        b.multiply(linear_weight_gradient(rows, out, in, 1), dy.data(), x.data(), dweight);
        b.reduce_columns(rows, out, functor::Identity{}, 1, dbias, matrix(dy));
    }
}

/// y = [residual +] x W^T + b
template <Recorder R, Backend B>
void linear_forward(R& recorder, const LinearParameters& layer, const Tensor<B>& x, const Tensor<B>& residual,
                    const Tensor<B>& y) {
    B& b = recorder.backend();
    const Index rows = x.view().rows(), out = layer.out(), in = layer.in();
    const auto weight = recorder.parameter(layer.weight).data;
    const auto bias = recorder.parameter(layer.bias).data;
    if constexpr (FusedLinear<B>) {
        b.linear(rows, out, in, x.data(), weight, bias, residual.data(), y.data());
    } else {
        const operand::PerColumn<typename B::Pointer> per_column{bias};
        if (residual.empty())
            b.map(rows, out, functor::Identity{}, matrix(y), per_column);
        else
            b.map(rows, out, functor::Add{}, matrix(y), matrix(residual), per_column);
        b.multiply(linear_product(rows, out, in, 1), x.data(), weight, y.data());
    }
}

}  // namespace detail

/// y = x W^T + b on the last axis; x (..., in), y (..., out). @throws ShapeError if x has another width.
template <Recorder R, class B = typename R::BackendType>
Variable<B> linear(R& recorder, const Variable<B>& x, const LinearParameters& layer) {
    detail::require_width(x.value, layer.in(), "a linear layer");
    Tensor<B> y = recorder.allocate(detail::with_last(x.shape(), layer.out()));
    detail::linear_forward(recorder, layer, x.value, Tensor<B>{}, y);
    return recorder.record(std::move(y),
                           [layer, x = recorder.save(x), node = x.node](Tape<B>& tape, const Tensor<B>& dy) {
                               detail::linear_backward(tape, layer, x.value(tape), node, dy);
                           });
}

/// y = residual + x W^T + b; residual and y (..., out).
template <Recorder R, class B = typename R::BackendType>
Variable<B> linear(R& recorder, const Variable<B>& x, const LinearParameters& layer,
                   const Variable<B>& residual) {
    detail::require_width(x.value, layer.in(), "a linear layer");
    Tensor<B> y = recorder.allocate(detail::with_last(x.shape(), layer.out()));
    if (y.shape() != residual.shape())
        throw ShapeError(message("a residual of shape ", residual.shape(),
                                 " cannot be added to a layer's output of ", y.shape()));
    detail::linear_forward(recorder, layer, x.value, residual.value, y);
    return recorder.record(std::move(y), [layer, x = recorder.save(x), node = x.node,
                                          residual_node = residual.node](Tape<B>& tape, const Tensor<B>& dy) {
        tape.pass_gradient(residual_node, dy);
        detail::linear_backward(tape, layer, x.value(tape), node, dy);
    });
}

namespace detail {

/// The backward pass of `linear_gelu`. With fused refinements h is kept, and GELU(h) and GELU'(h) are computed when they are needed;
/// otherwise, as on dual numbers, GELU'(h) is kept.
template <Backend B>
struct LinearGeluBackward {
    LinearParameters layer;
    Saved<B> x;
    int x_node = -1;
    Tensor<B> h;            // (..., out), or GELU'(h)
    Tensor<B> y{};          // (..., out), once it was computed again
    bool is_slope = false;  // h is GELU'(h)

    Tensor<B> compute_again(Tape<B>& tape) requires FusedLinear<B> {
        if (y.empty()) {
            y = tape.allocate(h.shape());
            tape.backend().gelu_and_derivative(h.size(), h.data(), y.data());
            is_slope = true;
        }
        return y;
    }
    void operator()(Tape<B>& tape, const Tensor<B>& dy) {
        y = {};
        const Index rows = h.view().rows();
        if (!is_slope) tape.backend().map(rows, layer.out(), functor::GeluDerivative{}, matrix(h), matrix(h));
        tape.backend().map(rows, layer.out(), functor::Multiply{}, matrix(h), matrix(dy), matrix(h));
        linear_backward(tape, layer, x.value(tape), x_node, h);
    }
};

}  // namespace detail

/// y = GELU(x W^T + b) with the exact GELU x Phi(x); x (..., in), y (..., out).
template <Recorder R, class B = typename R::BackendType>
Variable<B> linear_gelu(R& recorder, const Variable<B>& x, const LinearParameters& layer) {
    detail::require_width(x.value, layer.in(), "a linear layer");
    B& b = recorder.backend();
    const Index rows = x.value.view().rows(), out = layer.out();
    Tensor<B> y = recorder.allocate(detail::with_last(x.shape(), out));
    Tensor<B> h;  // (..., out)
    if constexpr (R::records) h = recorder.allocate(y.shape());
    if constexpr (FusedLinear<B>) {
        b.linear_gelu(rows, out, layer.in(), x.data(), recorder.parameter(layer.weight).data,
                      recorder.parameter(layer.bias).data, y.data(), h.data());
    } else {
        detail::linear_forward(recorder, layer, x.value, Tensor<B>{}, y);
        if constexpr (R::records)
            b.map(rows, out, functor::GeluDerivative{}, detail::matrix(h), detail::matrix(y));
        b.map(rows, out, functor::Gelu{}, detail::matrix(y), detail::matrix(y));
    }
    return recorder.record(std::move(y), detail::LinearGeluBackward<B>{.layer = layer,
                                                                       .x = recorder.save(x),
                                                                       .x_node = x.node,
                                                                       .h = std::move(h),
                                                                       .is_slope = !FusedLinear<B>});
}

}  // namespace vitscape
