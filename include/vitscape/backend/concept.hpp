// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <vitscape/backend/operand.hpp>
#include <vitscape/core/bfloat16.hpp>
#include <vitscape/core/functors.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// C = alpha op(A) op(B) + beta C with row-major matrices, op(A) of m x k, op(B) of k x n, C of m x n. The
/// strides are the distances between the rows of A, B and C in memory. With beta == 0, C is not
/// read.
struct MatrixProduct {
    bool transpose_a = false, transpose_b = false;
    Index m = 0, n = 0, k = 0;
    Index stride_a = 0, stride_b = 0, stride_c = 0;
    double alpha = 1, beta = 0;
};

/// `outer * inner` products of the same form; the operands of problem (i, j) start at i * outer_x + j * inner_x
/// elements (outer: samples, inner: attention heads).
struct ProductBatch {
    Index outer = 1, inner = 1;
    Index outer_a = 0, inner_a = 0, outer_b = 0, inner_b = 0, outer_c = 0, inner_c = 0;
};

namespace detail {
template <class B>
struct MasterType {
    using type = B;
};
template <class B>
requires std::same_as<typename B::Storage, bfloat16>
struct MasterType<B> {
    using type = typename B::MasterBackend;
};
}  // namespace detail

/// The backend of a backend's parameters, gradients, row statistics and losses: its float counterpart if
/// it computes in bfloat16, otherwise itself. Both share memory and order of work.
template <class B>
using Master = typename detail::MasterType<B>::type;

template <class B>
[[nodiscard]] Master<B> master(const B& backend) {
    if constexpr (std::same_as<Master<B>, B>)
        return backend;
    else
        return backend.master();
}

/// The type of a backend's constants and parameters: float if it stores bfloat16, otherwise the stored type.
template <class B>
using RealOf = Real<typename B::Storage>;

/// The requirements on a backend. `B` is a cheap handle; copies share memory pool and settings. One host thread
/// at a time uses a backend. All of vitscape is written with these primitives; any other member of a backend is a
/// refinement that an op prefers if it is present, and that a test compares with the primitive path. Sums (`out` of the
/// reductions, optionally `c` of a product) are stored by the `Master` backend.
///
/// | primitive | meaning |
/// | --- | --- |
/// | `allocate(n)`, `release(p, n)` | pooled, uninitialized memory; no system call in a steady state |
/// | `allocate_indices(n)`, `release_indices(p, n)` | the same for 32-bit row indices |
/// | `copy(n, from, to)`, `fill(n, number, to)` | |
/// | `upload(n, host, to)`, `download(n, from, host)` | convert to and from host numbers of any arithmetic type; both are complete when they return |
/// | `upload_indices(n, host, to)` | |
/// | `map(rows, columns, f, out, in...)` | out(r, c) = f(in(r, c)...) for operands of operand.hpp; in place too |
/// | `reduce_rows(rows, columns, f, out, in...)` | out[r] = sum over c of f(in(r, c)...) |
/// | `reduce_columns(rows, columns, f, beta, out, in...)` | out[c] = beta out[c] + sum over r of f(in(r, c)...) |
/// | `reduce_rows_into(rows, columns, f, operand, in...)`, `reduce_columns_into(rows, columns, f, beta, operand, in...)` | the same into any operand: `Dual` lets its base backend sum values and tangents together |
/// | `row_maximum(rows, columns, in, out)` | out[r] = max over c of in(r, c), a constant under differentiation |
/// | `dot(n, x, y)` | sum of x[i] y[i], accumulated in double |
/// | `multiply(product, a, b, c)` | `MatrixProduct` |
/// | `multiply_batch(product, batch, a, b, c)` | `ProductBatch` of it |
/// | `fill_uniform(key, n, to)`, `fill_normal(key, n, to)` | elements 0 to n-1 of a random sequence |
/// | `synchronize()` | returns when all earlier work is done |
/// | `memory().bytes_in_use()`, `memory().peak_bytes()`, `forget_peak_memory()` | bytes of its pool in use, and their peak since the start or the last `forget_peak_memory` |
///
/// `Pointer` is a plain pointer or behaves like one: a value that is null by default, with `p + offset`. `Scalar` is the
/// argument type of `map`'s functors, `Storage` the arithmetic type in memory. A backend that computes in bfloat16 defines its
/// `MasterBackend` and returns it by `master()`.
///
/// The order of summation does not depend on the number of threads.
template <class B>
concept Backend = std::copyable<B> && std::default_initializable<typename B::Pointer> &&
    requires(B b, typename B::Pointer p, typename Master<B>::Pointer sums, std::int32_t* rows,
             const double* host, double* out, Index n, operand::Matrix<typename B::Pointer> matrix) {
    typename B::Scalar;
    typename B::Storage;
    { p + n } -> std::convertible_to<typename B::Pointer>;
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
    b.reduce_rows(n, n, functor::Identity{}, sums, matrix);
    b.reduce_columns(n, n, functor::Identity{}, 0.0, sums, matrix);
    b.reduce_rows_into(n, n, functor::Identity{}, operand::Matrix<typename Master<B>::Pointer>{sums, n},
                       matrix);
    b.reduce_columns_into(n, n, functor::Identity{}, 0.0,
                          operand::Matrix<typename Master<B>::Pointer>{sums, n}, matrix);
    b.row_maximum(n, n, matrix, sums);
    b.dot(n, p, p);
    b.multiply(MatrixProduct{}, p, p, p);
    b.multiply(MatrixProduct{}, p, p, sums);
    b.multiply_batch(MatrixProduct{}, ProductBatch{}, p, p, p);
    b.fill_uniform(RandomKey{}, n, p);
    b.fill_normal(RandomKey{}, n, p);
    b.synchronize();
    { b.memory().bytes_in_use() } -> std::convertible_to<std::size_t>;
    { b.memory().peak_bytes() } -> std::convertible_to<std::size_t>;
    b.forget_peak_memory();
};

