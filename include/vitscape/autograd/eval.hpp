// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <utility>

#include <vitscape/autograd/parameter.hpp>
#include <vitscape/autograd/variable.hpp>
#include <vitscape/tensor/tensor.hpp>

namespace vitscape {

/// Runs a model forward without recording: a tensor lives exactly as long as the model's code holds it.
template <Backend B>
class Eval {
  public:
    using BackendType = B;
    static constexpr bool records = false;

    /// @param parameters  the flat vector; read only.
    Eval(B backend, typename B::Pointer parameters) : backend_(std::move(backend)), parameters_(parameters) {}

    [[nodiscard]] B& backend() { return backend_; }
    [[nodiscard]] TensorView<B> parameter(const ParameterSlot& slot) {
        parameters_end_ = std::max(parameters_end_, slot.offset + slot.shape.size());
        return {parameters_ + slot.offset, slot.shape};
    }
    /// End of the part of the flat vector that was read so far.
    [[nodiscard]] Index parameters_end() const { return parameters_end_; }
    [[nodiscard]] Tensor<B> allocate(const Shape& shape) { return Tensor<B>(backend_, shape); }
    [[nodiscard]] Variable<B> constant(Tensor<B> value) const { return {std::move(value), -1}; }
    template <Backend V, class Backward>
    [[nodiscard]] Variable<V> record(Tensor<V> value, Backward&&) const {
        return {std::move(value), -1};
    }
    [[nodiscard]] Saved<B> save(const Variable<B>&) const { return {}; }
    /// Memory for sums: row statistics and losses.
    [[nodiscard]] Tensor<Master<B>> allocate_sums(const Shape& shape) {
        return Tensor<Master<B>>(master(backend_), shape);
    }

  private:
    B backend_;
    typename B::Pointer parameters_;
    Index parameters_end_ = 0;
};

}  // namespace vitscape
