// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <type_traits>

#include <vitscape/core/elementary.hpp>
#include <vitscape/core/host_device.hpp>

namespace vitscape {

/// A number with its derivatives along K directions: value + sum over i of tangent[i] e_i with e_i e_j = 0. Evaluating code on dual
/// numbers gives its exact derivatives along the tangents of its inputs. Comparisons use only the value, so a maximum is a constant.
template <class T, int K = 1>
struct DualNumber {
    T value = 0;
    T tangent[K] = {};

    DualNumber() = default;
    template <class... U>
    requires(sizeof...(U) == K) VITSCAPE_HOST_DEVICE constexpr DualNumber(T v, U... tangents)
        : value(v), tangent{static_cast<T>(tangents)...} {}
    template <class U>
    requires std::is_arithmetic_v<U> VITSCAPE_HOST_DEVICE constexpr DualNumber(U constant)
        : value(static_cast<T>(constant)) {}  // NOLINT: implicit
    template <class U>
    VITSCAPE_HOST_DEVICE constexpr explicit DualNumber(const DualNumber<U, K>& other)
        : value(static_cast<T>(other.value)) {
        for (int i = 0; i < K; ++i) tangent[i] = static_cast<T>(other.tangent[i]);
    }

    VITSCAPE_HOST_DEVICE friend constexpr DualNumber operator-(DualNumber a) {
        a.value = -a.value;
        for (T& tangent : a.tangent) tangent = -tangent;
        return a;
    }
    VITSCAPE_HOST_DEVICE friend constexpr DualNumber operator+(DualNumber a, DualNumber b) {
        a.value += b.value;
        for (int i = 0; i < K; ++i) a.tangent[i] += b.tangent[i];
        return a;
    }
    VITSCAPE_HOST_DEVICE friend constexpr DualNumber operator-(DualNumber a, DualNumber b) {
        a.value -= b.value;
        for (int i = 0; i < K; ++i) a.tangent[i] -= b.tangent[i];
        return a;
    }
    VITSCAPE_HOST_DEVICE friend constexpr DualNumber operator*(DualNumber a, DualNumber b) {
        for (int i = 0; i < K; ++i) a.tangent[i] = a.value * b.tangent[i] + a.tangent[i] * b.value;
        a.value *= b.value;
        return a;
    }
    VITSCAPE_HOST_DEVICE friend constexpr DualNumber operator/(DualNumber a, DualNumber b) {
        a.value /= b.value;
        for (int i = 0; i < K; ++i) a.tangent[i] = (a.tangent[i] - a.value * b.tangent[i]) / b.value;
        return a;
    }
    VITSCAPE_HOST_DEVICE constexpr DualNumber& operator+=(DualNumber b) { return *this = *this + b; }
    VITSCAPE_HOST_DEVICE friend constexpr bool operator<(DualNumber a, DualNumber b) {
        return a.value < b.value;
    }

    /// Number `i` of value and tangents.
    [[nodiscard]] VITSCAPE_HOST_DEVICE constexpr T& part(int i) { return i == 0 ? value : tangent[i - 1]; }
    /// f of this number by f and f' at its value.
    [[nodiscard]] VITSCAPE_HOST_DEVICE constexpr DualNumber through(T f, T first) const {
        DualNumber result(f);
        for (int i = 0; i < K; ++i) result.tangent[i] = first * tangent[i];
        return result;
    }
};

template <class T, int K>
VITSCAPE_HOST_DEVICE DualNumber<T, K> exp(DualNumber<T, K> x) {
    const T e = elementary::exp(x.value);
    return x.through(e, e);
}
template <class T, int K>
VITSCAPE_HOST_DEVICE DualNumber<T, K> log(DualNumber<T, K> x) {
    return x.through(std::log(x.value), T(1) / x.value);
}
template <class T, int K>
VITSCAPE_HOST_DEVICE DualNumber<T, K> sqrt(DualNumber<T, K> x) {
    const T root = std::sqrt(x.value);
    return x.through(root, T(0.5) / root);
}
/// Phi' = phi, phi' = -x phi
template <class T, int K>
VITSCAPE_HOST_DEVICE DualNumber<T, K> normal_cdf(DualNumber<T, K> x) {
    return x.through(elementary::normal_cdf(x.value), elementary::normal_density(x.value));
}
template <class T, int K>
VITSCAPE_HOST_DEVICE DualNumber<T, K> normal_density(DualNumber<T, K> x) {
    const T density = elementary::normal_density(x.value);
    return x.through(density, -x.value * density);
}

/// The number without its tangents; used by reductions such as a maximum or a finiteness check.
template <class T, int K>
VITSCAPE_HOST_DEVICE constexpr T value_of(DualNumber<T, K> x) {
    return x.value;
}
template <class T>
requires std::is_arithmetic_v<T> VITSCAPE_HOST_DEVICE constexpr T value_of(T x) { return x; }

}  // namespace vitscape
