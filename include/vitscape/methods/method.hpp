// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/data/batch.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/tensor/replay.hpp>

namespace vitscape {

/// Which masks a batch gets: those of (seed, epoch, sample). A fixed epoch gives fixed masks, as a loss
/// surface needs.
struct MaskKey {
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;
};

/// A tensor of a checkpoint that is a function of the configuration, such as fixed position embeddings.
struct FixedTensor {
    std::string name;
    Shape shape;
    std::vector<double> values;
};

/// A training method: configuration and layout, no numbers. `prepare` turns a host batch into what the model
/// reads (once per batch; a loss surface prepares once for all its points), `losses` runs the model forward
/// on any recorder and gives one loss per sample, on the backend's `Master`. Inputs that say by
/// `add_to(Signature&)` where they lie allow a device to replay the work on them.
template <class M, class B>
concept Method = Backend<B> && requires(const M& method, B backend, const Batch& batch, MaskKey key,
                                        typename M::template Inputs<B>& inputs, Eval<B>& recorder) {
    { method.layout() } -> std::convertible_to<const ParameterLayout&>;
    { method.fixed_tensors() } -> std::convertible_to<std::vector<FixedTensor>>;
    method.prepare(backend, batch, key, inputs);
    { method.losses(recorder, inputs) } -> std::same_as<Variable<Master<B>>>;
};

/// A method with a teacher, a second parameter vector that follows the first: after `prepare`, `consult` lets the
/// teacher see the batch (a recorder on its parameters), and `teacher().momentum.at(StepCount)` is its momentum.
template <class M, class B>
concept TaughtMethod = Method<M, B> &&
    requires(const M& method, typename M::template Inputs<B>& inputs, Eval<B>& recorder) {
    method.consult(recorder, inputs);
    method.teacher().momentum;
};

/// A method that is trained otherwise than it is evaluated, such as one with a recipe (methods/recipe.hpp):
/// `evaluated()` gives the plain method, of the same layout.
template <class M>
concept EvaluatedApart = requires(const M& method) {
    method.evaluated();
};

}  // namespace vitscape
