// SPDX-License-Identifier: Apache-2.0
//
// Where the heads and hidden units of a Transformer block are in the flat vector, to rewrite a model.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <Eigen/Core>
#include <Eigen/LU>

#include <vitscape/nn/parameter_layout.hpp>

namespace vitscape::test {

/// `count` slices of `size` elements of the flat vector, `stride` apart.
struct Slices {
    Index offset = 0, count = 1, size = 0, stride = 0;

    /// Rows [first, first + rows) of a matrix or of a vector.
    static Slices rows(const ParameterInfo& parameter, Index first, Index rows) {
        const Index width = parameter.size() / parameter.slot.shape[0];
        return {parameter.slot.offset + first * width, 1, rows * width, 0};
    }
    /// Columns [first, first + columns) of a matrix.
    static Slices columns(const ParameterInfo& parameter, Index first, Index columns) {
        return {parameter.slot.offset + first, parameter.slot.shape[0], columns, parameter.slot.shape[1]};
    }
    void scale(double factor, std::vector<double>& values) const {
        for (Index i = 0; i < count; ++i)
            for (Index j = 0; j < size; ++j)
                values[static_cast<std::size_t>(offset + i * stride + j)] *= factor;
    }
};

/// The Transformer blocks of a layout: "blocks.0", …, "decoder_blocks.0", ….
inline std::vector<std::string> transformer_blocks(const ParameterLayout& layout) {
    const std::string ending = ".attn.qkv.weight";
    std::vector<std::string> names;
    for (const ParameterInfo& parameter : layout.parameters())
        if (parameter.name.ends_with(ending))
            names.push_back(parameter.name.substr(0, parameter.name.size() - ending.size()));
    return names;
}

/// Of each attention head: weight and bias of query, key and value, and the columns of the output projection.
inline std::vector<std::vector<Slices>> head_slices(const ParameterLayout& layout, const std::string& block,
                                                    Index heads) {
    const ParameterInfo &weight = *layout.find(block + ".attn.qkv.weight"),
                        &bias = *layout.find(block + ".attn.qkv.bias"),
                        &projection = *layout.find(block + ".attn.proj.weight");
    const Index width = projection.slot.shape[1], size = width / heads;
    std::vector<std::vector<Slices>> all;
    for (Index head = 0; head < heads; ++head) {
        auto& slices = all.emplace_back();
        for (Index part = 0; part < 3; ++part) {
            slices.push_back(Slices::rows(weight, part * width + head * size, size));
            slices.push_back(Slices::rows(bias, part * width + head * size, size));
        }
        slices.push_back(Slices::columns(projection, head * size, size));
    }
    return all;
}

/// Of each hidden unit of the MLP: its row of fc1, weight and bias, and its column of fc2.
inline std::vector<std::vector<Slices>> unit_slices(const ParameterLayout& layout, const std::string& block) {
    const ParameterInfo &in = *layout.find(block + ".mlp.fc1.weight"),
                        &bias = *layout.find(block + ".mlp.fc1.bias"),
                        &out = *layout.find(block + ".mlp.fc2.weight");
    std::vector<std::vector<Slices>> all;
    for (Index unit = 0; unit < in.slot.shape[0]; ++unit)
        all.push_back(
            {Slices::rows(in, unit, 1), Slices::rows(bias, unit, 1), Slices::columns(out, unit, 1)});
    return all;
}

/// Other coordinates of one head: queries by A and keys by A^-T, values by C and their columns of the output projection by C^-1.
inline void change_coordinates(const ParameterLayout& layout, const std::string& block, Index heads,
                               Index head, const Eigen::MatrixXd& a, const Eigen::MatrixXd& c,
                               std::vector<double>& values) {
    using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const auto of = [&](const char* name) {
        const ParameterInfo& parameter = *layout.find(block + name);
        const Index rows = parameter.slot.shape[0];
        return Eigen::Map<Matrix>(values.data() + parameter.slot.offset, rows, parameter.size() / rows);
    };
    const Index width = of(".attn.proj.weight").rows(), size = width / heads;
    const Eigen::MatrixXd left[] = {a, a.transpose().inverse(), c};
    for (const char* name : {".attn.qkv.weight", ".attn.qkv.bias"})
        for (Index part = 0; part < 3; ++part) {
            auto rows = of(name).middleRows(part * width + head * size, size);
            rows = (left[part] * rows).eval();
        }
    auto columns = of(".attn.proj.weight").middleCols(head * size, size);
    columns = (columns * c.inverse()).eval();
}

/// What was at place order[i] comes to place i.
inline void reorder(const std::vector<std::vector<Slices>>& slices, const std::vector<std::size_t>& order,
                    std::vector<double>& values) {
    const std::vector<double> before = values;
    for (std::size_t place = 0; place < slices.size(); ++place)
        for (std::size_t k = 0; k < slices[place].size(); ++k) {
            const Slices &to = slices[place][k], &from = slices[order[place]][k];
            for (Index i = 0; i < to.count; ++i)
                std::copy_n(before.begin() + from.offset + i * from.stride, to.size,
                            values.begin() + to.offset + i * to.stride);
        }
}

}  // namespace vitscape::test
