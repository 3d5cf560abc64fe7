// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
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

/// What the decoder predicts: pixels, or pixels normalized by the mean and standard deviation of each patch.
enum class PixelLoss { plain, normalized };
constexpr std::array<std::pair<std::string_view, PixelLoss>, 2> enumerators(PixelLoss) {
    return {{{"plain", PixelLoss::plain}, {"normalized", PixelLoss::normalized}}};
}

template <class Masking = RandomMasking>
struct MaskedAutoencoderConfig {
    static_assert(require_masking_policy<Masking>());
    VitShape encoder;
    TransformerShape decoder{.width = 512, .depth = 8, .heads = 16};
    Masking masking{};
    PixelLoss pixel_loss = PixelLoss::normalized;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("encoder", self.encoder, "", "the Vision Transformer that encodes the visible patches");
        visit("decoder", self.decoder, "", "the Transformer that predicts the masked patches");
        visit("masking", self.masking, "masking",
              "which patches are masked; grid keeps every second row and column (ratio 0.75)");
        visit("pixel_loss", self.pixel_loss, "pixel-loss", "predict pixels, or pixels normalized per patch");
    }
};

/// Masked autoencoder (He et al. 2022, arXiv 2111.06377): the encoder sees only the visible patches, a small
/// decoder predicts the masked ones, and the loss is the squared error over these.
///
/// Same loss as the reference with less work: only visible patches are embedded; the decoder keeps its tokens
/// in the order (class, visible, masked), to which attention is invariant because positions are added by patch
/// number; and its last block and the prediction are evaluated for masked tokens only.
template <class Masking = RandomMasking>
class MaskedAutoencoder {
    static_assert(require_masking_policy<Masking>());

  public:
    using Config = MaskedAutoencoderConfig<Masking>;
    /// The name under which programs and files refer to the method.
    struct Card {
        static constexpr std::string_view name = "mae", title = "MAE",
                                          loss = "Masked autoencoder, pre-training loss";
    };

    /// A batch as the model reads it.
    template <Backend B>
    struct Inputs {
        Index samples = 0;
        Tensor<B> visible;                 // (samples, visible, patch values), channel first
        Tensor<B> targets;                 // (samples, masked, patch values), channel last
        IndexTensor<B> encoder_positions;  // (samples * (1 + visible))
        IndexTensor<B> decoder_positions;  // (samples * (1 + patches))
        Tensor<B> encoder_table;           // (1 + patches, encoder width)
        Tensor<B> decoder_table;           // (1 + patches, decoder width)
        std::vector<std::int32_t>
            order;  ///< (samples, patches): visible patches first; the reference's ids_shuffle
        std::vector<std::int32_t> staging_positions;

        /// The signature changes whenever work on these inputs would read other memory.
        void add_to(Signature& signature) const {
            signature.add(static_cast<std::uint64_t>(samples)).add(visible.data()).add(targets.data());
            signature.add(encoder_positions.data()).add(decoder_positions.data());
        }
        /// What the model reads of the first `count` samples, in the same memory; nothing of what the host keeps.
        [[nodiscard]] Inputs first(Index count) const {
            Inputs part;
            part.samples = count;
            part.visible = visible.first(count);
            part.targets = targets.first(count);
            part.encoder_positions = encoder_positions.first(encoder_positions.size() / samples * count);
            part.decoder_positions = decoder_positions.first(decoder_positions.size() / samples * count);
            part.encoder_table = encoder_table;
            part.decoder_table = decoder_table;
            return part;
        }
    };

