// SPDX-License-Identifier: Apache-2.0
//
// Published Vision Transformers as checkpoints: whatever reads a checkpoint reads them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/data/augmentation.hpp>
#include <vitscape/io/checkpoint.hpp>
#include <vitscape/io/published/family.hpp>
#include <vitscape/methods/all.hpp>

namespace vitscape {

/// What the user knows better than names and shapes tell.
struct PublishedOptions {
    std::string family{};  ///< empty: recognized
    Index heads = 0,
          decoder_heads = 0;  ///< 0: by config.json beside the file, otherwise the usual of the width
    Index image = 0;  ///< image side in pixels; 0: that of the stored positions, others are interpolated
};

/// A checkpoint, and if it was a published file what was recognized, to be shown.
struct OpenedCheckpoint {
    Checkpoint checkpoint;
    std::string note;
};

namespace detail {

/// The method of descriptions of an encoder alone, which has no loss.
inline constexpr std::string_view encoder_alone = "encoder";

class PublishedModel {
  public:
    PublishedModel(const TensorFile& file, const std::filesystem::path& path, const PublishedOptions& options)
        : sources_(published_sources(file)),
          options_(options),
          beside_(PublishedConfig::beside(path)),
          family_(options.family.empty() ? recognize_family(sources_, path.filename().string())
                                         : published_family(options.family)),
          path_(path) {
        for (const PublishedSource& one : sources_)
            if (!one.start.empty()) other_starts_.push_back(one.start);
        choose_sources();
        encoder_ = encoder_shape();
    }

    [[nodiscard]] OpenedCheckpoint checkpoint() {
        if (source().find("decoder_embed.weight")) {
            if (!teacher_)
                return with(
                    MaskedAutoencoder<AnyMasking>(autoencoder<MaskedAutoencoderConfig<AnyMasking>>()));
            using Taught = RcMae<AnyMasking, EmaTeacher<AnyMomentum>>;
            return with(Taught(autoencoder<Taught::Config>()));
        }
        VitClassifierConfig config{.encoder = encoder_, .positions = PositionKind::learned};
        if (source().find("fc_norm.weight")) config.pooling = Pooling::average;
        const bool classifies = source().find("head.weight").has_value();
        if (classifies) config.classes = source().shape("head.weight")[0];
        return with(VitClassifier(config), !classifies);
    }

  private:
    [[nodiscard]] const PublishedSource& source() const { return sources_.front(); }
    template <class... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
        throw IoError(message(path_.string(), ": ", parts...));
    }

    /// One model, or a student and its teacher; of several others the first is taken.
    void choose_sources() {
        const auto named = [&](std::string_view part) {
            return std::find_if(sources_.begin(), sources_.end(), [&](const PublishedSource& one) {
                return one.start.find(part) != one.start.npos;
            });
        };
        const auto teacher = named("teacher"), student = named("student");
        if (teacher != sources_.end() && student != sources_.end()) {
            if (student->find("decoder_embed.weight")) {
                teacher_ = *teacher;
                sources_ = {*student};
            } else {  // DINO's solution is its teacher
                sources_ = {*teacher};
            }
        } else if (sources_.size() > 1) {
            other_models_ = sources_.size() - 1;
            sources_.resize(1);
        }
    }

