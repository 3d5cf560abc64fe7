// SPDX-License-Identifier: Apache-2.0
//
// Where the tensors of a Vision Transformer lie in a published file: names, what stands before them, and what files beside it say.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <vitscape/core/json_value.hpp>
#include <vitscape/io/json.hpp>
#include <vitscape/io/published/names.hpp>
#include <vitscape/io/tensor_file.hpp>

namespace vitscape {

/// One model in a file: its tensors have the names of `published_names` behind `start`.
struct PublishedSource {
    const TensorFile* file = nullptr;
    std::string start{};        ///< "model." in MAE's files, "module." of parallel training, "student.", …
    std::string prefix{};       ///< "vit." of a larger Hugging Face model
    bool hugging_face = false;  ///< has its names, of whichever version
    bool dinov2 = false;        ///< Hugging Face's

    /// Our `name` there; nothing if a part of it is missing.
    [[nodiscard]] std::optional<NameParts> find(const std::string& name) const {
        for (NameParts parts : alternatives(name)) {
            for (std::string& part : parts) part = start + part;
            if (std::all_of(parts.begin(), parts.end(),
                            [&](const std::string& part) { return file->contains(part); }))
                return parts;
        }
        return {};
    }
    /// @throws IoError if it is not there
    [[nodiscard]] NameParts at(const std::string& name) const {
        if (auto found = find(name)) return *std::move(found);
        throw IoError(message(file->origin(), ": the model in it has no ", start,
                              alternatives(name).front().front(),
                              ", which every Vision Transformer here has"));
    }
    /// The shape of our `name`, its parts one behind the other. @throws IoError if it is not there, or the parts do not fit
    [[nodiscard]] Shape shape(const std::string& name) const {
        const NameParts parts = at(name);
        Shape whole = file->at(parts.front()).shape;
        if (parts.size() == 1) return whole;
        std::vector<Index> extents(whole.extents().begin(), whole.extents().end());
        for (const std::string& part : parts) {
            if (file->at(part).shape != whole || extents.empty())
                throw IoError(message(file->origin(), ": ", part, " has the shape ", file->at(part).shape,
                                      ", the tensors beside it have ", whole));
        }
        extents.front() *= static_cast<Index>(parts.size());
        return Shape(std::span<const Index>(extents));
    }
    /// The numbers of our `name`, row-major. @throws IoError
    [[nodiscard]] std::vector<float> values(const std::string& name) const {
        std::vector<float> all;
        for (const std::string& part : at(name)) {
            const std::vector<float> numbers = file->at(part).to<float>();
            all.insert(all.end(), numbers.begin(), numbers.end());
        }
        return all;
    }

