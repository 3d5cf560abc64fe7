// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>

#include <vitscape/backend/operand.hpp>
#include <vitscape/core/functors.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// C = alpha op(A) op(B) + beta C with row-major matrices, op(A) of m x k, op(B) of k x n, C of m x n. The
/// strides are the distances between the rows of A, B and C as they lie in memory. With beta == 0, C is not
/// read.
struct MatrixProduct {
    bool transpose_a = false, transpose_b = false;
    Index m = 0, n = 0, k = 0;
    Index stride_a = 0, stride_b = 0, stride_c = 0;
    double alpha = 1, beta = 0;
};

/// `outer * inner` products of one form; the operands of problem (i, j) lie at i * outer_x + j * inner_x
/// elements (outer: samples, inner: attention heads).
struct ProductBatch {
    Index outer = 1, inner = 1;
    Index outer_a = 0, inner_a = 0, outer_b = 0, inner_b = 0, outer_c = 0, inner_c = 0;
};

/// What a backend must offer. `B` is a cheap handle; copies share memory pool and settings. One host thread
/// at a time uses a backend. All of vitscape is written on these primitives; anything else a backend has is a
/// refinement that an op prefers when it is there, and that a test compares with the primitive path.
///
/// | primitive | meaning |
/// | --- | --- |
/// | `allocate(n)`, `release(p, n)` | pooled, uninitialized memory for n numbers; no system call in a steady
/// state | | `allocate_indices(n)`, `release_indices(p, n)` | the same for 32-bit row numbers | | `copy(n,
/// from, to)`, `fill(n, number, to)` | | | `upload(n, host, to)`, `download(n, from, host)` | convert to and
/// from host numbers of any arithmetic type | | `upload_indices(n, host, to)` | | | `map(rows, columns, f,
/// out, in...)` | out(r, c) = f(in(r, c)...), operands as in operand.hpp; `out` may be an `in` | |
/// `reduce_rows(rows, columns, f, out, in...)` | out[r] = sum over c of f(in(r, c)...) | |
/// `reduce_columns(rows, columns, f, beta, out, in...)` | out[c] = beta out[c] + sum over r of f(in(r, c)...)
/// | | `row_maximum(rows, columns, in, out)` | out[r] = max over c of in(r, c), a constant under
/// differentiation | | `dot(n, x, y)` | sum of x[i] y[i], accumulated in double | | `multiply(product, a, b,
/// c)` | `MatrixProduct` | | `multiply_batch(product, batch, a, b, c)` | `ProductBatch` of it | |
/// `fill_uniform(key, n, to)`, `fill_normal(key, n, to)` | elements 0 to n-1 of a random sequence | |
/// `synchronize()` | returns when all earlier work is done |
///
/// Sums are taken in an order that does not depend on the number of threads.
template <class B>
concept Backend = std::copyable<B> &&
    requires(B b, typename B::Pointer p, std::int32_t* rows, const double* host, double* out, Index n,
             operand::Matrix<typename B::Pointer> matrix) {
    typename B::Scalar;   ///< What `map`'s functors see: a number or a `DualNumber`.
    typename B::Storage;  ///< The arithmetic type that memory holds.
    { b.allocate(n) } -> std::same_as<typename B::Pointer>;
    b.release(p, n);
    { b.allocate_indices(n) } -> std::same_as<std::int32_t*>;
    b.release_indices(rows, n);
    b.copy(n, p, p);
    b.fill(n, 0.0, p);
    b.upload(n, host, p);
    b.download(n, p, out);
    b.upload_indices(n, static_cast<const std::int32_t*>(rows), rows);
    b.map(n, n, functor::Add{}, matrix, matrix, matrix);
    b.reduce_rows(n, n, functor::Identity{}, p, matrix);
    b.reduce_columns(n, n, functor::Identity{}, 0.0, p, matrix);
    b.row_maximum(n, n, matrix, p);
    b.dot(n, p, p);
    b.multiply(MatrixProduct{}, p, p, p);
    b.multiply_batch(MatrixProduct{}, ProductBatch{}, p, p, p);
    b.fill_uniform(RandomKey{}, n, p);
    b.fill_normal(RandomKey{}, n, p);
    b.synchronize();
};

/// Refinements of a linear layer. `linear(rows, out, in, x, weight, bias, residual, y)`: y = [residual +] x
/// W^T + bias, residual may be null. `linear_gelu(rows, out, in, x, weight, bias, y, derivative)`: y =
/// GELU(h), h = x W^T + bias, derivative = GELU'(h) where not null. `linear_weight_gradient(rows, out, in, x,
/// dy, dweight)`: dW += dy^T x. x (rows, in), W (out, in), y and dy (rows, out).
template <class B>
concept FusedLinear = requires(B b, typename B::Pointer p, Index n) {
    b.linear(n, n, n, p, p, p, p, p);
    b.linear_gelu(n, n, n, p, p, p, p, p);
    b.linear_weight_gradient(n, n, n, p, p, p);
};

/// Refinement: layer normalization in one pass over each row. `layer_norm(rows, columns, epsilon, x, gamma,
/// beta, y, mean, inverse_deviation)`; `layer_norm_backward(rows, columns, x, gamma, mean, inverse_deviation,
/// dy, beta, dx, dgamma, dbeta)`: dx = beta dx + gradient, the parameters' gradients are added.
template <class B>
concept FusedLayerNorm = requires(B b, typename B::Pointer p, Index n) {
    b.layer_norm(n, n, 0.0, p, p, p, p, p, p);
    b.layer_norm_backward(n, n, p, p, p, p, p, 0.0, p, p, p);
};

/// Multi-head attention over packed rows (sample, token) of 3 * heads * head_width numbers: q, k, v, each
/// (head, width). Only the tokens first_query to first_query + queries - 1 of each sample ask; all are keys
/// and values.
struct AttentionShape {
    Index samples = 0, tokens = 0, heads = 0, head_width = 0, first_query = 0, queries = 0;
    [[nodiscard]] Index width() const { return heads * head_width; }
    /// Count of the probabilities (sample, head, query, token).
    [[nodiscard]] Index probabilities() const { return samples * heads * queries * tokens; }
};

/// Refinement: softmax attention while a head's matrices are in cache. `attention(shape, qkv, out,
/// probabilities)`; `attention_backward(shape, qkv, probabilities, dout, dqkv)` overwrites dqkv.
template <class B>
concept FusedAttention = requires(B b, typename B::Pointer p, AttentionShape shape) {
    b.attention(shape, p, p, p);
    b.attention_backward(shape, p, p, p, p);
};

/// One step of AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) for parameters of one group:
/// g = gradient_scale * gradient, m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
/// theta = (1 - learning_rate * weight_decay) theta - learning_rate (m / correction1) / (sqrt(v /
/// correction2) + epsilon).
struct AdamWStep {
    double learning_rate = 0, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weight_decay = 0;
    double correction1 = 1, correction2 = 1;  ///< 1 - beta^t
    double gradient_scale = 1;                ///< Below 1 where the gradient is clipped.
};

/// Refinement: `adamw(n, step, theta, gradient, first_moment, second_moment)` in one pass.
template <class B>
concept FusedAdamW = requires(B b, typename B::Pointer p, Index n) {
    b.adamw(n, AdamWStep{}, p, p, p, p);
};

}  // namespace vitscape
