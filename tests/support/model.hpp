// SPDX-License-Identifier: Apache-2.0
//
// Models of the reference values, and comparisons with a tolerance that belongs to the scalar type.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/methods/masked_autoencoder.hpp>
#include <vitscape/methods/vit_classifier.hpp>
#include <vitscape/tensor/vector.hpp>

#include "support/golden.hpp"

namespace vitscape::test {

/// Largest relative difference that a scalar type may have to a value computed in double by another program.
template <class B>
constexpr double golden_tolerance = std::is_same_v<typename B::Storage, float> ? 1e-4 : 1e-9;

/// |a - b| / |b| over all numbers, in the Euclidean norm.
inline double relative_difference(const std::vector<double>& a, const std::vector<double>& b) {
    if (a.size() != b.size()) return INFINITY;
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        norm += b[i] * b[i];
    }
    return norm > 0 ? std::sqrt(difference / norm) : std::sqrt(difference);
}

/// Largest |a - b| over the largest |b|: no number may be off, however small the norm of the difference.
inline double worst_difference(const std::vector<double>& a, const std::vector<double>& b) {
    if (a.size() != b.size()) return INFINITY;
    double difference = 0, largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference = std::max(difference, std::abs(a[i] - b[i]));
        largest = std::max(largest, std::abs(b[i]));
    }
    return largest > 0 ? difference / largest : difference;
}

inline double relative_difference(double a, double b) { return std::abs(a - b) / std::abs(b); }

/// The shape of a model in a reference's JSON (`config` of mae.json and hessian.json).
inline MaskedAutoencoderConfig<> golden_autoencoder(const nlohmann::json& config, double mask_ratio) {
    const auto number = [&](const char* key) { return config.at(key).get<Index>(); };
    const double mlp_ratio = config.at("mlp_ratio").get<double>();
    return {.encoder = {number("img_size"),
                        number("patch_size"),
                        {number("embed_dim"), number("depth"), number("num_heads"), mlp_ratio}},
            .decoder = {number("decoder_embed_dim"), number("decoder_depth"), number("decoder_num_heads"),
                        mlp_ratio},
            .masking = {mask_ratio}};
}

/// The flat vector of a model from tensors called `prefix` + parameter name.
inline std::vector<double> golden_vector(const ParameterLayout& layout, const SafeTensors& file,
                                         const std::string& prefix) {
    std::vector<double> flat(static_cast<std::size_t>(layout.size()));
    for (const ParameterInfo& parameter : layout.parameters()) {
        const std::vector<double> values = file.at(prefix + parameter.name).to<double>();
        if (static_cast<Index>(values.size()) != parameter.size())
            throw ShapeError(message(parameter.name, " of ", values.size(), " numbers in the reference"));
        std::copy(values.begin(), values.end(), flat.begin() + parameter.slot.offset);
    }
    return flat;
}

/// Images (n, 3, h, w) of a reference.
inline xt::xtensor<double, 4> golden_images(const SafeTensors& file) {
    const auto& tensor = file.at("images");
    const std::vector<double> values = tensor.to<double>();
    std::array<std::size_t, 4> shape{};
    for (std::size_t axis = 0; axis < 4; ++axis) shape[axis] = static_cast<std::size_t>(tensor.shape[axis]);
    xt::xtensor<double, 4> images(shape);
    std::copy(values.begin(), values.end(), images.begin());
    return images;
}

}  // namespace vitscape::test