/// A backend whose memory is the processor's: `host_memory` says that a loop on its threads may read and write it. What others read is
/// uploaded, and rearranged by their primitives.
template <class B>
concept HostMemory = Backend<B> && requires(const B& b) {
    requires B::host_memory;
    { b.threads() } -> std::convertible_to<int>;
};

/// Refinements of a linear layer. `linear(rows, out, in, x, weight, bias, residual, y)`: y = [residual +] x W^T +
/// bias, residual may be null. `linear_gelu(rows, out, in, x, weight, bias, y, h)`: y = GELU(h), h = x W^T + bias, stored if not null;
/// `gelu_and_derivative(n, h, y)`: y = GELU(h) and h = GELU'(h). `linear_gradient(rows, out, in, x, dy, dweight, dbias)`: dW += dy^T x,
/// db += column sums of dy. x (rows, in), W (out, in), y and dy (rows, out).
template <class B>
concept FusedLinear = requires(B b, typename B::Pointer p, typename Master<B>::Pointer sums, Index n) {
    b.linear(n, n, n, p, p, p, p, p);
    b.linear_gelu(n, n, n, p, p, p, p, p);
    b.gelu_and_derivative(n, p, p);
    b.linear_gradient(n, n, n, p, p, sums, sums);
};

/// Refinement: layer normalization in one pass over each row. `layer_norm(rows, columns, epsilon, x, gamma, beta, y,
/// mean, inverse_deviation)`; `layer_norm_backward(rows, columns, x, gamma, mean, inverse_deviation, dy, beta, dx,
/// dgamma, dbeta)`: dx = beta dx + gradient, the parameters' gradients are added.
template <class B>
concept FusedLayerNorm = requires(B b, typename B::Pointer p, typename Master<B>::Pointer sums, Index n) {
    b.layer_norm(n, n, 0.0, p, p, p, p, sums, sums);
    b.layer_norm_backward(n, n, p, p, sums, sums, p, 0.0, p, sums, sums);
};

