// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <vitscape/autograd/ops/attention.hpp>
#include <vitscape/autograd/ops/layer_norm.hpp>
#include <vitscape/autograd/ops/layer_scale.hpp>
#include <vitscape/autograd/ops/linear.hpp>
#include <vitscape/autograd/ops/scale_samples.hpp>
#include <vitscape/autograd/ops/tokens.hpp>
#include <vitscape/nn/parameter_layout.hpp>
#include <vitscape/nn/transformer_shape.hpp>

namespace vitscape {

/// Adds `name`.weight (out, in) and `name`.bias (out, zeros); the weight is Xavier-uniform by default.
inline LinearParameters add_linear(ParameterLayout& layout, const std::string& name, Index in, Index out,
                                   std::optional<Initializer> initializer = {}) {
    const Initializer how = initializer.value_or(Initializer::xavier_uniform(in, out));
    return {layout.add(name + ".weight", {out, in}, ParameterKind::weight, how),
            layout.add(name + ".bias", {out}, ParameterKind::bias, Initializer::zeros())};
}

/// Adds `name`.weight (ones) and `name`.bias (zeros).
inline LayerNormParameters add_layer_norm(ParameterLayout& layout, const std::string& name,
                                          const TransformerShape& shape) {
    return {.weight = layout.add(name + ".weight", {shape.width}, ParameterKind::norm, Initializer::ones()),
            .bias = layout.add(name + ".bias", {shape.width}, ParameterKind::norm, Initializer::zeros()),
            .epsilon = shape.norm_epsilon};
}

/// Per-sample weights of a block's residual branches: attention in row `first_row` of `scales` (rows, samples), MLP in
/// the next row.
template <Backend B>
struct BranchScales {
    const Tensor<Master<B>>& scales;
    Index first_row;
};

/// A pre-norm Transformer block (Dosovitskiy et al. 2021, arXiv 2010.11929, eq. 2 and 3).
struct Block {
    LayerNormParameters norm1;
    LinearParameters qkv, projection;
    LayerNormParameters norm2;
    LinearParameters fc1, fc2;
    std::optional<ParameterSlot> scale1, scale2;  // (width): layer scale of attention and MLP
    Index heads = 1;

    /// Adds the block's parameters under `prefix` with the reference's names.
    static Block add(ParameterLayout& layout, const std::string& prefix, const TransformerShape& shape) {
        const Index width = shape.width, hidden = shape.hidden();
        Block block;
        block.heads = shape.heads;
        block.norm1 = add_layer_norm(layout, prefix + ".norm1", shape);
        block.qkv = add_linear(layout, prefix + ".attn.qkv", width, 3 * width);
        block.projection = add_linear(layout, prefix + ".attn.proj", width, width);
        block.norm2 = add_layer_norm(layout, prefix + ".norm2", shape);
        block.fc1 = add_linear(layout, prefix + ".mlp.fc1", width, hidden);
        block.fc2 = add_linear(layout, prefix + ".mlp.fc2", hidden, width);
        if (shape.layer_scale) {
            const auto add_scale = [&](const char* name) {
                return layout.add(prefix + name, {width}, ParameterKind::norm, Initializer::ones());
            };
            block.scale1 = add_scale(".ls1.gamma");
            block.scale2 = add_scale(".ls2.gamma");
        }
        layout.add_block({.name = prefix,
                          .heads = shape.heads,
                          .qkv_weight = block.qkv.weight,
                          .qkv_bias = block.qkv.bias,
                          .projection_weight = block.projection.weight,
                          .fc1_weight = block.fc1.weight,
                          .fc1_bias = block.fc1.bias,
                          .fc2_weight = block.fc2.weight});
        return block;
    }

    /// x = x + Attention(LN(x)); x + MLP(LN(x)), for tokens first to first + count - 1 of each sample, which attend
    /// to all tokens. The last block of a model computes only the tokens that are read; their values are
    /// unaffected.
    /// @param x  (samples, tokens, width); returns (samples, count, width).
    /// @param scales  weights of the branches, if any (drop path).
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> forward(R& recorder, const Variable<B>& x, Index first, Index count,
                        const BranchScales<B>* scales = nullptr) const {
        const AttentionShape shape{.samples = x.shape()[0],
                                   .tokens = x.shape()[1],
                                   .heads = heads,
                                   .head_width = x.shape()[2] / heads,
                                   .first_query = first,
                                   .queries = count};
        Variable<B> attended;  // (samples, count, width)
        {
            const Variable<B> packed =
                linear(recorder, layer_norm(recorder, x, norm1), qkv);  // (samples, tokens, 3 width)
            attended = attention(recorder, packed, shape);
        }
        const Variable<B> residual = select_tokens(recorder, x, first, count);
        const Variable<B> y = add_branch(recorder, attended, projection, scale1, residual, scales,
                                         0);  // (samples, count, width)
        attended = {};
        const Variable<B> hidden =
            linear_gelu(recorder, layer_norm(recorder, y, norm2), fc1);  // (samples, count, hidden)
        return add_branch(recorder, hidden, fc2, scale2, y, scales, 1);
    }
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> forward(R& recorder, const Variable<B>& x) const {
        return forward(recorder, x, 0, x.shape()[1]);
    }

  private:
    /// residual + [scale of each sample] [scale of each channel] (x W^T + b)
    template <Recorder R, class B = typename R::BackendType>
    static Variable<B> add_branch(R& recorder, const Variable<B>& x, const LinearParameters& layer,
                                  const std::optional<ParameterSlot>& channels, const Variable<B>& residual,
                                  const BranchScales<B>* scales, Index branch) {
        if (scales == nullptr && !channels) return linear(recorder, x, layer, residual);
        Variable<B> y = linear(recorder, x, layer);
        if (channels) y = layer_scale(recorder, y, *channels, scales == nullptr ? &residual : nullptr);
        if (scales == nullptr) return y;
        return add_scaled_samples(recorder, residual, y, scales->scales, scales->first_row + branch);
    }
};

}  // namespace vitscape
