// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/autograd/eval.hpp>
#include <vitscape/autograd/output_marks.hpp>
#include <vitscape/autograd/parameter.hpp>
#include <vitscape/autograd/variable.hpp>
#include <vitscape/tensor/tensor.hpp>

namespace vitscape {

namespace detail {
/// A backward pass that can compute the operation's output once more.
template <class Backward, class T>
concept ComputesAgain = requires(Backward& backward, T& tape) {
    backward.compute_again(tape);
};
}  // namespace detail

/// Runs a model forward and keeps, for each operation, what its backward pass needs; `backward` then runs
/// these in reverse order and adds the parameters' gradients to a flat vector. Reused from step to step,
/// it allocates nothing.
template <Backend B>
class Tape {
  public:
    using BackendType = B;
    static constexpr bool records = true;

    /// @param parameters  the flat vector as the backend reads it (`Weights`).  @param gradients  of the same size;
    /// gradients are added to it.
    Tape(B backend, typename B::Pointer parameters, typename Master<B>::Pointer gradients)
        : backend_(std::move(backend)), parameters_(parameters), gradients_(gradients) {}
    Tape(const Tape&) = delete;
    Tape& operator=(const Tape&) = delete;
    ~Tape() { clear(); }

    /// Switches to other vectors; operations recorded so far keep using the old ones.
    void bind(typename B::Pointer parameters, typename Master<B>::Pointer gradients) {
        parameters_ = parameters;
        gradients_ = gradients;
    }

    /// On dual numbers: from now on `backward` adds products with the Gauss-Newton matrix (true), or with the Hessian (false, as it
    /// starts), to the tangents of the gradient vector. See autograd/ops/model_output.hpp.
    void want_gauss_newton(bool wanted) requires OverDualNumbers<B> { outputs_.want(wanted); }
    /// Notes that the losses are a function of `output`; called by `model_output`.
    template <Backend V>
    void mark_output(const Variable<V>& output) requires OverDualNumbers<B> {
        outputs_.mark(output.node);
    }

    [[nodiscard]] B& backend() { return backend_; }
    [[nodiscard]] TensorView<B> parameter(const ParameterSlot& slot) {
        parameters_end_ = std::max(parameters_end_, slot.offset + slot.shape.size());
        return {parameters_ + slot.offset, slot.shape};
    }
    /// The destination of a parameter's gradient.
    [[nodiscard]] TensorView<Master<B>> parameter_gradient(const ParameterSlot& slot) {
        if constexpr (OverDualNumbers<B>) outputs_.reach_parameter();
        return {gradients_ + slot.offset, slot.shape};
    }
    [[nodiscard]] Tensor<B> allocate(const Shape& shape) { return Tensor<B>(backend_, shape); }
    [[nodiscard]] Variable<B> constant(Tensor<B> value) const { return {std::move(value), -1}; }

    /// Memory for sums: row statistics and losses.
    [[nodiscard]] Tensor<Master<B>> allocate_sums(const Shape& shape) {
        return Tensor<Master<B>>(master(backend_), shape);
    }

