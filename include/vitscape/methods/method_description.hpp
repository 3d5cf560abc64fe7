// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>

#include <nlohmann/json.hpp>

#include <vitscape/methods/any_masking.hpp>
#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/rc_mae.hpp>
#include <vitscape/methods/vit_classifier.hpp>

/// What a checkpoint says about its model, and the way back: `describe(method)` and
/// `method_from(description)`.
namespace vitscape {

/// One of the methods that a checkpoint can name.
using AnyMethod =
    std::variant<MaskedAutoencoder<AnyMasking>, RcMae<AnyMasking, EmaTeacher<AnyMomentum>>, VitClassifier>;

inline nlohmann::json describe(const TransformerShape& shape) {
    return {{"width", shape.width},
            {"depth", shape.depth},
            {"heads", shape.heads},
            {"mlp_ratio", shape.mlp_ratio}};
}
inline nlohmann::json describe(const VitShape& shape) {
    nlohmann::json description = describe(shape.transformer);
    description["image"] = shape.image;
    description["patch"] = shape.patch;
    return description;
}
inline nlohmann::json describe(const RandomMasking& masking) {
    return {{"kind", "random"}, {"ratio", masking.ratio}};
}
inline nlohmann::json describe(const BlockMasking& masking) {
    return {{"kind", "block"},
            {"ratio", masking.ratio},
            {"smallest", masking.smallest},
            {"narrowest", masking.narrowest}};
}
inline nlohmann::json describe(const GridMasking& masking) {
    return {{"kind", "grid"}, {"stride", masking.stride}};
}
inline nlohmann::json describe(const AnyMasking& masking) {
    return std::visit([](const auto& policy) { return describe(policy); }, masking.policy);
}

/// A user's own policy is described where it has an overload of `describe` beside it, and is "custom"
/// otherwise.
template <MaskingPolicy Masking>
nlohmann::json describe(const MaskedAutoencoder<Masking>& method) {
    const auto& config = method.config();
    nlohmann::json masking = {{"kind", "custom"}};
    if constexpr (requires { describe(config.masking); }) masking = describe(config.masking);
    return {{"method", "mae"},
            {"encoder", describe(config.encoder)},
            {"decoder", describe(config.decoder)},
            {"masking", masking},
            {"pixel_loss", config.pixel_loss == PixelLoss::normalized ? "normalized" : "plain"}};
}

inline nlohmann::json describe(const PublishedMomentum& momentum) {
    return {{"kind", "published"}, {"from", momentum.from}, {"to", momentum.to}};
}
inline nlohmann::json describe(const ReleasedMomentum& momentum) {
    return {{"kind", "released"}, {"from", momentum.from}, {"to", momentum.to}};
}
inline nlohmann::json describe(const AnyMomentum& momentum) {
    return std::visit([](const auto& schedule) { return describe(schedule); }, momentum.schedule);
}
namespace detail {
template <class Method>
nlohmann::json describe_taught(const Method& method) {
    nlohmann::json description = describe(method.student()), momentum = {{"kind", "custom"}};
    if constexpr (requires { describe(method.teacher().momentum); })
        momentum = describe(method.teacher().momentum);
    description["method"] = "rc-mae";
    description["consistency"] = method.config().consistency;
    description["other_mask"] = method.config().other_mask;
    description["momentum"] = momentum;
    return description;
}
}  // namespace detail
template <MaskingPolicy Masking, class Teacher>
nlohmann::json describe(const RcMae<Masking, Teacher>& method) {
    if constexpr (std::same_as<Teacher, NoTeacher>)
        return describe(static_cast<const MaskedAutoencoder<Masking>&>(method));
    else
        return detail::describe_taught(method);
}

inline nlohmann::json describe(const VitClassifier& method) {
    const auto& config = method.config();
    return {{"method", "supervised"},
            {"encoder", describe(config.encoder)},
            {"classes", config.classes},
            {"pooling", config.pooling == Pooling::average ? "average" : "class-token"},
            {"positions", config.positions == PositionKind::learned ? "learned" : "fixed"},
            {"label_smoothing", config.label_smoothing}};
}

namespace detail {

inline TransformerShape transformer_from(const nlohmann::json& d) {
    return {d.at("width").get<Index>(), d.at("depth").get<Index>(), d.at("heads").get<Index>(),
            d.at("mlp_ratio").get<double>()};
}
inline VitShape vit_from(const nlohmann::json& d) {
    return {d.at("image").get<Index>(), d.at("patch").get<Index>(), transformer_from(d)};
}
inline AnyMasking masking_from(const nlohmann::json& d) {
    const auto kind = d.at("kind").get<std::string>();
    if (kind == "random") return {RandomMasking{d.at("ratio").get<double>()}};
    if (kind == "block")
        return {BlockMasking{d.at("ratio").get<double>(), d.at("smallest").get<Index>(),
                             d.at("narrowest").get<double>()}};
    if (kind == "grid") return {GridMasking{d.at("stride").get<Index>()}};
    throw ConfigError(message("this program does not know the masking policy '", kind,
                              "'; load the checkpoint from a program that has it"));
}

inline AnyMomentum momentum_from(const nlohmann::json& d) {
    const double from = d.at("from").get<double>(), to = d.at("to").get<double>();
    if (d.at("kind") == "published") return {PublishedMomentum{from, to}};
    if (d.at("kind") == "released") return {ReleasedMomentum{from, to}};
    throw ConfigError(message("this program does not know the momentum schedule ", d.at("kind").dump()));
}
inline PixelLoss pixel_loss_from(const nlohmann::json& d) {
    return d.at("pixel_loss") == "normalized" ? PixelLoss::normalized : PixelLoss::plain;
}

}  // namespace detail

/// The method that `describe` described.
/// @throws IoError where the description is incomplete; ConfigError where it names something unknown or
/// impossible.
inline AnyMethod method_from(const nlohmann::json& description) {
    try {
        const auto method = description.at("method").get<std::string>();
        if (method == "mae")
            return MaskedAutoencoder<AnyMasking>(
                {.encoder = detail::vit_from(description.at("encoder")),
                 .decoder = detail::transformer_from(description.at("decoder")),
                 .masking = detail::masking_from(description.at("masking")),
                 .pixel_loss = detail::pixel_loss_from(description)});
        if (method == "rc-mae")
            return RcMae<AnyMasking, EmaTeacher<AnyMomentum>>(
                {.encoder = detail::vit_from(description.at("encoder")),
                 .decoder = detail::transformer_from(description.at("decoder")),
                 .masking = detail::masking_from(description.at("masking")),
                 .pixel_loss = detail::pixel_loss_from(description),
                 .teacher = {detail::momentum_from(description.at("momentum"))},
                 .consistency = description.at("consistency").get<double>(),
                 .other_mask = description.at("other_mask").get<bool>()});
        if (method == "supervised")
            return VitClassifier(
                {.encoder = detail::vit_from(description.at("encoder")),
                 .classes = description.at("classes").get<Index>(),
                 .pooling = description.at("pooling") == "average" ? Pooling::average : Pooling::class_token,
                 .positions =
                     description.at("positions") == "learned" ? PositionKind::learned : PositionKind::fixed,
                 .label_smoothing = description.at("label_smoothing").get<double>()});
        throw ConfigError(message("unknown method '", method, "'; known are mae, rc-mae and supervised"));
    } catch (const nlohmann::json::exception& error) {
        throw IoError(message("the description of the model is incomplete: ", error.what()));
    }
}

}  // namespace vitscape