  private:
    [[nodiscard]] std::vector<NameParts> alternatives(const std::string& name) const {
        if (!hugging_face) {
            std::vector<NameParts> list{{name}};
            if (name == "register_tokens") list.push_back({"reg_token"});  // timm
            return list;
        }
        std::vector<NameParts> list;
        for (const NameStyle style : {NameStyle::hugging_face, NameStyle::hugging_face_modules})
            list.push_back(published_names(name, style, prefix, dinov2));
        // the newer modules of DINOv2, and the decoder as transformers 5 writes it
        list.push_back(replaced(list[1], prefix + "layers.", prefix + "encoder.layer."));
        list.push_back(replaced(list[0], "decoder.decoder_layers.", "decoder.decoder_encoder.layer."));
        return list;
    }
    [[nodiscard]] static NameParts replaced(NameParts parts, const std::string& start,
                                            const std::string& by) {
        for (std::string& part : parts)
            if (part.starts_with(start)) part = by + part.substr(start.size());
        return parts;
    }
};

namespace detail {
/// What stands before each name that ends in `end`.
[[nodiscard]] inline std::vector<std::string> starts_before(const TensorFile& file, std::string_view end) {
    std::vector<std::string> starts;
    for (const std::string& name : file.names())
        if (name.ends_with(end)) starts.push_back(name.substr(0, name.size() - end.size()));
    return starts;
}
}  // namespace detail

/// All Vision Transformers in a file, in its order: more than one where a training kept a student and a teacher, or averaged weights.
/// @throws IoError if there is none
[[nodiscard]] inline std::vector<PublishedSource> published_sources(const TensorFile& file) {
    std::vector<PublishedSource> sources;
    for (const std::string& start : detail::starts_before(file, "patch_embed.proj.weight"))
        sources.push_back({.file = &file, .start = start});
    for (std::string start : detail::starts_before(file, "embeddings.patch_embeddings.projection.weight")) {
        PublishedSource source{.file = &file, .hugging_face = true};
        if (start.ends_with("vit.") || start.ends_with("dinov2.")) {
            const std::size_t dot = start.rfind('.', start.size() - 2);
            source.prefix = start.substr(dot == start.npos ? 0 : dot + 1);
            start.resize(start.size() - source.prefix.size());
        }
        source.start = start;
        const std::string before = source.start + source.prefix;
        source.dinov2 = file.contains(before + "encoder.layer.0.norm1.weight") ||
                        file.contains(before + "layers.0.norm1.weight");
        sources.push_back(std::move(source));
    }
    if (!sources.empty()) return sources;
    if (!detail::starts_before(file, "class_embedding").empty())
        throw IoError(
            message(file.origin(),
                    " is a model of CLIP, whose activation (QuickGELU) and norm before the blocks the "
                    "Vision Transformers here do not have"));
    std::string some;
    for (std::size_t i = 0; i < std::min<std::size_t>(3, file.names().size()); ++i)
        some += (i == 0 ? "" : ", ") + file.names()[i];
    throw IoError(message(file.origin(),
                          " holds no Vision Transformer that is known here: it has no tensor "
                          "patch_embed.proj.weight or embeddings.patch_embeddings.projection.weight",
                          some.empty() ? "" : "; it begins with ", some));
}

/// What config.json and preprocessor_config.json beside a file say, as Hugging Face and timm write them. Empty without them.
struct PublishedConfig {
    std::optional<Index> heads, decoder_heads;
    std::optional<double> norm_epsilon, mask_ratio;
    std::optional<bool> normalized_pixels;
    std::optional<std::array<float, 3>> mean, deviation;
    std::vector<std::string> classes;  ///< in the order of the head's outputs

    /// @throws IoError if one of the files is damaged, or says what the models here do not have
    [[nodiscard]] static PublishedConfig beside(const std::filesystem::path& path);
};

inline PublishedConfig PublishedConfig::beside(const std::filesystem::path& path) {
    PublishedConfig config;
    const auto read = [](const JsonValue& json, const char* key, auto& to) {
        using T = typename std::remove_cvref_t<decltype(to)>::value_type;
        if (json.contains(key) && !json.at(key).json().is_null()) to = json.at(key).to<T>();
    };
    const auto each = [&](const char* name, const auto& visit) {
        const std::filesystem::path file = path.parent_path() / name;
        std::error_code ignored;
        if (!std::filesystem::is_regular_file(file, ignored)) return;
        const nlohmann::json content = load_json(file);
        visit(JsonValue(content, file.string()));
    };
    each("config.json", [&](const JsonValue& json) {
        read(json, "num_attention_heads", config.heads);
        read(json, "decoder_num_attention_heads", config.decoder_heads);
        read(json, "layer_norm_eps", config.norm_epsilon);
        read(json, "mask_ratio", config.mask_ratio);
        read(json, "norm_pix_loss", config.normalized_pixels);
        if (json.contains("hidden_act"))
            if (const auto activation = json.at("hidden_act").to<std::string>(); activation != "gelu")
                json.at("hidden_act").refuse("is ", activation, "; the models here have gelu");
        if (json.contains("pretrained_cfg") && json.at("pretrained_cfg").json().is_object()) {  // timm
            read(json.at("pretrained_cfg"), "mean", config.mean);
            read(json.at("pretrained_cfg"), "std", config.deviation);
        }
        if (json.contains("id2label") && json.at("id2label").json().is_object()) {
            const JsonValue labels = json.at("id2label");
            for (std::size_t i = 0; labels.contains(std::to_string(i)); ++i)
                config.classes.push_back(labels.at(std::to_string(i)).to<std::string>());
        }
    });
    each("preprocessor_config.json", [&](const JsonValue& json) {
        read(json, "image_mean", config.mean);
        read(json, "image_std", config.deviation);
    });
    return config;
}

}  // namespace vitscape
