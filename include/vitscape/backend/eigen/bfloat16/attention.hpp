// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

#include <vitscape/backend/eigen/bfloat16/gemm.hpp>
#include <vitscape/backend/eigen/linear.hpp>

namespace vitscape::detail {

/// The products of some neighbouring heads of one sample in `AttentionShape`, bfloat16 in and float out. Scores and probabilities
/// (head, query, token) lie one behind the other, so do the products with q, k or v, (head, row, head width).
class HeadGroup {
  public:
    /// As many heads at once as keep their scores within the second-level cache: a call costs about a microsecond.
    explicit HeadGroup(const AttentionShape& s)
        : s_(s), heads_(std::clamp<Index>(65536 / std::max<Index>(1, s.queries * s.tokens), 1, s.heads)) {}
    [[nodiscard]] Index heads() const { return heads_; }

    /// (query, token) = q k^T for rows of q and k `stride_q` and `stride_k` apart
    void scores(Index heads, const bfloat16* q, Index stride_q, const bfloat16* k, float* to) const {
        gemm_batch({.transpose_b = true,
                    .m = s_.queries,
                    .n = s_.tokens,
                    .k = s_.head_width,
                    .stride_a = stride_q,
                    .stride_b = packed(),
                    .stride_c = s_.tokens},
                   {.inner = heads,
                    .inner_a = s_.head_width,
                    .inner_b = s_.head_width,
                    .inner_c = s_.queries * s_.tokens},
                   q, k, to);
    }
    /// (query, head width) = p v
    void mix(Index heads, const bfloat16* p, const bfloat16* v, float* to) const {
        gemm_batch({.m = s_.queries,
                    .n = s_.head_width,
                    .k = s_.tokens,
                    .stride_a = s_.tokens,
                    .stride_b = packed(),
                    .stride_c = s_.head_width},
                   {.inner = heads,
                    .inner_a = s_.queries * s_.tokens,
                    .inner_b = s_.head_width,
                    .inner_c = s_.queries * s_.head_width},
                   p, v, to);
    }
    /// (token, head width) = p^T u for rows of u `stride_u` apart
    void spread(Index heads, const bfloat16* p, const bfloat16* u, Index stride_u, float* to) const {
        gemm_batch({.transpose_a = true,
                    .m = s_.tokens,
                    .n = s_.head_width,
                    .k = s_.queries,
                    .stride_a = s_.tokens,
                    .stride_b = stride_u,
                    .stride_c = s_.head_width},
                   {.inner = heads,
                    .inner_a = s_.queries * s_.tokens,
                    .inner_b = s_.head_width,
                    .inner_c = s_.tokens * s_.head_width},
                   p, u, to);
    }
    /// Rounds (head, row, head width) to rows of all heads, `stride` apart.
    void store(Index heads, Index rows, const float* from, bfloat16* to, Index stride) const {
        for (Index head = 0; head < heads; ++head)
            for (Index r = 0; r < rows; ++r)
                narrow(s_.head_width, from + (head * rows + r) * s_.head_width,
                       to + r * stride + head * s_.head_width);
    }

