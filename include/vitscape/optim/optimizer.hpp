// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <span>
#include <string_view>
#include <utility>

#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// The state of an optimizer between steps on the backend `B`: `steps`, the number of steps done, and `vectors()`, the
/// vectors that a checkpoint stores, as a range of pairs of a name and a `Vector<B>*`.
template <class S, class B>
concept OptimizerState = std::copyable<S> && std::default_initializable<S> && requires(S& state) {
    { state.steps } -> std::same_as<Index&>;
    { *state.vectors().begin() } -> std::convertible_to<std::pair<std::string_view, Vector<B>*>>;
    state.vectors().end();
};

/// An update rule of the parameters: holds options only; what changes from step to step is in its `State<B>`.
///
/// | member | meaning |
/// | --- | --- |
/// | `template <Backend B> struct State` | an `OptimizerState` |
/// | `start(backend, size)` | the `State<B>` before the first step, for a vector of length `size` |
/// | `step(state, groups, learning_rate, gradient_scale, gradient, theta)` | one step along gradient_scale * gradient; changes `theta` in the groups only, and increments `state.steps` |
///
/// `B` is the backend of the parameters, the `Master` of the model's compute backend.
template <class O, class B>
concept Optimizer = std::copyable<O> && Backend<B> && OptimizerState<typename O::template State<B>, B> &&
    requires(const O& optimizer, const B& backend, typename O::template State<B>& state,
             std::span<const ParameterGroup> groups, const Vector<B>& gradient, Vector<B>& theta,
             Index size) {
    { optimizer.start(backend, size) } -> std::convertible_to<typename O::template State<B>>;
    optimizer.step(state, groups, 0.0, 0.0, gradient, theta);
};

/// Refinement: `step` takes two more arguments, the teacher's vector (never null here) and its momentum, and updates the
/// teacher in the same pass: teacher = momentum teacher + (1 - momentum) theta.
template <class O, class B>
concept TeachingOptimizer = Optimizer<O, B> &&
    requires(const O& optimizer, typename O::template State<B>& state, std::span<const ParameterGroup> groups,
             const Vector<B>& gradient, Vector<B>& theta, Vector<B>* teacher) {
    optimizer.step(state, groups, 0.0, 0.0, gradient, theta, teacher, 1.0);
};

/// Compiles if `O` is an `Optimizer`; otherwise the compiler's first error says which member is missing.
template <class O, class B>
constexpr bool require_optimizer() {
    constexpr bool state = requires { typename O::template State<B>; };
    static_assert(
        state,
        "an optimizer lacks State: template <vitscape::Backend B> struct State, what it keeps between steps");
    if constexpr (state) {
        using State = typename O::template State<B>;
        static_assert(OptimizerState<State, B>,
                      "an optimizer's State<B> lacks `Index steps` or vectors(), its (name, Vector<B>*) for "
                      "a checkpoint");
        static_assert(
            requires(const O& optimizer, const B& backend, Index size) {
                { optimizer.start(backend, size) } -> std::convertible_to<State>;
            },
            "an optimizer lacks start(const B& backend, Index size) const, its State<B> before the first "
            "step");
        static_assert(
            requires(const O& optimizer, State& state, std::span<const ParameterGroup> groups,
                     const Vector<B>& gradient,
                     Vector<B>& theta) { optimizer.step(state, groups, 0.0, 0.0, gradient, theta); },
            "an optimizer lacks step(State<B>&, std::span<const ParameterGroup>, double learning_rate, "
            "double gradient_scale, const Vector<B>& gradient, Vector<B>& theta) const");
    }
    return true;
}

}  // namespace vitscape
