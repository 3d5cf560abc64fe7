// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <utility>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/curvature/hessian.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

namespace detail {
template <Backend B, class O>
void require_point_of(O& objective, const Vector<B>& theta, const char* matrix) {
    if (static_cast<Index>(objective.layout().size()) != theta.size())
        throw ShapeError(message("the objective has ", objective.layout().size(),
                                 " parameters, the point of its ", matrix, " has ", theta.size()));
}
}  // namespace detail

/// The Gauss-Newton matrix G = J^T (d2 l / df2) J of an objective l(f(theta)) at a point (Schraudolph 2002). Holds
/// references to both, which must outlive it. Where l is convex in f, as squared errors and cross entropies are, it is
/// positive semidefinite; for a cross entropy it is the Fisher information (Martens 2020, arXiv 1412.1193).
template <Backend B, class O>
class GaussNewton {
    static_assert(require_gauss_newton<O, B>());

  public:
    /// @throws ShapeError if the sizes differ.
    GaussNewton(O& objective, const Vector<B>& theta) : objective_(objective), theta_(theta) {
        detail::require_point_of(objective, theta, "Gauss-Newton matrix");
    }

    [[nodiscard]] B backend() const { return theta_.backend(); }
    [[nodiscard]] Index size() const { return theta_.size(); }
    void apply(const Vector<B>& v, Vector<B>& out) const { objective_.gauss_newton_vector(theta_, v, out); }
    void apply_all(std::span<const Vector<B>* const> v, std::span<Vector<B>* const> out) const {
        gauss_newton_vectors(objective_, theta_, v, out);
    }

  private:
    O& objective_;
    const Vector<B>& theta_;
};

/// What a Hessian has beyond its Gauss-Newton matrix: H - G = sum over the outputs k of (dl / df_k) d2 f_k / dtheta2, zero for
/// a linear model and where the loss's gradient in f vanishes. One product costs one with each.
template <Backend B, class O>
class HessianResidual {
    static_assert(require_twice_differentiable<O, B>() && require_gauss_newton<O, B>());

  public:
    /// @throws ShapeError if the sizes differ.
    HessianResidual(O& objective, const Vector<B>& theta) : objective_(objective), theta_(theta) {
        detail::require_point_of(objective, theta, "Hessian");
        linear_part_ = Vector<B>(theta.backend(), theta.size());
    }

    [[nodiscard]] B backend() const { return theta_.backend(); }
    [[nodiscard]] Index size() const { return theta_.size(); }
    void apply(const Vector<B>& v, Vector<B>& out) {
        objective_.gauss_newton_vector(theta_, v, linear_part_);
        objective_.hessian_vector(theta_, v, out);
        axpby(-1, linear_part_, 1, out);
    }

  private:
    O& objective_;
    const Vector<B>& theta_;
    Vector<B> linear_part_;  // G v
};

/// The Gauss-Newton matrix of `objective` at `theta` as an operator, like `hessian`:
///
///     const auto ends = lanczos(gauss_newton(loss, theta), {.largest = 5, .smallest = 0});
///
/// @throws ShapeError if the sizes differ. A product throws ConfigError if a method does not call `model_output`.
template <Backend B, class O>
[[nodiscard]] GaussNewton<B, O> gauss_newton(O& objective, const Vector<B>& theta) {
    return {objective, theta};
}
template <Backend B, class O>
void gauss_newton(O& objective, const Vector<B>&& theta) = delete;  // a temporary would dangle

/// The rest of the Hessian of `objective` at `theta`, H - G, as an operator.
/// @throws ShapeError if the sizes differ. A product throws ConfigError if a method does not call `model_output`.
template <Backend B, class O>
[[nodiscard]] HessianResidual<B, O> hessian_residual(O& objective, const Vector<B>& theta) {
    return {objective, theta};
}
template <Backend B, class O>
void hessian_residual(O& objective, const Vector<B>&& theta) = delete;

}  // namespace vitscape
