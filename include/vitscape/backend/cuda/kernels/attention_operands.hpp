// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vitscape/backend/cuda/kernels/attention_stream.hpp>

/// The three passes of attention. In each, the warps own rows of one side and stream the rows of the other:
///
/// | pass | own | streamed a, b | with weights P = exp(q k^T scale - log-sum-exp) |
/// | --- | --- | --- | --- |
/// | forward | queries | k, v | out = P v |
/// | query gradient | queries | k, v | dq = scale dS k, dS = P * (dout v^T - sum(dout * out)) |
/// | key gradient | keys | q, dout | dv = P^T dout, dk = scale dS^T q |
///
/// Each result is summed by one warp in a fixed order, so results are reproducible.
namespace vitscape::detail {

/// 1 / sqrt(W)
template <int W>
constexpr float attention_scale = W == 64 ? 0.125f : 0.176776695296636881f;

/// The unit of log-sum-exp in shared memory: base 2 if the hardware's exp2 is precise enough.
template <class T>
constexpr float log_sum_unit = std::is_same_v<T, float> ? 1.0f : 1.44269504088896341f;

template <class T>
struct ForwardOperands {
    HeadRows<const T> query, a, b;
    HeadRows<T> out;
    float* log_sum;

    template <int W, class Block>
    VITSCAPE_DEVICE void fetch_numbers(Block& /*block*/, const SharedRows<T, W>& /*to*/, int /*first*/,
                                       int /*rows*/) const {}
};

template <class T>
struct QueryGradientOperands {
    HeadRows<const T> query, a, b, dout, out;
    const float* log_sum;
    HeadRows<T> dquery;

    template <int W, class Block>
    VITSCAPE_DEVICE void fetch_numbers(Block& /*block*/, const SharedRows<T, W>& /*to*/, int /*first*/,
                                       int /*rows*/) const {}
};

template <class T>
struct KeyGradientOperands {
    HeadRows<const T> key, value, a, b, out;  // b: dout
    const float* log_sum;
    HeadRows<T> dkey, dvalue;

    template <int W, class Block>
    VITSCAPE_DEVICE void fetch_numbers(Block& block, const SharedRows<T, W>& to, int first, int rows) const {
        fetch_row_numbers<W>(block, to, log_sum, out, b, first, rows, log_sum_unit<T>);
    }
};

/// The registers of a warp in each pass; one specialization with tensor cores and one without.
template <class T, int W>
struct ForwardTile;
template <class T, int W>
struct QueryGradientTile;
template <class T, int W>
struct KeyGradientTile;

}  // namespace vitscape::detail
