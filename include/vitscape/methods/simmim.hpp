// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/autograd/ops/losses.hpp>
#include <vitscape/autograd/ops/model_output.hpp>
#include <vitscape/methods/method.hpp>
#include <vitscape/methods/operation_count.hpp>
#include <vitscape/methods/patch_masker.hpp>
#include <vitscape/methods/trivial_loss.hpp>
#include <vitscape/nn/vit.hpp>

namespace vitscape {

template <class Masking = RandomMasking>
struct SimMimConfig {
    static_assert(require_masking_policy<Masking>());

    VitShape encoder;
    Masking masking = with_ratio(Masking{}, 0.6);

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("encoder", self.encoder, "",
              "the Vision Transformer that sees the visible patches and mask tokens");
        visit("masking", self.masking, "masking", "which patches are masked");
    }
};

/// SimMIM (Xie et al. 2022, arXiv 2111.09886) with a Vision Transformer: all patches go through the encoder, with one learned
/// token in place of the embedding of each masked one (section 3.2); a linear layer predicts the raw pixels of the masked
/// patches, and the loss is their mean absolute error (section 3.4).
///
/// Same loss as the reference with less work: only visible patches are embedded, tokens are in the order (class, visible,
/// masked), and the last block and the prediction are evaluated for masked tokens only.
template <class Masking = RandomMasking>
class SimMim {
  public:
    using Config = SimMimConfig<Masking>;
    /// The name under which programs and files refer to the method.
    struct Card {
        static constexpr std::string_view name = "simmim", title = "SimMIM",
                                          loss = "SimMIM, pre-training loss";
    };

    /// A batch as the model reads it.
    template <Backend B>
    struct Inputs {
        Index samples = 0;
        Tensor<B> visible;                // (samples, visible, patch values), channel first
        Tensor<B> targets;                // (samples, masked, patch values), channel last
        IndexTensor<B> positions;         // (samples * (1 + patches))
        Tensor<B> table;                  // (1 + patches, width)
        std::vector<std::int32_t> order;  ///< (samples, patches): visible patches first
        std::vector<std::int32_t> staging_positions;

        /// The signature changes whenever work on these inputs would read other memory.
        void add_to(Signature& signature) const {
            signature.add(static_cast<std::uint64_t>(samples)).add(visible.data()).add(targets.data());
            signature.add(positions.data());
        }
    };

    /// @throws ConfigError for an invalid configuration.
    explicit SimMim(const Config& config)
        : config_(config),
          encoder_(VitEncoder::add(layout_, config.encoder)),
          masker_(config.encoder.grid(), config.masking),
          mask_token_(layout_.add("mask_token", {1, 1, width()}, ParameterKind::token,
                                  Initializer::truncated_normal(0.02))),
          norm_(add_layer_norm(layout_, "norm", config.encoder.transformer)),
          prediction_(add_linear(layout_, "decoder_pred", width(), grid().size())),
          position_embeddings_("pos_embed", width(), grid().side()) {
        config.encoder.require_no_registers("SimMIM");
    }

    [[nodiscard]] const Config& config() const { return config_; }
    [[nodiscard]] const ParameterLayout& layout() const { return layout_; }
    [[nodiscard]] PatchGrid grid() const { return config_.encoder.grid(); }
    [[nodiscard]] const VitShape& encoder() const { return config_.encoder; }
    [[nodiscard]] Index visible() const { return masker_.visible(); }
    [[nodiscard]] Index masked() const { return masker_.masked(); }
    /// Tensors of a checkpoint that are not parameters: the fixed position embeddings.
    [[nodiscard]] std::vector<FixedTensor> fixed_tensors() const { return {position_embeddings_.tensor()}; }
    /// Takes the positions of a checkpoint. @throws ShapeError
    void take_fixed_tensors(std::span<const FixedTensor> stored) { position_embeddings_.take_from(stored); }

    /// Gathers the visible patches and the targets in `inputs.order`, which must be set. @throws ShapeError if it does not fit
    template <Backend B, class U>
    void prepare(B backend, const xt::xtensor<U, 4>& images, Inputs<B>& inputs) const {
        const auto samples = static_cast<Index>(images.shape(0));
        masker_.upload_patches(backend, images, samples, inputs.order, PatchOrder::row_column_channel, false,
                               inputs.visible, inputs.targets);
        masker_.set_positions(backend, inputs.order, grid().count(), inputs.staging_positions,
                              inputs.positions);
        if (inputs.table.empty()) inputs.table = position_embeddings_.upload_to(backend);
        inputs.samples = samples;
    }
    template <Backend B>
    void prepare(B backend, const Batch& batch, const MaskKey& key, Inputs<B>& inputs) const {
        masker_.draw(batch.samples, key, inputs.order);
        prepare(std::move(backend), batch.images, inputs);
    }

    /// Its loss is the reconstruction error and nothing else.
    [[nodiscard]] const SimMim& reconstruction() const { return *this; }
    [[nodiscard]] static constexpr bool normalizes_targets() { return false; }
    /// Predicted pixels of the masked patches: (samples, masked, patch values).
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> predict_masked(R& recorder, const Inputs<B>& inputs) const {
        Variable<B> x = encoder_.embed_masked(recorder, inputs.visible, mask_token_,
                                              masked());  // (samples, 1 + patches, width)
        x = add_positions(recorder, x, inputs.table, inputs.positions);
        x = run_blocks(recorder, encoder_.blocks, std::move(x), 1 + visible(), masked());
        return linear(recorder, layer_norm(recorder, x, norm_), prediction_);
    }
    /// Mean absolute error over each sample's masked pixels: (samples).
    template <Recorder R, class B = typename R::BackendType>
    Variable<Master<B>> losses(R& recorder, const Inputs<B>& inputs) const {
        return absolute_error(recorder, model_output(recorder, predict_masked(recorder, inputs)),
                              inputs.targets);
    }
    /// The absolute error of the median target patch.
    template <Backend B>
    [[nodiscard]] double trivial_loss(const B& backend, const std::vector<Inputs<B>>& batches) const {
        return constant_prediction_loss(backend, functor::AbsoluteLoss{}, batches,
                                        [](const Inputs<B>& inputs) { return inputs.targets; });
    }

  private:
    [[nodiscard]] Index width() const { return config_.encoder.transformer.width; }

    Config config_;
    ParameterLayout layout_;
    VitEncoder encoder_;
    PatchMasker<Masking> masker_;
    ParameterSlot mask_token_;
    LayerNormParameters norm_;
    LinearParameters prediction_;
    FixedPositions position_embeddings_;
};

/// Operations per image, as `SimMim` computes it. No gradient of the images.
template <MaskingPolicy Masking>
OperationCount operation_count(const SimMimConfig<Masking>& config) {
    const PatchGrid grid = config.encoder.grid();
    const Index visible = config.masking.visible(grid), masked = grid.count() - visible;
    detail::Products products;
    products.add_masked_encoder(config.encoder, visible);
    products.add(masked, grid.size(), config.encoder.transformer.width);
    return products.count;
}

}  // namespace vitscape
