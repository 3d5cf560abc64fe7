// SPDX-License-Identifier: Apache-2.0
//
// The options that say which model is trained and how, for the programs that train.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/methods/all.hpp>
#include <vitscape/methods/memory_need.hpp>
#include <vitscape/train/checkpointing.hpp>

#include "backend.hpp"
#include "field_options.hpp"

namespace program {

/// The names of all methods, for an option that takes one.
[[nodiscard]] inline std::vector<std::string> method_names() {
    std::vector<std::string> names;
    vitscape::AllMethods::for_each([&]<class M>() { names.emplace_back(M::Card::name); });
    return names;
}

/// How a process trains, as far as its memory depends on it.
struct TrainingShare {
    std::size_t images = 0;                   ///< of a batch that it has at once; 0: all
    std::size_t vectors = 0;                  ///< of the size of the parameters, for --reproducible
    const bool* checkpoint_blocks = nullptr;  ///< null if the program has no such option
};

/// Options that say which model: sizes, which all methods share, and what the methods list themselves.
struct ModelOptions {
    std::string model;
    vitscape::Index image = 0, patch = 0, width = 96, depth = 4, heads = 3;
    vitscape::Index decoder_width = 0, decoder_depth = 0, decoder_heads = 0;
    vitscape::VitShape
        details;  ///< of blocks and tokens, as the encoder that a training starts from has them
    FieldOptions fields;

    /// Takes what no option says from an encoder: epsilon, layer scale, registers.
    void adopt(const vitscape::JsonValue& encoder) { vitscape::read_fields(encoder, details); }

    void add(CLI::App& app) {
        using vitscape::TransformerShape;
        const auto side = vitscape::Range::count(0, vitscape::VitShape::sides.most),
                   width_or_default = vitscape::Range::count(0, TransformerShape::widths.most),
                   depth_or_default = vitscape::Range::count(0, TransformerShape::depths.most);
        add_choice(app, "--model", model, {"tiny", "small", "base", "large", "huge"},
                   "named size instead of --width, --depth, --heads and the decoder's");
        add_number(app, "--image", image, side, "image side in pixels; 0: 32, or 224 for a named size");
        add_number(app, "--patch", patch, side,
                   "patch side in pixels; 0: 4, or 16 for a named size (14 for huge)");
        add_number(app, "--width", width, TransformerShape::widths, "encoder width, numbers per token");
        add_number(app, "--depth", depth, TransformerShape::depths, "encoder blocks");
        add_number(app, "--heads", heads, TransformerShape::widths, "encoder attention heads");
        add_number(app, "--decoder-width", decoder_width, width_or_default,
                   "of a method with a decoder; 0: 64, or the named size's");
        add_number(app, "--decoder-depth", decoder_depth, depth_or_default,
                   "blocks of the decoder; 0: 1, or the named size's");
        add_number(app, "--decoder-heads", decoder_heads, width_or_default,
                   "attention heads of the decoder; 0: 4, or the named size's");
        vitscape::AllMethods::for_each([&]<class M>() { fields.list(M::Card::name, typename M::Config{}); });
        fields.add(app);
    }

    [[nodiscard]] vitscape::VitShape encoder_shape() const {
        vitscape::VitShape shape = size();
        shape.transformer.norm_epsilon = details.transformer.norm_epsilon;
        shape.transformer.layer_scale = details.transformer.layer_scale;
        shape.registers = details.registers;
        return shape;
    }
    [[nodiscard]] vitscape::VitShape size() const {
        using namespace vitscape;
        if (model.empty()) return {image ? image : 32, patch ? patch : 4, {width, depth, heads}};
        const Index side = image ? image : 224, cut = patch ? patch : model == "huge" ? 14 : 16;
        if (model == "tiny") return vit_tiny(side, cut);
        if (model == "small") return vit_small(side, cut);
        if (model == "base") return vit_base(side, cut);
        return model == "large" ? vit_large(side, cut) : vit_huge(side, cut);
    }
    [[nodiscard]] vitscape::TransformerShape decoder_shape() const {
        vitscape::TransformerShape shape{64, 1, 4};
        if (model == "tiny") shape = {128, 2, 4};
        if (model == "small") shape = {256, 4, 8};
        if (model == "base" || model == "large" || model == "huge") shape = {512, 8, 16};
        if (decoder_width != 0) shape.width = decoder_width;
        if (decoder_depth != 0) shape.depth = decoder_depth;
        if (decoder_heads != 0) shape.heads = decoder_heads;
        return shape;
    }
    /// What the options make of a method's configuration. @throws ConfigError for a value that is none of its option's
    template <class M>
    [[nodiscard]] typename M::Config config_of(std::size_t classes) const {
        typename M::Config config;
        fields.assign(config);
        config.encoder = encoder_shape();
        if constexpr (requires { config.decoder; }) config.decoder = decoder_shape();
        if constexpr (requires { config.classes; }) config.classes = static_cast<vitscape::Index>(classes);
        return config;
    }
    /// The method called `name`.
    /// @param classes  of the images, for a method that classifies
    /// @throws ConfigError for an invalid model, and for an option that the method does not have
    [[nodiscard]] vitscape::AnyMethod make_method(const std::string& name, std::size_t classes) const {
        return vitscape::AllMethods::make(name, [&]<class M>() { return M(config_of<M>(classes)); });
    }
    /// Refuses a model and a batch of images that cannot fit into memory, before anything of them is made.
    /// @throws ConfigError naming the options, what is needed and what there is
    void require_memory(const std::string& name, std::size_t batch, const BackendOptions& backend,
                        const TrainingShare& share = {}) const {
        const bool checkpoints = share.checkpoint_blocks != nullptr && *share.checkpoint_blocks;
        const std::size_t images = share.images == 0 ? batch : share.images;
        vitscape::AllMethods::for_each([&]<class M>() {
            if (M::Card::name != name) return;
            const vitscape::VitShape shape = encoder_shape();
            const double vectors = (vitscape::TaughtMethod<M, vitscape::Cpu<float>> ? 5.0 : 4.0) +
                                   static_cast<double>(share.vectors);
            const double bytes =
                vitscape::memory_need(config_of<M>(2))
                    .training(static_cast<double>(images), vectors, backend.bytes_of_a_number(), checkpoints);
            vitscape::require_memory(
                vitscape::message(
                    "training ", name, " of --width ", shape.transformer.width, ", --depth ",
                    shape.transformer.depth, ", --image ", shape.image, " and --patch ", shape.patch,
                    " in batches of --batch ", batch,
                    images == batch ? std::string() : vitscape::message(", ", images, " at once,")),
                bytes, backend.memory(),
                vitscape::message("a smaller model, smaller batches",
                                  share.vectors == 0 ? "" : ", fewer parts of --reproducible",
                                  share.checkpoint_blocks == nullptr || checkpoints
                                      ? " or larger patches need less"
                                      : ", larger patches or --checkpoint-blocks need less"));
        });
    }
};

/// Options that say how it is trained.
struct TrainingOptions {
    std::uint32_t epochs = 100;
    std::size_t batch = 256, accumulate = 1;
    double learning_rate = 0, base_learning_rate = 1.5e-4, warmup = -1, weight_decay = 0.05, clip_norm = 0,
           min_crop = 0.2;
    static constexpr vitscape::Range learning_rates =
        vitscape::Range::rate().said("the learning rate is a number of at least 0");
    std::string augment = "none";
    bool reduced_decoding = false;
    std::array<float, 3> mean{0.485F, 0.456F, 0.406F}, standard_deviation{0.229F, 0.224F, 0.225F};

