// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/backend/dual.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/tensor/tensor.hpp>

namespace vitscape {

namespace detail {

/// The gradient of an operation's output on a tape: of an activation, or of sums on the backend's `Master`.
template <Backend B>
struct NodeGradients {
    struct Nothing {};
    Tensor<B> of_activation{};
    [[no_unique_address]] std::conditional_t<std::same_as<Master<B>, B>, Nothing, Tensor<Master<B>>>
        of_sums{};

    template <class V>
    Tensor<V>& gradient() {
        if constexpr (std::same_as<V, B>)
            return of_activation;
        else
            return of_sums;
    }
    [[nodiscard]] bool empty() const {
        if constexpr (std::same_as<Master<B>, B>)
            return of_activation.empty();
        else
            return of_activation.empty() && of_sums.empty();
    }
};

/// The outputs of a model on a tape of dual numbers, and what happens to their gradients where products with the
/// Gauss-Newton matrix are wanted (`model_output` says what and why). It does nothing unless they are.
template <Backend B>
class OutputMarks {
    using Gradients = NodeGradients<B>;

  public:
    void want(bool wanted) { wanted_ = wanted; }
    /// @param node  of the output, -1 for a constant
    void mark(int node) {
        if (!wanted_) return;
        met_ = true;
        if (node < 0 || find(node) != nullptr) return;
        outputs_.emplace_back(node, Gradients{});
        last_ = std::max(last_, node);
    }
    void clear() {
        met_ = false;
        last_ = -1;
        outputs_.clear();
    }

    /// A backward pass begins. @throws ConfigError if no output was marked.
    void begin() {
        parameter_reached_ = false;
        if (wanted_ && !met_)
            throw ConfigError(
                "a Gauss-Newton product needs to know which variable the loss is a function of; call "
                "model_output(recorder, prediction) in the method's losses(), just before the loss");
    }
    /// The backward pass writes a parameter's gradient.
    void reach_parameter() { parameter_reached_ = true; }
    /// Before operation i of `nodes` runs backward. At the last output all losses have run and the gradients of all outputs are
    /// complete: (g, g') becomes (0, g'). They are put aside until it is their turn, so that an output that depends on
    /// another is noticed.
    template <class Nodes>
    void before(int i, Nodes& nodes, B backend) {
        if (!wanted_) return;
        if (i == last_) {
            if (parameter_reached_) refuse_other_ways();
            for (int j = 0; j <= i; ++j) {
                Gradients& gradients = nodes[static_cast<std::size_t>(j)];
                if (gradients.empty()) continue;
                Gradients* aside = find(j);
                if (aside == nullptr) refuse_other_ways();
                keep_tangents(backend, gradients.of_activation);
                if constexpr (!std::same_as<Master<B>, B>)
                    keep_tangents(vitscape::master(backend), gradients.of_sums);
                *aside = std::exchange(gradients, Gradients{});
            }
        }
        if (Gradients* aside = find(i); aside != nullptr) {
            Gradients& gradients = nodes[static_cast<std::size_t>(i)];
            if (!gradients.empty())
                throw ConfigError(
                    "one output of the model is computed from another, so the loss has no Gauss-Newton "
                    "matrix "
                    "with respect to them; call model_output(recorder, prediction) for the last one only");
            gradients = std::move(*aside);
        }
    }
    /// The backward pass is over.
    void end() const {
        if (wanted_ && last_ < 0 && parameter_reached_) refuse_other_ways();
    }

  private:
    [[noreturn]] static void refuse_other_ways() {
        throw ConfigError(
            "the loss depends on the parameters in other ways than by the model's output, so that its "
            "Gauss-Newton "
            "matrix would not be that of the output; call model_output(recorder, prediction) for everything "
            "that "
            "the loss is a function of");
    }
    [[nodiscard]] Gradients* find(int node) {
        for (auto& [marked, gradients] : outputs_)
            if (marked == node) return &gradients;
        return nullptr;
    }
    /// A new tensor, because others may share the gradient's memory.
    template <Backend V>
    static void keep_tangents(V backend, Tensor<V>& gradient) {
        if (gradient.empty()) return;
        const Tensor<V> own(backend, gradient.shape());
        backend.base().fill(gradient.size(), 0, own.data().part(0));
        for (int i = 1; i < V::Pointer::parts; ++i)
            backend.base().copy(gradient.size(), gradient.data().part(i), own.data().part(i));
        gradient = own;
    }

    bool wanted_ = false, met_ = false, parameter_reached_ = false;
    int last_ = -1;                                   // the highest of the outputs
    std::vector<std::pair<int, Gradients>> outputs_;  // node, and its gradient from `last_` until its turn
};

}  // namespace detail

}  // namespace vitscape
