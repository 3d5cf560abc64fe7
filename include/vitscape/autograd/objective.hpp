// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include <vitscape/core/plane_jet.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// A function of one flat parameter vector that can be evaluated: all that a loss surface needs.
///
/// | member | meaning |
/// | --- | --- |
/// | `backend()` | the backend of its vectors |
/// | `layout()` | the `ParameterLayout` that names the parts of the vector; its size is `layout().size()` |
/// | `value(theta)` | the loss, a double; not finite if it diverges, which never throws |
///
/// A user-defined function is a small struct; it need not derive from anything.
template <class O, class B>
concept Evaluable = Backend<B> && requires(std::remove_reference_t<O>& objective, const Vector<B>& theta) {
    { objective.backend() } -> std::convertible_to<B>;
    { objective.layout().size() } -> std::convertible_to<Index>;
    { objective.value(theta) } -> std::convertible_to<double>;
};

/// An `Evaluable` with a gradient: `gradient(theta, out)` writes d value / d theta to `out` (of the size of
/// theta, overwritten) and returns the value.
template <class O, class B>
concept Objective = Evaluable<O, B> &&
    requires(std::remove_reference_t<O>& objective, const Vector<B>& theta, Vector<B>& out) {
    { objective.gradient(theta, out) } -> std::convertible_to<double>;
};

/// An `Evaluable` that is a mean over samples: `samples()` of them, and `sample_losses(theta, out)` writes
/// one loss per sample, always for the same samples (images, masks) in the same order; `value` is their mean.
/// Needed for standard errors.
template <class O, class B>
concept SampledObjective = Evaluable<O, B> &&
    requires(std::remove_reference_t<O>& objective, const Vector<B>& theta, std::span<double> out) {
    { objective.samples() } -> std::convertible_to<Index>;
    objective.sample_losses(theta, out);
};

/// A `SampledObjective` whose evaluations overlap with the host's work: `start_losses(theta, slot)` starts an evaluation
/// and `finish_losses(slot, out)` waits for it; up to `max_in_flight()` evaluations, in slots numbered from 0, may be in
/// flight at once. It may also have `start_losses_at(plane, alpha, beta, slot)`, which computes the point itself.
template <class O, class B>
concept DeferredObjective = SampledObjective<O, B> &&
    requires(std::remove_reference_t<O>& objective, const Vector<B>& theta, std::size_t slot,
             std::span<double> out) {
    { objective.max_in_flight() } -> std::convertible_to<std::size_t>;
    objective.start_losses(theta, slot);
    objective.finish_losses(slot, out);
};

/// The `SampledObjective` of a classifier: `labels()`, the class of each sample, and `sample_logits(theta, out)`, which makes
/// `out` the logits (samples, classes) of the same samples, row by row.
template <class O, class B>
concept ClassifyingObjective = SampledObjective<O, B> &&
    requires(std::remove_reference_t<O>& objective, const Vector<B>& theta, std::vector<double>& out) {
    { objective.labels() } -> std::convertible_to<std::span<const std::int64_t>>;
    objective.sample_logits(theta, out);
};

/// An `Objective` with exact products with its second derivative: `hessian_vector(theta, v, out)` writes
/// H(theta) v to `out` (overwritten; never the memory of v).
template <class O, class B>
concept TwiceDifferentiable = Objective<O, B> &&
    requires(std::remove_reference_t<O>& objective, const Vector<B>& theta, Vector<B>& out) {
    objective.hessian_vector(theta, theta, out);
};

/// A `SampledObjective` with exact derivatives on planes: `sample_jets(theta, delta, eta, out)` writes for each sample the value and
/// the derivatives to second order of its loss at theta + x delta + y eta, (x, y) = (0, 0), to `out`.
template <class O, class B>
concept PlaneDifferentiable = SampledObjective<O, B> &&
    requires(std::remove_reference_t<O>& objective, const Vector<B>& theta, std::span<PlaneJet<double>> out) {
    objective.sample_jets(theta, theta, theta, out);
};

