// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/nn/method.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// Figures of a model on a dataset.
struct Evaluation {
    double loss = 0;
    /// Part of the images whose largest logit is their label's; NaN for a method without logits.
    double accuracy = std::numeric_limits<double>::quiet_NaN();
};

/// Mean loss, and accuracy for a classifier, over all images of a dataset without augmentation.
/// @param key  which masks an autoencoder uses.
template <Backend B, Method<B> M, Dataset D>
Evaluation evaluate(B backend, const M& method, const Vector<B>& theta, const D& data,
                    const ImageTransform& transform, std::size_t batch = 128, const MaskKey& key = {}) {
    const Loader<D> loader(data, {.batch = batch, .shuffle = false, .transform = transform.evaluation()});
    Eval<B> eval(backend, theta.data());
    typename M::template Inputs<B> inputs;
    Evaluation result;
    double correct = 0, images = 0;
    for (const Batch& part : loader.epoch(0)) {
        method.prepare(backend, part, key, inputs);
        for (const double loss : download(backend, method.losses(eval, inputs).value.view()))
            result.loss += loss;
        images += static_cast<double>(part.size());
        if constexpr (requires { method.logits(eval, inputs); }) {
            const Variable<B> variable = method.logits(eval, inputs);  // (images, classes)
            const std::vector<double> logits = download(backend, variable.value.view());
            const auto classes = static_cast<std::size_t>(variable.shape()[1]);
            for (std::size_t i = 0; i < part.size(); ++i) {
                const auto row = logits.begin() + static_cast<std::ptrdiff_t>(i * classes);
                const auto best = std::max_element(row, row + static_cast<std::ptrdiff_t>(classes)) - row;
                if (best == part.labels(i)) ++correct;
            }
        }
    }
    result.loss /= images;
    if constexpr (requires { method.logits(eval, inputs); }) result.accuracy = correct / images;
    return result;
}

}  // namespace vitscape
