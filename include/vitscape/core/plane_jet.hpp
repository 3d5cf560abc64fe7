// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <type_traits>

#include <vitscape/core/elementary.hpp>
#include <vitscape/core/host_device.hpp>

namespace vitscape {

/// A number with its derivatives to second order along two directions: the jet of a function of (x, y) at one point.
/// Evaluating code on such numbers gives the exact Hessian of its result on the plane that the derivatives of its inputs
/// span, forward only (Griewank & Walther, "Evaluating derivatives", chapter 13). Comparisons use only the value, so a maximum
/// is a constant.
template <class T>
struct PlaneJet {
    T value = 0;
    T x = 0, y = 0;            ///< first derivatives
    T xx = 0, xy = 0, yy = 0;  ///< second derivatives

    PlaneJet() = default;
    VITSCAPE_HOST_DEVICE constexpr PlaneJet(T v, T dx, T dy, T dxx, T dxy, T dyy)
        : value(v), x(dx), y(dy), xx(dxx), xy(dxy), yy(dyy) {}
    template <class U>
    requires std::is_arithmetic_v<U> VITSCAPE_HOST_DEVICE constexpr PlaneJet(U constant)
        : value(static_cast<T>(constant)) {}  // NOLINT: implicit
    template <class U>
    VITSCAPE_HOST_DEVICE constexpr explicit PlaneJet(const PlaneJet<U>& other)
        : value(static_cast<T>(other.value)),
          x(static_cast<T>(other.x)),
          y(static_cast<T>(other.y)),
          xx(static_cast<T>(other.xx)),
          xy(static_cast<T>(other.xy)),
          yy(static_cast<T>(other.yy)) {}

    VITSCAPE_HOST_DEVICE friend constexpr PlaneJet operator-(PlaneJet a) {
        return {-a.value, -a.x, -a.y, -a.xx, -a.xy, -a.yy};
    }
    VITSCAPE_HOST_DEVICE friend constexpr PlaneJet operator+(PlaneJet a, PlaneJet b) {
        return {a.value + b.value, a.x + b.x, a.y + b.y, a.xx + b.xx, a.xy + b.xy, a.yy + b.yy};
    }
    VITSCAPE_HOST_DEVICE friend constexpr PlaneJet operator-(PlaneJet a, PlaneJet b) { return a + -b; }
    VITSCAPE_HOST_DEVICE friend constexpr PlaneJet operator*(PlaneJet a, PlaneJet b) {
        return {a.value * b.value,
                a.x * b.value + a.value * b.x,
                a.y * b.value + a.value * b.y,
                a.xx * b.value + T(2) * a.x * b.x + a.value * b.xx,
                a.xy * b.value + a.x * b.y + a.y * b.x + a.value * b.xy,
                a.yy * b.value + T(2) * a.y * b.y + a.value * b.yy};
    }
    /// q with q b = a
    VITSCAPE_HOST_DEVICE friend constexpr PlaneJet operator/(PlaneJet a, PlaneJet b) {
        const T inverse = T(1) / b.value, q = a.value * inverse, qx = (a.x - q * b.x) * inverse,
                qy = (a.y - q * b.y) * inverse;
        return {q,
                qx,
                qy,
                (a.xx - T(2) * qx * b.x - q * b.xx) * inverse,
                (a.xy - qx * b.y - qy * b.x - q * b.xy) * inverse,
                (a.yy - T(2) * qy * b.y - q * b.yy) * inverse};
    }
    VITSCAPE_HOST_DEVICE constexpr PlaneJet& operator+=(PlaneJet b) { return *this = *this + b; }
    VITSCAPE_HOST_DEVICE friend constexpr bool operator<(PlaneJet a, PlaneJet b) { return a.value < b.value; }

    /// Number `i` of value, x, y, xx, xy, yy.
    [[nodiscard]] VITSCAPE_HOST_DEVICE constexpr T& part(int i) {
        return i == 0 ? value : i == 1 ? x : i == 2 ? y : i == 3 ? xx : i == 4 ? xy : yy;
    }
    /// f of this number by f, f' and f'' at its value.
    [[nodiscard]] VITSCAPE_HOST_DEVICE constexpr PlaneJet through(T f, T first, T second) const {
        return {f,
                first * x,
                first * y,
                first * xx + second * x * x,
                first * xy + second * x * y,
                first * yy + second * y * y};
    }
};

template <class T>
VITSCAPE_HOST_DEVICE PlaneJet<T> exp(PlaneJet<T> x) {
    const T e = elementary::exp(x.value);
    return x.through(e, e, e);
}
template <class T>
VITSCAPE_HOST_DEVICE PlaneJet<T> log(PlaneJet<T> x) {
    const T inverse = T(1) / x.value;
    return x.through(std::log(x.value), inverse, -inverse * inverse);
}
template <class T>
VITSCAPE_HOST_DEVICE PlaneJet<T> sqrt(PlaneJet<T> x) {
    const T root = std::sqrt(x.value), first = T(0.5) / root;
    return x.through(root, first, T(-0.5) * first / x.value);
}
/// Phi' = phi, phi' = -x phi
template <class T>
VITSCAPE_HOST_DEVICE PlaneJet<T> normal_cdf(PlaneJet<T> x) {
    const T first = elementary::normal_density(x.value);
    return x.through(elementary::normal_cdf(x.value), first, -x.value * first);
}
template <class T>
VITSCAPE_HOST_DEVICE PlaneJet<T> normal_density(PlaneJet<T> x) {
    const T density = elementary::normal_density(x.value);
    return x.through(density, -x.value * density, (x.value * x.value - T(1)) * density);
}

/// The number without its derivatives.
template <class T>
VITSCAPE_HOST_DEVICE constexpr T value_of(PlaneJet<T> x) {
    return x.value;
}

}  // namespace vitscape
