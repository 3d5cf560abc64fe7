// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/autograd/ops/losses.hpp>
#include <vitscape/autograd/ops/model_output.hpp>
#include <vitscape/core/fields.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/methods/operation_count.hpp>
#include <vitscape/methods/trivial_loss.hpp>
#include <vitscape/nn/gather_patches.hpp>
#include <vitscape/nn/vit.hpp>

namespace vitscape {
/// What the head reads: the class token after the last norm, or the mean of the patch tokens, before a norm of
/// its own.
enum class Pooling { class_token, average };
constexpr std::array<std::pair<std::string_view, Pooling>, 2> enumerators(Pooling) {
    return {{{"class-token", Pooling::class_token}, {"average", Pooling::average}}};
}
/// Fixed sine-cosine positions, or learned ones (1, 1 + patches, width).
enum class PositionKind { fixed, learned };
constexpr std::array<std::pair<std::string_view, PositionKind>, 2> enumerators(PositionKind) {
    return {{{"fixed", PositionKind::fixed}, {"learned", PositionKind::learned}}};
}

/// What a classifier minimizes: the cross entropy of its softmax, or the mean squared error of its logits as estimates of the
/// targets (Hui & Belkin 2021, arXiv 2006.07322), a loss of the same kind as an autoencoder's.
enum class ClassifierLoss { cross_entropy, squared };
constexpr std::array<std::pair<std::string_view, ClassifierLoss>, 2> enumerators(ClassifierLoss) {
    return {{{"cross-entropy", ClassifierLoss::cross_entropy}, {"squared", ClassifierLoss::squared}}};
}

struct VitClassifierConfig {
    VitShape encoder;
    Index classes = 10;
    Pooling pooling = Pooling::class_token;
    PositionKind positions = PositionKind::fixed;
    ClassifierLoss loss = ClassifierLoss::cross_entropy;
    double label_smoothing = 0;  ///< in [0, 1): target = (1 - s) one-hot + s / classes

    static constexpr std::array<std::string_view, 1> newer_fields{"loss"};
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("encoder", self.encoder, "", "the Vision Transformer");
        visit("classes", self.classes, "", "of the images", Range::count(2, 1e7));
        visit("pooling", self.pooling, "pooling", "what the head reads, and the probes of all methods");
        visit("positions", self.positions, "", "fixed sine-cosine positions or learned ones");
        visit("loss", self.loss, "classifier-loss",
              "what is minimized: the cross entropy, or a squared error of the logits");
        visit("label_smoothing", self.label_smoothing, "label-smoothing",
              "part of the target spread over all classes",
              Range::share_below_all().said("the label smoothing lies in [0, 1)"));
    }
};

/// A supervised Vision Transformer (Dosovitskiy et al. 2021, arXiv 2010.11929) with a linear head: the
/// `Method` that self-supervised ones are compared with.
class VitClassifier {
  public:
    using Config = VitClassifierConfig;
    /// The name under which programs and files refer to the method.
    struct Card {
        static constexpr std::string_view name = "supervised", title = "Supervised ViT",
                                          loss = "Supervised ViT, cross entropy";
    };

    /// A batch as the model reads it.
    template <Backend B>
    struct Inputs {
        Index samples = 0;
        Tensor<B> patches;                // (samples, patches, channels * patch * patch)
        Tensor<B> targets;                // (samples, classes)
        IndexTensor<B> positions;         // (samples * (1 + patches))
        Tensor<B> position_table;         // (1 + patches, width)
        Tensor<Master<B>> branch_scales;  ///< (2 * depth, samples) for drop path; empty: no branch is dropped
        std::vector<double> staging_targets;
        std::vector<std::int32_t> staging_positions;

        /// The signature changes whenever work on these inputs would read other memory.
        void add_to(Signature& signature) const {
            signature.add(static_cast<std::uint64_t>(samples)).add(patches.data()).add(targets.data());
            signature.add(positions.data()).add(branch_scales.data());
        }
    };

