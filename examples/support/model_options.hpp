// SPDX-License-Identifier: Apache-2.0
//
// The options that say which model is trained and how, for the programs that train.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

#include <vitscape/train/checkpointing.hpp>

namespace program {

/// Options that say which model: sizes, masking and what belongs to one method.
struct ModelOptions {
    std::string model, masking_kind = "random", pixel_loss = "normalized", pooling = "class-token",
                       momentum = "published";
    vitscape::Index image = 0, patch = 0, width = 96, depth = 4, heads = 3;
    vitscape::Index decoder_width = 0, decoder_depth = 0, decoder_heads = 0;
    double mask_ratio = 0.75, label_smoothing = 0, consistency = 1;
    double momentum_from = 0.996, momentum_to = 1;
    bool other_mask = false;

    void add(CLI::App& app) {
        app.option_defaults()->always_capture_default()->multi_option_policy(
            CLI::MultiOptionPolicy::TakeLast);
        app.add_option("--model", model, "named size instead of --width, --depth, --heads and the decoder's")
            ->check(CLI::IsMember({"tiny", "small", "base", "large", "huge"}));
        app.add_option("--image", image, "image side in pixels; 0: 32, or 224 for a named size");
        app.add_option("--patch", patch, "patch side in pixels; 0: 4, or 16 for a named size (14 for huge)");
        app.add_option("--width", width, "encoder width, numbers per token");
        app.add_option("--depth", depth, "encoder blocks");
        app.add_option("--heads", heads, "encoder attention heads");
        app.add_option("--decoder-width", decoder_width, "mae: decoder width; 0: 64, or the named size's");
        app.add_option("--decoder-depth", decoder_depth, "mae: decoder blocks; 0: 1, or the named size's");
        app.add_option("--decoder-heads", decoder_heads, "mae: decoder heads; 0: 4, or the named size's");
        app.add_option("--mask-ratio", mask_ratio,
                       "mae: part of the patches that is masked, between 0 and 1");
        app.add_option("--masking", masking_kind,
                       "mae: masking policy; grid keeps every second patch both ways (ratio 0.75)")
            ->check(CLI::IsMember({"random", "block", "grid"}));
        app.add_option("--consistency", consistency, "rc-mae: weight of the consistency with the teacher");
        app.add_option(
               "--momentum", momentum,
               "rc-mae: the teacher's momentum, a cosine over the training, or anew in every epoch as the "
               "authors' code has it")
            ->check(CLI::IsMember({"published", "released"}));
        app.add_option("--momentum-from", momentum_from, "rc-mae: the teacher's momentum at the first step");
        app.add_option("--momentum-to", momentum_to, "rc-mae: what it goes to");
        app.add_flag("--other-mask", other_mask, "rc-mae: the teacher sees other patches than the student")
            ->always_capture_default(false);
        app.add_option("--pixel-loss", pixel_loss, "mae: predict pixels, or pixels normalized per patch")
            ->check(CLI::IsMember({"plain", "normalized"}));
        app.add_option("--pooling", pooling, "supervised: what the head reads")
            ->check(CLI::IsMember({"class-token", "average"}));
        app.add_option("--label-smoothing", label_smoothing,
                       "supervised: part of the target spread over all classes");
    }

