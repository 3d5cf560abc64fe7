// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <span>

#include <vitscape/core/fields.hpp>
#include <vitscape/optim/momentum.hpp>

namespace vitscape {

/// Layer-wise adaptive rate scaling (You et al. 2017, arXiv 1708.03888), as used for linear probes: for a group with weight
/// decay, u = g + weight_decay theta is scaled by trust |theta| / |u| (by 1 if one of them is zero); biases and norms,
/// whose group has `weight_decay_scale` 0, use u = g. Then v = momentum v + u and theta -= learning_rate v.
/// The scale is computed per group: give each parameter of two or more dimensions a group of its own.
struct Lars {
    static constexpr std::string_view kind = "lars";
    double momentum = 0.9, trust = 0.001, weight_decay = 0;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("momentum", self.momentum, "", "of the velocity", Range::share_below_all());
        visit("trust", self.trust, "", "step over the norm of the parameters", Range::above(0));
        visit("weight_decay", self.weight_decay, "weight-decay", "for parameters of two or more dimensions",
              Range::rate());
    }

    template <Backend B>
    using State = MomentumState<B>;

    template <Backend B>
    [[nodiscard]] State<B> start(const B& backend, Index size) const {
        return {"mu", Vector<B>(backend, size)};
    }

    /// One step along `gradient_scale * gradient`; groups cover the trained parameters.
    template <Backend B>
    void step(MomentumState<B>& state, std::span<const ParameterGroup> groups, double learning_rate,
              double gradient_scale, const Vector<B>& gradient, Vector<B>& theta) const {
        ++state.steps;
        B& b = theta.backend();
        const auto norm_of = [&b](const auto& x) { return std::sqrt(b.dot(x.stride, x.data, x.data)); };
        for (const ParameterGroup& group : groups) {
            const Tensor<B> update(b, Shape{group.count});
            const auto t = detail::part_of(theta, group), v = detail::part_of(state.velocity, group),
                       g = detail::part_of(gradient, group);
            const operand::Matrix<typename B::Pointer> u{update.data(), group.count};
            detail::combine(b, group, u, gradient_scale, g, weight_decay * group.weight_decay_scale, t);
            double scale = 1;
            if (group.weight_decay_scale > 0) {
                const double size = norm_of(t), step = norm_of(u);
                if (size > 0 && step > 0) scale = trust * size / step;
            }
            detail::combine(b, group, v, momentum, v, scale, u);
            detail::follow_velocity(b, group, learning_rate, state.velocity, theta);
        }
    }
};

}  // namespace vitscape