    /// @throws ConfigError for an invalid configuration.
    explicit VitClassifier(const VitClassifierConfig& config) : config_(config) {
        check_ranges(config);
        encoder_ = VitEncoder::add(layout_, config.encoder);
        const Index width = config.encoder.transformer.width;
        if (config.positions == PositionKind::learned)
            learned_positions_ = layout_.add("pos_embed", {1, 1 + config.encoder.grid().count(), width},
                                             ParameterKind::position, Initializer::truncated_normal(0.02));
        else
            fixed_positions_ = {"pos_embed", width, grid().side()};
        norm_ = add_layer_norm(layout_, config.pooling == Pooling::class_token ? "norm" : "fc_norm",
                               config.encoder.transformer);
        head_ = add_linear(layout_, "head", width, config.classes, Initializer::truncated_normal(0.02));
    }

    [[nodiscard]] const VitClassifierConfig& config() const { return config_; }
    [[nodiscard]] const ParameterLayout& layout() const { return layout_; }
    [[nodiscard]] PatchGrid grid() const { return config_.encoder.grid(); }
    [[nodiscard]] const VitShape& encoder() const { return config_.encoder; }
    /// Tensors of a checkpoint that are not parameters: the fixed position embeddings.
    [[nodiscard]] std::vector<FixedTensor> fixed_tensors() const {
        if (config_.positions == PositionKind::learned) return {};
        return {fixed_positions_.tensor()};
    }
    /// Takes the positions of a checkpoint. @throws ShapeError
    void take_fixed_tensors(std::span<const FixedTensor> stored) {
        if (config_.positions == PositionKind::fixed) fixed_positions_.take_from(stored);
    }

    /// Divides images into patches and converts labels to targets. @throws ShapeError if images and labels do
    /// not fit, DataError for a label outside the classes.
    template <Backend B, class U>
    void prepare(B backend, const xt::xtensor<U, 4>& images, std::span<const std::int64_t> labels,
                 Inputs<B>& inputs) const {
        grid().check_images(images);
        if (labels.size() != images.shape(0))
            throw ShapeError(
                message(labels.size(), " labels do not fit images of shape ", grid().shape_of(images)));
        std::vector<double>& targets = inputs.staging_targets;  // (samples, classes)
        make_targets(labels, targets);
        upload_into(backend, {static_cast<Index>(labels.size()), config_.classes}, targets, inputs.targets);
        inputs.branch_scales = {};
        prepare_images(backend, images, inputs);
    }
    /// Smoothed target distributions of labels: (labels, classes). @throws DataError for a label outside the
    /// classes.
    void make_targets(std::span<const std::int64_t> labels, std::vector<double>& targets) const {
        check_labels(labels);
        const auto classes = static_cast<std::size_t>(config_.classes);
        const double other = config_.label_smoothing / static_cast<double>(classes);
        targets.assign(labels.size() * classes, other);
        for (std::size_t i = 0; i < labels.size(); ++i)
            targets[i * classes + static_cast<std::size_t>(labels[i])] += 1 - config_.label_smoothing;
    }
    /// The patches only; `inputs.targets` (soft targets) and `inputs.branch_scales` are left to the caller.
    template <Backend B, class U>
    void prepare_images(B backend, const xt::xtensor<U, 4>& images, Inputs<B>& inputs) const {
        const PatchGrid grid = this->grid();
        grid.check_images(images);
        const auto samples = static_cast<Index>(images.shape(0));
        gather_patches(backend, grid, images, samples, {},
                       {PatchPart<B>{.count = grid.count(), .to = &inputs.patches}});
        if (config_.positions == PositionKind::fixed && inputs.samples != samples) {
            const Index tokens = 1 + grid.count();
            inputs.staging_positions.resize(static_cast<std::size_t>(samples * tokens));
            for (std::size_t i = 0; i < inputs.staging_positions.size(); ++i)
                inputs.staging_positions[i] = static_cast<std::int32_t>(static_cast<Index>(i) % tokens);
            inputs.positions.assign(backend, inputs.staging_positions);
            if (inputs.position_table.empty()) inputs.position_table = fixed_positions_.upload_to(backend);
        }
        inputs.samples = samples;
    }
    template <Backend B>
    void prepare(B backend, const Batch& batch, const MaskKey&, Inputs<B>& inputs) const {
        prepare(std::move(backend), batch.images, std::span(batch.labels.data(), batch.labels.size()),
                inputs);
    }

