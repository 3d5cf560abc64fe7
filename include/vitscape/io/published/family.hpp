// SPDX-License-Identifier: Apache-2.0
//
// What a published file's names do not say: how its models normalize and what they predict.
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/io/published/source.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>

namespace vitscape {

/// The settings that models of one origin share.
struct PublishedFamily {
    std::string_view name, meaning;
    double norm_epsilon;   ///< of all layer normalizations
    bool imagenet_pixels;  ///< mean and deviation of ImageNet's pixels, or 0.5
    PixelLoss pixel_loss;  ///< of a masked autoencoder
};

inline constexpr std::array<PublishedFamily, 9> published_families{{
    {"mae", "MAE: encoder, or with a decoder that predicts normalized pixels (mae_pretrain_*)", 1e-6, true,
     PixelLoss::normalized},
    {"mae-pixels", "MAE with a decoder that predicts plain pixels (mae_visualize_*)", 1e-6, true,
     PixelLoss::plain},
    {"rc-mae", "RC-MAE: student and teacher, normalized pixels", 1e-6, true, PixelLoss::normalized},
    {"deit", "timm's names, ImageNet's pixel statistics: DeiT and classifiers fine-tuned from MAE", 1e-6,
     true, PixelLoss::normalized},
    {"augreg", "timm's names, pixels of mean and deviation 0.5", 1e-6, false, PixelLoss::normalized},
    {"dino", "DINO", 1e-6, true, PixelLoss::normalized},
    {"dinov2", "DINOv2: layer scale, perhaps registers", 1e-6, true, PixelLoss::normalized},
    {"huggingface-mae", "Hugging Face's ViTMAE", 1e-12, true, PixelLoss::plain},
    {"huggingface-vit", "Hugging Face's ViT, pixels of mean and deviation 0.5", 1e-12, false,
     PixelLoss::normalized},
}};

/// @throws ConfigError for a name that is not in `published_families`
[[nodiscard]] inline const PublishedFamily& published_family(std::string_view name) {
    std::string known;
    for (const PublishedFamily& family : published_families) {
        if (family.name == name) return family;
        known += (known.empty() ? "" : ", ") + std::string(family.name);
    }
    throw ConfigError(message("'", name, "' is no family of published models; known are ", known));
}

namespace detail {
/// Whether the stored positions are sine-cosine ones, as MAE's are: what tells its encoder from DINO's.
[[nodiscard]] inline bool has_sin_cos_positions(const PublishedSource& source) {
    const Shape shape = source.shape("pos_embed");
    if (shape.rank() != 3 || shape[2] % 4 != 0) return false;
    const auto side = static_cast<Index>(std::lround(std::sqrt(static_cast<double>(shape[1] - 1))));
    if (1 + side * side != shape[1]) return false;
    const std::vector<float> stored = source.values("pos_embed");
    const std::vector<double> expected = sin_cos_positions(shape[2], side);
    for (std::size_t i = 0; i < stored.size(); ++i)
        if (std::abs(static_cast<double>(stored[i]) - expected[i]) > 1e-3) return false;
    return true;
}
}  // namespace detail

/// The family that names, shapes and, between MAE and DINO, the positions speak for.
/// @param sources  all models of the file; the first is looked at.  @param file_name  "visualize" in it says what MAE's decoder predicts
[[nodiscard]] inline const PublishedFamily& recognize_family(const std::vector<PublishedSource>& sources,
                                                             std::string_view file_name) {
    const PublishedSource& source = sources.front();
    const bool decodes = source.find("decoder_embed.weight").has_value(), plain = !source.hugging_face,
               scaled = source.find("blocks.0.ls1.gamma").has_value();
    if (scaled || source.dinov2) return published_family("dinov2");
    if (!plain) return published_family(decodes ? "huggingface-mae" : "huggingface-vit");
    if (decodes)
        return published_family(sources.size() > 1                              ? "rc-mae"
                                : file_name.find("visualize") != file_name.npos ? "mae-pixels"
                                                                                : "mae");
    if (source.find("fc_norm.weight")) return published_family("deit");
    if (source.find("head.weight")) return published_family("augreg");
    return published_family(detail::has_sin_cos_positions(source) ? "mae" : "dino");
}

}  // namespace vitscape