    void add(CLI::App& app) {
        using vitscape::Range;
        add_number(app, "--epochs", epochs, Range::epochs(), "passes over the images");
        add_number(app, "--batch", batch, Range::count(1, 4294967295.0),
                   "images in one forward and backward pass");
        add_number(app, "--accumulate", accumulate, Range::count(1, 4294967295.0),
                   "batches in one optimizer step, at most those of an epoch");
        auto* lr =
            add_number(app, "--lr", learning_rate, learning_rates, "peak learning rate; 0: from --base-lr");
        add_number(app, "--base-lr", base_learning_rate, Range::above(0),
                   "peak learning rate per 256 images of a step")
            ->excludes(lr);
        add_number(app, "--warmup", warmup, Range::at_least(0).or_else(-1),
                   "epochs of linear warm-up; -1: a tenth of the epochs, at most 40");
        add_number(app, "--weight-decay", weight_decay, Range::rate(),
                   "AdamW's weight decay, for parameters of two or more dimensions");
        add_number(app, "--clip-norm", clip_norm, Range::rate(),
                   "largest norm of the gradient; 0: not clipped");
        add_choice(app, "--augment", augment, {"none", "crop-flip"},
                   "crop-flip is random resized crop and horizontal flip");
        add_number(app, "--min-crop", min_crop, Range::positive_share(),
                   "crop-flip: smallest part of the image's area");
        app.add_flag(
               "--reduced-decoding", reduced_decoding,
               "training on large JPEG photos: decode no more pixels than twice what is needed, which is "
               "quicker and changes values a little")
            ->always_capture_default(false);
        add_numbers(app, "--mean", mean, Range{}, "R,G,B", "mean of red, green, blue, for pixels in [0, 1]");
        add_numbers(app, "--std", standard_deviation, Range::above(0), "R,G,B",
                    "standard deviation of red, green, blue");
    }

    /// @throws ConfigError where a step would take more batches than an epoch of so many images has
    void check_batches(std::size_t images) const {
        const std::size_t batches = images / batch;
        if (batches > 0 && accumulate > batches)
            throw vitscape::ConfigError(vitscape::message(
                "--accumulate ", accumulate, ": an epoch of ", images, " images has ", batches,
                " batches of --batch ", batch, "; give a number from 1 to ", batches));
    }

    /// @param side  of the model's images in pixels
    [[nodiscard]] vitscape::ImageTransform transform(vitscape::Index side) const {
        vitscape::ImageTransform transform;
        transform.side = side;
        transform.mean = mean;
        transform.standard_deviation = standard_deviation;
        transform.reduced_decoding = reduced_decoding;
        if (augment == "crop-flip") {
            transform.crop = vitscape::Crop::random_resized;
            transform.min_crop = min_crop;
            transform.flip = true;
        }
        return transform;
    }
    [[nodiscard]] vitscape::TrainOptions train_options(vitscape::Index side) const {
        vitscape::TrainOptions options{
            .epochs = epochs, .batch = batch, .accumulate = accumulate, .clip_norm = clip_norm};
        options.transform = transform(side);
        return options;
    }
    [[nodiscard]] vitscape::WarmupCosine schedule() const {
        const double peak = learning_rate > 0
                                ? learning_rate
                                : base_learning_rate * static_cast<double>(batch * accumulate) / 256;
        return {.peak = peak, .warmup_epochs = warmup >= 0 ? warmup : vitscape::usual_warmup(epochs)};
    }
    [[nodiscard]] vitscape::AdamW optimizer() const { return {.weight_decay = weight_decay}; }
};

}  // namespace program
