// SPDX-License-Identifier: Apache-2.0
//
// The Jacobian of a model's outputs, column by column from dual numbers, and products formed with it.
#pragma once

#include <cstddef>
#include <vector>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/backend/dual.hpp>
#include <vitscape/backend/eigen/primitives.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape::test {

using Primitives64 = CpuPrimitives<double>;

/// d outputs / d theta_i for each i, where `outputs(recorder)` is a `Variable<Dual<Primitives64>>`.
template <class Outputs>
std::vector<std::vector<double>> jacobian_columns(const Outputs& outputs, const std::vector<double>& theta) {
    Primitives64 base(1);
    const Vector<Primitives64> centre(base, theta);
    Vector<Primitives64> unit(base, centre.size());
    std::vector<std::vector<double>> columns;
    for (Index i = 0; i < centre.size(); ++i) {
        fill(0, unit);
        unit.data()[i] = 1;
        Eval<Dual<Primitives64>> eval(Dual<Primitives64>(base), {{centre.data(), unit.data()}});
        const auto y = outputs(eval);
        std::vector<double> column(static_cast<std::size_t>(y.value.size()));
        base.download(y.value.size(), y.data().part(1), column.data());
        columns.push_back(std::move(column));
    }
    return columns;
}

/// J^T h(J v), where h(outputs) is the product with the loss's second derivatives.
template <class LossHessian>
std::vector<double> gauss_newton_product(const std::vector<std::vector<double>>& columns,
                                         const LossHessian& h, const std::vector<double>& v) {
    std::vector<double> along(columns.front().size()), result;
    for (std::size_t i = 0; i < columns.size(); ++i)
        for (std::size_t k = 0; k < along.size(); ++k) along[k] += columns[i][k] * v[i];
    const std::vector<double> weighted = h(along);
    for (const auto& column : columns) {
        double sum = 0;
        for (std::size_t k = 0; k < weighted.size(); ++k) sum += column[k] * weighted[k];
        result.push_back(sum);
    }
    return result;
}

}  // namespace vitscape::test
