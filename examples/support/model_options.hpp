// SPDX-License-Identifier: Apache-2.0
//
// The options that say which model is trained and how, for the programs that train.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <vitscape/methods/all.hpp>
#include <vitscape/train/checkpointing.hpp>

#include "field_options.hpp"

namespace program {

/// The names of all methods, for an option that takes one.
[[nodiscard]] inline std::vector<std::string> method_names() {
    std::vector<std::string> names;
    vitscape::AllMethods::for_each([&]<class M>() { names.emplace_back(M::Card::name); });
    return names;
}

/// Options that say which model: sizes, which all methods share, and what the methods list themselves.
struct ModelOptions {
    std::string model;
    vitscape::Index image = 0, patch = 0, width = 96, depth = 4, heads = 3;
    vitscape::Index decoder_width = 0, decoder_depth = 0, decoder_heads = 0;
    FieldOptions fields;

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
        app.add_option("--decoder-width", decoder_width,
                       "of a method with a decoder; 0: 64, or the named size's");
        app.add_option("--decoder-depth", decoder_depth, "blocks of the decoder; 0: 1, or the named size's");
        app.add_option("--decoder-heads", decoder_heads,
                       "attention heads of the decoder; 0: 4, or the named size's");
        vitscape::AllMethods::for_each([&]<class M>() { fields.list(M::Card::name, typename M::Config{}); });
        fields.add(app);
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
    /// The method called `name`.
    /// @param classes  of the images, for a method that classifies
    /// @throws ConfigError for a model that cannot work, and for an option that the method does not have
    [[nodiscard]] vitscape::AnyMethod make_method(const std::string& name, std::size_t classes) const {
        return vitscape::AllMethods::make(name, [&]<class M>() {
            typename M::Config config;
            fields.assign(config);
            config.encoder = encoder_shape();
            if constexpr (requires { config.decoder; }) config.decoder = decoder_shape();
            if constexpr (requires { config.classes; })
                config.classes = static_cast<vitscape::Index>(classes);
            return M(config);
        });
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
        return {.peak = peak, .warmup_epochs = warmup >= 0 ? warmup : vitscape::usual_warmup(epochs)};
    }
    [[nodiscard]] vitscape::AdamW optimizer() const { return {.weight_decay = weight_decay}; }
};

}  // namespace program
