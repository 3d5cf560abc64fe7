// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/eigen/bfloat16/rows.hpp>
#include <vitscape/backend/eigen/layer_norm.hpp>
#include <vitscape/backend/eigen/thread_scratch.hpp>

namespace vitscape::detail {

/// A vector of bfloat16 as float, in memory of the pool.
template <class Pool>
class Widened {
  public:
    Widened(Pool& pool, Index n, const bfloat16* from)
        : pool_(pool),
          bytes_(static_cast<std::size_t>(n) * sizeof(float)),
          data_(static_cast<float*>(pool.allocate(bytes_))) {
        widen(n, from, data_);
    }
    ~Widened() { pool_.release(data_, bytes_); }
    Widened(const Widened&) = delete;
    Widened& operator=(const Widened&) = delete;
    [[nodiscard]] const float* data() const { return data_; }

  private:
    Pool& pool_;
    std::size_t bytes_;
    float* data_;
};

/// `layer_norm_row` of each row of bfloat16, in float.
template <class Pool>
void layer_norm_forward(int threads, Index rows, Index columns, double epsilon, const bfloat16* x,
                        const bfloat16* gamma, const bfloat16* beta, bfloat16* y, float* mean,
                        float* inverse_deviation, Pool& pool) {
    struct Row;
    const Widened<Pool> scale(pool, columns, gamma), shift(pool, columns, beta);
    const Blocks blocks(rows, 16, 64);
    parallel_for(threads, blocks.count, [&](Index block) {
        float* const row = thread_scratch<Row, float>(columns);
        for (Index r = blocks.begin(block); r < blocks.end(block); ++r) {
            widen(columns, x + r * columns, row);
            std::tie(mean[r], inverse_deviation[r]) =
                layer_norm_row(columns, epsilon, row, scale.data(), shift.data(), row);
            narrow(columns, row, y + r * columns);
        }
    });
}

/// The gradient of `layer_norm_forward`: sums in float, dx = keep dx + gradient rounded once.
template <class Pool>
void layer_norm_gradient(int threads, Index rows, Index columns, const bfloat16* x, const bfloat16* gamma,
                         const float* mean, const float* inverse_deviation, const bfloat16* dy, bool keep,
                         bfloat16* dx, float* dgamma, float* dbeta, Pool& pool) {
    struct Row;
    const Widened<Pool> scale(pool, columns, gamma);
    layer_norm_gradient(
        threads, rows, columns, dgamma, dbeta, pool, [&](Index r, float* gamma_sum, float* beta_sum) {
            float* const input = thread_scratch<Row, float>(3 * columns);
            float* const upstream = input + columns;
            float* const gradient = upstream + columns;
            widen(columns, x + r * columns, input);
            widen(columns, dy + r * columns, upstream);
            if (keep) widen(columns, dx + r * columns, gradient);
            layer_norm_gradient_row(columns, input, scale.data(), mean[r], inverse_deviation[r], upstream,
                                    keep, gradient, gamma_sum, beta_sum);
            narrow(columns, gradient, dx + r * columns);
        });
}

}  // namespace vitscape::detail
