// SPDX-License-Identifier: Apache-2.0
//
// The other way: a checkpoint's model under the names by which PyTorch's libraries read it.
#pragma once

#include <filesystem>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <vitscape/core/file.hpp>
#include <vitscape/io/checkpoint.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/io/published/names.hpp>
#include <vitscape/methods/all.hpp>

namespace vitscape {

namespace detail {

/// What Hugging Face's classes need to know of a model: the class that reads it, its config.json, and what stands before the names.
struct HuggingFaceModel {
    nlohmann::ordered_json config;
    std::string prefix;  ///< "vit." of models with a head or a decoder
    bool with_head = false, with_decoder = false;
};

[[nodiscard]] inline nlohmann::ordered_json hugging_face_encoder(const VitShape& shape, const char* type,
                                                                 const char* architecture) {
    nlohmann::ordered_json config;
    config["architectures"] = {architecture};
    config["model_type"] = type;
    config["hidden_size"] = shape.transformer.width;
    config["num_hidden_layers"] = shape.transformer.depth;
    config["num_attention_heads"] = shape.transformer.heads;
    config["intermediate_size"] = shape.transformer.hidden();
    config["hidden_act"] = "gelu";
    config["hidden_dropout_prob"] = 0.0;
    config["attention_probs_dropout_prob"] = 0.0;
    config["layer_norm_eps"] = shape.transformer.norm_epsilon;
    config["image_size"] = shape.image;
    config["patch_size"] = shape.patch;
    config["num_channels"] = 3;
    config["qkv_bias"] = true;
    return config;
}

/// @throws ConfigError for what these classes do not have
template <class M>
[[nodiscard]] HuggingFaceModel hugging_face_model(const M& method, const std::vector<std::string>& classes) {
    const VitShape& shape = method.encoder();
    if (shape.transformer.layer_scale || shape.registers > 0)
        throw ConfigError(
            "Hugging Face's ViT has neither layer scale nor registers, which this model has; export it under "
            "timm's names");
    if constexpr (requires { method.reconstruction().config().decoder; }) {
        const auto& config = method.reconstruction().config();
        HuggingFaceModel model{hugging_face_encoder(shape, "vit_mae", "ViTMAEForPreTraining"), "vit.", false,
                               true};
        if (config.decoder.norm_epsilon != shape.transformer.norm_epsilon || config.decoder.layer_scale)
            throw ConfigError(
                "Hugging Face's ViTMAE has one epsilon for encoder and decoder and no layer scale");
        model.config["decoder_hidden_size"] = config.decoder.width;
        model.config["decoder_num_hidden_layers"] = config.decoder.depth;
        model.config["decoder_num_attention_heads"] = config.decoder.heads;
        model.config["decoder_intermediate_size"] = config.decoder.hidden();
        const PatchGrid grid = method.grid();
        model.config["mask_ratio"] = static_cast<double>(grid.count() - config.masking.visible(grid)) /
                                     static_cast<double>(grid.count());
        model.config["norm_pix_loss"] = config.pixel_loss == PixelLoss::normalized;
        return model;
    } else if constexpr (requires { method.config().classes; }) {
        if (method.config().pooling != Pooling::class_token)
            throw ConfigError(
                "Hugging Face's ViT reads the class token, this model the average of its tokens; export it "
                "under timm's names");
        HuggingFaceModel model{hugging_face_encoder(shape, "vit", "ViTForImageClassification"), "vit.", true,
                               false};
        for (Index i = 0; i < method.config().classes; ++i) {
            const auto number = static_cast<std::size_t>(i);
            const std::string name = number < classes.size() ? classes[number] : std::to_string(i);
            model.config["id2label"][std::to_string(i)] = name;
            model.config["label2id"][name] = i;
        }
        return model;
    } else {
        return {hugging_face_encoder(shape, "vit", "ViTModel"), ""};
    }
}

/// The tensors of `layout` and the fixed ones under published names, those that `wanted(name)` takes.
template <class Wanted>
void add_published(SafeTensorsWriter& writer, const Checkpoint& from, const std::string& part,
                   const ParameterLayout& layout, const std::vector<FixedTensor>& fixed, NameStyle style,
                   const std::string& prefix, const Wanted& wanted) {
    const auto add = [&](const std::string& stored, const std::string& name, const Shape& shape) {
        if (!wanted(name)) return;
        const std::vector<float> values = from.tensors().at(stored).to<float>();
        const NameParts parts = published_names(name, style, prefix);
        std::vector<Index> extents(shape.extents().begin(), shape.extents().end());
        extents.front() /= static_cast<Index>(parts.size());
        const std::size_t each = values.size() / parts.size();
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i * each);
            writer.add(parts[i], Shape(std::span<const Index>(extents)),
                       std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(each)));
        }
    };
    for (const ParameterInfo& parameter : layout.parameters())
        add(part + parameter.name, parameter.name, parameter.slot.shape);
    for (const FixedTensor& tensor : fixed) add(tensor.name, tensor.name, tensor.shape);
}

}  // namespace detail

