// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

namespace vitscape::detail {

/// Eigenvalues, ascending, and orthonormal eigenvectors of a small symmetric matrix M = Q T Q^T = (Q W) D (Q W)^T with
/// tridiagonal T = W D W^T. Eigen's own `compute` forms Q in blocks, whose products cost seconds of compile time; here
/// the reflections of Q are applied to W one by one, which is as fast for a few hundred rows. A template, so that who does not call
/// it does not compile it.
template <class Real>
class SymmetricEigen {
  public:
    using Matrix = Eigen::MatrixX<Real>;
    using Column = Eigen::VectorX<Real>;

    /// @param matrix  (n, n), n > 0, finite; its lower triangle is read
    void compute(const Matrix& matrix) {
        Real scale = matrix.cwiseAbs().maxCoeff();  // avoids overflow of squares
        if (scale == 0) scale = 1;
        const Eigen::Tridiagonalization<Matrix> reduced(matrix / scale);
        const Matrix& reflections = reduced.packedMatrix();
        const Column factors = reduced.householderCoefficients();
        tridiagonal_.computeFromTridiagonal(reduced.diagonal(), reduced.subDiagonal());
        values_ = tridiagonal_.eigenvalues() * scale;
        vectors_ = tridiagonal_.eigenvectors();
        const Eigen::Index n = matrix.rows();
        Column scratch(n);
        for (Eigen::Index i = n - 2; i >= 0; --i)
            vectors_.bottomRows(n - i - 1).applyHouseholderOnTheLeft(reflections.col(i).tail(n - i - 2),
                                                                     factors(i), scratch.data());
    }
    [[nodiscard]] const Column& values() const { return values_; }
    /// One eigenvector per column.
    [[nodiscard]] const Matrix& vectors() const { return vectors_; }

  private:
    Eigen::SelfAdjointEigenSolver<Matrix> tridiagonal_;
    Column values_;
    Matrix vectors_;
};

}  // namespace vitscape::detail
