// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <vector>

#include <Eigen/Core>
#include <Eigen/QR>
#include <Eigen/SVD>

#include <vitscape/core/error.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/nn/parameter_matrix.hpp>

namespace vitscape {

/// Two factors G and H of an attention head of which its function reads the product G H^T alone, so that it stays under
/// (G, H) -> (G A, H A^-T) with any invertible A: those of query and key, each with its bias as the last row, or that of value with its bias and
/// the head's columns of the output projection.
class HeadFactors {
  public:
    enum class Kind { query_key, value_projection };
    static constexpr std::array<Kind, 2> kinds{Kind::query_key, Kind::value_projection};

    HeadFactors(const BlockSlots& block, Index head, Kind kind) : block_(block), head_(head), kind_(kind) {}

    /// G (side 0) or H (side 1) in a model's vector: (rows, head width).
    [[nodiscard]] Eigen::MatrixXd read(const std::vector<double>& values, int side) const {
        const Index size = block_.head_width();
        if (is_projection(side))
            return matrix_of(values, block_.projection_weight).middleCols(head_ * size, size);
        const Index width = block_.width(), first = part(side) * width + head_ * size;
        Eigen::MatrixXd factor(width + 1, size);
        factor.topRows(width) = matrix_of(values, block_.qkv_weight).middleRows(first, size).transpose();
        factor.bottomRows(1) = matrix_of(values, block_.qkv_bias).middleRows(first, size).transpose();
        return factor;
    }
    void write(const Eigen::MatrixXd& factor, int side, std::vector<double>& values) const {
        const Index size = block_.head_width();
        if (is_projection(side)) {
            matrix_of(values, block_.projection_weight).middleCols(head_ * size, size) = factor;
            return;
        }
        const Index width = block_.width(), first = part(side) * width + head_ * size;
        matrix_of(values, block_.qkv_weight).middleRows(first, size) = factor.topRows(width).transpose();
        matrix_of(values, block_.qkv_bias).middleRows(first, size) = factor.bottomRows(1).transpose();
    }

  private:
    [[nodiscard]] bool is_projection(int side) const { return kind_ == Kind::value_projection && side == 1; }
    /// Of the packed query, key and value.
    [[nodiscard]] Index part(int side) const { return kind_ == Kind::value_projection ? 2 : side; }

    BlockSlots block_;
    Index head_;
    Kind kind_;
};

/// All of a layout, two for each head.
[[nodiscard]] inline std::vector<HeadFactors> head_factors(const ParameterLayout& layout) {
    std::vector<HeadFactors> all;
    for (const BlockSlots& block : layout.blocks())
        for (Index head = 0; head < block.heads; ++head)
            for (const HeadFactors::Kind kind : HeadFactors::kinds) all.emplace_back(block, head, kind);
    return all;
}

/// The singular value decomposition G H^T = U diag(sigma) V^T of a head's product, at its rank or the head's width.
struct ProductDecomposition {
    std::array<Eigen::MatrixXd, 2> bases = {};  ///< U and V: (rows, head width), with orthonormal columns
    Eigen::VectorXd sigma = {};                 ///< descending

    /// The factors U sqrt(sigma) and V sqrt(sigma), the one representative that all (G A, H A^-T) share.
    [[nodiscard]] Eigen::MatrixXd balanced(int side) const {
        return bases[static_cast<std::size_t>(side)] * sigma.cwiseSqrt().asDiagonal();
    }
};

/// Of each pair of columns of U and V the signs are such that the largest element of U's is positive.
/// @param g, h  (rows, head width), of double  @throws NumericError if a factor is not finite
template <class G, class H>
[[nodiscard]] ProductDecomposition decompose(const Eigen::MatrixBase<G>& g, const Eigen::MatrixBase<H>& h) {
    using Matrix = Eigen::MatrixX<typename G::Scalar>;
    using Factors = Eigen::HouseholderQR<Matrix>;
    if (!g.allFinite() || !h.allFinite())
        throw NumericError("an attention head has numbers that are not finite");
    const Index size = g.cols();
    const auto triangle = [&](const Factors& qr) -> Matrix {
        return qr.matrixQR().topRows(size).template triangularView<Eigen::Upper>();
    };
    const auto basis = [&](const Factors& qr, const Matrix& within) {
        Matrix whole = Matrix::Zero(qr.rows(), size);
        whole.topRows(size) = within;
        whole.applyOnTheLeft(qr.householderQ());
        return whole;
    };
    const Factors first(g), second(h);
    const Eigen::JacobiSVD<Matrix> svd(triangle(first) * triangle(second).transpose(),
                                       Eigen::ComputeFullU | Eigen::ComputeFullV);
    ProductDecomposition result{{basis(first, svd.matrixU()), basis(second, svd.matrixV())},
                                svd.singularValues()};
    for (Index j = 0; j < size; ++j) {
        Index largest = 0;
        result.bases[0].col(j).cwiseAbs().maxCoeff(&largest);
        if (result.bases[0](largest, j) < 0)
            for (Eigen::MatrixXd& one : result.bases) one.col(j) *= -1;
    }
    return result;
}

}  // namespace vitscape