    [[nodiscard]] Index heads_of(Index width, Index wanted, std::optional<Index> beside, Index usual_width,
                                 const char* option) const {
        if (wanted > 0) return wanted;
        if (beside) return *beside;
        if (width == 1280 && usual_width == 64) return 16;  // ViT-H
        if (width % usual_width == 0) return width / usual_width;
        throw ConfigError(message(path_.string(), " does not say how many heads its width of ", width,
                                  " is divided into; give ", option));
    }
    [[nodiscard]] TransformerShape transformer(const std::string& stack, Index width, Index heads) const {
        TransformerShape shape{.width = width, .depth = 0, .heads = heads};
        while (source().find(message(stack, ".", shape.depth, ".norm1.weight"))) ++shape.depth;
        if (shape.depth == 0) (void)source().at(stack + ".0.norm1.weight");
        shape.mlp_ratio =
            static_cast<double>(source().shape(stack + ".0.mlp.fc1.weight")[0]) / static_cast<double>(width);
        shape.norm_epsilon = beside_.norm_epsilon.value_or(family_.norm_epsilon);
        shape.layer_scale = source().find(stack + ".0.ls1.gamma").has_value();
        return shape;
    }
    /// @throws IoError for shapes that are none of a Vision Transformer of square images of three colors
    [[nodiscard]] VitShape encoder_shape() {
        const Shape weight = source().shape("patch_embed.proj.weight"),
                    positions = source().shape("pos_embed");
        if (weight.rank() != 4 || weight[1] != 3 || weight[2] != weight[3] || weight[2] < 1)
            refuse("the patch embedding has the shape ", weight, ", needed is (width, 3, patch, patch)");
        const Index width = weight[0];
        if (positions.rank() != 3 || positions[0] != 1 || positions[2] != width)
            refuse("the positions have the shape ", positions, ", needed is (1, 1 + patches, ", width, ")");
        stored_side_ = static_cast<Index>(std::sqrt(static_cast<double>(positions[1])));  // rounded down
        const Index patches = stored_side_ * stored_side_;
        if (stored_side_ < 1 || (positions[1] != 1 + patches && positions[1] != patches))
            refuse("there are ", positions[1],
                   " positions, needed are those of a square of patches and perhaps one for the class token");
        VitShape shape{.image = stored_side_ * weight[2], .patch = weight[2]};
        if (options_.image > 0) {
            if (options_.image % shape.patch != 0)
                throw ConfigError(message("images of ", options_.image,
                                          " pixels are not divided by the patches of ", shape.patch, " that ",
                                          path_.string(), " has"));
            shape.image = options_.image;
        }
        shape.transformer =
            transformer("blocks", width, heads_of(width, options_.heads, beside_.heads, 64, "--heads"));
        if (const auto registers = source().find("register_tokens"))
            shape.registers = source().shape("register_tokens")[1];
        return shape;
    }
    template <class Config>
    [[nodiscard]] Config autoencoder() const {
        Config config;
        config.encoder = encoder_;
        const Index width = source().shape("decoder_embed.weight")[0];
        config.decoder = transformer(
            "decoder_blocks", width,
            heads_of(width, options_.decoder_heads, beside_.decoder_heads, 32, "--decoder-heads"));
        config.pixel_loss = family_.pixel_loss;
        if (options_.family.empty() && beside_.normalized_pixels)
            config.pixel_loss = *beside_.normalized_pixels ? PixelLoss::normalized : PixelLoss::plain;
        if (beside_.mask_ratio) config.masking.policy = RandomMasking{.ratio = *beside_.mask_ratio};
        return config;
    }

    /// The tensor `name` of `shape`; positions are interpolated where the images have another size.
    [[nodiscard]] std::vector<float> tensor(const PublishedSource& from, const std::string& name,
                                            const Shape& shape) {
        const NameParts parts = from.at(name);
        used_.insert(parts.begin(), parts.end());
        std::vector<float> values = from.values(name);
        Shape stored = from.shape(name);
        if (name == "pos_embed" || name == "decoder_pos_embed") {
            const Index patches = stored_side_ * stored_side_, width = shape[2],
                        side = encoder_.grid().side();
            if (stored == Shape{1, patches, width}) {  // timm adds the class token's to the token
                values.insert(values.begin(), static_cast<std::size_t>(width), 0.F);
                stored = {1, 1 + patches, width};
            }
            if (side != stored_side_ && stored == Shape{1, 1 + patches, width})
                return interpolate_positions<float>(values, width, stored_side_, side);
        }
        if (stored != shape)
            throw ShapeError(
                message(path_.string(), ": ", name, " has the shape ", stored, ", the model needs ", shape));
        return values;
    }

    /// @param without_head  the file has an encoder only
    template <class M>
    [[nodiscard]] OpenedCheckpoint with(const M& method, bool without_head = false) {
        SafeTensorsWriter writer;
        const auto add = [&](const PublishedSource& from, const std::string& prefix) {
            for (const ParameterInfo& parameter : method.layout().parameters()) {
                if (without_head && parameter.name.starts_with("head.")) continue;
                writer.add(prefix + parameter.name, parameter.slot.shape,
                           tensor(from, parameter.name, parameter.slot.shape));
            }
        };
        add(source(), "");
        if (teacher_) add(*teacher_, "teacher.");
        for (const FixedTensor& fixed : method.fixed_tensors())
            writer.add(fixed.name, fixed.shape, tensor(source(), fixed.name, fixed.shape));
        require_all_used();
        nlohmann::json model = describe(method);
        if (without_head) model = {{"method", encoder_alone}, {"encoder", describe(encoder_)}};
        ImageTransform transform;
        transform.side = encoder_.image;
        if (!family_.imagenet_pixels) transform.mean = transform.standard_deviation = {0.5F, 0.5F, 0.5F};
        if (options_.family.empty()) {
            transform.mean = beside_.mean.value_or(transform.mean);
            transform.standard_deviation = beside_.deviation.value_or(transform.standard_deviation);
        }
        nlohmann::json classes;
        if (!beside_.classes.empty()) classes = beside_.classes;
        const nlohmann::json description = {
            {"format", 1},
            {"model", model},
            {"training", {{"transform", describe(transform)}}},
            {"data", {{"source", "published"}, {"classes", classes}}},
            {"published", {{"file", path_.filename().string()}, {"family", family_.name}}}};
        writer.set_metadata("vitscape", json_text(description));
        return {Checkpoint::from(SafeTensors::parse(writer.bytes(), path_.string())), note()};
    }

