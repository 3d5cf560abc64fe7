// SPDX-License-Identifier: Apache-2.0
//
// Symmetric operators and functions whose spectra are known, written as a user would write his own.
#pragma once

#include <utility>
#include <vector>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/tensor/vector.hpp>

#include "support/backends.hpp"

namespace vitscape::test {

/// Q D Q with the reflection Q = I - 2 u u^T of a fixed unit vector u: dense, with the eigenvalues D.
template <Backend B>
struct ReflectedDiagonal {
    B cpu = make_backend<B>(2);
    std::vector<double> eigenvalues;
    Vector<B> u, scratch, diagonal;
    int products = 0;

    explicit ReflectedDiagonal(std::vector<double> d) : eigenvalues(std::move(d)) {
        u = Vector<B>(cpu, static_cast<Index>(eigenvalues.size()));
        cpu.fill_normal({.seed = 11, .purpose = Purpose::test}, u.size(), u.data());
        scale(1 / norm(u), u);
        scratch = diagonal = u;
    }
    [[nodiscard]] B backend() const { return cpu; }
    [[nodiscard]] Index size() const { return u.size(); }
    void apply(const Vector<B>& v, Vector<B>& out) {
        ++products;
        scratch = v;
        axpby(-2 * dot(u, v), u, 1, scratch);
        diagonal = Vector<B>(cpu, eigenvalues);
        cpu.map(1, size(), functor::Multiply{}, vitscape::detail::flat(scratch),
                vitscape::detail::flat(scratch), vitscape::detail::flat(diagonal));
        out = scratch;
        axpby(-2 * dot(u, scratch), u, 1, out);
    }
};

/// A diagonal matrix.
template <Backend B>
struct DiagonalMatrix {
    B cpu = make_backend<B>(1);
    Vector<B> diagonal;
    int products = 0;

    explicit DiagonalMatrix(const std::vector<double>& values) : diagonal(cpu, values) {}
    [[nodiscard]] B backend() const { return cpu; }
    [[nodiscard]] Index size() const { return diagonal.size(); }
    void apply(const Vector<B>& v, Vector<B>& out) {
        ++products;
        cpu.map(1, size(), functor::Multiply{}, vitscape::detail::flat(out), vitscape::detail::flat(v),
                vitscape::detail::flat(diagonal));
    }
};

/// The monkey saddle x^3 - 3 x y^2, with its derivatives.
struct MonkeySaddle {
    using B = CpuPrimitives<double>;
    B cpu{1};
    ParameterLayout parameters;

    MonkeySaddle() { parameters.add("p", Shape{2}, ParameterKind::bias, Initializer::zeros()); }
    [[nodiscard]] B backend() const { return cpu; }
    [[nodiscard]] const ParameterLayout& layout() const { return parameters; }
    [[nodiscard]] double value(const Vector<B>& theta) const {
        const double x = theta.data()[0], y = theta.data()[1];
        return x * x * x - 3 * x * y * y;
    }
    double gradient(const Vector<B>& theta, Vector<B>& out) const {
        const double x = theta.data()[0], y = theta.data()[1];
        out.data()[0] = 3 * x * x - 3 * y * y;
        out.data()[1] = -6 * x * y;
        return value(theta);
    }
    void hessian_vector(const Vector<B>& theta, const Vector<B>& v, Vector<B>& out) const {
        const double x = theta.data()[0], y = theta.data()[1];
        out.data()[0] = 6 * x * v.data()[0] - 6 * y * v.data()[1];
        out.data()[1] = -6 * y * v.data()[0] - 6 * x * v.data()[1];
    }
};

}  // namespace vitscape::test
