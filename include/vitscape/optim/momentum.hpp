// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// State of an optimizer with momentum: the velocity v and the number of steps done.
template <Backend B>
struct MomentumState {
    std::string_view name;  ///< of the velocity in a checkpoint
    Vector<B> velocity;
    Index steps = 0;

    /// The vectors that a checkpoint stores, with their names.
    std::array<std::pair<std::string_view, Vector<B>*>, 1> vectors() { return {{{name, &velocity}}}; }
};

namespace detail {

/// A group's part of a vector.
template <Backend B>
operand::Matrix<typename B::Pointer> part_of(const Vector<B>& x, const ParameterGroup& group) {
    return {x.data() + group.offset, group.count};
}

/// z = a x + b y on a group.
template <Backend B>
void combine(B& backend, const ParameterGroup& group, operand::Matrix<typename B::Pointer> z, double a,
             operand::Matrix<typename B::Pointer> x, double b, operand::Matrix<typename B::Pointer> y) {
    using T = typename B::Storage;
    backend.map(1, group.count, functor::LinearCombination<T>{static_cast<T>(a), static_cast<T>(b)}, z, x, y);
}

/// theta -= learning_rate v on a group, with the group's own factor.
template <Backend B>
void follow_velocity(B& backend, const ParameterGroup& group, double learning_rate, const Vector<B>& velocity,
                     Vector<B>& theta) {
    const auto t = part_of(theta, group);
    combine(backend, group, t, 1, t, -learning_rate * group.learning_rate_scale, part_of(velocity, group));
}

}  // namespace detail

}  // namespace vitscape
