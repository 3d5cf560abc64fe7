// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/methods/frozen_objective.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/nn/transfer.hpp>
#include <vitscape/probe/evaluate.hpp>
#include <vitscape/study/given_model.hpp>
#include <vitscape/study/origin.hpp>
#include <vitscape/study/training_images.hpp>

namespace vitscape {

/// A method that can be part of a study: it can be trained, its evaluated form is a method too, with an encoder that can be
/// probed and a `describe` next to it for checkpoints and the plan. The evaluated form of a method with its own head is a
/// `VitClassifier`.
template <class M, class B>
concept ComparableMethod = std::copyable<M> && Method<M, B> && Method<Evaluated<M>, B> && EncodingMethod<M> &&
    (!ClassifyingMethod<M, B> || std::same_as<Evaluated<M>, VitClassifier>)&&requires(const M& method) {
    { describe(method) } -> std::convertible_to<nlohmann::json>;
};

/// A method in a study, with its name in files (`name`) and in the report (`title`).
template <class M>
struct Contestant {
    std::string name, title;
    M method;
    Origin origin = Origin::trained;         ///< of its weights
    std::optional<TrainingImages> images{};  ///< of its own; without: all of the study's
    /// The name of a contestant whose training is this one's too, because they differ in labels alone, which the method does not
    /// read; empty: none.
    std::string same_training{};
    std::optional<GivenModel> given{};  ///< if that is the origin of its weights

    [[nodiscard]] TrainingImages images_of(const AnyDataset& all) const {
        return images ? *images : TrainingImages(all, {});
    }
};
template <class M>
Contestant(std::string, std::string, M) -> Contestant<M>;
template <class M>
Contestant(std::string, std::string, M, Origin) -> Contestant<M>;

/// A classifier with the encoder of the method, and its head or that of a probe; its loss is the cross entropy.
template <Backend B, class M>
[[nodiscard]] VitClassifier classifier_of(const M& method, Index classes, Pooling pooling) {
    if constexpr (ClassifyingMethod<M, B>) {
        VitClassifierConfig config = evaluated(method).config();
        config.loss = ClassifierLoss::cross_entropy;
        VitClassifier classifier(config);
        classifier.take_fixed_tensors(evaluated(method).fixed_tensors());
        return classifier;
    } else {
        VitClassifier classifier({.encoder = method.encoder(), .classes = classes, .pooling = pooling});
        classifier.take_fixed_tensors(method.fixed_tensors());
        return classifier;
    }
}
/// The classifier's parameters with the method's encoder; parameters that the method lacks (the head) have initial values.
template <class M>
[[nodiscard]] std::vector<double> classifier_values(const M& method, const std::vector<double>& theta,
                                                    const VitClassifier& classifier, std::uint64_t seed = 0) {
    std::vector<double> values = initial_values(classifier.layout(), seed);
    transfer(method.layout(), std::span<const double>(theta), classifier.layout(), std::span<double>(values));
    return values;
}

/// The loss of a method, as it is evaluated, on fixed images and masks.
/// @param clean  the images that should be predicted if the given ones are changed; null: the given ones
template <Backend B, class M>
[[nodiscard]] auto frozen_loss(const B& backend, const M& method, const Vector<Master<B>>& teacher,
                               const Batch& images, std::uint64_t mask_seed, const Batch* clean = nullptr) {
    using E = Evaluated<M>;
    const FrozenOptions options{.usual = 64, .mask_seed = mask_seed, .clean = clean};
    if constexpr (TaughtMethod<E, B>)
        return FrozenObjective<B, E>(backend, evaluated(method), teacher, images, options);
    else
        return FrozenObjective<B, E>(backend, evaluated(method), images, options);
}
/// The loss by which methods are compared: the plain reconstruction error of every method that reconstructs, without the
/// consistency with a teacher, which is a convex function of the predictions by itself; the method's own loss otherwise.
template <Backend B, class M>
[[nodiscard]] auto compared_loss(const B& backend, const M& method, const Vector<Master<B>>& teacher,
                                 const Batch& images, std::uint64_t mask_seed, const Batch* clean = nullptr) {
    if constexpr (ReconstructingMethod<M, B>)
        return frozen_loss(backend, evaluated(method).reconstruction(), {}, images, mask_seed, clean);
    else
        return frozen_loss(backend, method, teacher, images, mask_seed, clean);
}
/// Whether a method's training loss is the classification loss, and serves as both.
template <Backend B, class M>
[[nodiscard]] bool has_one_loss(const M& method) {
    if constexpr (ClassifyingMethod<M, B>)
        return evaluated(method).config().loss == ClassifierLoss::cross_entropy;
    else
        return false;
}
/// Whether a method's own loss has more parts than the one by which it is compared.
template <class M, class B>
concept HasTotalLoss = ReconstructingMethod<M, B> && !std::same_as<Reconstruction<M>, Evaluated<M>>;
/// The same of one such method: a weight of 0 may leave its reconstruction alone.
template <Backend B, class M>
[[nodiscard]] bool has_total_loss(const M& method) {
    if constexpr (!HasTotalLoss<M, B>)
        return false;
    else if constexpr (requires { evaluated(method).only_reconstructs(); })
        return !evaluated(method).only_reconstructs();
    else
        return true;
}

}  // namespace vitscape
