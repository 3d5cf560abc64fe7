// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/nn/parameter_layout.hpp>

namespace vitscape {

/// An order of the attention heads and of the hidden MLP units of a Transformer block: the head at place i was at place heads[i].
/// What the block computes does not depend on it.
struct BlockPermutation {
    std::string block;                ///< its name, "blocks.0"
    std::vector<Index> heads, units;  ///< each number once

    friend bool operator==(const BlockPermutation&, const BlockPermutation&) = default;
};

/// The Transformer blocks of a layout, in its order: "blocks.0", …, "decoder_blocks.0", ….
[[nodiscard]] inline std::vector<std::string> transformer_blocks(const ParameterLayout& layout) {
    const std::string ending = ".attn.qkv.weight";
    std::vector<std::string> names;
    for (const ParameterInfo& parameter : layout.parameters())
        if (parameter.name.ends_with(ending))
            names.push_back(parameter.name.substr(0, parameter.name.size() - ending.size()));
    return names;
}

/// One head or unit of a block in the flat vector: `count` slices of `size` elements, `stride` apart.
struct ParameterSlices {
    Index offset = 0, count = 1, size = 0, stride = 0;
};

namespace detail {

/// @throws ConfigError where the layout has no such parameter
inline const ParameterInfo& parameter_of(const ParameterLayout& layout, const std::string& block,
                                         const std::string& name) {
    if (const ParameterInfo* found = layout.find(block + name)) return *found;
    throw ConfigError(
        message("the model has no parameter ", block, name, "; '", block, "' is no Transformer block of it"));
}
/// Rows [first, first + rows) of a matrix or of a vector.
inline ParameterSlices rows_of(const ParameterInfo& parameter, Index first, Index rows) {
    const Index width = parameter.size() / parameter.slot.shape[0];
    return {parameter.slot.offset + first * width, 1, rows * width, 0};
}
/// Columns [first, first + columns) of a matrix.
inline ParameterSlices columns_of(const ParameterInfo& parameter, Index first, Index columns) {
    const Index width = parameter.slot.shape[1];
    return {parameter.slot.offset + first, parameter.slot.shape[0], columns, width};
}

/// Reorders equal slices: those at place i become those that were at place order[i]. @param slices  of each place
inline void reorder(const std::vector<std::vector<ParameterSlices>>& slices, const std::vector<Index>& order,
                    std::span<double> theta) {
    std::vector<Index> numbers = order;
    std::sort(numbers.begin(), numbers.end());
    std::vector<Index> all(slices.size());
    std::iota(all.begin(), all.end(), Index{0});
    if (numbers != all)
        throw ConfigError(message("an order of ", slices.size(),
                                  " heads or units must have each number from 0 to ", slices.size() - 1,
                                  " once"));
    const std::vector<double> before(theta.begin(), theta.end());
    for (std::size_t place = 0; place < slices.size(); ++place)
        for (std::size_t k = 0; k < slices[place].size(); ++k) {
            const ParameterSlices& to = slices[place][k];
            const ParameterSlices& from = slices[static_cast<std::size_t>(order[place])][k];
            for (Index i = 0; i < to.count; ++i)
                std::copy_n(before.begin() + from.offset + i * from.stride, to.size,
                            theta.begin() + to.offset + i * to.stride);
        }
}

}  // namespace detail

/// Where the parameters of each attention head are: its rows of query, key and value (weight and bias) and its columns of the
/// output projection. @throws ConfigError if the heads do not divide the width, or there is no such block
[[nodiscard]] inline std::vector<std::vector<ParameterSlices>> head_slices(const ParameterLayout& layout,
                                                                           const std::string& block,
                                                                           Index heads) {
    using namespace detail;
    const ParameterInfo &weight = parameter_of(layout, block, ".attn.qkv.weight"),
                        &bias = parameter_of(layout, block, ".attn.qkv.bias"),
                        &projection = parameter_of(layout, block, ".attn.proj.weight");
    const Index width = projection.slot.shape[1];
    if (heads < 1 || width % heads != 0)
        throw ConfigError(message(block, ": ", heads, " heads do not divide the width ", width));
    const Index size = width / heads;
    std::vector<std::vector<ParameterSlices>> all;
    for (Index head = 0; head < heads; ++head) {
        auto& slices = all.emplace_back();
        for (Index part = 0; part < 3; ++part) {  // query, key, value
            slices.push_back(rows_of(weight, part * width + head * size, size));
            slices.push_back(rows_of(bias, part * width + head * size, size));
        }
        slices.push_back(columns_of(projection, head * size, size));
    }
    return all;
}

/// Where the parameters of each hidden unit of the MLP are: its row of fc1 (weight and bias) and its column of fc2.
[[nodiscard]] inline std::vector<std::vector<ParameterSlices>> unit_slices(const ParameterLayout& layout,
                                                                           const std::string& block) {
    using namespace detail;
    const ParameterInfo &in = parameter_of(layout, block, ".mlp.fc1.weight"),
                        &bias = parameter_of(layout, block, ".mlp.fc1.bias"),
                        &out = parameter_of(layout, block, ".mlp.fc2.weight");
    std::vector<std::vector<ParameterSlices>> all;
    for (Index unit = 0; unit < in.slot.shape[0]; ++unit)
        all.push_back({rows_of(in, unit, 1), rows_of(bias, unit, 1), columns_of(out, unit, 1)});
    return all;
}

/// Rewrites the flat vector `theta` by an order of the heads and hidden units of one block. The function of the model stays.
/// @throws ShapeError unless theta has the layout's size; ConfigError for an order that is none, or a block that the model lacks
inline void permute(const ParameterLayout& layout, const BlockPermutation& order, std::span<double> theta) {
    if (static_cast<Index>(theta.size()) != layout.size())
        throw ShapeError(
            message("the model has ", layout.size(), " parameters, ", theta.size(), " were given"));
    detail::reorder(head_slices(layout, order.block, static_cast<Index>(order.heads.size())), order.heads,
                    theta);
    detail::reorder(unit_slices(layout, order.block), order.units, theta);
}

}  // namespace vitscape
