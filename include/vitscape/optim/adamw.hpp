// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <span>
#include <string_view>
#include <utility>

#include <vitscape/core/fields.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

namespace functor {
/// beta m + (1 - beta) scale g
template <class T>
struct FirstMoment {
    T beta, complement, scale;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S m, S g) const {
        return S(beta) * m + S(complement) * (S(scale) * g);
    }
};
/// beta v + (1 - beta) (scale g)^2
template <class T>
struct SecondMoment {
    T beta, complement, scale;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S v, S g) const {
        const S scaled = S(scale) * g;
        return S(beta) * v + S(complement) * scaled * scaled;
    }
};
/// keep theta - step m / (sqrt(v) inverse_root + epsilon)
template <class T>
struct AdamWUpdate {
    T keep, step, inverse_root, epsilon;
    template <class S>
    VITSCAPE_HOST_DEVICE S operator()(S theta, S m, S v) const {
        using std::sqrt;
        return S(keep) * theta - S(step) * m / (sqrt(v) * S(inverse_root) + S(epsilon));
    }
};
}  // namespace functor

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv 1711.05101); see `AdamWStep` for the
/// formula. The defaults are those of the masked autoencoder.
struct AdamW {
    static constexpr std::string_view kind = "adamw";
    double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weight_decay = 0.05;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("beta1", self.beta1, "", "decay of the first moment", Range::share_below_all());
        visit("beta2", self.beta2, "", "decay of the second moment", Range::share_below_all());
        visit("epsilon", self.epsilon, "", "added to the root of the second moment", Range::above(0));
        visit("weight_decay", self.weight_decay, "weight-decay", "for parameters of two or more dimensions",
              Range::rate());
    }

    /// Both moments and the number of steps done.
    template <Backend B>
    struct State {
        Vector<B> first, second;
        Index steps = 0;
        /// The vectors that a checkpoint stores, with their names.
        std::array<std::pair<std::string_view, Vector<B>*>, 2> vectors() {
            return {{{"exp_avg", &first}, {"exp_avg_sq", &second}}};
        }
    };

    template <Backend B>
    [[nodiscard]] State<B> start(const B& backend, Index size) const {
        return {Vector<B>(backend, size), Vector<B>(backend, size), 0};
    }

    /// One step along `gradient_scale * gradient`; groups cover the trained parameters.
    /// @param teacher  if not null it is updated, in the same pass if the backend supports it: teacher = momentum teacher +
    /// (1 - momentum) theta
    template <Backend B>
    void step(State<B>& state, std::span<const ParameterGroup> groups, double learning_rate,
              double gradient_scale, const Vector<B>& gradient, Vector<B>& theta,
              Vector<B>* teacher = nullptr, double momentum = 1) const {
        ++state.steps;
        AdamWStep step{.learning_rate = learning_rate,
                       .beta1 = beta1,
                       .beta2 = beta2,
                       .epsilon = epsilon,
                       .weight_decay = weight_decay};
        step.correction1 = 1 - std::pow(beta1, static_cast<double>(state.steps));
        step.correction2 = 1 - std::pow(beta2, static_cast<double>(state.steps));
        step.gradient_scale = gradient_scale;
        B& b = theta.backend();
        if constexpr (FusedAdamW<B>) {
            b.adamw(groups, step, theta.data(), gradient.data(), state.first.data(), state.second.data(),
                    teacher != nullptr ? teacher->data() : typename B::Pointer{}, momentum);
        } else {
            for (const ParameterGroup& group : groups)
                update(b, group.count, of_group(step, group), theta.data() + group.offset,
                       gradient.data() + group.offset, state.first.data() + group.offset,
                       state.second.data() + group.offset);
            if (teacher != nullptr) axpby(1 - momentum, theta, momentum, *teacher);
        }
    }

  private:
    template <Backend B>
    static void update(B& b, Index n, const AdamWStep& step, typename B::Pointer theta,
                       typename B::Pointer gradient, typename B::Pointer first, typename B::Pointer second) {
        using T = typename B::Storage;
        using M = operand::Matrix<typename B::Pointer>;
        const M t{theta, n}, g{gradient, n}, m{first, n}, v{second, n};
        const T scale = static_cast<T>(step.gradient_scale);
        b.map(1, n,
              functor::FirstMoment<T>{static_cast<T>(step.beta1), static_cast<T>(1 - step.beta1), scale}, m,
              m, g);
        b.map(1, n,
              functor::SecondMoment<T>{static_cast<T>(step.beta2), static_cast<T>(1 - step.beta2), scale}, v,
              v, g);
        b.map(1, n,
              functor::AdamWUpdate<T>{static_cast<T>(1 - step.learning_rate * step.weight_decay),
                                      static_cast<T>(step.learning_rate / step.correction1),
                                      static_cast<T>(1 / std::sqrt(step.correction2)),
                                      static_cast<T>(step.epsilon)},
              t, t, m, v);
    }
};

}  // namespace vitscape
