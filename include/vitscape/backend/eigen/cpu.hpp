// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <vitscape/backend/eigen/adamw.hpp>
#include <vitscape/backend/eigen/attention.hpp>
#include <vitscape/backend/eigen/bfloat16/cpu.hpp>
#include <vitscape/backend/eigen/layer_norm.hpp>
#include <vitscape/backend/eigen/linear.hpp>
#include <vitscape/backend/eigen/primitives.hpp>

namespace vitscape {

/// The CPU backend on Eigen, for float and double: the primitives and the fused refinements of concept.hpp,
/// whose arguments are documented there. If oneDNN was found, its matrix product is used for float. `Cpu<bfloat16>` is a class of its
/// own.
template <class T>
class Cpu : public CpuPrimitives<T> {
  public:
    using CpuPrimitives<T>::CpuPrimitives;
    [[nodiscard]] Cpu on_one_thread() const { return Cpu(1); }

    void linear(Index rows, Index out, Index in, const T* x, const T* weight, const T* bias,
                const T* residual, T* y) {
        detail::linear_forward(this->threads(), rows, out, in, x, weight, bias, residual, y,
                               [](Index, Index, Index, Index) {});
    }
    void linear_gelu(Index rows, Index out, Index in, const T* x, const T* weight, const T* bias, T* y,
                     T* h) {
        detail::linear_forward(this->threads(), rows, out, in, x, weight, bias,
                               static_cast<const T*>(nullptr), y,
                               [=](Index row, Index row_end, Index column, Index column_end) {
                                   const Index length = column_end - column;
                                   for (Index r = row; r < row_end; ++r) {
                                       T* const of_row = y + r * out + column;
                                       if (h != nullptr) std::copy_n(of_row, length, h + r * out + column);
                                       detail::gelu_in_place(length, of_row, static_cast<T*>(nullptr));
                                   }
                               });
    }
    void gelu_and_derivative(Index n, T* h, T* y) {
        this->for_elements(n, [=](Index begin, Index end) {
            std::copy(h + begin, h + end, y + begin);
            detail::gelu_in_place(end - begin, y + begin, h + begin);
        });
    }
    void linear_gradient(Index rows, Index out, Index in, const T* x, const T* dy, T* dweight, T* dbias) {
        detail::add_weight_gradient(this->threads(), rows, out, in, x, dy, dweight, this->pool());
        this->reduce_columns(rows, out, functor::Identity{}, 1, dbias, operand::Matrix<const T*>{dy, out});
    }

    void layer_norm(Index rows, Index columns, double epsilon, const T* x, const T* gamma, const T* beta,
                    T* y, T* mean, T* inverse_deviation) {
        detail::layer_norm_forward(this->threads(), rows, columns, epsilon, x, gamma, beta, y, mean,
                                   inverse_deviation);
    }
    void layer_norm_backward(Index rows, Index columns, const T* x, const T* gamma, const T* mean,
                             const T* inverse_deviation, const T* dy, double beta, T* dx, T* dgamma,
                             T* dbeta) {
        detail::layer_norm_gradient(this->threads(), rows, columns, dgamma, dbeta, this->pool(),
                                    [=](Index r, T* gamma_sum, T* beta_sum) {
                                        detail::layer_norm_gradient_row(
                                            columns, x + r * columns, gamma, mean[r], inverse_deviation[r],
                                            dy + r * columns, beta != 0, dx + r * columns, gamma_sum,
                                            beta_sum);
                                    });
    }

    [[nodiscard]] static constexpr bool attention_supported(const AttentionShape&) { return true; }
    /// The logarithms of the sums of exponentials are saved, one number per query.
    [[nodiscard]] Index attention_saved(const AttentionShape& shape) const {
        return shape.samples * shape.heads * shape.queries;
    }
    void attention(const AttentionShape& shape, const T* qkv, T* out, T* log_sums) {
        detail::attention_forward(this->threads(), shape, qkv, out, log_sums);
    }
    void attention_backward(const AttentionShape& shape, const T* qkv, const T* /*out*/, const T* log_sums,
                            const T* dout, T* dqkv) {
        detail::attention_gradient(this->threads(), shape, qkv, log_sums, dout, dqkv);
    }

    void adamw(std::span<const ParameterGroup> groups, const AdamWStep& step, T* theta, const T* gradient,
               T* first, T* second, T* teacher = nullptr, double momentum = 1) {
        for (const ParameterGroup& group : groups)
            detail::adamw_step(this->threads(), group.count, of_group(step, group), theta + group.offset,
                               gradient + group.offset, first + group.offset, second + group.offset,
                               teacher == nullptr ? nullptr : teacher + group.offset, momentum);
    }
};

}  // namespace vitscape
