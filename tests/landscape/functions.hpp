// SPDX-License-Identifier: Apache-2.0
//
// Small functions of a few parameters whose surfaces are known, written as a user would write his own.
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/landscape/plane.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape::test {

using Cpu64 = CpuPrimitives<double>;

/// A function of two parameters given by a plain function pointer.
struct PlaneFunction {
    double (*function)(double, double);
    Cpu64 cpu{1};
    ParameterLayout parameters;
    mutable int evaluations = 0;

    explicit PlaneFunction(double (*f)(double, double)) : function(f) {
        parameters.add("p", Shape{1, 2}, ParameterKind::weight, Initializer::zeros());
    }
    [[nodiscard]] Cpu64 backend() const { return cpu; }
    [[nodiscard]] const ParameterLayout& layout() const { return parameters; }
    [[nodiscard]] double value(const Vector<Cpu64>& theta) const {
        ++evaluations;
        return function(theta.data()[0], theta.data()[1]);
    }
};

/// Nearly level, with a narrow dent around (0.5, 0.5).
inline double narrow_dent(double x, double y) {
    return 0.1 * x - std::exp(-((x - 0.5) * (x - 0.5) + (y - 0.5) * (y - 0.5)) / 0.02);
}

/// A function of two parameters with its derivatives: (x, y) to value; to {d/dx, d/dy}; to {d2/dx2, d2/dxdy, d2/dy2}.
struct SmoothFunction : PlaneFunction {
    std::array<double, 2> (*first)(double, double);
    std::array<double, 3> (*second)(double, double);
    mutable int products = 0;

    SmoothFunction(double (*f)(double, double), std::array<double, 2> (*d)(double, double),
                   std::array<double, 3> (*dd)(double, double))
        : PlaneFunction(f), first(d), second(dd) {}
    double gradient(const Vector<Cpu64>& theta, Vector<Cpu64>& out) const {
        const auto [x, y] = first(theta.data()[0], theta.data()[1]);
        out.data()[0] = x;
        out.data()[1] = y;
        return function(theta.data()[0], theta.data()[1]);
    }
    void hessian_vector(const Vector<Cpu64>& theta, const Vector<Cpu64>& v, Vector<Cpu64>& out) const {
        ++products;
        const auto [xx, xy, yy] = second(theta.data()[0], theta.data()[1]);
        out.data()[0] = xx * v.data()[0] + xy * v.data()[1];
        out.data()[1] = xy * v.data()[0] + yy * v.data()[1];
    }
};

/// x^2 + 4 y, which a transposed surface would not be.
inline double parabola_and_ramp(double x, double y) { return x * x + 4 * y; }
/// Monkey saddle, x^3 - 3 x y^2.
inline double monkey_saddle(double x, double y) { return x * x * x - 3 * x * y * y; }
/// Double well with minima at x = -1 and x = 1.
inline double double_well(double x, double y) { return (x * x - 1) * (x * x - 1) + y * y / 2; }
/// A logarithm that does not exist left of x = 0.
inline double half_plane(double x, double y) { return std::log(x) + y; }

/// 2 x^2 + x y + y^2 + 3 x, with eigenvalues 3 -+ sqrt(2).
inline SmoothFunction smooth_quadratic() {
    return {[](double x, double y) { return 2 * x * x + x * y + y * y + 3 * x; },
            [](double x, double y) {
                return std::array{4 * x + y + 3, x + 2 * y};
            },
            [](double, double) {
                return std::array{4.0, 1.0, 2.0};
            }};
}
/// The monkey saddle; its Hessian has the eigenvalues -+6 |(x, y)|.
inline SmoothFunction smooth_monkey_saddle() {
    return {monkey_saddle,
            [](double x, double y) {
                return std::array{3 * x * x - 3 * y * y, -6 * x * y};
            },
            [](double x, double y) {
                return std::array{6 * x, -6 * y, -6 * x};
            }};
}
/// The double well; its Hessian has the entries 12 x^2 - 4, 0 and 1.
inline SmoothFunction smooth_double_well() {
    return {double_well,
            [](double x, double y) {
                return std::array{4 * x * (x * x - 1), y};
            },
            [](double x, double) {
                return std::array{12 * x * x - 4, 0.0, 1.0};
            }};
}
/// 1 - exp(-(x^2 + y^2) / 2): a dent, convex within the distance 1 from its middle.
inline SmoothFunction smooth_dent() {
    return {[](double x, double y) { return 1 - std::exp(-(x * x + y * y) / 2); },
            [](double x, double y) {
                const double e = std::exp(-(x * x + y * y) / 2);
                return std::array{x * e, y * e};
            },
            [](double x, double y) {
                const double e = std::exp(-(x * x + y * y) / 2);
                return std::array{(1 - x * x) * e, -x * y * e, (1 - y * y) * e};
            }};
}

/// Mean over samples of a_i (x - c_i)^2 + b_i y.
struct SampledFunction {
    std::vector<double> a, b, c;
    Cpu64 cpu{1};
    ParameterLayout parameters;
    mutable int evaluations = 0;

    explicit SampledFunction(Index samples) {
        parameters.add("p", Shape{1, 2}, ParameterKind::weight, Initializer::zeros());
        RandomSequence random({.seed = 5, .purpose = Purpose::test});
        for (Index i = 0; i < samples; ++i) {
            a.push_back(random.uniform(0.5, 2));
            b.push_back(random.normal());
            c.push_back(random.normal());
        }
    }
    [[nodiscard]] Cpu64 backend() const { return cpu; }
    [[nodiscard]] const ParameterLayout& layout() const { return parameters; }
    [[nodiscard]] Index samples() const { return static_cast<Index>(a.size()); }
    [[nodiscard]] double sample(std::size_t i, double x, double y) const {
        return a[i] * (x - c[i]) * (x - c[i]) + b[i] * y;
    }
    void sample_losses(const Vector<Cpu64>& theta, std::span<double> out) const {
        ++evaluations;
        for (std::size_t i = 0; i < a.size(); ++i) out[i] = sample(i, theta.data()[0], theta.data()[1]);
    }
    [[nodiscard]] double value(const Vector<Cpu64>& theta) const {
        double sum = 0;
        for (std::size_t i = 0; i < a.size(); ++i) sum += sample(i, theta.data()[0], theta.data()[1]);
        return sum / static_cast<double>(a.size());
    }
};

/// The plane whose coordinates are the two parameters themselves, around (x, y).
inline Plane<Cpu64> coordinate_plane(Cpu64 cpu, double x = 0, double y = 0) {
    return {Vector<Cpu64>(cpu, std::vector<double>{x, y}), Vector<Cpu64>(cpu, std::vector<double>{1, 0}),
            Vector<Cpu64>(cpu, std::vector<double>{0, 1})};
}

}  // namespace vitscape::test