    /// @throws ConfigError for an invalid configuration.
    explicit MaskedAutoencoder(const Config& config)
        : config_(config), masker_(checked(config.encoder).grid(), config.masking) {
        config.decoder.check("decoder");
        encoder_ = VitEncoder::add(layout_, config.encoder);
        const Index width = config.encoder.transformer.width, decoder_width = config.decoder.width;
        positions_ = {"pos_embed", width, grid().side()};
        decoder_positions_ = {"decoder_pos_embed", decoder_width, grid().side()};
        norm_ = add_layer_norm(layout_, "norm", config.encoder.transformer);
        decoder_embedding_ = add_linear(layout_, "decoder_embed", width, decoder_width);
        mask_token_ =
            layout_.add("mask_token", {1, 1, decoder_width}, ParameterKind::token, Initializer::normal(0.02));
        for (Index i = 0; i < config.decoder.depth; ++i)
            decoder_blocks_.push_back(
                Block::add(layout_, "decoder_blocks." + std::to_string(i), config.decoder));
        decoder_norm_ = add_layer_norm(layout_, "decoder_norm", config.decoder);
        prediction_ = add_linear(layout_, "decoder_pred", decoder_width, grid().size());
    }

    [[nodiscard]] const Config& config() const { return config_; }
    [[nodiscard]] const ParameterLayout& layout() const { return layout_; }
    [[nodiscard]] PatchGrid grid() const { return config_.encoder.grid(); }
    [[nodiscard]] const VitShape& encoder() const { return config_.encoder; }
    [[nodiscard]] Index visible() const { return masker_.visible(); }
    [[nodiscard]] Index masked() const { return masker_.masked(); }
    /// Tensors of a checkpoint that are not parameters: the fixed position embeddings.
    [[nodiscard]] std::vector<FixedTensor> fixed_tensors() const {
        return {positions_.tensor(), decoder_positions_.tensor()};
    }
    /// Takes the positions of a checkpoint. @throws ShapeError
    void take_fixed_tensors(std::span<const FixedTensor> stored) {
        positions_.take_from(stored);
        decoder_positions_.take_from(stored);
    }

    /// See `PatchMasker::draw`.
    void draw_masks(std::span<const std::uint32_t> samples, const MaskKey& key,
                    std::vector<std::int32_t>& order, Purpose purpose = Purpose::masking) const {
        masker_.draw(samples, key, order, purpose);
    }

    /// Gathers the visible patches and the targets in `inputs.order`, which must be set.
    template <Backend B, class U>
    void prepare(B backend, const xt::xtensor<U, 4>& images, Inputs<B>& inputs) const {
        prepare_first(std::move(backend), images, static_cast<Index>(images.shape(0)), inputs);
    }
    /// The same of the first `samples` images; `inputs.order` is of these.
    template <Backend B, class U>
    void prepare_first(B backend, const xt::xtensor<U, 4>& images, Index samples, Inputs<B>& inputs) const {
        masker_.upload_patches(backend, images, samples, inputs.order, PatchOrder::row_column_channel,
                               normalizes_targets(), inputs.visible, inputs.targets);
        masker_.set_positions(backend, inputs.order, visible(), inputs.staging_positions,
                              inputs.encoder_positions);
        masker_.set_positions(backend, inputs.order, grid().count(), inputs.staging_positions,
                              inputs.decoder_positions);
        if (inputs.encoder_table.empty()) {
            inputs.encoder_table = positions_.upload_to(backend);
            inputs.decoder_table = decoder_positions_.upload_to(backend);
        }
        inputs.samples = samples;
    }
    template <Backend B>
    void prepare(B backend, const Batch& batch, const MaskKey& key, Inputs<B>& inputs) const {
        draw_masks(batch.samples, key, inputs.order);
        prepare(std::move(backend), batch.images, inputs);
    }

