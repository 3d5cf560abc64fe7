// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>

#include <vitscape/backend/eigen/bfloat16/attention.hpp>
#include <vitscape/backend/eigen/bfloat16/layer_norm.hpp>
#include <vitscape/backend/eigen/bfloat16/linear.hpp>
#include <vitscape/backend/eigen/primitives.hpp>

namespace vitscape {

template <class T>
class Cpu;

/// The CPU backend with activations and the model's copy of the weights in bfloat16; parameters, gradients, row statistics and losses
/// are those of `Cpu<float>`. Products by oneDNN on processors with AVX512_BF16 or AMX (`multiplies_bfloat16`). All arithmetic and
/// sums are float, and each result is rounded once.
template <std::same_as<bfloat16> T>
class Cpu<T> : public CpuPrimitives<T> {
  public:
    using CpuPrimitives<T>::CpuPrimitives;
    using MasterBackend = Cpu<Real<T>>;
    [[nodiscard]] MasterBackend master() const { return {this->shared_pool(), this->threads()}; }
    [[nodiscard]] Cpu on_one_thread() const { return Cpu(1); }

    void linear(Index rows, Index out, Index in, const T* x, const T* weight, const T* bias,
                const T* residual, T* y) {
        detail::linear_in_float(this->threads(), rows, out, in, x, weight, bias, residual,
                                [=](Index r, Index column, Index length, const float* sums) {
                                    detail::narrow(length, sums, y + r * out + column);
                                });
    }
    void linear_gelu(Index rows, Index out, Index in, const T* x, const T* weight, const T* bias, T* y,
                     T* h) {
        detail::linear_in_float(this->threads(), rows, out, in, x, weight, bias, nullptr,
                                [=](Index r, Index column, Index length, float* sums) {
                                    if (h != nullptr) detail::narrow(length, sums, h + r * out + column);
                                    detail::gelu_in_place(length, sums, static_cast<float*>(nullptr));
                                    detail::narrow(length, sums, y + r * out + column);
                                });
    }
    void gelu_and_derivative(Index n, T* h, T* y) {
        this->for_elements(n, [=](Index begin, Index end) {
            constexpr Index piece = 512;
            alignas(64) float values[piece], slopes[piece];
            for (Index first = begin; first < end; first += piece) {
                const Index length = std::min(piece, end - first);
                detail::widen(length, h + first, values);
                detail::gelu_in_place(length, values, slopes);
                detail::narrow(length, values, y + first);
                detail::narrow(length, slopes, h + first);
            }
        });
    }
    void linear_gradient(Index rows, Index out, Index in, const T* x, const T* dy, float* dweight,
                         float* dbias) {
        detail::add_weight_gradient(this->threads(), rows, out, in, x, dy, dweight, this->pool());
        this->reduce_columns(rows, out, functor::Identity{}, 1, dbias, operand::Matrix<const T*>{dy, out});
    }

    void layer_norm(Index rows, Index columns, double epsilon, const T* x, const T* gamma, const T* beta,
                    T* y, float* mean, float* inverse_deviation) {
        detail::layer_norm_forward(this->threads(), rows, columns, epsilon, x, gamma, beta, y, mean,
                                   inverse_deviation, this->pool());
    }
    void layer_norm_backward(Index rows, Index columns, const T* x, const T* gamma, const float* mean,
                             const float* inverse_deviation, const T* dy, double beta, T* dx, float* dgamma,
                             float* dbeta) {
        detail::layer_norm_gradient(this->threads(), rows, columns, x, gamma, mean, inverse_deviation, dy,
                                    beta != 0, dx, dgamma, dbeta, this->pool());
    }

    [[nodiscard]] static constexpr bool attention_supported(const AttentionShape&) { return true; }
    /// The logarithms of the sums of exponentials are saved, one number per query.
    [[nodiscard]] Index attention_saved(const AttentionShape& shape) const {
        return shape.samples * shape.heads * shape.queries;
    }
    void attention(const AttentionShape& shape, const T* qkv, T* out, float* log_sums) {
        detail::attention_forward(this->threads(), shape, qkv, out, log_sums);
    }
    void attention_backward(const AttentionShape& shape, const T* qkv, const T* /*out*/,
                            const float* log_sums, const T* dout, T* dqkv) {
        detail::attention_gradient(this->threads(), shape, qkv, log_sums, dout, dqkv);
    }

    void round(Index n, const float* from, T* to) {
        this->for_elements(
            n, [=](Index begin, Index end) { detail::narrow(end - begin, from + begin, to + begin); });
    }
    void plane_point(Index n, const float* theta, const float* delta, const float* eta, const float* position,
                     T* to) {
        this->for_elements(n, [=, alpha = position[0], beta = position[1]](Index begin, Index end) {
            constexpr Index piece = 512;
            alignas(64) float point[piece];
            for (Index first = begin; first < end; first += piece) {
                const Index length = std::min(piece, end - first);
                for (Index i = 0; i < length; ++i)
                    point[i] = theta[first + i] + alpha * delta[first + i] + beta * eta[first + i];
                detail::narrow(length, point, to + first);
            }
        });
    }
};

}  // namespace vitscape
