// SPDX-License-Identifier: Apache-2.0
//
// A Vision Transformer in plain loops over doubles, every token of every block, patches in the image's own order: what the
// methods, which reorder and leave out, are compared with.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/nn/vit.hpp>

namespace vitscape::test {

/// Rows of numbers.
using Rows = std::vector<std::vector<double>>;

/// A model's parameters by name, from the flat vector.
class PlainParameters {
  public:
    PlainParameters(const ParameterLayout& layout, const std::vector<double>& theta)
        : layout_(layout), theta_(theta) {}
    [[nodiscard]] const double* operator[](const std::string& name) const {
        return theta_.data() + layout_.find(name)->slot.offset;
    }

  private:
    const ParameterLayout& layout_;
    const std::vector<double>& theta_;
};

inline std::vector<double> plain_linear(const std::vector<double>& x, const double* weight,
                                        const double* bias, std::size_t out) {
    std::vector<double> y(out);
    for (std::size_t o = 0; o < out; ++o) {
        y[o] = bias[o];
        for (std::size_t i = 0; i < x.size(); ++i) y[o] += weight[o * x.size() + i] * x[i];
    }
    return y;
}
/// (x - mean) / sqrt(biased variance + 1e-6)
inline std::vector<double> plain_standardize(std::vector<double> x) {
    double mean = 0, variance = 0;
    for (const double v : x) mean += v / static_cast<double>(x.size());
    for (const double v : x) variance += (v - mean) * (v - mean) / static_cast<double>(x.size());
    for (double& v : x) v = (v - mean) / std::sqrt(variance + 1e-6);
    return x;
}
inline std::vector<double> plain_layer_norm(const std::vector<double>& x, const double* weight,
                                            const double* bias) {
    std::vector<double> y = plain_standardize(x);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = y[i] * weight[i] + bias[i];
    return y;
}
inline double plain_gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); }

inline Rows plain_block(const PlainParameters& p, const std::string& name, const Rows& x, std::size_t heads,
                        std::size_t hidden) {
    const std::size_t tokens = x.size(), width = x.front().size(), size = width / heads;
    Rows qkv, y = x;
    for (const auto& row : x)
        qkv.push_back(plain_linear(plain_layer_norm(row, p[name + ".norm1.weight"], p[name + ".norm1.bias"]),
                                   p[name + ".attn.qkv.weight"], p[name + ".attn.qkv.bias"], 3 * width));
    for (std::size_t i = 0; i < tokens; ++i) {
        std::vector<double> attended(width);
        for (std::size_t h = 0; h < heads; ++h) {
            std::vector<double> weight(tokens);
            double sum = 0;
            for (std::size_t j = 0; j < tokens; ++j) {
                double score = 0;
                for (std::size_t c = 0; c < size; ++c)
                    score += qkv[i][h * size + c] * qkv[j][width + h * size + c];
                weight[j] = std::exp(score / std::sqrt(static_cast<double>(size)));
                sum += weight[j];
            }
            for (std::size_t j = 0; j < tokens; ++j)
                for (std::size_t c = 0; c < size; ++c)
                    attended[h * size + c] += weight[j] / sum * qkv[j][2 * width + h * size + c];
        }
        const auto out =
            plain_linear(attended, p[name + ".attn.proj.weight"], p[name + ".attn.proj.bias"], width);
        for (std::size_t c = 0; c < width; ++c) y[i][c] += out[c];
    }
    for (auto& row : y) {
        auto inner = plain_linear(plain_layer_norm(row, p[name + ".norm2.weight"], p[name + ".norm2.bias"]),
                                  p[name + ".mlp.fc1.weight"], p[name + ".mlp.fc1.bias"], hidden);
        for (double& v : inner) v = plain_gelu(v);
        const auto out = plain_linear(inner, p[name + ".mlp.fc2.weight"], p[name + ".mlp.fc2.bias"], width);
        for (std::size_t c = 0; c < width; ++c) row[c] += out[c];
    }
    return y;
}

/// Numbers of a patch, channel by channel, or pixel by pixel.
inline std::vector<double> plain_patch(const xt::xtensor<double, 4>& images, std::size_t sample,
                                       std::size_t patch, std::size_t side, bool channels_last) {
    const std::size_t columns = images.shape(3) / side, top = patch / columns * side,
                      left = patch % columns * side;
    std::vector<double> numbers;
    if (channels_last) {
        for (std::size_t y = 0; y < side; ++y)
            for (std::size_t x = 0; x < side; ++x)
                for (std::size_t c = 0; c < 3; ++c) numbers.push_back(images(sample, c, top + y, left + x));
    } else {
        for (std::size_t c = 0; c < 3; ++c)
            for (std::size_t y = 0; y < side; ++y)
                for (std::size_t x = 0; x < side; ++x)
                    numbers.push_back(images(sample, c, top + y, left + x));
    }
    return numbers;
}

/// All tokens of an encoder, the class token and then the patches, after each block: (blocks, tokens, width).
/// @param masked  whether a patch is replaced by the mask token
inline std::vector<Rows> plain_encoder(const VitShape& shape, const PlainParameters& p,
                                       const xt::xtensor<double, 4>& images, std::size_t sample,
                                       const std::function<bool(std::size_t)>& masked) {
    const auto width = static_cast<std::size_t>(shape.transformer.width),
               patches = static_cast<std::size_t>(shape.grid().count());
    const std::vector<double> positions = sin_cos_positions(shape.transformer.width, shape.grid().side());
    Rows x{{p["cls_token"], p["cls_token"] + width}};
    for (std::size_t i = 0; i < patches; ++i)
        x.push_back(
            masked(i)
                ? std::vector<double>(p["mask_token"], p["mask_token"] + width)
                : plain_linear(plain_patch(images, sample, i, static_cast<std::size_t>(shape.patch), false),
                               p["patch_embed.proj.weight"], p["patch_embed.proj.bias"], width));
    for (std::size_t t = 0; t < x.size(); ++t)
        for (std::size_t c = 0; c < width; ++c) x[t][c] += positions[t * width + c];
    std::vector<Rows> all;
    for (Index i = 0; i < shape.transformer.depth; ++i) {
        x = plain_block(p, "blocks." + std::to_string(i), x,
                        static_cast<std::size_t>(shape.transformer.heads),
                        static_cast<std::size_t>(shape.transformer.hidden()));
        all.push_back(x);
    }
    return all;
}

}  // namespace vitscape::test
