// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/attention_backward_bfloat16.hpp>
#include <vitscape/backend/cuda/kernels/attention_backward_float.hpp>
#include <vitscape/backend/cuda/kernels/attention_forward_bfloat16.hpp>
#include <vitscape/backend/cuda/kernels/attention_forward_float.hpp>
#include <vitscape/backend/cuda/kernels/block.hpp>

namespace vitscape {

/// Multi-head attention out = softmax(q k^T / sqrt(W)) v (Vaswani et al. 2017, arXiv 1706.03762, eq. 1), in
/// one pass over memory. Launched according to `attention_forward_launch<T>`; T float or bfloat16, W 32 or 64.
/// @param qkv      (samples, tokens, 3, heads, W), 16-byte aligned
/// @param out      (samples, queries, heads, W), 16-byte aligned
/// @param log_sum  (samples, heads, queries): natural logarithm of the sum of the exponentials, for the
///                 backward pass
template <class T, int W>
struct AttentionForward {
    static constexpr int max_threads = detail::attention_register_threads<T, false>;
    AttentionPlan plan;
    const T* qkv;
    T* out;
    float* log_sum;

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        const auto place = detail::AttentionPlace::of(plan, static_cast<int>(block.index()));
        detail::attention_pass<detail::ForwardTile<T, W>>(block, *this, place);
    }

    template <class Operands>
    VITSCAPE_DEVICE Operands operands(const detail::AttentionPlace& place) const {
        const auto head = place.template packed<W>(plan, qkv);
        return {.query = head.query,
                .a = head.key,
                .b = head.value,
                .out = place.template queries<W>(plan, out),
                .log_sum = place.numbers(plan, log_sum)};
    }
};

/// The gradient of `AttentionForward`, launched according to `attention_backward_launch<T>`: of two
/// neighbouring blocks, which share their matrices in cache, one computes dk and dv and the other dq. No sum
/// depends on the order in which blocks run.
/// @param out, log_sum  results of the forward pass
/// @param dout          (samples, queries, heads, W), 16-byte aligned
/// @param dqkv          like qkv, completely overwritten; tokens that are not queries get a zero query gradient
template <class T, int W>
struct AttentionBackward {
    static constexpr int max_threads = detail::attention_register_threads<T, true>;
    AttentionPlan plan;
    const T *qkv, *out;
    const float* log_sum;
    const T* dout;
    T* dqkv;

    template <KernelBlock Block>
    VITSCAPE_DEVICE void operator()(Block& block) const {
        const int index = static_cast<int>(block.index());
        const auto place = detail::AttentionPlace::of(plan, index / 2);
        if (index % 2 == 0) {
            detail::attention_pass<detail::KeyGradientTile<T, W>>(block, *this, place);
        } else {
            clear_other_queries(block, place);
            detail::attention_pass<detail::QueryGradientTile<T, W>>(block, *this, place);
        }
    }

    template <class Operands>
    VITSCAPE_DEVICE Operands operands(const detail::AttentionPlace& place) const {
        const auto head = place.template packed<W>(plan, qkv);
        const auto gradient = place.template packed<W>(plan, dqkv);
        const auto result = place.template queries<W>(plan, out);
        const auto upstream = place.template queries<W>(plan, dout);
        const float* numbers = place.numbers(plan, log_sum);
        if constexpr (std::is_same_v<Operands, detail::KeyGradientOperands<T>>)
            return {.key = head.key,
                    .value = head.value,
                    .a = head.query,
                    .b = upstream,
                    .out = result,
                    .log_sum = numbers,
                    .dkey = gradient.key,
                    .dvalue = gradient.value};
        else
            return {.query = head.query,
                    .a = head.key,
                    .b = head.value,
                    .dout = upstream,
                    .out = result,
                    .log_sum = numbers,
                    .dquery = gradient.query};
    }

  private:
    template <KernelBlock Block>
    VITSCAPE_DEVICE void clear_other_queries(Block& block, const detail::AttentionPlace& place) const {
        constexpr int piece = 16 / sizeof(T), pieces = W / piece;
        const auto dquery = place.template packed<W>(plan, dqkv).query;
        const int others = plan.tokens - plan.queries, step = plan.groups * block.threads();
        for (int i = place.group * block.threads() + block.thread(); i < others * pieces; i += step) {
            const int other = i / pieces;
            const int query =
                other < plan.first_query ? other - plan.first_query : other - plan.first_query + plan.queries;
            *reinterpret_cast<detail::Words*>(dquery.row(query) + i % pieces * piece) = detail::Words{};
        }
    }
};

}  // namespace vitscape
