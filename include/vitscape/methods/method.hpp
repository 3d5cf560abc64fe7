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

/// A batch as a method's model reads it: made empty, filled by `prepare`, used again for the next batch.
template <class M, class B>
concept MethodInputs = std::default_initializable<typename M::template Inputs<B>> &&
    std::movable<typename M::template Inputs<B>>;

/// A training method: configuration and layout, no numbers.
///
/// | member | meaning |
/// | --- | --- |
/// | `template <Backend B> struct Inputs` | a batch as the model reads it |
/// | `layout()` | the `ParameterLayout` of its flat vector |
/// | `grid()` | how its square images are cut into patches; `grid().image` is their side |
/// | `fixed_tensors()` | what a checkpoint keeps besides the parameters; may be empty |
/// | `prepare(backend, batch, key, inputs)` | turns a host batch into what the model reads: once per batch, and once for all points of a loss surface |
/// | `losses(recorder, inputs)` | runs the model forward on any recorder: one loss per sample, on the backend's `Master` |
///
/// It may also have `parameter_groups()`, its own groups for the optimizer, and inputs that say by `add_to(Signature&)`
/// where they lie, so that a device can replay the work on them. `B` is any backend, `Dual` ones included: products with
/// the Hessian run the same code on dual numbers.
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

/// A method with a teacher, a second parameter vector that follows the first: after `prepare`, `consult` lets the
/// teacher see the batch (a recorder on its parameters), and `teacher().momentum` is the `MomentumSchedule` by which it
/// follows.
template <class M, class B>
concept TaughtMethod = Method<M, B> && requires(const M& method, typename M::template Inputs<B>& inputs,
                                                Eval<B>& recorder, const StepCount& count) {
    method.consult(recorder, inputs);
    { method.teacher().momentum.at(count) } -> std::convertible_to<double>;
};

/// Compiles where `M` is a `Method`; elsewhere the compiler's first error says which member is missing.
template <class M, class B>
constexpr bool require_method() {
    static_assert(std::copy_constructible<M>,
                  "a method cannot be copied; it holds configuration and layout, no numbers");
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
                                            Eval<B>& recorder) { method.consult(recorder, inputs); },
            "a method with consult() lacks teacher().momentum, a MomentumSchedule, by which its teacher "
            "follows");
    }
    return true;
}

/// A method that is trained otherwise than it is evaluated, such as one with a recipe (methods/recipe.hpp):
/// `evaluated()` gives the plain method, of the same layout.
template <class M>
concept EvaluatedApart = requires(const M& method) {
    method.evaluated();
};

/// The method as it is evaluated: without its recipe, where it is trained with one.
template <class M>
[[nodiscard]] const auto& evaluated(const M& method) {
    if constexpr (EvaluatedApart<M>)
        return method.evaluated();
    else
        return method;
}
template <class M>
using Evaluated = std::remove_cvref_t<decltype(evaluated(std::declval<const M&>()))>;

/// A method with a card, what programs and files know it by: `Card::name` ("mae", on command lines and in checkpoints),
/// `Card::title` ("MAE", in reports) and `Card::loss` (what its loss is called above a figure). Its `Config` lists the
/// options by `fields` (core/fields.hpp); from these come its description in a checkpoint and the way back
/// (methods/all.hpp), and its options on a command line.
template <class M>
concept CardedMethod = requires(const M& method) {
    { M::Card::name } -> std::convertible_to<std::string_view>;
    { M::Card::title } -> std::convertible_to<std::string_view>;
    { M::Card::loss } -> std::convertible_to<std::string_view>;
    { method.config() } -> std::convertible_to<const typename M::Config&>;
    requires WithFields<typename M::Config>;
};

// ---- What else a method may be able to do. Studies and probes ask for these, never for a method by its name.

/// A method with the encoder of a Vision Transformer, under the names that all methods share ("cls_token",
/// "patch_embed.…", "blocks.…", "norm" or "fc_norm"): it can be probed and fine-tuned.
template <class M>
concept EncodingMethod = requires(const M& method) {
    { method.encoder() } -> std::convertible_to<VitShape>;
};

/// A method with a head of its own: `logits` gives (samples, classes).
template <class M, class B>
concept ClassifyingMethod = Method<Evaluated<M>, B> &&
    requires(const Evaluated<M>& method, typename Evaluated<M>::template Inputs<B>& inputs,
             Eval<B>& recorder) {
    { method.logits(recorder, inputs) } -> std::same_as<Variable<B>>;
};

namespace detail {
/// What `ReconstructingMethod` asks of the method that reconstructs and does nothing else.
template <class M, class B>
concept PixelPredicting = Method<M, B> &&
    requires(const M& method, typename M::template Inputs<B>& inputs, Eval<B>& recorder) {
    { method.predict_masked(recorder, inputs) } -> std::same_as<Variable<B>>;
    { method.visible() } -> std::convertible_to<Index>;
    { method.normalizes_targets() } -> std::convertible_to<bool>;
    { inputs.order[0] } -> std::convertible_to<std::int32_t>;
};
}  // namespace detail

/// What `method.reconstruction()` gives.
template <class M>
using Reconstruction = std::remove_cvref_t<decltype(std::declval<const Evaluated<M>&>().reconstruction())>;

/// A method that predicts the pixels of masked patches. `reconstruction()` is the method whose loss is the error of these
/// predictions and nothing else, of the same layout: the method itself, or the student of one with a teacher. Of it,
/// `predict_masked` gives (samples, masked, patch numbers) in the order of `inputs.order` (samples, patches; the first
/// `visible()` of each row are visible); where `normalizes_targets()`, in units of each patch's own deviation around its
/// mean.
template <class M, class B>
concept ReconstructingMethod = Method<Evaluated<M>, B> && detail::PixelPredicting<Reconstruction<M>, B>;

}  // namespace vitscape
