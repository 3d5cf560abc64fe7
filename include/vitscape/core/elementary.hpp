// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include <vitscape/core/host_device.hpp>

/// exp and the normal distribution for the elements of tensors. In float on a processor they have neither branches nor calls, so that the
/// compiler computes a loop of them in vectors, whatever the type of number around them: plain, dual, with derivatives on a
/// plane. In double and on a GPU they are those of the standard library.
namespace vitscape::elementary {

namespace detail {

/// exp(x) = 2^n exp(r), r = x - n ln 2 in [-ln 2 / 2, ln 2 / 2], where exp(r) is a polynomial with a relative error of 4e-9 (fitted
/// for the least largest error). Within 1 unit of the last place; infinite, 0 and NaN where std::exp is.
inline float exp_of(float x) {
    constexpr float round = 12582912.F;  // 1.5 * 2^23: what is added to it is rounded to an integer
    const float low = x < -104.F ? -104.F : x;
    const float bounded = low > 89.F ? 89.F : low;  // a NaN stays one
    const float shifted = bounded * 1.44269504F + round;
    const float n = shifted - round;
    const float r =
        (bounded - n * 0.693359375F) + n * 2.12194440e-4F;  // ln 2 in two parts, the first exact in n
    const float p =
        ((((1.3813145e-3F * r + 8.3694189e-3F) * r + 4.1668457e-2F) * r + 1.6666515e-1F) * r + 0.49999993F) *
            r * r +
        r;
    // 2^n in two factors: n is from -150 to 128, more than one exponent can hold
    const std::int32_t exponent = std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(round);
    const std::int32_t half = exponent >> 1;
    const auto power = [](std::int32_t k) { return std::bit_cast<float>((k + 127) << 23); };
    return (p + 1.F) * power(half) * power(exponent - half);
}

/// Phi(-t) = exp(-t^2 / 2) P(t) / Q(t) for t = |x|, of degrees 4 and 5, with a relative error of 6e-9 before rounding (fitted for the
/// least largest one); Phi(t) = 1 - Phi(-t).
inline float normal_cdf_of(float x) {
    const float size = x < 0.F ? -x : x;
    const float t = size > 20.F ? 20.F : size;  // where exp(-t^2 / 2) is 0; a NaN stays one
    const float p = (((4.1010397e-3F * t + 4.0530476e-2F) * t + 0.18293050F) * t + 0.43788398F) * t + 0.5F;
    const float q =
        ((((1.0279659e-2F * t + 0.10160143F) * t + 0.46866636F) * t + 1.2012382F) * t + 1.6736529F) * t + 1.F;
    const float tail = exp_of(-0.5F * t * t) * p / q;
    return x < 0.F ? tail : 1.F - tail;
}

}  // namespace detail

/// The exponential of x.
template <class T>
requires std::is_floating_point_v<T> VITSCAPE_HOST_DEVICE T exp(T x) {
#if !defined(__CUDA_ARCH__)
    if constexpr (std::is_same_v<T, float>) return detail::exp_of(x);
#endif
    return std::exp(x);
}
/// The cumulative distribution of the standard normal distribution, Phi(x) = erfc(-x / sqrt(2)) / 2; its relative error stays small where it
/// is far below 1, which (1 + erf(x / sqrt(2))) / 2 does not.
template <class T>
requires std::is_floating_point_v<T> VITSCAPE_HOST_DEVICE T normal_cdf(T x) {
#if defined(__CUDA_ARCH__)
    return T(0.5) * (T(1) + std::erf(x * T(0.70710678118654752440)));
#else
    if constexpr (std::is_same_v<T, float>) return detail::normal_cdf_of(x);
    return T(0.5) * std::erfc(x * T(-0.70710678118654752440));
#endif
}
/// The density of the standard normal distribution, phi(x) = exp(-x^2 / 2) / sqrt(2 pi).
template <class T>
requires std::is_floating_point_v<T> VITSCAPE_HOST_DEVICE T normal_density(T x) {
    return T(0.39894228040143267794) * elementary::exp(T(-0.5) * x * x);
}

}  // namespace vitscape::elementary
