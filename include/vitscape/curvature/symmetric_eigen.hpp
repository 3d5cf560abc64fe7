// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

namespace vitscape::detail {

/// Eigenvalues, ascending, and orthonormal eigenvectors of a small symmetric matrix M = Q T Q^T = (Q W) D (Q W)^T with
/// tridiagonal T = W D W^T. Eigen's own `compute` forms Q in blocks, whose products cost seconds of compile time; here
/// the reflections of Q are applied to W one by one, which is as fast for a few hundred rows.
class SymmetricEigen {
  public:
    /// @param matrix  (n, n), n > 0, finite; its lower triangle is read
    void compute(const Eigen::MatrixXd& matrix) {
        double scale = matrix.cwiseAbs().maxCoeff();  // avoids overflow of squares
        if (scale == 0) scale = 1;
        const Eigen::Tridiagonalization<Eigen::MatrixXd> reduced(matrix / scale);
        const Eigen::MatrixXd& reflections = reduced.packedMatrix();
        const Eigen::VectorXd factors = reduced.householderCoefficients();
        tridiagonal_.computeFromTridiagonal(reduced.diagonal(), reduced.subDiagonal());
        values_ = tridiagonal_.eigenvalues() * scale;
        vectors_ = tridiagonal_.eigenvectors();
        const Eigen::Index n = matrix.rows();
        Eigen::VectorXd scratch(n);
        for (Eigen::Index i = n - 2; i >= 0; --i)
            vectors_.bottomRows(n - i - 1).applyHouseholderOnTheLeft(reflections.col(i).tail(n - i - 2),
                                                                     factors(i), scratch.data());
    }
    [[nodiscard]] const Eigen::VectorXd& values() const { return values_; }
    /// One eigenvector per column.
    [[nodiscard]] const Eigen::MatrixXd& vectors() const { return vectors_; }

  private:
    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> tridiagonal_;
    Eigen::VectorXd values_;
    Eigen::MatrixXd vectors_;
};

}  // namespace vitscape::detail
