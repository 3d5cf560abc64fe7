// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>

#include <vitscape/backend/eigen/attention.hpp>
#include <vitscape/backend/eigen/bfloat16/gemm.hpp>
#include <vitscape/backend/eigen/bfloat16/rows.hpp>

namespace vitscape::detail {

/// A part of `AttentionShape`: all heads of some samples, or some heads of one sample. Its scores and probabilities (sample, head, query,
/// token) lie one behind the other, and so do the products with q, k or v, (sample, head, row, head width).
template <std::same_as<bfloat16> H>
class HeadGroup {
  public:
    /// Number of groups: as many heads at once as keep their scores within the second-level cache, since a call of oneDNN takes about a
    /// microsecond.
    static Index count(const AttentionShape& s) {
        const Index per_sample = (s.heads + heads_at_once(s) - 1) / heads_at_once(s);
        return per_sample > 1 ? s.samples * per_sample
                              : (s.samples + samples_at_once(s) - 1) / samples_at_once(s);
    }
    HeadGroup(const AttentionShape& s, Index group) : s_(s) {
        const Index at_once = heads_at_once(s), per_sample = (s.heads + at_once - 1) / at_once;
        const Index samples = per_sample > 1 ? 1 : samples_at_once(s);
        sample_ = group / per_sample * samples;
        head_ = group % per_sample * at_once;
        samples_ = std::min(samples, s.samples - sample_);
        heads_ = std::min(at_once, s.heads - head_);
    }

    /// Numbers of rows of scores, in all and before this group.
    [[nodiscard]] Index rows() const { return samples_ * heads_ * s_.queries; }
    [[nodiscard]] Index first_row() const { return (sample_ * s_.heads + head_) * s_.queries; }
    [[nodiscard]] Index scores_size() const { return rows() * s_.tokens; }
    /// Of the larger of (sample, head, query or token, head width).
    [[nodiscard]] Index product_size() const { return samples_ * heads_ * s_.tokens * s_.head_width; }

    /// The group's first element of q, k or v (`part` 0, 1, 2), of q that of the first query.
    template <class T>
    [[nodiscard]] T* of_packed(T* qkv, Index part) const {
        return qkv + (sample_ * s_.tokens + (part == 0 ? s_.first_query : 0)) * packed() + part * s_.width() +
               column();
    }
    template <class T>
    [[nodiscard]] T* of_output(T* out) const {
        return out + sample_ * s_.queries * s_.width() + column();
    }

    /// (query, token) = q k^T
    void scores(const H* q, const H* k, float* to) const { products(q, packed(), s_.tokens, k, to); }
    /// (query, token) = u v^T for u like the output
    void scores_of_output(const H* u, const H* v, float* to) const {
        products(u, s_.width(), s_.queries, v, to);
    }
    /// (query, head width) = p v
    void mix(const H* p, const H* v, float* to) const {
        ProductBatch batch = of_scores();
        batch.outer_b = s_.tokens * packed();
        batch.inner_b = s_.head_width;
        dense_gemm({.m = s_.queries,
                    .n = s_.head_width,
                    .k = s_.tokens,
                    .stride_a = s_.tokens,
                    .stride_b = packed()},
                   batch, p, v, to);
    }
    /// (token, head width) = p^T q
    void spread(const H* p, const H* q, float* to) const { sums(p, q, packed(), s_.tokens, to); }
    /// (token, head width) = p^T u for u like the output
    void spread_of_output(const H* p, const H* u, float* to) const { sums(p, u, s_.width(), s_.queries, to); }
    /// Rounds (sample, head, query, head width) to the output, or (sample, head, row, head width) to q, k or v.
    void store_output(const float* from, H* to) const { store(from, s_.queries, s_.width(), s_.queries, to); }
    void store_queries(const float* from, H* to) const { store(from, s_.queries, packed(), s_.tokens, to); }
    void store_tokens(const float* from, H* to) const { store(from, s_.tokens, packed(), s_.tokens, to); }
    /// Zeros for q of the tokens that are no queries.
    void clear_other_queries(H* qkv) const {
        for (Index sample = sample_; sample < sample_ + samples_; ++sample)
            for (Index t = 0; t < s_.tokens; ++t)
                if (t < s_.first_query || t >= s_.first_query + s_.queries)
                    std::fill_n(qkv + (sample * s_.tokens + t) * packed() + column(), heads_ * s_.head_width,
                                H(0.0F));
    }