    [[nodiscard]] vitscape::VitShape encoder_shape() const {
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
    [[nodiscard]] vitscape::AnyMasking masking() const {
        using namespace vitscape;
        if (masking_kind == "block") return {BlockMasking{.ratio = mask_ratio}};
        if (masking_kind == "grid") return {GridMasking{}};
        return {RandomMasking{mask_ratio}};
    }

    /// @param name  "mae", "rc-mae" or "supervised".  @param classes  of the images, for "supervised".
    /// @throws ConfigError for a model that cannot work.
    [[nodiscard]] vitscape::AnyMethod make_method(const std::string& name, std::size_t classes) const {
        using namespace vitscape;
        const PixelLoss loss = pixel_loss == "plain" ? PixelLoss::plain : PixelLoss::normalized;
        if (name == "mae")
            return MaskedAutoencoder<AnyMasking>({.encoder = encoder_shape(),
                                                  .decoder = decoder_shape(),
                                                  .masking = masking(),
                                                  .pixel_loss = loss});
        if (name == "rc-mae") {
            AnyMomentum schedule{PublishedMomentum{momentum_from, momentum_to}};
            if (momentum == "released") schedule.schedule = ReleasedMomentum{momentum_from, momentum_to};
            return RcMae<AnyMasking, EmaTeacher<AnyMomentum>>({.encoder = encoder_shape(),
                                                               .decoder = decoder_shape(),
                                                               .masking = masking(),
                                                               .pixel_loss = loss,
                                                               .teacher = {schedule},
                                                               .consistency = consistency,
                                                               .other_mask = other_mask});
        }
        if (name == "supervised")
            return VitClassifier({.encoder = encoder_shape(),
                                  .classes = static_cast<Index>(classes),
                                  .pooling = pooling == "average" ? Pooling::average : Pooling::class_token,
                                  .label_smoothing = label_smoothing});
        throw ConfigError(message("unknown method '", name, "'; known are mae, rc-mae and supervised"));
    }
};

/// Options that say how it is trained.
struct TrainingOptions {
    std::uint32_t epochs = 100;
    std::size_t batch = 256, accumulate = 1;
    double learning_rate = 0, base_learning_rate = 1.5e-4, warmup = -1, weight_decay = 0.05, clip_norm = 0,
           min_crop = 0.2;
    std::string augment = "none";
    std::array<float, 3> mean{0.485F, 0.456F, 0.406F}, standard_deviation{0.229F, 0.224F, 0.225F};

    void add(CLI::App& app) {
        app.option_defaults()->always_capture_default()->multi_option_policy(
            CLI::MultiOptionPolicy::TakeLast);
        app.add_option("--epochs", epochs, "passes over the images");
        app.add_option("--batch", batch, "images in one forward and backward pass");
        app.add_option("--accumulate", accumulate, "batches in one optimizer step");
        auto* lr = app.add_option("--lr", learning_rate, "peak learning rate; 0: from --base-lr");
        app.add_option("--base-lr", base_learning_rate, "peak learning rate per 256 images of a step")
            ->excludes(lr);
        app.add_option("--warmup", warmup, "epochs of linear warm-up; -1: a tenth of the epochs, at most 40");
        app.add_option("--weight-decay", weight_decay,
                       "AdamW's weight decay, for parameters of two or more dimensions");
        app.add_option("--clip-norm", clip_norm, "largest norm of the gradient; 0: not clipped");
        app.add_option("--augment", augment, "crop-flip: random resized crop and horizontal flip")
            ->check(CLI::IsMember({"none", "crop-flip"}));
        app.add_option("--min-crop", min_crop, "crop-flip: smallest part of the image's area");
        app.add_option("--mean", mean, "mean of red, green, blue, for pixels in [0, 1]")->delimiter(',');
        app.add_option("--std", standard_deviation, "standard deviation of red, green, blue")->delimiter(',');
    }

    /// @throws ConfigError for a rate or a weight decay that cannot work.
    void check() const {
        using namespace vitscape;
        for (const double rate : {learning_rate, base_learning_rate})
            if (!(std::isfinite(rate) && rate >= 0))
                throw ConfigError(
                    message("a learning rate of ", rate, " was given; it is a number of at least 0"));
        if (!(weight_decay >= 0))
            throw ConfigError(message("the weight decay ", weight_decay, " is negative"));
    }

    /// @param side  of the model's images in pixels
    [[nodiscard]] vitscape::ImageTransform transform(vitscape::Index side) const {
        vitscape::ImageTransform transform;
        transform.side = side;
        transform.mean = mean;
        transform.standard_deviation = standard_deviation;
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
        return {.peak = peak, .warmup_epochs = warmup >= 0 ? warmup : std::min(40.0, 0.1 * epochs)};
    }
    [[nodiscard]] vitscape::AdamW optimizer() const { return {.weight_decay = weight_decay}; }
};

}  // namespace program
