// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <vitscape/tensor/tensor.hpp>

namespace vitscape {

/// A value in a computation, and the number of the recorded operation that computed it (-1: a constant, no
/// gradient).
template <Backend B>
struct Variable {
    Tensor<B> value;
    int node = -1;

    [[nodiscard]] const Shape& shape() const { return value.shape(); }
    [[nodiscard]] typename B::Pointer data() const { return value.data(); }
    [[nodiscard]] bool differentiable() const { return node >= 0; }
};

template <Backend B>
class Tape;

/// An input that an operation's backward pass reads: kept or, if the operation that computed it can do so again from what it keeps
/// itself, not kept (`Tape::record`).
template <Backend B>
class Saved {
  public:
    Saved() = default;
    explicit Saved(Tensor<B> value) : value_(std::move(value)) {}
    explicit Saved(int node) : node_(node) {}
    /// Its value, in the backward pass.
    [[nodiscard]] Tensor<B> value(Tape<B>& tape) const {
        return node_ < 0 ? value_ : tape.compute_again(node_);
    }

  private:
    Tensor<B> value_;
    int node_ = -1;
};

}  // namespace vitscape