  private:
    static Index scores_of_head(const AttentionShape& s) { return std::max<Index>(1, s.queries * s.tokens); }
    static Index heads_at_once(const AttentionShape& s) {
        return std::clamp<Index>(65536 / scores_of_head(s), 1, s.heads);
    }
    static Index samples_at_once(const AttentionShape& s) {
        return std::clamp<Index>(65536 / (s.heads * scores_of_head(s)), 1, 16);
    }
    [[nodiscard]] Index packed() const { return 3 * s_.width(); }
    [[nodiscard]] Index column() const { return head_ * s_.head_width; }
    /// Of products whose A are scores or probabilities.
    [[nodiscard]] ProductBatch of_scores() const {
        const Index size = s_.queries * s_.tokens;
        return {.outer = samples_, .inner = heads_, .outer_a = heads_ * size, .inner_a = size};
    }
    /// Rows of A are `stride` apart, samples `rows` rows.
    void products(const H* a, Index stride, Index rows, const H* b, float* to) const {
        dense_gemm({.transpose_b = true,
                    .m = s_.queries,
                    .n = s_.tokens,
                    .k = s_.head_width,
                    .stride_a = stride,
                    .stride_b = packed()},
                   {.outer = samples_,
                    .inner = heads_,
                    .outer_a = rows * stride,
                    .inner_a = s_.head_width,
                    .outer_b = s_.tokens * packed(),
                    .inner_b = s_.head_width},
                   a, b, to);
    }
    void sums(const H* p, const H* b, Index stride, Index rows, float* to) const {
        ProductBatch batch = of_scores();
        batch.outer_b = rows * stride;
        batch.inner_b = s_.head_width;
        dense_gemm({.transpose_a = true,
                    .m = s_.tokens,
                    .n = s_.head_width,
                    .k = s_.queries,
                    .stride_a = s_.tokens,
                    .stride_b = stride},
                   batch, p, b, to);
    }
    void store(const float* from, Index rows, Index stride, Index rows_of_sample, H* to) const {
        for (Index sample = 0; sample < samples_; ++sample)
            for (Index head = 0; head < heads_; ++head)
                for (Index r = 0; r < rows; ++r, from += s_.head_width)
                    narrow(s_.head_width, from,
                           to + (sample * rows_of_sample + r) * stride + head * s_.head_width);
    }

    AttentionShape s_;
    Index sample_, head_, samples_, heads_;
};

/// out = softmax(q k^T / sqrt(head width)) v for each sample and head. Sums and the softmax are float; probabilities are rounded before
/// they meet v. `log_sums` (sample, head, query) is all that the gradient needs besides qkv.
template <std::same_as<bfloat16> H>
void attention_forward(int threads, const AttentionShape& s, const H* qkv, H* out, float* log_sums) {
    struct Scores;
    struct Mixed;
    struct Probabilities;
    const float scale = 1 / std::sqrt(static_cast<float>(s.head_width));
    parallel_for(threads, HeadGroup<H>::count(s), [&](Index index) {
        const HeadGroup<H> group(s, index);
        float* const scores = thread_scratch<Scores, float>(group.scores_size());
        float* const mixed = thread_scratch<Mixed, float>(group.product_size());
        H* const p = thread_scratch<Probabilities, H>(group.scores_size());
        float* const log_sum = log_sums + group.first_row();
        group.scores(group.of_packed(qkv, 0), group.of_packed(qkv, 1), scores);
        for (Index i = 0; i < group.rows(); ++i) {
            ArrayMap<float> row(scores + i * s.tokens, s.tokens);
            const float largest = scale * row.maxCoeff();
            row = scale * row - largest;
            log_sum[i] = largest;
        }
        exponentials(group.scores_size(), scores);
        for (Index i = 0; i < group.rows(); ++i) {
            ArrayMap<float> row(scores + i * s.tokens, s.tokens);
            const float sum = row.sum();
            row *= 1 / sum;
            log_sum[i] += std::log(sum);
        }
        narrow(group.scores_size(), scores, p);
        group.mix(p, group.of_packed(qkv, 2), mixed);
        group.store_output(mixed, group.of_output(out));
    });
}

/// dqkv from the gradient of `out`, the probabilities computed again; rows of q that are not queries get zero.
template <std::same_as<bfloat16> H>
void attention_gradient(int threads, const AttentionShape& s, const H* qkv, const float* log_sums,
                        const H* dout, H* dqkv) {
    struct Scores;
    struct Gradients;
    struct Products;
    struct Rounded;
    const float scale = 1 / std::sqrt(static_cast<float>(s.head_width));
    parallel_for(threads, HeadGroup<H>::count(s), [&](Index index) {
        const HeadGroup<H> group(s, index);
        float* const scores = thread_scratch<Scores, float>(group.scores_size());
        float* const dscores = thread_scratch<Gradients, float>(group.scores_size());
        float* const product = thread_scratch<Products, float>(group.product_size());
        H* const rounded = thread_scratch<Rounded, H>(group.scores_size());
        const float* const log_sum = log_sums + group.first_row();
        const H *const q = group.of_packed(qkv, 0), *const k = group.of_packed(qkv, 1),
                       *const v = group.of_packed(qkv, 2), *const upstream = group.of_output(dout);
        group.clear_other_queries(dqkv);
        group.scores(q, k, scores);
        for (Index i = 0; i < group.rows(); ++i) {
            ArrayMap<float> row(scores + i * s.tokens, s.tokens);
            row = scale * row - log_sum[i];
        }
        exponentials(group.scores_size(), scores);
        narrow(group.scores_size(), scores, rounded);
        group.spread_of_output(rounded, upstream, product);
        group.store_tokens(product, group.of_packed(dqkv, 2));
        group.scores_of_output(upstream, v, dscores);
        for (Index i = 0; i < group.rows(); ++i) {
            const ConstArrayMap<float> probability(scores + i * s.tokens, s.tokens);
            ArrayMap<float> row(dscores + i * s.tokens, s.tokens);
            const float mean = (row * probability).sum();
            row = scale * probability * (row - mean);
        }
        narrow(group.scores_size(), dscores, rounded);
        group.mix(rounded, k, product);
        group.store_queries(product, group.of_packed(dqkv, 0));
        group.spread(rounded, q, product);
        group.store_tokens(product, group.of_packed(dqkv, 1));
    });
}

}  // namespace vitscape::detail
