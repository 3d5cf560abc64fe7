// SPDX-License-Identifier: Apache-2.0
//
// What the parameters of a Vision Transformer are called in published files. Ours are those of MAE, timm and DINO.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>

namespace vitscape {

/// Whose names a file has.
enum class NameStyle {
    plain,         ///< facebookresearch/mae, RC-MAE, timm, DINO and DINOv2
    hugging_face,  ///< transformers' ViT, ViTMAE and DINOv2, as their files are written: `encoder.layer.i.attention.attention.query`
    hugging_face_modules  ///< the same with the names of their newer modules: `layers.i.attention.q_proj`
};
constexpr std::array<std::pair<std::string_view, NameStyle>, 3> enumerators(NameStyle) {
    return {{{"timm", NameStyle::plain},
             {"huggingface", NameStyle::hugging_face},
             {"huggingface-modules", NameStyle::hugging_face_modules}}};
}

/// The tensors that one of ours consists of, one behind the other along the first axis: three for queries, keys and values where
/// these are apart, otherwise one.
using NameParts = std::vector<std::string>;

namespace detail {

/// Splits "blocks.3.mlp.fc1.weight" at the first dot that is followed by one of a block's parts: {"blocks.3", "mlp.fc1", "weight"}.
struct BlockName {
    std::string_view stack, number, layer, kind;  // "blocks" or "decoder_blocks", "3", "mlp.fc1", "weight"
};
[[nodiscard]] inline bool split_block_name(std::string_view name, BlockName& parts) {
    for (const std::string_view stack : {"blocks", "decoder_blocks"}) {
        if (!name.starts_with(stack) || name.size() <= stack.size() || name[stack.size()] != '.') continue;
        const std::string_view rest = name.substr(stack.size() + 1);
        const std::size_t first = rest.find('.'), last = rest.rfind('.');
        if (first == rest.npos || last <= first) return false;
        parts = {stack, rest.substr(0, first), rest.substr(first + 1, last - first - 1),
                 rest.substr(last + 1)};
        return true;
    }
    return false;
}

[[nodiscard]] inline NameParts hugging_face_block(const BlockName& name, NameStyle style, bool dinov2) {
    const bool modules = style == NameStyle::hugging_face_modules, decodes = name.stack != "blocks";
    const std::string start = message(decodes   ? "decoder.decoder_layers."
                                      : modules ? "layers."
                                                : "encoder.layer.",
                                      name.number, "."),
                      end = message(".", name.kind);
    if (name.layer == "attn.qkv") {
        const std::string attention = start + (modules ? "attention." : "attention.attention.");
        NameParts parts;
        for (const char* part : {"query", "key", "value"})
            parts.push_back(attention + (modules ? std::string(1, *part) + "_proj" : std::string(part)) +
                            end);
        return parts;
    }
    if (name.layer == "ls1" || name.layer == "ls2")
        return {message(start, "layer_scale", name.layer.back(), ".lambda1")};
    std::string_view layer = name.layer;
    if (layer == "attn.proj")
        layer = modules ? "attention.o_proj" : "attention.output.dense";
    else if (layer == "norm1" && !dinov2)
        layer = "layernorm_before";
    else if (layer == "norm2" && !dinov2)
        layer = "layernorm_after";
    else if (layer == "mlp.fc1" && !modules && !dinov2)
        layer = "intermediate.dense";
    else if (layer == "mlp.fc2" && !modules && !dinov2)
        layer = "output.dense";
    return {message(start, layer, end)};
}

}  // namespace detail

/// The names in a published file of our parameter `name`, without what stands before all of a model.
/// @param prefix  of the encoder, "vit." where it is part of a larger Hugging Face model; of none in plain names
/// @param dinov2  Hugging Face's DINOv2, whose norms and MLPs have the plain names
[[nodiscard]] inline NameParts published_names(const std::string& name, NameStyle style,
                                               const std::string& prefix = "", bool dinov2 = false) {
    if (style == NameStyle::plain) return {name};
    detail::BlockName block;
    if (detail::split_block_name(name, block)) {
        NameParts parts = detail::hugging_face_block(block, style, dinov2);
        if (block.stack == "blocks")
            for (std::string& part : parts) part = prefix + part;
        return parts;
    }
    const auto with_end = [&](std::string_view start, const std::string& to) {
        return NameParts{to + name.substr(start.size())};
    };
    static const std::array<std::pair<std::string_view, std::string_view>, 5> encoder{{
        {"cls_token", "embeddings.cls_token"},
        {"pos_embed", "embeddings.position_embeddings"},
        {"register_tokens", "embeddings.register_tokens"},
        {"patch_embed.proj.", "embeddings.patch_embeddings.projection."},
        {"norm.", "layernorm."},
    }};
    for (const auto& [ours, theirs] : encoder)
        if (name.starts_with(ours)) return with_end(ours, prefix + std::string(theirs));
    if (name.starts_with("head.")) return with_end("head.", "classifier.");
    return {"decoder." + name};  // mask_token, decoder_embed, decoder_pos_embed, decoder_norm, decoder_pred
}

}  // namespace vitscape
