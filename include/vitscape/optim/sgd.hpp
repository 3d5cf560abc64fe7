// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// Stochastic gradient descent with momentum: u = momentum u + g + weight_decay theta, theta = theta -
/// learning_rate u (weight decay as an L2 penalty, as PyTorch's SGD).
struct Sgd {
    static constexpr std::string_view kind = "sgd";
    double momentum = 0.9, weight_decay = 0;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("momentum", self.momentum, "", "of the velocity");
        visit("weight_decay", self.weight_decay, "weight-decay", "for parameters of two or more dimensions");
    }

    template <Backend B>
    struct State {
        Vector<B> velocity;
        Index steps = 0;
        /// The vectors that a checkpoint keeps, with their names.
        std::array<std::pair<std::string_view, Vector<B>*>, 1> vectors() {
            return {{{"momentum_buffer", &velocity}}};
        }
    };

    template <Backend B>
    [[nodiscard]] State<B> start(const B& backend, Index size) const {
        return {Vector<B>(backend, size), 0};
    }

    /// One step along `gradient_scale * gradient`; groups cover the parameters that move.
    template <Backend B>
    void step(State<B>& state, std::span<const ParameterGroup> groups, double learning_rate,
              double gradient_scale, const Vector<B>& gradient, Vector<B>& theta) const {
        using T = typename B::Storage;
        ++state.steps;
        B& b = theta.backend();
        for (const ParameterGroup& group : groups) {
            using M = operand::Matrix<typename B::Pointer>;
            const M t{theta.data() + group.offset, group.count},
                u{state.velocity.data() + group.offset, group.count},
                g{gradient.data() + group.offset, group.count};
            const T decay = static_cast<T>(weight_decay * group.weight_decay_scale);
            b.map(1, group.count, functor::LinearCombination<T>{static_cast<T>(momentum), decay}, u, u, t);
            b.map(1, group.count, functor::LinearCombination<T>{T(1), static_cast<T>(gradient_scale)}, u, u,
                  g);
            b.map(1, group.count,
                  functor::LinearCombination<T>{T(1),
                                                static_cast<T>(-learning_rate * group.learning_rate_scale)},
                  t, t, u);
        }
    }
};

}  // namespace vitscape