    /// @throws IoError naming tensors of the model that the models here have no place for
    void require_all_used() const {
        static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> reasons{{
            {"q_norm", "normalized queries and keys"},
            {"k_norm", "normalized queries and keys"},
            {"rope", "rotary positions"},
            {"mlp.w12", "gated MLPs"},
            {"weights_in", "gated MLPs"},
            {"dist_token", "a distillation token"},
            {"relative_position", "relative positions"},
            {"norm_pre", "a norm before the blocks"},
        }};
        const std::string start = source().start;
        for (const std::string& name : source().file->names()) {
            if (!name.starts_with(start) || used_.count(name) != 0) continue;
            const std::string_view rest = std::string_view(name).substr(start.size());
            // a mask token of a training that is over, the pooling of another task, a head of projections
            if (rest.ends_with("mask_token") || rest.find("pooler.") != rest.npos ||
                rest.starts_with("head.mlp.") || rest.starts_with("head.last_layer.") ||
                belongs_to_another(name))
                continue;
            std::string_view reason = "something that they do not have";
            for (const auto& [part, what] : reasons)
                if (rest.find(part) != rest.npos) reason = what;
            refuse("the model has the tensor ", name,
                   ", for which the Vision Transformers here have no place: ", reason);
        }
    }
    /// With an empty start every tensor of the file seems to be of the model, those of a second one too.
    [[nodiscard]] bool belongs_to_another(const std::string& name) const {
        return std::any_of(other_starts_.begin(), other_starts_.end(), [&](const std::string& start) {
            return start != source().start && name.starts_with(start);
        });
    }

    [[nodiscard]] std::string note() const {
        const TransformerShape& shape = encoder_.transformer;
        std::string text =
            message(path_.filename().string(), ": family ", family_.name, " (", family_.meaning, "), ",
                    shape.width, " x ", shape.depth, ", ", shape.heads, " heads, patches of ", encoder_.patch,
                    ", images of ", encoder_.image, " pixels");
        if (encoder_.grid().side() != stored_side_)
            text += message(", positions interpolated from ", stored_side_, " x ", stored_side_, " patches");
        if (teacher_) text += ", with its teacher";
        if (other_models_ > 0)
            text += message(", the model ", source().start, "; ", other_models_,
                            " more in the file are not read");
        return text;
    }

    std::vector<PublishedSource> sources_;
    std::optional<PublishedSource> teacher_;
    PublishedOptions options_;
    PublishedConfig beside_;
    PublishedFamily family_;
    std::filesystem::path path_;
    VitShape encoder_;
    Index stored_side_ = 0;
    std::size_t other_models_ = 0;
    std::vector<std::string> other_starts_;
    std::set<std::string> used_;
};

}  // namespace detail

/// A checkpoint that `write_checkpoint` wrote, or a published file (.safetensors or .pth) of MAE, RC-MAE, timm, DINO, DINOv2 or Hugging
/// Face, converted: parameters under our names, positions as they are stored, and a description with the method ("encoder" where
/// the file has neither a decoder nor a head), the pixels' mean and deviation and, if config.json beside it names them, the classes.
/// @param options  of a published file; a checkpoint of ours says itself what it is
/// @throws IoError, ShapeError, ConfigError for a file that is damaged or holds what the models here do not have
[[nodiscard]] inline OpenedCheckpoint open_checkpoint(const std::filesystem::path& path,
                                                      const PublishedOptions& options = {}) {
    TensorFile file = TensorFile::load(path);
    if (SafeTensors* const own = file.safetensors(); own != nullptr && own->metadata().contains("vitscape"))
        return {Checkpoint::from(std::move(*own)), ""};
    return detail::PublishedModel(file, path, options).checkpoint();
}

}  // namespace vitscape
