// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <vitscape/autograd/ops/checkpointed.hpp>
#include <vitscape/core/fields.hpp>
#include <vitscape/nn/block.hpp>
#include <vitscape/nn/patches.hpp>
#include <vitscape/nn/positions.hpp>

namespace vitscape {

/// Width, depth and heads of a Transformer.
struct TransformerShape {
    Index width = 768, depth = 12, heads = 12;
    double mlp_ratio = 4;  ///< hidden width of the MLP divided by `width`

    /// So far that products of them are counted without overflow; memory ends much before.
    static constexpr Range widths = Range::count(1, 1 << 22), depths = Range::count(1, 1000);

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("width", self.width, "", "numbers per token", widths);
        visit("depth", self.depth, "", "blocks", depths);
        visit("heads", self.heads, "", "attention heads", widths);
        visit("mlp_ratio", self.mlp_ratio, "", "hidden width of the MLP over the width", Range{0, 64, true});
    }

    [[nodiscard]] Index hidden() const {
        return static_cast<Index>(std::lround(static_cast<double>(width) * mlp_ratio));
    }

    /// @param what  "encoder" or "decoder", for error messages.
    /// @throws ConfigError if the heads do not divide the width, or a value is not positive.
    void check(const std::string& what) const {
        check_ranges(*this);
        if (hidden() <= 0)
            throw ConfigError(message("an ", what, " of width ", width, ", depth ", depth, ", ", heads,
                                      " heads and MLP ratio ", mlp_ratio,
                                      " was requested; all must be positive"));
        if (width % heads != 0)
            throw ConfigError(message(what, ": ", heads, " heads do not divide the width ", width,
                                      "; choose a width that is a multiple of the heads"));
        if (width % 4 != 0)
            throw ConfigError(message(what, ": the width ", width,
                                      " is not a multiple of 4, which sine-cosine positions need"));
    }
};

/// The encoder of a Vision Transformer: how images are divided into patches and encoded.
struct VitShape {
    Index image = 224, patch = 16;
    TransformerShape transformer;

    static constexpr Range sides = Range::count(1, 1 << 15);

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("image", self.image, "", "image side in pixels", sides);
        visit("patch", self.patch, "", "patch side in pixels", sides);
        TransformerShape::fields(self.transformer, visit);
    }
    [[nodiscard]] PatchGrid grid() const { return {.image = image, .patch = patch}; }
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
        for (Index i = 0; i < shape.transformer.depth; ++i)
            encoder.blocks.push_back(Block::add(layout, "blocks." + std::to_string(i), width,
                                                shape.transformer.heads, shape.transformer.hidden()));
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
