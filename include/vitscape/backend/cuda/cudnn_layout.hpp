// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include <vitscape/backend/concept.hpp>

namespace vitscape {

/// One matrix for each sample and head, as cuDNN's attention addresses it: number (sample, head, token, c) lies `offset` and the sum
/// of its indices times `strides` behind the array's first.
struct HeadsLayout {
    std::int64_t offset = 0;
    std::array<std::int64_t, 4> extents{}, strides{};
};

/// Where cuDNN finds the matrices of an attention in the arrays of `FusedAttention`, without copies.
struct CudnnAttentionLayout {
    HeadsLayout queries;   ///< in qkv (samples, tokens, 3, heads, head width), and so in its gradient
    HeadsLayout keys;      ///< the same
    HeadsLayout values;    ///< the same
    HeadsLayout out;       ///< (samples, queries, heads, head width), and so its gradient
    HeadsLayout log_sums;  ///< (samples, heads, queries) of float, as our own kernels save them
};

[[nodiscard]] inline CudnnAttentionLayout cudnn_attention_layout(const AttentionShape& s) {
    const auto in_rows = [&](Index offset, Index tokens_of_sample, Index tokens, Index row) -> HeadsLayout {
        return {.offset = offset,
                .extents = {s.samples, s.heads, tokens, s.head_width},
                .strides = {tokens_of_sample * row, s.head_width, row, 1}};
    };
    const Index width = s.width(), packed = 3 * width;
    return {.queries = in_rows(s.first_query * packed, s.tokens, s.queries, packed),
            .keys = in_rows(width, s.tokens, s.tokens, packed),
            .values = in_rows(2 * width, s.tokens, s.tokens, packed),
            .out = in_rows(0, s.queries, s.queries, width),
            .log_sums = {.extents = {s.samples, s.heads, s.queries, 1},
                         .strides = {s.heads * s.queries, s.queries, 1, 1}}};
}

/// Whether cuDNN has both passes for bfloat16 heads of that width on every device from compute capability 8.0 on: a multiple of 8 up
/// to 128, as its frontend checks for `sdpa_backward`; each row then begins at a multiple of 16 bytes.
[[nodiscard]] inline bool cudnn_attention_supported(const AttentionShape& s) {
    return s.head_width >= 8 && s.head_width <= 128 && s.head_width % 8 == 0 && s.samples >= 1 &&
           s.heads >= 1 && s.queries >= 1 && s.first_query >= 0 && s.first_query + s.queries <= s.tokens;
}

}  // namespace vitscape
