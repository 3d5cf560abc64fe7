// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include <vitscape/core/error.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/curvature/hessian.hpp>
#include <vitscape/curvature/symmetric_eigen.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape::detail {

/// The rounding error of a product and its orthogonalization relative to the operator's norm, with a margin for
/// the operator's own sums.
template <Backend B>
constexpr double rounding_error() {
    return 64 * static_cast<double>(std::numeric_limits<typename B::Storage>::epsilon());
}

/// An orthonormal basis that grows by one product with a symmetric operator at a time, and the operator's
/// projection on it (Lanczos with full reorthogonalization; thick restarts after Wu & Simon 2000,
/// "Thick-restart Lanczos method for large symmetric eigenvalue problems"). It lives in the orthogonal
/// complement of the vectors `excluded`.
///
/// With V the first `size()` basis vectors, A V = V T + residual_norm v_next e_last^T. T is tridiagonal
/// except for the row and column after the kept vectors of a restart. It is computed in double whatever the
/// scalar type of the backend.
template <class A, Backend B>
class KrylovBasis {
  public:
    /// @param capacity  maximum number of basis vectors, at least 2.
    /// @param number  index of the start vector drawn from `seed`.
    KrylovBasis(A& a, std::span<const Vector<B>* const> excluded, Index capacity, std::uint64_t seed,
                std::uint32_t number)
        : KrylovBasis(
              a, excluded, capacity,
              RandomKey{.seed = seed, .purpose = Purpose::lanczos_start, .epoch = number, .sample = 0}) {
        basis_.push_back(random_vector());
    }
    /// @param start  the first basis vector times its norm, which is positive.
    KrylovBasis(A& a, Index capacity, Vector<B> start)
        : KrylovBasis(a, {}, capacity, RandomKey{.purpose = Purpose::lanczos_start}) {
        vitscape::scale(1 / norm(start), start);
        basis_.push_back(std::move(start));
    }

    [[nodiscard]] Index size() const { return size_; }
    [[nodiscard]] bool full() const { return size_ == capacity_; }
    /// True if the basis spans the whole space, so that the Ritz pairs are the eigenpairs.
    [[nodiscard]] bool exhausted() const { return size_ == dimension_; }
    /// True if the vectors so far span an invariant subspace, so that the Ritz pairs are eigenpairs.
    [[nodiscard]] bool invariant() const { return size_ > 0 && residual_norm_ == 0; }
    /// A lower bound of the operator's norm from the products so far.
    [[nodiscard]] double scale() const { return scale_; }

    /// Adds one product. @throws NumericError if it is not finite.
    void expand() {
        a_.apply(next(), product_);
        take_product();
    }
    /// The vector of which the next product is to be taken, and where `take_product` expects it: for products at once.
    [[nodiscard]] const Vector<B>& next() const { return basis_[static_cast<std::size_t>(size_)]; }
    [[nodiscard]] Vector<B>& product() { return product_; }
    void take_product() {
        const double alpha = dot(next(), product_);
        projection_(size_, size_) = alpha;
        ++size_;
        remove_components(product_);
        residual_norm_ = norm(product_);
        if (!std::isfinite(alpha) || !std::isfinite(residual_norm_))
            throw NumericError("a product with the operator (the Hessian) is not finite");
        scale_ = std::max({scale_, std::abs(alpha), residual_norm_});
        if (exhausted()) {
            residual_norm_ = 0;
            return;
        }
        if (residual_norm_ <=
            rounding_error<B>() * scale_) {  // an invariant subspace: continue in the rest of the space
            residual_norm_ = 0;
            basis_.push_back(random_vector());
        } else {
            vitscape::scale(1 / residual_norm_, product_);
            basis_.push_back(product_);
        }
        projection_(size_, size_ - 1) = projection_(size_ - 1, size_) = residual_norm_;
    }

