// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <type_traits>

#include <vitscape/core/elementary.hpp>
#include <vitscape/core/host_device.hpp>

namespace vitscape {

/// A number with a directional derivative, value + tangent * e with e^2 = 0. Evaluating code on dual numbers
/// gives its exact derivative along the tangents of its inputs. Comparisons use only the value, so a
/// maximum is a constant.
template <class T>
struct DualNumber {
    T value = 0;
    T tangent = 0;

    DualNumber() = default;
    VITSCAPE_HOST_DEVICE constexpr DualNumber(T v, T t) : value(v), tangent(t) {}
    template <class U>
    requires std::is_arithmetic_v<U> VITSCAPE_HOST_DEVICE constexpr DualNumber(U constant)
        : value(static_cast<T>(constant)) {}  // NOLINT: implicit
    template <class U>
    VITSCAPE_HOST_DEVICE constexpr explicit DualNumber(const DualNumber<U>& other)
        : value(static_cast<T>(other.value)), tangent(static_cast<T>(other.tangent)) {}

    VITSCAPE_HOST_DEVICE friend constexpr DualNumber operator-(DualNumber a) {
        return {-a.value, -a.tangent};
    }
    VITSCAPE_HOST_DEVICE friend constexpr DualNumber operator+(DualNumber a, DualNumber b) {
        return {a.value + b.value, a.tangent + b.tangent};
    }
    VITSCAPE_HOST_DEVICE friend constexpr DualNumber operator-(DualNumber a, DualNumber b) {
        return {a.value - b.value, a.tangent - b.tangent};
    }
    VITSCAPE_HOST_DEVICE friend constexpr DualNumber operator*(DualNumber a, DualNumber b) {
        return {a.value * b.value, a.value * b.tangent + a.tangent * b.value};
    }
    VITSCAPE_HOST_DEVICE friend constexpr DualNumber operator/(DualNumber a, DualNumber b) {
        const T quotient = a.value / b.value;
        return {quotient, (a.tangent - quotient * b.tangent) / b.value};
    }
    VITSCAPE_HOST_DEVICE constexpr DualNumber& operator+=(DualNumber b) { return *this = *this + b; }
    VITSCAPE_HOST_DEVICE friend constexpr bool operator<(DualNumber a, DualNumber b) {
        return a.value < b.value;
    }
};

/// d exp(x) = exp(x) dx
template <class T>
VITSCAPE_HOST_DEVICE DualNumber<T> exp(DualNumber<T> x) {
    const T e = elementary::exp(x.value);
    return {e, e * x.tangent};
}
/// d log(x) = dx / x
template <class T>
VITSCAPE_HOST_DEVICE DualNumber<T> log(DualNumber<T> x) {
    return {std::log(x.value), x.tangent / x.value};
}
/// d sqrt(x) = dx / (2 sqrt(x))
template <class T>
VITSCAPE_HOST_DEVICE DualNumber<T> sqrt(DualNumber<T> x) {
    const T root = std::sqrt(x.value);
    return {root, x.tangent / (T(2) * root)};
}
/// d Phi(x) = phi(x) dx
template <class T>
VITSCAPE_HOST_DEVICE DualNumber<T> normal_cdf(DualNumber<T> x) {
    return {elementary::normal_cdf(x.value), elementary::normal_density(x.value) * x.tangent};
}
/// d phi(x) = -x phi(x) dx
template <class T>
VITSCAPE_HOST_DEVICE DualNumber<T> normal_density(DualNumber<T> x) {
    const T density = elementary::normal_density(x.value);
    return {density, -x.value * density * x.tangent};
}

/// The number without its tangent; used by reductions such as a maximum or a finiteness check.
template <class T>
VITSCAPE_HOST_DEVICE constexpr T value_of(DualNumber<T> x) {
    return x.value;
}
template <class T>
requires std::is_arithmetic_v<T> VITSCAPE_HOST_DEVICE constexpr T value_of(T x) { return x; }

}  // namespace vitscape
