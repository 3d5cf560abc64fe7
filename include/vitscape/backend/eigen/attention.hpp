// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <vitscape/backend/eigen/linear.hpp>
#include <vitscape/backend/eigen/small_gemm.hpp>
#include <vitscape/backend/eigen/thread_scratch.hpp>

namespace vitscape::detail {

/// The matrix products of one head of `AttentionShape`; see autograd/ops/attention.hpp for the same in
/// primitives.
struct HeadProducts {
    MatrixProduct scores, mix, value_gradient, probability_gradient, query_gradient, key_gradient;
    explicit HeadProducts(const AttentionShape& s) {
        const Index width = s.width(), packed = 3 * width;
        const double scale = 1 / std::sqrt(static_cast<double>(s.head_width));
        scores = {.transpose_b = true,
                  .m = s.queries,
                  .n = s.tokens,
                  .k = s.head_width,
                  .stride_a = packed,
                  .stride_b = packed,
                  .stride_c = s.tokens,
                  .alpha = scale};
        mix = {.m = s.queries,
               .n = s.head_width,
               .k = s.tokens,
               .stride_a = s.tokens,
               .stride_b = packed,
               .stride_c = width};
        value_gradient = {.transpose_a = true,
                          .m = s.tokens,
                          .n = s.head_width,
                          .k = s.queries,
                          .stride_a = s.tokens,
                          .stride_b = width,
                          .stride_c = packed};
        probability_gradient = {.transpose_b = true,
                                .m = s.queries,
                                .n = s.tokens,
                                .k = s.head_width,
                                .stride_a = width,
                                .stride_b = packed,
                                .stride_c = s.tokens};
        query_gradient = {.m = s.queries,
                          .n = s.head_width,
                          .k = s.tokens,
                          .stride_a = s.tokens,
                          .stride_b = packed,
                          .stride_c = packed,
                          .alpha = scale};
        key_gradient = {.transpose_a = true,
                        .m = s.tokens,
                        .n = s.head_width,
                        .k = s.queries,
                        .stride_a = s.tokens,
                        .stride_b = packed,
                        .stride_c = packed,
                        .alpha = scale};
    }
};

/// x[0..n) = exp(x); many rows at once, since rows of a few numbers are mostly the rest of a vector.
template <class T>
void exponentials(Index n, T* x) {
    ArrayMap<T> numbers(x, n);
    numbers = numbers.exp();
}

/// out = softmax(q k^T / sqrt(head width)) v for each sample and head, the scores of a head in cache. `log_sums` (sample, head, query),
/// the logarithms of the sums of exponentials, are all that the gradient needs besides qkv.
template <class T>
void attention_forward(int threads, const AttentionShape& s, const T* qkv, T* out, T* log_sums) {
    struct Scores;
    const HeadProducts products(s);
    const Index width = s.width(), packed = 3 * width, map_size = s.queries * s.tokens;
    parallel_for(threads, s.samples, [&](Index sample) {
        const T* const q = qkv + (sample * s.tokens + s.first_query) * packed;
        const T* const k = qkv + sample * s.tokens * packed + width;
        T* const scores = thread_scratch<Scores, T>(map_size);
        for (Index head = 0; head < s.heads; ++head) {
            const Index column = head * s.head_width;
            T* const log_sum = log_sums + (sample * s.heads + head) * s.queries;
            T* const mixed = out + sample * s.queries * width + column;
            head_gemm(products.scores, q + column, k + column, scores);
            for (Index i = 0; i < s.queries; ++i) {
                ArrayMap<T> row(scores + i * s.tokens, s.tokens);
                log_sum[i] = row.maxCoeff();
                row -= log_sum[i];
            }
            exponentials(map_size, scores);
            head_gemm(products.mix, scores, k + width + column, mixed);
            for (Index i = 0; i < s.queries; ++i) {
                const T sum = ConstArrayMap<T>(scores + i * s.tokens, s.tokens).sum();
                ArrayMap<T>(mixed + i * width, s.head_width) *= T(1) / sum;
                log_sum[i] += std::log(sum);
            }
        }
    });
}

/// dqkv from the gradient of `out`, the probabilities computed again; rows of q that are not queries get zero.
template <class T>
void attention_gradient(int threads, const AttentionShape& s, const T* qkv, const T* log_sums, const T* dout,
                        T* dqkv) {
    struct Probabilities;
    struct Gradients;
    const HeadProducts products(s);
    const Index width = s.width(), packed = 3 * width, map_size = s.queries * s.tokens;
    parallel_for(threads, s.samples, [&](Index sample) {
        const T* const q = qkv + (sample * s.tokens + s.first_query) * packed;
        const T* const k = qkv + sample * s.tokens * packed + width;
        T* const first = dqkv + sample * s.tokens * packed;
        T* const p = thread_scratch<Probabilities, T>(map_size);
        T* const dscores = thread_scratch<Gradients, T>(map_size);
        if (s.queries < s.tokens)
            for (Index t = 0; t < s.tokens; ++t)
                if (t < s.first_query || t >= s.first_query + s.queries)
                    ArrayMap<T>(first + t * packed, width).setZero();
        for (Index head = 0; head < s.heads; ++head) {
            const Index column = head * s.head_width;
            const T* const log_sum = log_sums + (sample * s.heads + head) * s.queries;
            const T* const upstream = dout + sample * s.queries * width + column;
            head_gemm(products.scores, q + column, k + column, p);
            for (Index i = 0; i < s.queries; ++i) ArrayMap<T>(p + i * s.tokens, s.tokens) -= log_sum[i];
            exponentials(map_size, p);
            head_gemm(products.value_gradient, p, upstream, first + 2 * width + column);
            head_gemm(products.probability_gradient, upstream, k + width + column, dscores);
            for (Index i = 0; i < s.queries; ++i) {
                const ConstArrayMap<T> probability(p + i * s.tokens, s.tokens);
                ArrayMap<T> row(dscores + i * s.tokens, s.tokens);
                row = probability * (row - (row * probability).sum());
            }
            head_gemm(products.query_gradient, dscores, k + column, first + s.first_query * packed + column);
            head_gemm(products.key_gradient, dscores, q + column, first + width + column);
        }
    });
}

}  // namespace vitscape::detail