    /// Computes the Ritz pairs of the current basis.
    void solve() {
        const Eigen::MatrixXd square = projection_.topLeftCorner(size_, size_);
        solver_.compute(square);
        scale_ = std::max({scale_, std::abs(ritz_value(0)), std::abs(ritz_value(size_ - 1))});
    }
    /// Ritz value i of the last `solve`, ascending.
    [[nodiscard]] double ritz_value(Index i) const { return solver_.values()[i]; }
    /// |A v - value v| of Ritz pair i, from the residual of the Lanczos relation.
    [[nodiscard]] double residual(Index i) const {
        return residual_norm_ * std::abs(solver_.vectors()(size_ - 1, i));
    }
    /// The square of the first vector's component along Ritz vector i: without restarts, the weight of node `ritz_value(i)` of
    /// the Gauss quadrature for the measure of the start vector (Golub & Meurant 2010, chapter 6).
    [[nodiscard]] double weight(Index i) const { return solver_.vectors()(0, i) * solver_.vectors()(0, i); }
    [[nodiscard]] Vector<B> ritz_vector(Index i) const {
        Vector<B> result(a_.backend(), static_cast<Index>(a_.size()));
        for (Index j = 0; j < size_; ++j)
            axpby(solver_.vectors()(j, i), basis_[static_cast<std::size_t>(j)], 1, result);
        vitscape::scale(1 / norm(result), result);
        return result;
    }

    /// Replaces the basis by its `low` lowest and `high` highest Ritz vectors, low + high < size(); the next
    /// product continues from there. Must follow a `solve`.
    void restart(Index low, Index high) {
        std::vector<Index> keep;
        for (Index i = 0; i < low; ++i) keep.push_back(i);
        for (Index i = size_ - high; i < size_; ++i) keep.push_back(i);
        std::vector<Vector<B>> kept;
        const Index count = low + high;
        projection_.setZero();
        for (Index i = 0; i < count; ++i) {
            const Index ritz = keep[static_cast<std::size_t>(i)];
            kept.push_back(ritz_vector(ritz));
            projection_(i, i) = ritz_value(ritz);
            projection_(i, count) = projection_(count, i) =
                residual_norm_ * solver_.vectors()(size_ - 1, ritz);
        }
        Vector<B> next = std::move(basis_.back());
        basis_ = std::move(kept);
        size_ = count;
        remove_components(next);
        vitscape::scale(1 / norm(next), next);
        basis_.push_back(std::move(next));
    }

  private:
    KrylovBasis(A& a, std::span<const Vector<B>* const> excluded, Index capacity, const RandomKey& key)
        : a_(a),
          excluded_(excluded),
          dimension_(static_cast<Index>(a.size()) - static_cast<Index>(excluded.size())),
          capacity_(std::min(capacity, dimension_)),
          key_(key),
          projection_(Eigen::MatrixXd::Zero(capacity_ + 1, capacity_ + 1)),
          product_(a.backend(), static_cast<Index>(a.size())) {}

    /// Makes x orthogonal to all vectors in two passes: the second removes what rounding leaves in the first.
    void remove_components(Vector<B>& x) const {
        for (int round = 0; round < 2; ++round) {
            for (const Vector<B>* other : excluded_) axpby(-dot(*other, x), *other, 1, x);
            for (Index j = 0; j < std::min(size_, static_cast<Index>(basis_.size())); ++j)
                axpby(-dot(basis_[static_cast<std::size_t>(j)], x), basis_[static_cast<std::size_t>(j)], 1,
                      x);
        }
    }
    [[nodiscard]] Vector<B> random_vector() {
        Vector<B> x(a_.backend(), static_cast<Index>(a_.size()));
        x.backend().fill_normal(key_, x.size(), x.data());
        ++key_.sample;
        vitscape::scale(1 / norm(x), x);
        remove_components(x);
        vitscape::scale(1 / norm(x), x);
        remove_components(
            x);  // matters if few dimensions are left and the first pass removed nearly everything
        vitscape::scale(1 / norm(x), x);
        return x;
    }

    A& a_;
    std::span<const Vector<B>* const> excluded_;
    Index dimension_, capacity_;
    RandomKey key_;
    Eigen::MatrixXd projection_;
    SymmetricEigen<double> solver_;
    std::vector<Vector<B>> basis_;  // the basis vectors, and the next one
    Vector<B> product_;
    Index size_ = 0;
    double residual_norm_ = 0, scale_ = 0;
};

}  // namespace vitscape::detail