    /// The encoder's output after its last norm: (samples, 1 + visible, width).
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> encode(R& recorder, const Inputs<B>& inputs) const {
        Variable<B> x = encoder_.embed(recorder, inputs.visible);  // (samples, 1 + visible, width)
        x = add_positions(recorder, x, inputs.encoder_table, inputs.encoder_positions);
        x = run_blocks(recorder, encoder_.blocks, std::move(x), 0, 1 + visible());
        return layer_norm(recorder, x, norm_);
    }
    /// Predicted pixels of tokens first to first + count - 1 in the order (class, visible, masked): (samples,
    /// count, patch values).
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> predict(R& recorder, const Inputs<B>& inputs, Index first, Index count) const {
        Variable<B> x = linear(recorder, encode(recorder, inputs), decoder_embedding_);
        x = concatenate_tokens<R, B>(
            recorder, inputs.samples, config_.decoder.width,
            {{.rows = &x, .count = 1 + visible()}, {.token = &mask_token_, .count = masked()}});
        x = add_positions(recorder, x, inputs.decoder_table,
                          inputs.decoder_positions);  // (samples, 1 + patches, width)
        x = run_blocks(recorder, decoder_blocks_, std::move(x), first, count);
        return linear(recorder, layer_norm(recorder, x, decoder_norm_), prediction_);
    }
    /// Its loss is the reconstruction error and nothing else.
    [[nodiscard]] const MaskedAutoencoder& reconstruction() const { return *this; }
    [[nodiscard]] bool normalizes_targets() const { return config_.pixel_loss == PixelLoss::normalized; }
    /// Predicted pixels of the masked patches: (samples, masked, patch values).
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> predict_masked(R& recorder, const Inputs<B>& inputs) const {
        return predict(recorder, inputs, 1 + visible(), masked());
    }
    /// Reconstruction loss of each sample: (samples).
    template <Recorder R, class B = typename R::BackendType>
    Variable<Master<B>> losses(R& recorder, const Inputs<B>& inputs) const {
        return squared_error(recorder, model_output(recorder, predict_masked(recorder, inputs)),
                             inputs.targets);
    }
    /// The squared error of the mean target patch.
    template <Backend B>
    [[nodiscard]] double trivial_loss(const B& backend, const std::vector<Inputs<B>>& batches) const {
        return constant_prediction_loss(backend, functor::SquaredLoss{}, batches,
                                        [](const Inputs<B>& inputs) { return inputs.targets; });
    }

  private:
    static const VitShape& checked(const VitShape& encoder) {
        encoder.check();
        encoder.require_no_registers("a masked autoencoder");
        return encoder;
    }

    Config config_;
    PatchMasker<Masking> masker_;
    ParameterLayout layout_;
    VitEncoder encoder_;
    FixedPositions positions_, decoder_positions_;
    LayerNormParameters norm_;
    LinearParameters decoder_embedding_;
    ParameterSlot mask_token_;
    std::vector<Block> decoder_blocks_;
    LayerNormParameters decoder_norm_;
    LinearParameters prediction_;
};

namespace detail {
/// A masked autoencoder whose decoder computes its last block and the prediction for `predicted` patches only.
template <class Config>
OperationCount autoencoder_operations(const Config& config, Index predicted) {
    const PatchGrid grid = config.encoder.grid();
    const TransformerShape &encoder = config.encoder.transformer, &decoder = config.decoder;
    const Index visible = config.masking.visible(grid);
    Products products;
    products.add(visible, encoder.width, grid.size(), 1);
    for (Index i = 0; i < encoder.depth; ++i) products.add_block(encoder, 1 + visible, 1 + visible);
    products.add(1 + visible, decoder.width, encoder.width);
    for (Index i = 0; i < decoder.depth; ++i)
        products.add_block(decoder, 1 + grid.count(), i + 1 < decoder.depth ? 1 + grid.count() : predicted);
    products.add(predicted, grid.size(), decoder.width);
    return products.count;
}
}  // namespace detail

/// Operations per image in a masked autoencoder, as `MaskedAutoencoder` computes it: masked patches are never
/// embedded, and the decoder's last block and the prediction run for masked tokens only. No gradient of the images.
template <MaskingPolicy Masking>
OperationCount operation_count(const MaskedAutoencoderConfig<Masking>& config) {
    const PatchGrid grid = config.encoder.grid();
    return detail::autoencoder_operations(config, grid.count() - config.masking.visible(grid));
}

}  // namespace vitscape
