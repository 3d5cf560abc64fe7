// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include <vitscape/data/mixing.hpp>
#include <vitscape/data/random_erasing.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/nn/drop_path.hpp>
#include <vitscape/nn/parameter_groups.hpp>

namespace vitscape {

/// Changes to the model and the optimizer during training.
struct Regularization {
    DropPath drop_path{};
    double layer_decay = 1;  ///< in (0, 1]: see `LayerDecay`
};

/// A classifier trained by the supervised recipe of He et al. 2022 (arXiv 2111.06377, appendix A.2): label
/// smoothing, which is an option of the classifier, then batch policies in the given order, drop path and layer-wise
/// learning-rate decay. `evaluate` and all other evaluations use `evaluated()`, the classifier with plain cross
/// entropy and the same layout.
///
///     Regularized method(VitClassifier({.encoder = vit_base(), .classes = 100, .label_smoothing = 0.1}),
///                        {.drop_path = {0.1}, .layer_decay = 0.65}, RandomErasing{}, MixupOrCutmix{});
template <class... Policies>
class Regularized {
    static_assert((require_batch_policy<Policies>() && ...));

  public:
    /// A batch as the model reads it.
    template <Backend B>
    struct Inputs : VitClassifier::Inputs<B> {
        SoftBatch batch;  ///< after the policies
        std::vector<double> staging_scales;
    };

    /// @throws ConfigError for invalid options.
    explicit Regularized(VitClassifier classifier, const Regularization& regularization = {},
                         Policies... policies)
        : classifier_(std::move(classifier)),
          evaluated_(without_smoothing(classifier_.config())),
          regularization_(regularization),
          policies_(std::move(policies)...) {
        regularization_.drop_path.check();
        layers().check();
        if constexpr ((BatchPolicy<Policies> && ...))
            std::apply([](const auto&... policy) { (policy.check(), ...); }, policies_);
    }

    /// With label smoothing, for training.
    [[nodiscard]] const VitClassifier& classifier() const { return classifier_; }
    /// With plain cross entropy, for evaluation.
    [[nodiscard]] const VitClassifier& evaluated() const { return evaluated_; }
    [[nodiscard]] const Regularization& regularization() const { return regularization_; }
    [[nodiscard]] const std::tuple<Policies...>& policies() const { return policies_; }

    /// Whether one of the policies mixes images with their partners, so that both must be in the same part of a batch.
    [[nodiscard]] bool pairs_images() const {
        return std::apply([](const auto&... policy) { return (pairs_images_by(policy) || ...); }, policies_);
    }

    [[nodiscard]] const ParameterLayout& layout() const { return classifier_.layout(); }
    [[nodiscard]] PatchGrid grid() const { return classifier_.grid(); }
    [[nodiscard]] const VitShape& encoder() const { return classifier_.encoder(); }
    [[nodiscard]] std::vector<FixedTensor> fixed_tensors() const { return classifier_.fixed_tensors(); }
    void take_fixed_tensors(std::span<const FixedTensor> stored) {
        classifier_.take_fixed_tensors(stored);
        evaluated_.take_fixed_tensors(stored);
    }
    [[nodiscard]] std::vector<ParameterGroup> parameter_groups() const {
        return vitscape::parameter_groups(layout(), layers());
    }

    /// Mixes and erases a copy of the batch and draws the dropped branches, as a function of (seed, epoch, sample).
    /// @throws ShapeError if images and labels do not fit, DataError for a label outside the classes.
    template <Backend B>
    void prepare(B backend, const Batch& batch, const MaskKey& key, Inputs<B>& inputs) const {
        grid().check_images(batch.images);
        std::vector<double>& targets = inputs.staging_targets;  // (samples, classes)
        classifier_.make_targets(std::span(batch.labels.data(), batch.labels.size()), targets);
        SoftBatch& soft = inputs.batch;
        soft.assign(batch, targets);
        const BatchRandom random{key.seed, key.epoch};
        std::apply([&](const auto&... policy) { (policy(soft, random), ...); }, policies_);
        const auto samples = static_cast<Index>(batch.size());
        upload_into(backend, {samples, classifier_.config().classes},
                    std::span(soft.targets.data(), soft.targets.size()), inputs.targets);
        const Index depth = layers().depth;
        if (regularization_.drop_path.rate > 0) {
            regularization_.drop_path.draw(depth, key.seed, key.epoch, batch.samples, inputs.staging_scales);
            upload_into(master(backend), {2 * depth, samples}, inputs.staging_scales, inputs.branch_scales);
        }
        classifier_.prepare_images(backend, soft.images, inputs);
    }

    /// (samples, classes)
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> logits(R& recorder, const Inputs<B>& inputs) const {
        return classifier_.logits(recorder, inputs);
    }
    /// Cross entropy of each sample with its mixed target: (samples).
    template <Recorder R, class B = typename R::BackendType>
    Variable<Master<B>> losses(R& recorder, const Inputs<B>& inputs) const {
        return classifier_.losses(recorder, inputs);
    }

  private:
    template <class Policy>
    static bool pairs_images_by(const Policy& policy) {
        if constexpr (requires { policy.pairs_images(); })
            return policy.pairs_images();
        else
            return false;
    }
    static VitClassifierConfig without_smoothing(VitClassifierConfig config) {
        config.label_smoothing = 0;
        return config;
    }
    [[nodiscard]] LayerDecay layers() const {
        return {regularization_.layer_decay, classifier_.config().encoder.transformer.depth};
    }

    VitClassifier classifier_, evaluated_;
    Regularization regularization_;
    std::tuple<Policies...> policies_;
};

}  // namespace vitscape
