// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/nn/transfer.hpp>
#include <vitscape/probe/evaluate.hpp>

namespace vitscape {

/// A method that can take part in a study: one that trains, whose evaluated form is a method too, with an encoder that can be
/// probed and a `describe` beside it for checkpoints and the plan. A method with a head of its own is a `VitClassifier`
/// once it is evaluated.
template <class M, class B>
concept ComparableMethod = std::copyable<M> && Method<M, B> && Method<Evaluated<M>, B> && EncodingMethod<M> &&
    (!ClassifyingMethod<M, B> || std::same_as<Evaluated<M>, VitClassifier>)&&requires(const M& method) {
    { describe(method) } -> std::convertible_to<nlohmann::json>;
};

/// A method that takes part in a study, and what it is called in files (`name`) and in the report (`title`).
template <class M>
struct Contestant {
    std::string name, title;
    M method;
};
template <class M>
Contestant(std::string, std::string, M) -> Contestant<M>;

/// The classifier whose encoder is the method's: itself, or that of a probe.
template <Backend B, class M>
[[nodiscard]] VitClassifier classifier_of(const M& method, Index classes, Pooling pooling) {
    if constexpr (ClassifyingMethod<M, B>)
        return evaluated(method);
    else
        return VitClassifier({.encoder = method.encoder(), .classes = classes, .pooling = pooling});
}
/// The classifier's parameters with the method's encoder; what the method lacks, the head, has its first values.
template <class M>
[[nodiscard]] std::vector<double> classifier_values(const M& method, const std::vector<double>& theta,
                                                    const VitClassifier& classifier, std::uint64_t seed = 0) {
    std::vector<double> values = initial_values(classifier.layout(), seed);
    transfer(method.layout(), std::span<const double>(theta), classifier.layout(), std::span<double>(values));
    return values;
}

/// The loss of a method, as it is evaluated, on fixed images and masks.
template <Backend B, class M>
[[nodiscard]] auto frozen_loss(const B& backend, const M& method, const Vector<Master<B>>& teacher,
                               Batch images, std::uint64_t mask_seed) {
    using E = Evaluated<M>;
    const FrozenOptions options{.batch = 64, .mask_seed = mask_seed};
    if constexpr (TaughtMethod<E, B>)
        return FrozenObjective<B, E>(backend, evaluated(method), teacher, std::move(images), options);
    else
        return FrozenObjective<B, E>(backend, evaluated(method), std::move(images), options);
}

}  // namespace vitscape
