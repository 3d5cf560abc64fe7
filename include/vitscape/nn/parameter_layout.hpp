// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/autograd/parameter.hpp>
#include <vitscape/core/random.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// The kind of a parameter; determines weight decay and how a landscape's normalization treats it.
enum class ParameterKind { weight, bias, norm, token, position };

/// How a parameter is initialized.
struct Initializer {
    enum class Kind { zeros, ones, normal, truncated_normal, xavier_uniform };
    Kind kind = Kind::zeros;
    double deviation = 0;           ///< Standard deviation (normal, truncated_normal; the latter cut at +-2).
    Index fan_in = 0, fan_out = 0;  ///< For xavier_uniform: U(-a, a), a = sqrt(6 / (fan_in + fan_out)).

    static Initializer zeros() { return {}; }
    static Initializer ones() { return {.kind = Kind::ones}; }
    static Initializer normal(double deviation) { return {.kind = Kind::normal, .deviation = deviation}; }
    static Initializer truncated_normal(double deviation) {
        return {.kind = Kind::truncated_normal, .deviation = deviation};
    }
    static Initializer xavier_uniform(Index fan_in, Index fan_out) {
        return {.kind = Kind::xavier_uniform, .fan_in = fan_in, .fan_out = fan_out};
    }
};

/// One named tensor of a model inside the flat parameter vector.
struct ParameterInfo {
    std::string name;    ///< as in the reference's checkpoints, e.g. "blocks.0.attn.qkv.weight".
    ParameterSlot slot;  ///< Offset and shape.
    ParameterKind kind = ParameterKind::weight;
    Initializer initializer;

    [[nodiscard]] Index size() const { return slot.shape.size(); }
    /// Whether weight decay applies: parameters of two or more dimensions, as in the reference.
    [[nodiscard]] bool decays() const { return slot.shape.rank() >= 2; }
    /// Filters are the slices along the first axis of a parameter of two or more dimensions (a linear layer's
    /// output units).
    [[nodiscard]] Index filters() const { return slot.shape.rank() >= 2 ? slot.shape[0] : 0; }
};

/// Where the numbers of a Transformer block are that can be rewritten without a change of its function: other orders of heads, of
/// coordinates within a head and of hidden units, and other coordinates of a head.
struct BlockSlots {
    std::string name = {};  ///< the beginning of its parameters' names, e.g. "blocks.0"
    Index heads = 1;
    ParameterSlot qkv_weight = {};         ///< (3 width, width): query, key and value of all heads
    ParameterSlot qkv_bias = {};           ///< (3 width)
    ParameterSlot projection_weight = {};  ///< (width, width); its columns belong to the heads
    ParameterSlot fc1_weight = {};         ///< (hidden, width)
    ParameterSlot fc1_bias = {};           ///< (hidden)
    ParameterSlot fc2_weight = {};         ///< (width, hidden)

    [[nodiscard]] Index width() const { return projection_weight.shape[0]; }
    [[nodiscard]] Index head_width() const { return width() / heads; }
    [[nodiscard]] Index hidden() const { return fc1_weight.shape[0]; }
};

/// The offset and shape of each parameter in the flat vector. A model consists of its configuration and its layout; the
/// values are stored elsewhere.
class ParameterLayout {
  public:
    /// Appends a parameter. @throws ConfigError for a name that already exists.
    ParameterSlot add(std::string name, const Shape& shape, ParameterKind kind,
                      const Initializer& initializer) {
        if (find(name) != nullptr) throw ConfigError(message("two parameters are called '", name, "'"));
        const ParameterSlot slot{size_, shape};
        size_ += shape.size();
        parameters_.push_back({std::move(name), slot, kind, initializer});
        return slot;
    }

    /// Notes that parameters that were added form a Transformer block.
    void add_block(BlockSlots block) { blocks_.push_back(std::move(block)); }

    /// Length of the flat vector.
    [[nodiscard]] Index size() const { return size_; }
    [[nodiscard]] const std::vector<ParameterInfo>& parameters() const { return parameters_; }
    /// The Transformer blocks, those of a decoder last.
    [[nodiscard]] const std::vector<BlockSlots>& blocks() const { return blocks_; }
    /// nullptr if no parameter has this name.
    [[nodiscard]] const ParameterInfo* find(const std::string& name) const {
        for (const ParameterInfo& parameter : parameters_)
            if (parameter.name == name) return &parameter;
        return nullptr;
    }

  private:
    std::vector<ParameterInfo> parameters_;
    std::vector<BlockSlots> blocks_;
    Index size_ = 0;
};

/// Initial values of all parameters, a function of (seed, parameter's position in the layout, element).
inline std::vector<double> initial_values(const ParameterLayout& layout, std::uint64_t seed) {
    std::vector<double> values(static_cast<std::size_t>(layout.size()));
    std::uint32_t position = 0;
    for (const ParameterInfo& parameter : layout.parameters()) {
        const RandomKey key{.seed = seed, .purpose = Purpose::initial_weights, .sample = position++};
        const Initializer& how = parameter.initializer;
        RandomSequence random(key);
        for (Index i = 0; i < parameter.size(); ++i) {
            double value = 0;
            switch (how.kind) {
                case Initializer::Kind::zeros:
                    break;
                case Initializer::Kind::ones:
                    value = 1;
                    break;
                case Initializer::Kind::normal:
                    value = how.deviation * random_normal(key, static_cast<std::uint64_t>(i));
                    break;
                case Initializer::Kind::truncated_normal:
                    do value = how.deviation * random.normal();
                    while (std::abs(value) > 2);
                    break;
                case Initializer::Kind::xavier_uniform: {
                    const double limit = std::sqrt(6.0 / static_cast<double>(how.fan_in + how.fan_out));
                    value = limit * (2 * random_uniform(key, static_cast<std::uint64_t>(i)) - 1);
                    break;
                }
            }
            values[static_cast<std::size_t>(parameter.slot.offset + i)] = value;
        }
    }
    return values;
}

}  // namespace vitscape
