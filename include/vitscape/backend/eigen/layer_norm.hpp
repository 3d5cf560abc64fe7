// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/eigen/linear.hpp>

namespace vitscape::detail {

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta for each row, storing its mean and inverse
/// deviation.
template <class T>
void layer_norm_forward(int threads, Index rows, Index columns, double epsilon, const T* x, const T* gamma,
                        const T* beta, T* y, T* mean, T* inverse_deviation) {
    const Blocks blocks(rows, 16, 64);
    parallel_for(threads, blocks.count, [&](Index block) {
        const ConstArrayMap<T> scale(gamma, columns), shift(beta, columns);
        for (Index r = blocks.begin(block); r < blocks.end(block); ++r) {
            const ConstArrayMap<T> input(x + r * columns, columns);
            const T average = input.sum() / static_cast<T>(columns);
            const T variance = (input - average).square().sum() / static_cast<T>(columns);
            const T inverse = T(1) / std::sqrt(variance + static_cast<T>(epsilon));
            ArrayMap<T>(y + r * columns, columns) = (input - average) * inverse * scale + shift;
            mean[r] = average;
            inverse_deviation[r] = inverse;
        }
    });
}

/// dx = beta dx + inverse (g - mean(g) - n mean(g n)) with n the normalized row and g = gamma dy; dgamma +=
/// sum of dy n, dbeta += sum of dy. Partial sums are formed over fixed groups of rows.
template <class T, class Pool>
void layer_norm_gradient(int threads, Index rows, Index columns, const T* x, const T* gamma, const T* mean,
                         const T* inverse_deviation, const T* dy, double beta, T* dx, T* dgamma, T* dbeta,
                         Pool& pool) {
    const Blocks blocks(rows, 64, 16);
    const auto bytes = static_cast<std::size_t>(blocks.count * 2 * columns) * sizeof(T);
    T* const partial = static_cast<T*>(pool.allocate(bytes));
    parallel_for(threads, blocks.count, [&](Index block) {
        ArrayMap<T> gamma_sum(partial + block * 2 * columns, columns);
        ArrayMap<T> beta_sum(partial + (block * 2 + 1) * columns, columns);
        gamma_sum.setZero();
        beta_sum.setZero();
        const ConstArrayMap<T> scale(gamma, columns);
        for (Index r = blocks.begin(block); r < blocks.end(block); ++r) {
            const ConstArrayMap<T> input(x + r * columns, columns), upstream(dy + r * columns, columns);
            ArrayMap<T> gradient(dx + r * columns, columns);
            const T average = mean[r], inverse = inverse_deviation[r];
            const T mean_g = (upstream * scale).sum() / static_cast<T>(columns);
            const T mean_gn =
                (upstream * scale * (input - average)).sum() * inverse / static_cast<T>(columns);
            gamma_sum += upstream * (input - average) * inverse;
            beta_sum += upstream;
            const auto result =
                inverse * (upstream * scale - mean_g - (input - average) * (inverse * mean_gn));
            if (beta == 0)
                gradient = result;
            else
                gradient += result;
        }
    });
    ArrayMap<T> gamma_total(dgamma, columns), beta_total(dbeta, columns);
    for (Index block = 0; block < blocks.count; ++block) {
        gamma_total += ConstArrayMap<T>(partial + block * 2 * columns, columns);
        beta_total += ConstArrayMap<T>(partial + (block * 2 + 1) * columns, columns);
    }
    pool.release(partial, bytes);
}

}  // namespace vitscape::detail