/// An `Objective` l(f(theta)) with exact products with its Gauss-Newton matrix (`model_output`):
/// `gauss_newton_vector(theta, v, out)` writes J^T (d2 l / df2) J v to `out` (overwritten; never the memory of v).
template <class O, class B>
concept HasGaussNewton = Objective<O, B> &&
    requires(std::remove_reference_t<O>& objective, const Vector<B>& theta, Vector<B>& out) {
    objective.gauss_newton_vector(theta, theta, out);
};

// The functions that take objectives call one of these first: if a member is missing, the compiler's first error
// names it.

template <class O, class B>
constexpr bool require_evaluable() {
    static_assert(
        requires(std::remove_reference_t<O> & objective) {
            { objective.backend() } -> std::convertible_to<B>;
        },
        "an objective lacks backend(), the backend of the vectors that it is given");
    static_assert(
        requires(std::remove_reference_t<O> & objective) {
            { objective.layout().size() } -> std::convertible_to<Index>;
        },
        "an objective lacks layout(), the ParameterLayout of the vectors that it is given");
    static_assert(
        requires(std::remove_reference_t<O> & objective, const Vector<B>& theta) {
            { objective.value(theta) } -> std::convertible_to<double>;
        },
        "an objective lacks value(const Vector<B>& theta), the loss, a double");
    return true;
}

template <class O, class B>
constexpr bool require_objective() {
    static_assert(
        requires(std::remove_reference_t<O> & objective, const Vector<B>& theta, Vector<B>& out) {
            { objective.gradient(theta, out) } -> std::convertible_to<double>;
        },
        "an objective lacks gradient(const Vector<B>& theta, Vector<B>& out), which writes the gradient and "
        "returns the loss");
    return require_evaluable<O, B>();
}

template <class O, class B>
constexpr bool require_twice_differentiable() {
    static_assert(
        requires(std::remove_reference_t<O> & objective, const Vector<B>& theta, Vector<B>& out) {
            objective.hessian_vector(theta, theta, out);
        },
        "an objective lacks hessian_vector(const Vector<B>& theta, const Vector<B>& v, Vector<B>& out), "
        "which writes H(theta) v");
    return require_objective<O, B>();
}

template <class O, class B>
constexpr bool require_gauss_newton() {
    static_assert(
        requires(std::remove_reference_t<O> & objective, const Vector<B>& theta, Vector<B>& out) {
            objective.gauss_newton_vector(theta, theta, out);
        },
        "an objective lacks gauss_newton_vector(const Vector<B>& theta, const Vector<B>& v, Vector<B>& out), "
        "which writes J^T (d2 l / df2) J v");
    return require_objective<O, B>();
}

/// Products with second derivatives that are asked for together, where work can be shared among them.
inline constexpr int products_at_once = 4;

/// Writes H(theta) *v[i] to *out[i] for each i: by the objective's `hessian_vectors(theta, v, out)`, which may share work among the
/// products, or one after another.
template <class O, Backend B>
void hessian_vectors(O& objective, const Vector<B>& theta, std::span<const Vector<B>* const> v,
                     std::span<Vector<B>* const> out) {
    if constexpr (requires { objective.hessian_vectors(theta, v, out); })
        objective.hessian_vectors(theta, v, out);
    else if constexpr (TwiceDifferentiable<O, B>)
        for (std::size_t i = 0; i < v.size(); ++i) objective.hessian_vector(theta, *v[i], *out[i]);
    else
        static_assert(require_twice_differentiable<O, B>());
}

/// Writes the Gauss-Newton matrix times *v[i] to *out[i] for each i, as `hessian_vectors` does: by `gauss_newton_vectors`, if the
/// objective has it.
template <class O, Backend B>
void gauss_newton_vectors(O& objective, const Vector<B>& theta, std::span<const Vector<B>* const> v,
                          std::span<Vector<B>* const> out) {
    if constexpr (requires { objective.gauss_newton_vectors(theta, v, out); })
        objective.gauss_newton_vectors(theta, v, out);
    else if constexpr (HasGaussNewton<O, B>)
        for (std::size_t i = 0; i < v.size(); ++i) objective.gauss_newton_vector(theta, *v[i], *out[i]);
    else
        static_assert(require_gauss_newton<O, B>());
}

}  // namespace vitscape
