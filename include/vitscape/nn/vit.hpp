// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/autograd/ops/checkpointed.hpp>
#include <vitscape/core/fields.hpp>
#include <vitscape/nn/block.hpp>
#include <vitscape/nn/patches.hpp>
#include <vitscape/nn/positions.hpp>
#include <vitscape/nn/transformer_shape.hpp>

namespace vitscape {

/// The encoder of a Vision Transformer: how images are divided into patches and encoded.
struct VitShape {
    Index image = 224, patch = 16;
    TransformerShape transformer{};
    Index registers = 0;  ///< learned tokens besides class and patches (Darcet et al. 2024, arXiv 2309.16588)

    static constexpr Range sides = Range::count(1, 1 << 15);

    static constexpr std::array<std::string_view, 3> newer_fields{"norm_epsilon", "layer_scale", "registers"};
    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("image", self.image, "", "image side in pixels", sides);
        visit("patch", self.patch, "", "patch side in pixels", sides);
        TransformerShape::fields(self.transformer, visit);
        visit("registers", self.registers, "", "learned tokens that nothing reads", Range::count(0, 1000));
    }
    [[nodiscard]] PatchGrid grid() const { return {.image = image, .patch = patch}; }
    /// Class token, patches and registers.
    [[nodiscard]] Index tokens() const { return 1 + grid().count() + registers; }
    /// @throws ConfigError if there are registers, for methods that do not place them
    void require_no_registers(const char* method) const {
        if (registers != 0)
            throw ConfigError(message(method, " has no registers; ", registers, " were requested"));
    }
    void check() const {
        grid().check();
        transformer.check("encoder");
        check_ranges(*this);
    }
};

/// Named sizes; tiny and small as in RC-MAE (Lee et al. 2023, arXiv 2210.02077), the others as in MAE.
inline VitShape vit_tiny(Index image = 224, Index patch = 16) { return {image, patch, {192, 12, 3}}; }
inline VitShape vit_small(Index image = 224, Index patch = 16) { return {image, patch, {384, 12, 6}}; }
inline VitShape vit_base(Index image = 224, Index patch = 16) { return {image, patch, {768, 12, 12}}; }
inline VitShape vit_large(Index image = 224, Index patch = 16) { return {image, patch, {1024, 24, 16}}; }
inline VitShape vit_huge(Index image = 224, Index patch = 14) { return {image, patch, {1280, 32, 16}}; }

/// The parameters of a ViT encoder up to its last block, shared by the masked autoencoder and the classifier.
struct VitEncoder {
    ParameterSlot class_token;         // (1, 1, width)
    ParameterSlot register_tokens;     // (1, registers, width), if there are any
    LinearParameters patch_embedding;  // weight stored as (width, channels, patch, patch)
    std::vector<Block> blocks;
    VitShape shape;

    static VitEncoder add(ParameterLayout& layout, const VitShape& shape) {
        shape.check();
        VitEncoder encoder;
        encoder.shape = shape;
        const Index width = shape.transformer.width, size = shape.grid().size();
        encoder.class_token =
            layout.add("cls_token", {1, 1, width}, ParameterKind::token, Initializer::normal(0.02));
        ParameterSlot weight = layout.add("patch_embed.proj.weight", {width, 3, shape.patch, shape.patch},
                                          ParameterKind::weight, Initializer::xavier_uniform(size, width));
        weight.shape = Shape{width, size};  // the convolution is a matrix product of patches
        encoder.patch_embedding = {
            weight, layout.add("patch_embed.proj.bias", {width}, ParameterKind::bias, Initializer::zeros())};
        if (shape.registers > 0)
            encoder.register_tokens = layout.add("register_tokens", {1, shape.registers, width},
                                                 ParameterKind::token, Initializer::normal(0.02));
        for (Index i = 0; i < shape.transformer.depth; ++i)
            encoder.blocks.push_back(Block::add(layout, "blocks." + std::to_string(i), shape.transformer));
        return encoder;
    }

    /// Class token and embedded patches without positions.
    /// @param patches  (samples, count, channels * patch * patch), channel first; returns (samples, 1 +
    /// count, width).
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> embed(R& recorder, const Tensor<B>& patches) const {
        const Variable<B> embedded = linear(recorder, recorder.constant(patches), patch_embedding);
        return concatenate_tokens<R, B>(
            recorder, patches.shape()[0], shape.transformer.width,
            {{.token = &class_token, .count = 1}, {.rows = &embedded, .count = patches.shape()[1]}});
    }

    /// The same followed by `masked` copies of a learned token: class token, embedded patches, mask tokens, without
    /// positions.
    /// @param visible  (samples, count, channels * patch * patch); returns (samples, 1 + count + masked, width).
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> embed_masked(R& recorder, const Tensor<B>& visible, const ParameterSlot& mask_token,
                             Index masked) const {
        const Variable<B> embedded = linear(recorder, recorder.constant(visible), patch_embedding);
        return concatenate_tokens<R, B>(recorder, visible.shape()[0], shape.transformer.width,
                                        {{.token = &class_token, .count = 1},
                                         {.rows = &embedded, .count = visible.shape()[1]},
                                         {.token = &mask_token, .count = masked}});
    }

    /// The tokens with positions (samples, 1 + patches, width), followed by the registers, which have none. Attention is invariant to
    /// the order.
    template <Recorder R, class B = typename R::BackendType>
    Variable<B> add_registers(R& recorder, const Variable<B>& x) const {
        if (shape.registers == 0) return x;
        return concatenate_tokens<R, B>(
            recorder, x.shape()[0], x.shape()[2],
            {{.rows = &x, .count = x.shape()[1]}, {.token = &register_tokens, .count = shape.registers}});
    }
};

namespace detail {
/// One block of `run_blocks`, on any recorder; nvcc does not take a generic lambda here.
template <Backend B>
struct RunBlock {
    const Block* block;
    Index first, count;
    Tensor<Master<B>> scales;
    Index row;  // of the scales
    template <Recorder R>
    Variable<B> operator()(R& recorder, const Variable<B>& x) const {
        const BranchScales<B> of_block{scales, row};
        return block->forward(recorder, x, first, count, scales.empty() ? nullptr : &of_block);
    }
};
}  // namespace detail

/// Runs blocks in sequence; the last computes only tokens first to first + count - 1.
/// @param scales  weights of the residual branches (2 * blocks, samples) for drop path; empty: all are 1.
template <Recorder R, class B = typename R::BackendType>
Variable<B> run_blocks(R& recorder, const std::vector<Block>& blocks, Variable<B> x, Index first, Index count,
                       const Tensor<Master<B>>& scales = {}) {
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const bool last = i + 1 == blocks.size();
        x = checkpointed(recorder, x,
                         detail::RunBlock<B>{&blocks[i], last ? first : 0, last ? count : x.shape()[1],
                                             scales, 2 * static_cast<Index>(i)});
    }
    return x;
}

}  // namespace vitscape