    struct IgnoreFinal {
        void operator()(Index) const {}
    };
    /// Records an operation's output, an activation or losses, and its backward pass: `backward(tape, gradient of
    /// the output)`. If there is `backward.compute_again(tape)`, which returns the output computed once more, later operations that
    /// need it do not keep it (`save`).
    template <Backend V, class Backward>
    [[nodiscard]] Variable<V> record(Tensor<V> value, Backward backward) {
        static_assert(alignof(Backward) <= alignof(std::max_align_t) && sizeof(Backward) <= chunk_bytes);
        auto* closure = new (reserve(sizeof(Backward))) Backward(std::move(backward));
        nodes_.emplace_back(
            closure,
            [](void* c, Tape& tape, Node& node) {
                Tensor<V>& slot = node.template gradient<V>();
                if (slot.empty()) return;
                const Tensor<V> gradient = std::move(slot);
                (*static_cast<Backward*>(c))(tape, gradient);
            },
            [](void* c) { static_cast<Backward*>(c)->~Backward(); }, parameters_end_);
        if constexpr (detail::ComputesAgain<Backward, Tape>)
            nodes_.back().compute_again = [](void* c, Tape& tape) {
                return static_cast<Backward*>(c)->compute_again(tape);
            };
        return {std::move(value), static_cast<int>(nodes_.size()) - 1};
    }
    /// What an operation is to keep of its input for its backward pass.
    [[nodiscard]] Saved<B> save(const Variable<B>& input) const {
        if (input.node >= 0 && nodes_[static_cast<std::size_t>(input.node)].compute_again != nullptr)
            return Saved<B>(input.node);
        return Saved<B>(input.value);
    }
    /// See `Saved`.
    [[nodiscard]] Tensor<B> compute_again(int number) {
        const Node& node = nodes_[static_cast<std::size_t>(number)];
        return node.compute_again(node.closure, *this);
    }

    /// The gradient of an operation's input, to be written with this `beta`: 0 for the first contribution
    /// (the memory is uninitialized), 1 to add to earlier ones.
    template <Backend V>
    struct TargetOf {
        typename V::Pointer data;
        double beta;
    };
    using Target = TargetOf<B>;
    template <Backend V = B>
    [[nodiscard]] TargetOf<V> gradient(int node, const Shape& shape) {
        Tensor<V>& gradient = nodes_[static_cast<std::size_t>(node)].template gradient<V>();
        V backend = as<V>();
        if (gradient.empty()) {
            gradient = Tensor<V>(backend, shape);
            return {gradient.data(), 0};
        }
        if (!gradient.unique()) {  // shared with another operation's gradient, which must not change
            Tensor<V> own(backend, gradient.shape());
            backend.copy(own.size(), gradient.data(), own.data());
            gradient = std::move(own);
        }
        return {gradient.data(), 1};
    }
    /// Adds `contribution` to an input's gradient; the first one is shared rather than copied.
    template <Backend V>
    void pass_gradient(int node, const Tensor<V>& contribution) {
        if (node < 0) return;
        Tensor<V>& gradient = nodes_[static_cast<std::size_t>(node)].template gradient<V>();
        if (gradient.empty()) {
            gradient = contribution;
            return;
        }
        using Operand = operand::Matrix<typename V::Pointer>;
        const Index size = contribution.size();
        const Operand sum{this->gradient<V>(node, contribution.shape()).data, size};
        as<V>().map(1, size, functor::Add{}, sum, sum, Operand{contribution.data(), size});
    }

    /// Adds the gradient of `weight * sum(output)` with respect to all parameters to the gradient vector and discards
    /// the operations.
    /// @param output  any recorded variable, e.g. one loss per sample with weight 1 / samples for their mean.
    /// @param on_final  called as on_final(offset) during the backward pass: no remaining operation uses a parameter at
    /// or after this offset of the flat vector, so these gradients are final. Offsets never increase.
    /// @throws ConfigError if Gauss-Newton products are wanted and the model did not say what its loss is a function of.
    template <Backend V, class OnFinal = IgnoreFinal>
    void backward(const Variable<V>& output, double weight = 1, const OnFinal& on_final = {}) {
        const ClearAtEnd clear_at_end{*this};
        if constexpr (OverDualNumbers<B>) outputs_.begin();
        if (output.differentiable()) {
            Tensor<V> gradient(as<V>(), output.shape());
            as<V>().fill(gradient.size(), weight, gradient.data());
            run_back(output, std::move(gradient), on_final);
        }
        if constexpr (OverDualNumbers<B>) outputs_.end();
    }
    /// The same from the gradient of a recorded variable.
    void backward_from(const Variable<B>& output, Tensor<B> gradient) {
        const ClearAtEnd clear_at_end{*this};
        run_back(output, std::move(gradient), IgnoreFinal{});
    }

