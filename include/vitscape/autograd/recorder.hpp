// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>

#include <vitscape/autograd/eval.hpp>
#include <vitscape/autograd/parameter.hpp>
#include <vitscape/autograd/tape.hpp>
#include <vitscape/tensor/tensor.hpp>

namespace vitscape {

/// The interface for which models are written: `Tape` and `Eval` run the same forward code.
template <class R>
concept Recorder = Backend<typename R::BackendType> && requires(R recorder, Shape shape, ParameterSlot slot) {
    { R::records } -> std::convertible_to<bool>;
    { recorder.allocate(shape) } -> std::same_as<Tensor<typename R::BackendType>>;
    { recorder.parameter(slot) } -> std::same_as<TensorView<typename R::BackendType>>;
};

}  // namespace vitscape