  private:
    [[nodiscard]] Index packed() const { return 3 * s_.width(); }
    AttentionShape s_;
    Index heads_;
};

/// x[0..n) = exp(x); many rows at once, since rows of a few numbers are mostly the rest of a vector.
inline void exponentials(Index n, float* x) {
    ArrayMap<float> numbers(x, n);
    numbers = numbers.exp();
}

/// out = softmax(q k^T / sqrt(head width)) v for each sample and head. Sums and the softmax are float; probabilities are rounded before
/// they meet v. `log_sums` (sample, head, query) is all that the gradient needs besides qkv.
inline void attention_forward(int threads, const AttentionShape& s, const bfloat16* qkv, bfloat16* out,
                              float* log_sums) {
    struct Scores;
    struct Probabilities;
    const HeadGroup group(s);
    const Index width = s.width(), packed = 3 * width, map_size = s.queries * s.tokens;
    const float scale = 1 / std::sqrt(static_cast<float>(s.head_width));
    parallel_for(threads, s.samples, [&](Index sample) {
        const bfloat16* const k = qkv + sample * s.tokens * packed + width;
        const bfloat16* const q = k - width + s.first_query * packed;
        float* const scores =
            thread_scratch<Scores, float>(group.heads() * (map_size + s.queries * s.head_width));
        bfloat16* const p = thread_scratch<Probabilities, bfloat16>(group.heads() * map_size);
        for (Index head = 0; head < s.heads; head += group.heads()) {
            const Index heads = std::min(group.heads(), s.heads - head), column = head * s.head_width;
            float* const mixed = scores + heads * map_size;
            float* const log_sum = log_sums + (sample * s.heads + head) * s.queries;
            group.scores(heads, q + column, packed, k + column, scores);
            for (Index i = 0; i < heads * s.queries; ++i) {
                ArrayMap<float> row(scores + i * s.tokens, s.tokens);
                const float largest = scale * row.maxCoeff();
                row = scale * row - largest;
                log_sum[i] = largest;
            }
            exponentials(heads * map_size, scores);
            for (Index i = 0; i < heads * s.queries; ++i) {
                ArrayMap<float> row(scores + i * s.tokens, s.tokens);
                const float sum = row.sum();
                row *= 1 / sum;
                log_sum[i] += std::log(sum);
            }
            narrow(heads * map_size, scores, p);
            group.mix(heads, p, k + width + column, mixed);
            group.store(heads, s.queries, mixed, out + sample * s.queries * width + column, width);
        }
    });
}

/// dqkv from the gradient of `out`, the probabilities computed again; rows of q that are not queries get zero.
inline void attention_gradient(int threads, const AttentionShape& s, const bfloat16* qkv,
                               const float* log_sums, const bfloat16* dout, bfloat16* dqkv) {
    struct Scores;
    struct Rounded;
    const HeadGroup group(s);
    const Index width = s.width(), packed = 3 * width, map_size = s.queries * s.tokens;
    const float scale = 1 / std::sqrt(static_cast<float>(s.head_width));
    parallel_for(threads, s.samples, [&](Index sample) {
        const bfloat16* const k = qkv + sample * s.tokens * packed + width;
        const bfloat16* const q = k - width + s.first_query * packed;
        const bfloat16* const upstream = dout + sample * s.queries * width;
        bfloat16* const gradient = dqkv + sample * s.tokens * packed;
        for (Index t = 0; t < s.tokens; ++t)
            if (t < s.first_query || t >= s.first_query + s.queries)
                std::fill_n(gradient + t * packed, width, bfloat16(0.0F));
        float* const scores =
            thread_scratch<Scores, float>(group.heads() * (2 * map_size + s.tokens * s.head_width));
        bfloat16* const rounded = thread_scratch<Rounded, bfloat16>(group.heads() * map_size);
        for (Index head = 0; head < s.heads; head += group.heads()) {
            const Index heads = std::min(group.heads(), s.heads - head), column = head * s.head_width;
            float* const dscores = scores + heads * map_size;
            float* const product = dscores + heads * map_size;
            const float* const log_sum = log_sums + (sample * s.heads + head) * s.queries;
            group.scores(heads, q + column, packed, k + column, scores);
            for (Index i = 0; i < heads * s.queries; ++i) {
                ArrayMap<float> row(scores + i * s.tokens, s.tokens);
                row = scale * row - log_sum[i];
            }
            exponentials(heads * map_size, scores);
            narrow(heads * map_size, scores, rounded);
            group.spread(heads, rounded, upstream + column, width, product);
            group.store(heads, s.tokens, product, gradient + 2 * width + column, packed);
            group.scores(heads, upstream + column, width, k + width + column, dscores);
            for (Index i = 0; i < heads * s.queries; ++i) {
                const ConstArrayMap<float> probability(scores + i * s.tokens, s.tokens);
                ArrayMap<float> row(dscores + i * s.tokens, s.tokens);
                const float mean = (row * probability).sum();
                row = scale * probability * (row - mean);
            }
            narrow(heads * map_size, dscores, rounded);
            group.mix(heads, rounded, k + column, product);
            group.store(heads, s.queries, product, gradient + s.first_query * packed + column, packed);
            group.spread(heads, rounded, q + column, packed, product);
            group.store(heads, s.tokens, product, gradient + width + column, packed);
        }
    });
}

}  // namespace vitscape::detail