/// Multi-head attention over packed rows (sample, token) of 3 * heads * head_width numbers: q, k, v, each
/// (head, width). Only the tokens first_query to first_query + queries - 1 of each sample are queries; all are keys
/// and values.
struct AttentionShape {
    Index samples = 0, tokens = 0, heads = 0, head_width = 0, first_query = 0, queries = 0;
    [[nodiscard]] Index width() const { return heads * head_width; }
    /// Number of probabilities (sample, head, query, token).
    [[nodiscard]] Index probabilities() const { return samples * heads * queries * tokens; }
};

/// Refinement: softmax attention with a head's matrices in cache, available if `attention_supported(shape)`.
/// `attention(shape, qkv, out, saved)` keeps `attention_saved(shape)` numbers for `attention_backward(shape, qkv, out, saved, dout, dqkv)`, which overwrites dqkv.
template <class B>
concept FusedAttention = requires(B b, typename B::Pointer p, typename Master<B>::Pointer saved,
                                  AttentionShape shape) {
    { b.attention_supported(shape) } -> std::convertible_to<bool>;
    { b.attention_saved(shape) } -> std::same_as<Index>;
    b.attention(shape, p, p, saved);
    b.attention_backward(shape, p, p, saved, p, p);
};

/// Refinement: the losses of autograd/ops/losses.hpp. `element_loss(loss, samples, count, prediction, target, losses)`,
/// `element_loss_backward(loss, samples, count, upstream, prediction, target, gradient)` for the losses of a difference in
/// core/functors.hpp; `cross_entropy(samples, classes, logits, targets, losses, log_sums)`,
/// `cross_entropy_backward(samples, classes, upstream, logits, targets, log_sums, gradient)`.
template <class B>
concept FusedLosses = requires(B b, typename B::Pointer p, typename Master<B>::Pointer sums, Index n) {
    b.element_loss(functor::SquaredLoss{}, n, n, p, p, sums);
    b.element_loss_backward(functor::AbsoluteLoss{}, n, n, sums, p, p, p);
    b.cross_entropy(n, n, p, p, sums, sums);
    b.cross_entropy_backward(n, n, sums, p, p, sums, p);
};

/// Refinement: parameters as the model reads them, in one pass. `round(n, from, to)` rounds the master's values;
/// `plane_point(n, theta, delta, eta, position, to)`: theta + position[0] delta + position[1] eta, rounded once.
template <class B>
concept FusedWeights = requires(B b, typename B::Pointer p, typename Master<B>::Pointer master, Index n) {
    b.round(n, master, p);
    b.plane_point(n, master, master, master, master, p);
};

/// A contiguous range of the flat parameter vector with the same optimizer settings.
struct ParameterGroup {
    Index offset = 0, count = 0;
    double weight_decay_scale = 1;   ///< times the optimizer's weight decay; 0 for biases and norms
    double learning_rate_scale = 1;  ///< times the schedule's learning rate
};

/// One step of AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) for parameters of one group:
/// g = gradient_scale * gradient, m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
/// theta = (1 - learning_rate * weight_decay) theta - learning_rate (m / correction1) / (sqrt(v /
/// correction2) + epsilon).
struct AdamWStep {
    double learning_rate = 0, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weight_decay = 0;
    double correction1 = 1, correction2 = 1;  ///< 1 - beta^t
    double gradient_scale = 1;                ///< below 1 if the gradient is clipped
};

/// The step of one group.
inline AdamWStep of_group(AdamWStep step, const ParameterGroup& group) {
    step.learning_rate *= group.learning_rate_scale;
    step.weight_decay *= group.weight_decay_scale;
    return step;
}

/// Refinement of a backend that holds parameters: `adamw(groups, step, theta, gradient, first_moment, second_moment,
/// teacher, momentum)` in one pass over the groups of the flat vectors; a group's scales multiply the step's learning rate
/// and decay. If teacher is not null, it is updated in the same pass: teacher = momentum teacher + (1 - momentum) theta.
template <class B>
concept FusedAdamW = requires(B b, std::span<const ParameterGroup> groups, typename B::Pointer p) {
    b.adamw(groups, AdamWStep{}, p, p, p, p, p, 1.0);
};

}  // namespace vitscape
