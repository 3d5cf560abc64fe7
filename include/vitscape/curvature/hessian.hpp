// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// A symmetric linear map that is known only by its products: `size()` rows and columns, and
/// `apply(v, out)`, which writes A v to `out`. The Hessian below is one; a user-defined Gauss-Newton or Fisher
/// matrix is another. It may also have `apply_all(v, out)` (see the function of that name).
template <class A, class B>
concept SymmetricOperator = Backend<B> &&
    requires(std::remove_reference_t<A>& a, const Vector<B>& v, Vector<B>& out) {
    { a.backend() } -> std::convertible_to<B>;
    { a.size() } -> std::convertible_to<Index>;
    a.apply(v, out);
};

/// The backend type of an operator.
template <class A>
using BackendOf = std::remove_cvref_t<decltype(std::declval<std::remove_reference_t<A>&>().backend())>;

/// Writes A *v[i] to *out[i] for each i: by the operator's `apply_all(v, out)`, which may share work among the products, or one after
/// another.
template <class A, Backend B>
requires SymmetricOperator<A, B>
void apply_all(A& a, std::span<const Vector<B>* const> v, std::span<Vector<B>* const> out) {
    if constexpr (requires { a.apply_all(v, out); })
        a.apply_all(v, out);
    else
        for (std::size_t i = 0; i < v.size(); ++i) a.apply(*v[i], *out[i]);
}

/// The Hessian of an objective at a point. Holds references to both, which must outlive it.
template <Backend B, class O>
class Hessian {
    static_assert(require_twice_differentiable<O, B>());

  public:
    Hessian(O& objective, const Vector<B>& theta) : objective_(objective), theta_(theta) {
        if (static_cast<Index>(objective.layout().size()) != theta.size())
            throw ShapeError(message("the objective has ", objective.layout().size(),
                                     " parameters, the point of its Hessian has ", theta.size()));
    }

    [[nodiscard]] B backend() const { return theta_.backend(); }
    [[nodiscard]] Index size() const { return theta_.size(); }
    void apply(const Vector<B>& v, Vector<B>& out) const { objective_.hessian_vector(theta_, v, out); }
    void apply_all(std::span<const Vector<B>* const> v, std::span<Vector<B>* const> out) const {
        hessian_vectors(objective_, theta_, v, out);
    }

  private:
    O& objective_;
    const Vector<B>& theta_;
};

/// The Hessian of `objective` at `theta` as an operator. @throws ShapeError if the sizes differ.
template <Backend B, class O>
[[nodiscard]] Hessian<B, O> hessian(O& objective, const Vector<B>& theta) {
    return {objective, theta};
}
template <Backend B, class O>
void hessian(O& objective, const Vector<B>&& theta) = delete;  // a temporary would dangle

}  // namespace vitscape
