// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <vitscape/core/fields.hpp>
#include <vitscape/optim/momentum.hpp>

namespace vitscape {

/// Stochastic gradient descent with momentum: v = momentum v + g + weight_decay theta, theta = theta -
/// learning_rate v (weight decay as an L2 penalty, as in PyTorch's SGD).
struct Sgd {
    static constexpr std::string_view kind = "sgd";
    double momentum = 0.9, weight_decay = 0;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("momentum", self.momentum, "", "of the velocity", Range::share_below_all());
        visit("weight_decay", self.weight_decay, "weight-decay", "for parameters of two or more dimensions",
              Range::rate());
    }

    template <Backend B>
    using State = MomentumState<B>;

    template <Backend B>
    [[nodiscard]] State<B> start(const B& backend, Index size) const {
        return {"momentum_buffer", Vector<B>(backend, size)};
    }

    /// One step along `gradient_scale * gradient`; groups cover the trained parameters.
    template <Backend B>
    void step(MomentumState<B>& state, std::span<const ParameterGroup> groups, double learning_rate,
              double gradient_scale, const Vector<B>& gradient, Vector<B>& theta) const {
        ++state.steps;
        B& b = theta.backend();
        for (const ParameterGroup& group : groups) {
            const auto t = detail::part_of(theta, group), v = detail::part_of(state.velocity, group),
                       g = detail::part_of(gradient, group);
            detail::combine(b, group, v, momentum, v, weight_decay * group.weight_decay_scale, t);
            detail::combine(b, group, v, 1, v, gradient_scale, g);
            detail::follow_velocity(b, group, learning_rate, state.velocity, theta);
        }
    }
};

}  // namespace vitscape