/// Writes FOLDER/model.safetensors in float with the model's parameters and positions. Plain names are those of timm's
/// `VisionTransformer` and of MAE. For Hugging Face config.json and preprocessor_config.json are written beside, so that
/// `ViTMAEForPreTraining`, `ViTForImageClassification` or, for the encoder of other methods, `ViTModel` loads the folder by
/// `from_pretrained`.
/// @param part  "teacher." for the teacher's parameters, otherwise empty; returns the files that were written
/// @throws ConfigError for a model that these classes cannot express; IoError
inline std::vector<std::filesystem::path> export_model(const std::filesystem::path& folder,
                                                       const Checkpoint& from, const std::string& part,
                                                       NameStyle style) {
    const JsonValue described = from.described();
    std::vector<std::string> classes;
    if (described.contains("data") && described.at("data").value("classes").json().is_array())
        classes = described.at("data").at("classes").to<std::vector<std::string>>();
    std::vector<std::filesystem::path> written{folder / "model.safetensors"};
    SafeTensorsWriter writer;
    writer.set_metadata("format", "pt");
    std::visit(
        [&](const auto& method) {
            if (!part.empty() && !from.tensors().contains(part + "cls_token"))
                throw ConfigError(message("the model of ", from.tensors().origin(), " has no teacher"));
            if (style == NameStyle::plain)
                return detail::add_published(writer, from, part, method.layout(), method.fixed_tensors(),
                                             style, "", [](const std::string&) { return true; });
            const detail::HuggingFaceModel model = detail::hugging_face_model(method, classes);
            detail::add_published(writer, from, part, method.layout(), method.fixed_tensors(), style,
                                  model.prefix, [&](const std::string& name) {
                                      if (name.starts_with("head.")) return model.with_head;
                                      return model.with_decoder || name.starts_with("blocks.") ||
                                             name.starts_with("patch_embed.") || name.starts_with("norm.") ||
                                             name == "cls_token" || name == "pos_embed";
                                  });
            written.push_back(folder / "config.json");
            write_atomically(written.back(), json_text(model.config, 1) + '\n');
            if (!described.contains("training")) return;
            const JsonValue transform = described.at("training").at("transform");
            nlohmann::ordered_json pixels;
            pixels["image_processor_type"] = "ViTImageProcessor";
            pixels["image_mean"] = transform.at("mean").json();
            pixels["image_std"] = transform.at("standard_deviation").json();
            pixels["size"] = {{"height", method.grid().image}, {"width", method.grid().image}};
            pixels["resample"] = 3;  // bicubic
            pixels["do_resize"] = pixels["do_rescale"] = pixels["do_normalize"] = true;
            written.push_back(folder / "preprocessor_config.json");
            write_atomically(written.back(), json_text(pixels, 1) + '\n');
        },
        method_from(described.at("model")));
    writer.write(written.front());
    return written;
}

}  // namespace vitscape
