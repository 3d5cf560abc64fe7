// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <vitscape/autograd/ops/linear.hpp>

namespace vitscape {

namespace detail {

template <Backend B>
void attention_forward(B& b, const AttentionShape& s, typename B::Pointer qkv, typename B::Pointer out,
                       typename B::Pointer probabilities, const Tensor<Master<B>>& row_number) {
    using P = typename B::Pointer;
    const Index width = s.width(), packed = 3 * width, map = s.queries * s.tokens;
    const double scale = 1 / std::sqrt(static_cast<double>(s.head_width));
    const P q = qkv + s.first_query * packed, k = qkv + width, v = qkv + 2 * width;
    b.multiply_batch({.transpose_b = true,
                      .m = s.queries,
                      .n = s.tokens,
                      .k = s.head_width,
                      .stride_a = packed,
                      .stride_b = packed,
                      .stride_c = s.tokens,
                      .alpha = scale},
                     {.outer = s.samples,
                      .inner = s.heads,
                      .outer_a = s.tokens * packed,
                      .inner_a = s.head_width,
                      .outer_b = s.tokens * packed,
                      .inner_b = s.head_width,
                      .outer_c = s.heads * map,
                      .inner_c = map},
                     q, k, probabilities);
    const Index rows = s.samples * s.heads * s.queries;
    const operand::Matrix<P> scores{probabilities, s.tokens};
    const operand::PerRow<typename Master<B>::Pointer> per_row{row_number.data()};
    b.row_maximum(rows, s.tokens, scores, row_number.data());
    b.map(rows, s.tokens, functor::ShiftedExponential{}, scores, scores, per_row);
    b.reduce_rows(rows, s.tokens, functor::Identity{}, row_number.data(), scores);
    b.map(rows, s.tokens, functor::Divide{}, scores, scores, per_row);
    b.multiply_batch({.m = s.queries,
                      .n = s.head_width,
                      .k = s.tokens,
                      .stride_a = s.tokens,
                      .stride_b = packed,
                      .stride_c = width},
                     {.outer = s.samples,
                      .inner = s.heads,
                      .outer_a = s.heads * map,
                      .inner_a = map,
                      .outer_b = s.tokens * packed,
                      .inner_b = s.head_width,
                      .outer_c = s.queries * width,
                      .inner_c = s.head_width},
                     probabilities, v, out);
}

template <Backend B>
void attention_backward(Tape<B>& tape, const AttentionShape& s, typename B::Pointer qkv,
                        typename B::Pointer probabilities, typename B::Pointer dout,
                        typename B::Pointer dqkv) {
    using P = typename B::Pointer;
    B& b = tape.backend();
    const Index width = s.width(), packed = 3 * width, map = s.queries * s.tokens;
    const double scale = 1 / std::sqrt(static_cast<double>(s.head_width));
    const P q = qkv + s.first_query * packed, k = qkv + width, v = qkv + 2 * width;
    const P dq = dqkv + s.first_query * packed, dk = dqkv + width, dv = dqkv + 2 * width;
    const Index per_sample = s.tokens * packed, per_out = s.queries * width, per_map = s.heads * map,
                d = s.head_width;
    b.fill(s.samples * per_sample, 0, dqkv);  // tokens without a query get no gradient for it
    b.multiply_batch({.transpose_a = true,
                      .m = s.tokens,
                      .n = d,
                      .k = s.queries,
                      .stride_a = s.tokens,
                      .stride_b = width,
                      .stride_c = packed},
                     {s.samples, s.heads, per_map, map, per_out, d, per_sample, d}, probabilities, dout, dv);
    const Tensor<B> dscores = tape.allocate({s.probabilities()});
    b.multiply_batch({.transpose_b = true,
                      .m = s.queries,
                      .n = s.tokens,
                      .k = d,
                      .stride_a = width,
                      .stride_b = packed,
                      .stride_c = s.tokens},
                     {s.samples, s.heads, per_out, d, per_sample, d, per_map, map}, dout, v, dscores.data());
    const Index rows = s.samples * s.heads * s.queries;
    const Tensor<Master<B>> sums = tape.allocate_sums({rows});
    const operand::Matrix<P> scores{dscores.data(), s.tokens}, p{probabilities, s.tokens};
    b.reduce_rows(rows, s.tokens, functor::Multiply{}, sums.data(), p, scores);
    b.map(rows, s.tokens, functor::SoftmaxGradient{}, scores, p, scores,
          operand::PerRow<typename Master<B>::Pointer>{sums.data()});
    b.multiply_batch({.m = s.queries,
                      .n = d,
                      .k = s.tokens,
                      .stride_a = s.tokens,
                      .stride_b = packed,
                      .stride_c = packed,
                      .alpha = scale},
                     {s.samples, s.heads, per_map, map, per_sample, d, per_sample, d}, dscores.data(), k, dq);
    b.multiply_batch({.transpose_a = true,
                      .m = s.tokens,
                      .n = d,
                      .k = s.queries,
                      .stride_a = s.tokens,
                      .stride_b = packed,
                      .stride_c = packed,
                      .alpha = scale},
                     {s.samples, s.heads, per_map, map, per_sample, d, per_sample, d}, dscores.data(), q, dk);
}

}  // namespace detail

/// Multi-head attention softmax(q k^T / sqrt(head width)) v (Vaswani et al. 2017, arXiv 1706.03762, eq. 1)
/// with q, k, v packed as in the output of the reference's qkv layer.
/// @param qkv  (samples, tokens, 3 * width); returns (samples, shape.queries, width), for the query tokens
/// only.
template <Recorder R, class B = typename R::BackendType>
Variable<B> attention(R& recorder, const Variable<B>& qkv, const AttentionShape& shape) {
    if (qkv.value.size() != shape.samples * shape.tokens * 3 * shape.width())
        throw ShapeError(message("attention over (", shape.samples, ", ", shape.tokens, ", ",
                                 3 * shape.width(), ") was given a tensor of shape ", qkv.shape()));
    B& b = recorder.backend();
    const Tensor<B> out = recorder.allocate({shape.samples, shape.queries, shape.width()});
    if constexpr (FusedAttention<B>) {
        if (b.attention_supported(shape)) {
            const Tensor<Master<B>> saved = recorder.allocate_sums({b.attention_saved(shape)});
            b.attention(shape, qkv.data(), out.data(), saved.data());
            return recorder.record(
                out, [=, qkv = qkv.value, node = qkv.node](Tape<B>& tape, const Tensor<B>& dout) {
                    const Tensor<B> dqkv = tape.allocate(qkv.shape());
                    tape.backend().attention_backward(shape, qkv.data(), out.data(), saved.data(),
                                                      dout.data(), dqkv.data());
                    tape.pass_gradient(node, dqkv);
                });
        }
    }
    const Tensor<B> probabilities = recorder.allocate({shape.probabilities()});
    const Tensor<Master<B>> row_number =
        recorder.allocate_sums({shape.samples * shape.heads * shape.queries});
    detail::attention_forward(b, shape, qkv.data(), out.data(), probabilities.data(), row_number);
    return recorder.record(out, [=, qkv = qkv.value, node = qkv.node](Tape<B>& tape, const Tensor<B>& dout) {
        const Tensor<B> dqkv = tape.allocate(qkv.shape());
        detail::attention_backward(tape, shape, qkv.data(), probabilities.data(), dout.data(), dqkv.data());
        tape.pass_gradient(node, dqkv);
    });
}

}  // namespace vitscape
