// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <span>
#include <string_view>
#include <utility>

#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// Layer-wise adaptive rate scaling (You et al. 2017, arXiv 1708.03888), as linear probes are trained: for a group that
/// decays, u = g + weight_decay theta is scaled by trust |theta| / |u| (by 1 where one of them is zero); biases and norms,
/// whose group has `weight_decay_scale` 0, take g as it is. Then v = momentum v + u and theta -= learning_rate v.
/// A scale is one group's: give each parameter of two or more dimensions a group of its own.
struct Lars {
    static constexpr std::string_view kind = "lars";
    double momentum = 0.9, trust = 0.001, weight_decay = 0;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("momentum", self.momentum, "", "of the velocity");
        visit("trust", self.trust, "", "step over the norm of the parameters");
        visit("weight_decay", self.weight_decay, "weight-decay", "for parameters of two or more dimensions");
    }

    template <Backend B>
    struct State {
        Vector<B> velocity;
        Index steps = 0;
        /// The vectors that a checkpoint keeps, with their names.
        std::array<std::pair<std::string_view, Vector<B>*>, 1> vectors() { return {{{"mu", &velocity}}}; }
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
        const auto norm_of = [&](const Tensor<B>& x) {
            return std::sqrt(b.dot(x.size(), x.data(), x.data()));
        };
        for (const ParameterGroup& group : groups) {
            using M = operand::Matrix<typename B::Pointer>;
            const Tensor<B> update(b, Shape{group.count});
            const M t{theta.data() + group.offset, group.count},
                v{state.velocity.data() + group.offset, group.count},
                g{gradient.data() + group.offset, group.count}, u{update.data(), group.count};
            const double decay = weight_decay * group.weight_decay_scale;
            b.map(1, group.count,
                  functor::LinearCombination<T>{static_cast<T>(gradient_scale), static_cast<T>(decay)}, u, g,
                  t);
            double scale = 1;
            if (group.weight_decay_scale > 0) {
                const auto at = theta.data() + group.offset;
                const double size = std::sqrt(b.dot(group.count, at, at)), step = norm_of(update);
                if (size > 0 && step > 0) scale = trust * size / step;
            }
            b.map(1, group.count,
                  functor::LinearCombination<T>{static_cast<T>(momentum), static_cast<T>(scale)}, v, v, u);
            b.map(1, group.count,
                  functor::LinearCombination<T>{T(1),
                                                static_cast<T>(-learning_rate * group.learning_rate_scale)},
                  t, t, v);
        }
    }
};

}  // namespace vitscape