    /// Whether `checkpointed` (autograd/ops/checkpointed.hpp) keeps its input only; false at the start.
    void use_checkpoints(bool wanted) { use_checkpoints_ = wanted; }
    [[nodiscard]] bool uses_checkpoints() const { return use_checkpoints_; }
    /// For `checkpointed`: the same parameters without a recording, and what it read of them.
    [[nodiscard]] Eval<B> evaluation() const { return Eval<B>(backend_, parameters_); }
    void note_parameters(Index end) { parameters_end_ = std::max(parameters_end_, end); }
    /// For `checkpointed`: a tape on the same vectors.
    [[nodiscard]] Tape& inner() {
        if (!inner_) inner_ = std::make_unique<Tape>(backend_, parameters_, gradients_);
        inner_->bind(parameters_, gradients_);
        return *inner_;
    }

    /// Discards all operations without a backward pass.
    void clear() {
        for (Node& node : nodes_)
            if (node.closure != nullptr) node.destroy(node.closure);
        nodes_.clear();
        chunk_ = used_ = 0;
        parameters_end_ = 0;
        if constexpr (OverDualNumbers<B>) outputs_.clear();
    }

  private:
    struct Nothing {};
    struct ClearAtEnd {
        Tape& tape;
        ~ClearAtEnd() { tape.clear(); }
    };
    struct Node : detail::NodeGradients<B> {
        void* closure;
        void (*run)(void*, Tape&, Node&);
        void (*destroy)(void*);
        Tensor<B> (*compute_again)(void*, Tape&) = nullptr;
        Index parameters_end;  // of the parameters that this and earlier operations use

        Node(void* c, void (*r)(void*, Tape&, Node&), void (*d)(void*), Index end)
            : closure(c), run(r), destroy(d), parameters_end(end) {}
    };

    template <class V>
    [[nodiscard]] V as() const {
        if constexpr (std::same_as<V, B>)
            return backend_;
        else
            return master(backend_);
    }
    template <Backend V, class OnFinal>
    void run_back(const Variable<V>& output, Tensor<V> gradient, const OnFinal& on_final) {
        nodes_[static_cast<std::size_t>(output.node)].template gradient<V>() = std::move(gradient);
        for (std::size_t i = nodes_.size(); i-- > 0;) {
            Node& node = nodes_[i];
            if constexpr (OverDualNumbers<B>) outputs_.before(static_cast<int>(i), nodes_, backend_);
            node.run(node.closure, *this, node);
            node.destroy(node.closure);  // frees the saved values as the backward pass proceeds
            node.closure = nullptr;
            on_final(i > 0 ? nodes_[i - 1].parameters_end : Index{0});
        }
    }

    static constexpr std::size_t chunk_bytes = 16384;

    void* reserve(std::size_t bytes) {
        bytes =
            (bytes + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) * alignof(std::max_align_t);
        if (!chunks_.empty() && used_ + bytes > chunk_bytes) {
            ++chunk_;
            used_ = 0;
        }
        if (chunk_ >= chunks_.size()) chunks_.push_back(std::make_unique<std::byte[]>(chunk_bytes));
        void* memory = chunks_[chunk_].get() + used_;
        used_ += bytes;
        return memory;
    }

    B backend_;
    typename B::Pointer parameters_;
    typename Master<B>::Pointer gradients_;
    std::vector<Node> nodes_;
    std::vector<std::unique_ptr<std::byte[]>> chunks_;
    std::size_t chunk_ = 0, used_ = 0;
    Index parameters_end_ = 0;
    bool use_checkpoints_ = false;
    std::unique_ptr<Tape> inner_;
    [[no_unique_address]] std::conditional_t<OverDualNumbers<B>, detail::OutputMarks<B>, Nothing> outputs_{};
};

}  // namespace vitscape
