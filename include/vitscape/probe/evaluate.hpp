// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/distributed/gather.hpp>
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
/// @param communicator  of processes that all call this: each evaluates some of the batches, and all get the result, which has
///                      the same bytes for any number of them
template <Backend B, class M, Dataset D, Communicator C = SingleProcess>
Evaluation evaluate(B backend, const M& method, const Vector<Master<B>>& theta, const D& data,
                    const ImageTransform& transform, std::size_t batch = 0, const MaskKey& key = {},
                    const Vector<Master<B>>* teacher = nullptr, C communicator = {}) {
    static_assert(require_method<M, B>());
    if (TaughtMethod<M, B> && teacher == nullptr)
        throw ConfigError("the loss of a method with a teacher needs the teacher's parameters");
    if (batch == 0) batch = images_at_once(backend, method);
    const Loader<D> loader(data, {.batch = batch, .shuffle = false, .transform = transform.evaluation()});
    Weights<B> weights(backend), teacher_weights(backend);
    Eval<B> eval(backend, weights.of(theta));
    typename M::template Inputs<B> inputs;
    const Share own = share_of(loader.batches(), communicator);
    std::vector<double> all(data.size());  // (images), each loss by the process that has the image
    auto loss = all.begin() + static_cast<std::ptrdiff_t>(std::min(data.size(), own.first * batch));
    double correct = 0;
    for (const Batch& part : loader.epoch(0, own.first, own.end)) {
        method.prepare(backend, part, key, inputs);
        if constexpr (TaughtMethod<M, B>) {
            Eval<B> taught(backend, teacher_weights.of(*teacher));
            method.run_teacher(taught, inputs);
        }
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
        for (const double one : download(master(backend), losses.value.view())) *loss++ = one;
    }
    join(communicator, std::span(all));
    const auto images = static_cast<double>(all.size());
    Evaluation result{std::accumulate(all.begin(), all.end(), 0.0) / images};
    if constexpr (requires { method.logits(eval, inputs); })
        result.accuracy = sum_over_processes(communicator, correct) / images;
    return result;
}

/// The same for a method with a training recipe: evaluates its `evaluated()`.
template <Backend B, class M, Dataset D, Communicator C = SingleProcess>
requires EvaluatedApart<M> Evaluation evaluate(B backend, const M& method, const Vector<Master<B>>& theta,
                                               const D& data, const ImageTransform& transform,
                                               std::size_t batch = 0, const MaskKey& key = {},
                                               const Vector<Master<B>>* teacher = nullptr,
                                               C communicator = {}) {
    return evaluate(backend, method.evaluated(), theta, data, transform, batch, key, teacher,
                    std::move(communicator));
}

}  // namespace vitscape
