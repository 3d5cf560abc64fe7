// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/autograd/ops/linear.hpp>

namespace vitscape {

/// The parameters of a layer normalization over rows of length `weight.shape[0]`.
struct LayerNormParameters {
    ParameterSlot weight, bias;  // (width)
    double epsilon = 1e-6;
};

namespace detail {

template <Backend B>
void layer_norm_forward(B& b, Index rows, Index columns, double epsilon, const Tensor<B>& x,
                        typename B::Pointer gamma, typename B::Pointer beta, const Tensor<B>& y,
                        const Tensor<Master<B>>& mean, const Tensor<Master<B>>& inverse) {
    using T = RealOf<B>;
    using P = typename B::Pointer;
    using Sums = typename Master<B>::Pointer;
    const T count = static_cast<T>(columns);
    const operand::Matrix<Sums> row_numbers{mean.data(), 1}, inverse_numbers{inverse.data(), 1};
    const operand::PerRow<Sums> mean_per_row{mean.data()}, inverse_per_row{inverse.data()};
    b.reduce_rows(rows, columns, functor::Identity{}, mean.data(), matrix(x));
    b.map(rows, 1, functor::Scale<T>{T(1) / count}, row_numbers, row_numbers);
    b.reduce_rows(rows, columns, functor::SquaredDifference{}, inverse.data(), matrix(x), mean_per_row);
    b.map(rows, 1, functor::InverseDeviation<T>{count, static_cast<T>(epsilon)}, inverse_numbers,
          inverse_numbers);
    b.map(rows, columns, functor::Standardize{}, matrix(y), matrix(x), mean_per_row, inverse_per_row);
    b.map(rows, columns, functor::MultiplyAdd{}, matrix(y), matrix(y), operand::PerColumn<P>{gamma},
          operand::PerColumn<P>{beta});
}

template <Backend B>
void layer_norm_backward(Tape<B>& tape, Index rows, Index columns, const Tensor<B>& x,
                         typename B::Pointer gamma, const Tensor<Master<B>>& mean,
                         const Tensor<Master<B>>& inverse, const Tensor<B>& dy, double beta,
                         typename B::Pointer dx, typename Master<B>::Pointer dgamma,
                         typename Master<B>::Pointer dbeta) {
    using T = RealOf<B>;
    using P = typename B::Pointer;
    using Sums = typename Master<B>::Pointer;
    B& b = tape.backend();
    const operand::PerRow<Sums> mean_per_row{mean.data()}, inverse_per_row{inverse.data()};
    const Tensor<B> normalized = tape.allocate(x.shape()), g = tape.allocate(x.shape());
    b.map(rows, columns, functor::Standardize{}, matrix(normalized), matrix(x), mean_per_row,
          inverse_per_row);
    b.reduce_columns(rows, columns, functor::Multiply{}, 1, dgamma, matrix(dy), matrix(normalized));
    b.reduce_columns(rows, columns, functor::Identity{}, 1, dbeta, matrix(dy));
    b.map(rows, columns, functor::Multiply{}, matrix(g), matrix(dy), operand::PerColumn<P>{gamma});
    const Tensor<Master<B>> sum_g = tape.allocate_sums({rows}), sum_gn = tape.allocate_sums({rows});
    b.reduce_rows(rows, columns, functor::Identity{}, sum_g.data(), matrix(g));
    b.reduce_rows(rows, columns, functor::Multiply{}, sum_gn.data(), matrix(g), matrix(normalized));
    b.map(rows, columns, functor::StandardizeGradient<T>{static_cast<T>(columns)}, matrix(g), matrix(g),
          matrix(normalized), operand::PerRow<Sums>{sum_g.data()}, operand::PerRow<Sums>{sum_gn.data()},
          inverse_per_row);
    const operand::Matrix<P> target{dx, columns};
    if (beta == 0)
        b.map(rows, columns, functor::Identity{}, target, matrix(g));
    else
        b.map(rows, columns, functor::Add{}, target, target, matrix(g));
}

/// The backward pass of `layer_norm`; a fused one computes y again instead of keeping it.
template <Backend B>
struct LayerNormBackward {
    LayerNormParameters layer;
    Tensor<B> x;  // (..., width)
    int x_node = -1;
    Tensor<Master<B>> mean, inverse;  // (rows)
    Tensor<B> y{};                    // (..., width), once it was computed again

    Tensor<B> compute_again(Tape<B>& tape) requires FusedLayerNorm<B> {
        if (y.empty()) {
            y = tape.allocate(x.shape());
            tape.backend().layer_norm(x.view().rows(), x.view().last(), layer.epsilon, x.data(),
                                      tape.parameter(layer.weight).data, tape.parameter(layer.bias).data,
                                      y.data(), mean.data(), inverse.data());
        }
        return y;
    }
    void operator()(Tape<B>& tape, const Tensor<B>& dy) {
        y = {};
        const Index rows = x.view().rows(), columns = x.view().last();
        const auto gamma = tape.parameter(layer.weight).data;
        const auto dgamma = tape.parameter_gradient(layer.weight).data,
                   dbeta = tape.parameter_gradient(layer.bias).data;
        Tensor<B> unused;  // if x is a constant its gradient is discarded
        if (x_node < 0) unused = tape.allocate(x.shape());
        const auto target =
            x_node < 0 ? typename Tape<B>::Target{unused.data(), 0} : tape.gradient(x_node, x.shape());
        if constexpr (FusedLayerNorm<B>)
            tape.backend().layer_norm_backward(rows, columns, x.data(), gamma, mean.data(), inverse.data(),
                                               dy.data(), target.beta, target.data, dgamma, dbeta);
        else
            layer_norm_backward(tape, rows, columns, x, gamma, mean, inverse, dy, target.beta, target.data,
                                dgamma, dbeta);
    }
};

}  // namespace detail

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta over the last axis, biased variance (Ba et al.
/// 2016, arXiv 1607.06450); x and y (..., width). @throws ShapeError if x has another width.
template <Recorder R, class B = typename R::BackendType>
Variable<B> layer_norm(R& recorder, const Variable<B>& x, const LayerNormParameters& layer) {
    const Index columns = layer.weight.shape[0], rows = x.value.view().rows();
    detail::require_width(x.value, columns, "a layer normalization");
    B& b = recorder.backend();
    Tensor<B> y = recorder.allocate(x.shape());
    const Tensor<Master<B>> mean = recorder.allocate_sums({rows}), inverse = recorder.allocate_sums({rows});
    const auto gamma = recorder.parameter(layer.weight).data, beta = recorder.parameter(layer.bias).data;
    if constexpr (FusedLayerNorm<B>)
        b.layer_norm(rows, columns, layer.epsilon, x.data(), gamma, beta, y.data(), mean.data(),
                     inverse.data());
    else
        detail::layer_norm_forward(b, rows, columns, layer.epsilon, x.value, gamma, beta, y, mean, inverse);
    return recorder.record(
        std::move(y), detail::LayerNormBackward<B>{
                          .layer = layer, .x = x.value, .x_node = x.node, .mean = mean, .inverse = inverse});
}

}  // namespace vitscape
