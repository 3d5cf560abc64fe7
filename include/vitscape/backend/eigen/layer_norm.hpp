// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <vitscape/backend/eigen/linear.hpp>

namespace vitscape::detail {

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta of one row; returns its mean and inverse deviation.
template <class T>
std::pair<T, T> layer_norm_row(Index columns, double epsilon, const T* x, const T* gamma, const T* beta,
                               T* y) {
    const ConstArrayMap<T> input(x, columns);
    const T average = input.sum() / static_cast<T>(columns);
    const T variance = (input - average).square().sum() / static_cast<T>(columns);
    const T inverse = T(1) / std::sqrt(variance + static_cast<T>(epsilon));
    ArrayMap<T>(y, columns) =
        (input - average) * inverse * ConstArrayMap<T>(gamma, columns) + ConstArrayMap<T>(beta, columns);
    return {average, inverse};
}

/// `layer_norm_row` of all rows, storing mean and inverse deviation of each.
template <class T>
void layer_norm_forward(int threads, Index rows, Index columns, double epsilon, const T* x, const T* gamma,
                        const T* beta, T* y, T* mean, T* inverse_deviation) {
    const Blocks blocks(rows, 16, 64);
    parallel_for(threads, blocks.count, [&](Index block) {
        for (Index r = blocks.begin(block); r < blocks.end(block); ++r)
            std::tie(mean[r], inverse_deviation[r]) =
                layer_norm_row(columns, epsilon, x + r * columns, gamma, beta, y + r * columns);
    });
}

/// dx = keep dx + inverse (g - mean(g) - n mean(g n)) of one row with n the normalized row and g = gamma dy; gamma_sum += dy n,
/// beta_sum += dy.
template <class T>
void layer_norm_gradient_row(Index columns, const T* x, const T* gamma, T average, T inverse, const T* dy,
                             bool keep, T* dx, T* gamma_sum, T* beta_sum) {
    const ConstArrayMap<T> input(x, columns), upstream(dy, columns), scale(gamma, columns);
    ArrayMap<T> gradient(dx, columns);
    const T mean_g = (upstream * scale).sum() / static_cast<T>(columns);
    const T mean_gn = (upstream * scale * (input - average)).sum() * inverse / static_cast<T>(columns);
    ArrayMap<T>(gamma_sum, columns) += upstream * (input - average) * inverse;
    ArrayMap<T>(beta_sum, columns) += upstream;
    const auto result = inverse * (upstream * scale - mean_g - (input - average) * (inverse * mean_gn));
    if (keep)
        gradient += result;
    else
        gradient = result;
}

/// row(r, gamma_sum, beta_sum) for all rows; dgamma and dbeta get the sums, formed over fixed groups of rows.
template <class T, class Pool, class Row>
void layer_norm_gradient(int threads, Index rows, Index columns, T* dgamma, T* dbeta, Pool& pool,
                         const Row& row) {
    const Blocks blocks(rows, 64, 16);
    const auto bytes = static_cast<std::size_t>(blocks.count * 2 * columns) * sizeof(T);
    T* const partial = static_cast<T*>(pool.allocate(bytes));
    parallel_for(threads, blocks.count, [&](Index block) {
        T* const gamma_sum = partial + block * 2 * columns;
        T* const beta_sum = gamma_sum + columns;
        std::fill(gamma_sum, gamma_sum + 2 * columns, T(0));
        for (Index r = blocks.begin(block); r < blocks.end(block); ++r) row(r, gamma_sum, beta_sum);
    });
    ArrayMap<T> gamma_total(dgamma, columns), beta_total(dbeta, columns);
    for (Index block = 0; block < blocks.count; ++block) {
        gamma_total += ConstArrayMap<T>(partial + block * 2 * columns, columns);
        beta_total += ConstArrayMap<T>(partial + (block * 2 + 1) * columns, columns);
    }
    pool.release(partial, bytes);
}

}  // namespace vitscape::detail
