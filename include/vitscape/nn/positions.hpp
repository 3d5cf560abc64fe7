// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// Fixed two-dimensional sine-cosine position embeddings of the masked autoencoder (He et al. 2022, arXiv
/// 2111.06377): rows [sin(w f) | cos(w f) | sin(h f) | cos(h f)] with f_i = 10000^(-4 i / width) for column w
/// and row h of a patch.
/// @return (1 + side * side, width), row-major; row 0, that of the class token, is zero.
/// @throws ConfigError if `width` is not a multiple of four.
inline std::vector<double> sin_cos_positions(Index width, Index side) {
    if (width <= 0 || width % 4 != 0)
        throw ConfigError(
            message("sine-cosine positions need a width that is a multiple of 4, ", width, " was given"));
    const Index quarter = width / 4;
    std::vector<double> table(static_cast<std::size_t>((1 + side * side) * width), 0.0);
    for (Index row = 0; row < side; ++row)
        for (Index column = 0; column < side; ++column)
            for (Index i = 0; i < quarter; ++i) {
                const double frequency =
                    1 / std::pow(10000.0, static_cast<double>(i) / static_cast<double>(quarter));
                const double w = static_cast<double>(column) * frequency,
                             h = static_cast<double>(row) * frequency;
                const auto first = static_cast<std::size_t>((1 + row * side + column) * width + i);
                const auto step = static_cast<std::size_t>(quarter);
                table[first] = std::sin(w);
                table[first + step] = std::cos(w);
                table[first + 2 * step] = std::sin(h);
                table[first + 3 * step] = std::cos(h);
            }
    return table;
}

}  // namespace vitscape