    /// The input of the head, after the last norm: (samples, width).
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> features(R& recorder, const Inputs<B>& inputs) const {
        const Index patches = grid().count();
        Variable<B> x = encoder_.embed(recorder, inputs.patches);  // (samples, 1 + patches, width)
        x = config_.positions == PositionKind::learned
                ? add_learned_positions(recorder, x, learned_positions_)
                : add_positions(recorder, x, inputs.position_table, inputs.positions);
        x = encoder_.add_registers(recorder, x);  // (samples, tokens, width)
        const bool average = config_.pooling == Pooling::average;
        x = run_blocks(recorder, encoder_.blocks, std::move(x), average ? 1 : 0, average ? patches : 1,
                       inputs.branch_scales);
        x = mean_tokens(recorder, x, 0, average ? patches : 1);  // (samples, width)
        return layer_norm(recorder, x, norm_);
    }
    /// (samples, classes)
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> logits(R& recorder, const Inputs<B>& inputs) const {
        return linear(recorder, features(recorder, inputs), head_);
    }
    /// Cross entropy of each sample: (samples).
    template <Recorder R, class B = typename R::BackendType>
    Variable<Master<B>> losses(R& recorder, const Inputs<B>& inputs) const {
        return losses(recorder, logits(recorder, inputs), inputs);
    }
    /// The entropy of the class frequencies, of smoothed labels where labels are smoothed; with a squared error the variance of
    /// the targets.
    template <Backend B>
    [[nodiscard]] double trivial_loss(const B& backend, const std::vector<Inputs<B>>& batches) const {
        const auto targets = [](const Inputs<B>& inputs) { return inputs.targets; };
        return config_.loss == ClassifierLoss::squared
                   ? constant_prediction_loss(backend, functor::SquaredLoss{}, batches, targets)
                   : constant_prediction_cross_entropy(backend, batches, targets);
    }
    /// The same from logits that are already computed.
    template <Recorder R, class B = typename R::BackendType>
    Variable<Master<B>> losses(R& recorder, const Variable<B>& logits, const Inputs<B>& inputs) const {
        const Variable<B> output = model_output(recorder, logits);
        return config_.loss == ClassifierLoss::squared ? squared_error(recorder, output, inputs.targets)
                                                       : cross_entropy(recorder, output, inputs.targets);
    }

  private:
    void check_labels(std::span<const std::int64_t> labels) const {
        for (const std::int64_t label : labels)
            if (label < 0 || label >= config_.classes)
                throw DataError(
                    message("the label ", label, " does not fit a classifier of ", config_.classes,
                            " classes; supervised training needs images in one folder per class"));
    }
    VitClassifierConfig config_;
    ParameterLayout layout_;
    VitEncoder encoder_;
    ParameterSlot learned_positions_;
    FixedPositions fixed_positions_;
    LayerNormParameters norm_;
    LinearParameters head_;
};

/// A classifier whose last block is computed only for the tokens that are read.
inline OperationCount operation_count(const VitClassifierConfig& config) {
    const TransformerShape& encoder = config.encoder.transformer;
    const Index patches = config.encoder.grid().count(), tokens = config.encoder.tokens();
    detail::Products products;
    products.add(patches, encoder.width, config.encoder.grid().size(), 1);
    for (Index i = 0; i < encoder.depth; ++i)
        products.add_block(encoder, tokens,
                           i + 1 < encoder.depth                ? tokens
                           : config.pooling == Pooling::average ? patches
                                                                : 1);
    products.add(1, encoder.width, config.pooling == Pooling::average ? patches : 1, 1);  // their mean
    products.add(1, config.classes, encoder.width);
    return products.count;
}

}  // namespace vitscape
