// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/core/fields.hpp>
#include <vitscape/data/batch.hpp>
#include <vitscape/methods/teacher.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/nn/vit.hpp>
#include <vitscape/tensor/replay.hpp>

namespace vitscape {

/// Identifies the masks of a batch, a function of (seed, epoch, sample). A fixed epoch gives fixed masks, as a
/// loss surface needs.
struct MaskKey {
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;
};

/// A batch as the model reads it: default-constructed, filled by `prepare`, reused for the next batch.
template <class M, class B>
concept MethodInputs = std::default_initializable<typename M::template Inputs<B>> &&
    std::movable<typename M::template Inputs<B>>;

/// A training method: configuration and layout, but no parameter values.
///
/// | member | meaning |
/// | --- | --- |
/// | `template <Backend B> struct Inputs` | a batch as the model reads it |
/// | `layout()` | the `ParameterLayout` of its flat vector |
/// | `grid()` | how its square images are divided into patches; `grid().image` is their side |
/// | `fixed_tensors()` | tensors that a checkpoint stores besides the parameters; may be empty |
/// | `prepare(backend, batch, key, inputs)` | converts a host batch to what the model reads: once per batch, and once for all points of a loss surface |
/// | `losses(recorder, inputs)` | the forward pass on any recorder: one loss per sample, on the backend's `Master` |
///
/// Threads call `losses` at the same time, each with other inputs. It should call `model_output(recorder, prediction)` on what it
/// predicts, just before the loss; only products with the Gauss-Newton matrix need it. Optional members: `parameter_groups()`, its own
/// parameter groups for the optimizer, `take_fixed_tensors(std::span<const FixedTensor>)`, which takes those of a checkpoint instead of its
/// own, and `Inputs::add_to(Signature&)`, which tells where the inputs are stored, so that a device can
/// replay the work on them, `pairs_images()` and `reads_whole_batch()` (below), and `prepare_training`, with the arguments of `prepare`, if a training reads its batches in another way
/// than evaluations do. `B` is any backend, including `Dual`: Hessian-vector products run the same code on dual numbers.
template <class M, class B>
concept Method = Backend<B> && std::copy_constructible<M> && MethodInputs<M, B> &&
    requires(const M& method, B backend, const Batch& batch, MaskKey key,
             typename M::template Inputs<B>& inputs, Eval<B>& eval, Tape<B>& tape) {
    { method.layout() } -> std::convertible_to<const ParameterLayout&>;
    { method.grid() } -> std::convertible_to<PatchGrid>;
    { method.fixed_tensors() } -> std::convertible_to<std::vector<FixedTensor>>;
    method.prepare(backend, batch, key, inputs);
    { method.losses(eval, inputs) } -> std::same_as<Variable<Master<B>>>;
    { method.losses(tape, inputs) } -> std::same_as<Variable<Master<B>>>;
};

/// A method with a teacher, a second parameter vector that follows the first: after `prepare`, `run_teacher` evaluates the
/// teacher on the batch (with a recorder bound to the teacher's parameters), and `teacher().momentum` is the
/// `MomentumSchedule` of its updates. With `evaluated_weights()` it says whose parameters are its solution.
template <class M, class B>
concept TaughtMethod = Method<M, B> && requires(const M& method, typename M::template Inputs<B>& inputs,
                                                Eval<B>& recorder, const StepCount& count) {
    method.run_teacher(recorder, inputs);
    { method.teacher().momentum.at(count) } -> std::convertible_to<double>;
};

/// Compiles if `M` is a `Method`; otherwise the compiler's first error names the missing member.
template <class M, class B>
constexpr bool require_method() {
    static_assert(std::copy_constructible<M>,
                  "a method cannot be copied; it holds configuration and layout, but no parameter values");
    static_assert(
        MethodInputs<M, B>,
        "a method lacks Inputs: template <vitscape::Backend B> struct Inputs, a batch as its model reads it");
    static_assert(
        requires(const M& method) {
            { method.layout() } -> std::convertible_to<const ParameterLayout&>;
        },
        "a method lacks layout() const, the ParameterLayout of its flat vector");
    static_assert(
        requires(const M& method) {
            { method.grid() } -> std::convertible_to<PatchGrid>;
        },
        "a method lacks grid() const, the PatchGrid of its images");
    static_assert(
        requires(const M& method) {
            { method.fixed_tensors() } -> std::convertible_to<std::vector<FixedTensor>>;
        },
        "a method lacks fixed_tensors() const, a std::vector<FixedTensor>, which may be empty");
    if constexpr (MethodInputs<M, B>) {
        static_assert(
            requires(const M& method, B backend, const Batch& batch, MaskKey key,
                     typename M::template Inputs<B>& inputs) { method.prepare(backend, batch, key, inputs); },
            "a method lacks prepare(backend, const Batch&, const MaskKey&, Inputs<B>&) const");
        static_assert(
            requires(const M& method, typename M::template Inputs<B>& inputs, Eval<B>& eval, Tape<B>& tape) {
                { method.losses(eval, inputs) } -> std::same_as<Variable<Master<B>>>;
                { method.losses(tape, inputs) } -> std::same_as<Variable<Master<B>>>;
            },
            "a method lacks losses(recorder, const Inputs<B>&) const, a Variable<Master<B>> with one loss "
            "per sample");
        static_assert(
            TaughtMethod<M, B> || !requires(const M& method, typename M::template Inputs<B>& inputs,
                                            Eval<B>& recorder) { method.run_teacher(recorder, inputs); },
            "a method with run_teacher() lacks teacher().momentum, a MomentumSchedule, by which its teacher "
            "follows");
    }
    return true;
}

/// Whether a training changes an image by its partner in the batch, the i-th by the i-th from the end (`BatchPolicy`).
template <class M>
[[nodiscard]] bool pairs_images(const M& method) {
    if constexpr (requires { method.pairs_images(); })
        return method.pairs_images();
    else
        return false;
}

/// Why the loss of an image in a training depends on which images are in the batch with it, so that a batch cannot be divided; empty
/// if it does not, but for the partner of `pairs_images`.
template <class M>
[[nodiscard]] std::string reads_whole_batch(const M& method) {
    if constexpr (requires { method.reads_whole_batch(); })
        return method.reads_whole_batch();
    else
        return {};
}

/// A method that is trained differently than it is evaluated, such as one with a recipe (methods/recipe.hpp):
/// `evaluated()` is the plain method, with the same layout.
template <class M>
concept EvaluatedApart = requires(const M& method) {
    method.evaluated();
};

/// The method as it is evaluated: without its training recipe, if it has one.
template <class M>
[[nodiscard]] const auto& evaluated(const M& method) {
    if constexpr (EvaluatedApart<M>)
        return method.evaluated();
    else
        return method;
}
template <class M>
using Evaluated = std::remove_cvref_t<decltype(evaluated(std::declval<const M&>()))>;

/// Converts a batch of a training: by `prepare_training` if the method has it, otherwise by `prepare`.
template <class M, Backend B>
void prepare_training(const M& method, const B& backend, const Batch& batch, const MaskKey& key,
                      typename M::template Inputs<B>& inputs) {
    if constexpr (requires { method.prepare_training(backend, batch, key, inputs); })
        method.prepare_training(backend, batch, key, inputs);
    else
        method.prepare(backend, batch, key, inputs);
}

/// Whose parameters are tested, probed and measured: the student's unless the method says otherwise.
template <class M>
[[nodiscard]] EvaluatedWeights evaluated_weights(const M& method) {
    if constexpr (requires { method.evaluated_weights(); })
        return method.evaluated_weights();
    else
        return EvaluatedWeights::student;
}

/// A method with a card, which names it in programs and files: `Card::name` ("mae", on command lines and in checkpoints),
/// `Card::title` ("MAE", in reports) and `Card::loss` (the label of its loss in figures). Its `Config` lists the
/// options in `fields` (core/fields.hpp); its description in a checkpoint, the inverse of that (methods/all.hpp) and its
/// command-line options are derived from them.
template <class M>
concept CardedMethod = requires(const M& method) {
    { M::Card::name } -> std::convertible_to<std::string_view>;
    { M::Card::title } -> std::convertible_to<std::string_view>;
    { M::Card::loss } -> std::convertible_to<std::string_view>;
    { method.config() } -> std::convertible_to<const typename M::Config&>;
    requires WithFields<typename M::Config>;
};

// ---- Optional capabilities. Studies and probes test for these, never for a method's name.

/// A method with the encoder of a Vision Transformer, under the parameter names that all methods share ("cls_token",
/// "patch_embed.…", "blocks.…", "norm" or "fc_norm"): it can be probed and fine-tuned.
template <class M>
concept EncodingMethod = requires(const M& method) {
    { method.encoder() } -> std::convertible_to<VitShape>;
};

/// A method with its own classification head: `logits` returns (samples, classes).
template <class M, class B>
concept ClassifyingMethod = Method<Evaluated<M>, B> &&
    requires(const Evaluated<M>& method, typename Evaluated<M>::template Inputs<B>& inputs,
             Eval<B>& recorder) {
    { method.logits(recorder, inputs) } -> std::same_as<Variable<B>>;
};

namespace detail {
/// What `ReconstructingMethod` requires of the method that only reconstructs.
template <class M, class B>
concept PixelPredicting = Method<M, B> &&
    requires(const M& method, typename M::template Inputs<B>& inputs, Eval<B>& recorder) {
    { method.predict_masked(recorder, inputs) } -> std::same_as<Variable<B>>;
    { method.visible() } -> std::convertible_to<Index>;
    { method.normalizes_targets() } -> std::convertible_to<bool>;
    { inputs.order[0] } -> std::convertible_to<std::int32_t>;
};
}  // namespace detail

/// The type of `method.reconstruction()`.
template <class M>
using Reconstruction = std::remove_cvref_t<decltype(std::declval<const Evaluated<M>&>().reconstruction())>;

/// A method that predicts the pixels of masked patches. `reconstruction()` is the method whose loss is the error of these
/// predictions and nothing else, with the same layout: the method itself, or the student of a method with a teacher. Its
/// `predict_masked` returns (samples, masked, patch values) in the order of `inputs.order` (samples, patches; the first
/// `visible()` of each row are visible); if `normalizes_targets()`, in units of each patch's own standard deviation
/// around its mean.
template <class M, class B>
concept ReconstructingMethod = Method<Evaluated<M>, B> && detail::PixelPredicting<Reconstruction<M>, B>;

}  // namespace vitscape
