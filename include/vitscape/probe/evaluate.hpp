// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <span>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/methods/images_at_once.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/probe/accuracy.hpp>
#include <vitscape/tensor/weights.hpp>

namespace vitscape {

/// Results of a model on a dataset.
struct Evaluation {
    double loss = 0;
    /// Fraction of the images whose largest logit is that of their label; NaN for a method without logits.
    double accuracy = std::numeric_limits<double>::quiet_NaN();
};

/// Mean loss, and accuracy for a classifier, over all images of a dataset without augmentation.
/// @param batch  images at once; 0: 128, and on a device more of a small model (`images_at_once`)
/// @param key  identifies the masks of an autoencoder
template <Backend B, class M, Dataset D>
Evaluation evaluate(B backend, const M& method, const Vector<Master<B>>& theta, const D& data,
                    const ImageTransform& transform, std::size_t batch = 0, const MaskKey& key = {},
                    const Vector<Master<B>>* teacher = nullptr) {
    static_assert(require_method<M, B>());
    if (TaughtMethod<M, B> && teacher == nullptr)
        throw ConfigError("the loss of a method with a teacher needs the teacher's parameters");
    if (batch == 0) batch = images_at_once(backend, method);
    const Loader<D> loader(data, {.batch = batch, .shuffle = false, .transform = transform.evaluation()});
    Weights<B> weights(backend), teacher_weights(backend);
    Eval<B> eval(backend, weights.of(theta));
    typename M::template Inputs<B> inputs;
    Evaluation result;
    double correct = 0, images = 0;
    for (const Batch& part : loader.epoch(0)) {
        method.prepare(backend, part, key, inputs);
        if constexpr (TaughtMethod<M, B>) {
            Eval<B> taught(backend, teacher_weights.of(*teacher));
            method.run_teacher(taught, inputs);
        }
        images += static_cast<double>(part.size());
        Variable<Master<B>> losses;  // (images)
        if constexpr (requires { method.logits(eval, inputs); }) {
            const Variable<B> logits = method.logits(eval, inputs);  // (images, classes)
            losses = method.losses(eval, logits, inputs);
            correct +=
                static_cast<double>(detail::count_labels(download(backend, logits.value.view()),
                                                         std::span(part.labels.data(), part.labels.size()))
                                        .first);
        } else {
            losses = method.losses(eval, inputs);
        }
        for (const double loss : download(master(backend), losses.value.view())) result.loss += loss;
    }
    result.loss /= images;
    if constexpr (requires { method.logits(eval, inputs); }) result.accuracy = correct / images;
    return result;
}

/// The same for a method with a training recipe: evaluates its `evaluated()`.
template <Backend B, class M, Dataset D>
requires EvaluatedApart<M> Evaluation evaluate(B backend, const M& method, const Vector<Master<B>>& theta,
                                               const D& data, const ImageTransform& transform,
                                               std::size_t batch = 0, const MaskKey& key = {},
                                               const Vector<Master<B>>* teacher = nullptr) {
    return evaluate(backend, method.evaluated(), theta, data, transform, batch, key, teacher);
}

}  // namespace vitscape
