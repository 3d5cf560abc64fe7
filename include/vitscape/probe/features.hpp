// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <vitscape/autograd/recorder.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/data/balanced.hpp>
#include <vitscape/data/loader.hpp>
#include <vitscape/distributed/gather.hpp>
#include <vitscape/methods/images_at_once.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/tensor/weights.hpp>

namespace vitscape {

/// One feature vector and one label per image: the input of probes and nearest neighbours.
struct Features {
    std::size_t width = 0;
    std::vector<float> values;         ///< (images, width), row by row
    std::vector<std::int64_t> labels;  ///< (images)

    [[nodiscard]] std::size_t images() const { return labels.size(); }
    [[nodiscard]] const float* row(std::size_t image) const { return values.data() + image * width; }
    [[nodiscard]] std::span<const float> rows() const { return values; }

    /// The rows in `indices`.
    [[nodiscard]] Features subset(std::span<const std::size_t> indices) const {
        Features part{width, {}, {}};
        for (const std::size_t image : indices) {
            part.values.insert(part.values.end(), row(image), row(image) + width);
            part.labels.push_back(labels.at(image));
        }
        return part;
    }
};

struct FeatureOptions {
    std::size_t batch = 0;  ///< images at once; 0: 128, and on a device more of a small model
    std::function<void(std::size_t)> progress =
        {};  ///< called with the number of images that this process has done; may throw to stop
};

/// The features of a classifier's encoder for all images of a dataset, without augmentation: the input of its head. The
/// encoder of a pre-trained autoencoder is copied into a classifier by `transfer`.
/// @param communicator  of processes that all call this: each encodes some of the batches, and all get the same features
template <Backend B, Dataset D, Communicator C = SingleProcess>
Features encode_features(B backend, const VitClassifier& classifier, const Vector<Master<B>>& theta,
                         const D& data, const ImageTransform& transform, const FeatureOptions& options = {},
                         C communicator = {}) {
    const std::size_t batch = options.batch != 0 ? options.batch : images_at_once(backend, classifier);
    const Loader<D> loader(data, {.batch = batch, .shuffle = false, .transform = transform.evaluation()});
    Weights<B> weights(backend);
    Eval<B> eval(backend, weights.of(theta));
    VitClassifier::Inputs<B> inputs;
    Features features;
    features.width = static_cast<std::size_t>(classifier.config().encoder.transformer.width);
    features.values.resize(data.size() * features.width);
    for (std::size_t i = 0; i < data.size(); ++i) features.labels.push_back(data.label(i));
    const Share own = share_of(loader.batches(), communicator);
    const std::size_t first = std::min(data.size(), own.first * batch);
    std::size_t done = 0;
    for (const Batch& part : loader.epoch(0, own.first, own.end)) {
        classifier.prepare_images(backend, part.images, inputs);
        const Variable<B> rows = classifier.features(eval, inputs);  // (images, width)
        const std::vector<double> numbers = download(backend, rows.value.view());
        std::transform(numbers.begin(), numbers.end(),
                       features.values.begin() + static_cast<std::ptrdiff_t>((first + done) * features.width),
                       [](double number) { return static_cast<float>(number); });
        done += part.size();
        if (options.progress) options.progress(done);
    }
    join(communicator, std::span(features.values));
    return features;
}

/// The pixels themselves as features: the input of a probe without an encoder.
template <Dataset D>
Features pixel_features(const D& data, const ImageTransform& transform) {
    const Loader<D> loader(data, {.batch = 256, .shuffle = false, .transform = transform.evaluation()});
    Features features;
    for (const Batch& part : loader.epoch(0)) {
        features.width = part.images.size() / part.size();
        features.values.insert(features.values.end(), part.images.begin(), part.images.end());
        features.labels.insert(features.labels.end(), part.labels.begin(), part.labels.end());
    }
    return features;
}

/// A subset with the same fraction of each class (at least one image per class), chosen by `seed`.
/// @param share  in (0, 1]
inline Features part_of_each_class(const Features& features, double share, std::uint64_t seed) {
    return features.subset(part_of_each_class(std::span(features.labels), share, seed));
}

}  // namespace vitscape
