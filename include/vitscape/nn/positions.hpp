// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/tensor/tensor.hpp>

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

namespace detail {
/// The cubic kernel with a = -0.75, of the four neighbours of a point at `t` in [0, 1) behind the second.
inline std::array<double, 4> cubic_weights(double t) {
    constexpr double a = -0.75;
    const auto near = [](double x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
    const auto far = [](double x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
    return {far(1 + t), near(t), near(1 - t), far(2 - t)};
}
}  // namespace detail

/// Position embeddings for another number of patches: bicubic between the centres of patches, edges repeated, without smoothing, as
/// `torch.nn.functional.interpolate` does it and with it MAE's fine-tuning. Row 0, that of the class token, stays.
/// @param table  (1 + from * from, width), row-major; returns (1 + to * to, width)
template <class T>
std::vector<T> interpolate_positions(std::span<const T> table, Index width, Index from, Index to) {
    if (static_cast<Index>(table.size()) != (1 + from * from) * width)
        throw ShapeError(message("positions of ", from, " x ", from, " patches and width ", width, " have ",
                                 (1 + from * from) * width, " numbers, ", table.size(), " were given"));
    std::vector<T> result(table.begin(), table.begin() + width);
    result.resize(static_cast<std::size_t>((1 + to * to) * width));
    std::vector<double> sum(static_cast<std::size_t>(width));
    const double step = static_cast<double>(from) / static_cast<double>(to);
    const auto place = [&](Index i) { return (static_cast<double>(i) + 0.5) * step - 0.5; };
    for (Index row = 0; row < to; ++row)
        for (Index column = 0; column < to; ++column) {
            const double y = place(row), x = place(column);
            const auto first_y = static_cast<Index>(std::floor(y)),
                       first_x = static_cast<Index>(std::floor(x));
            const auto along_y = detail::cubic_weights(y - std::floor(y)),
                       along_x = detail::cubic_weights(x - std::floor(x));
            std::fill(sum.begin(), sum.end(), 0.0);
            for (Index i = 0; i < 4; ++i)
                for (Index j = 0; j < 4; ++j) {
                    const Index r = std::clamp<Index>(first_y - 1 + i, 0, from - 1),
                                c = std::clamp<Index>(first_x - 1 + j, 0, from - 1);
                    const double weight =
                        along_y[static_cast<std::size_t>(i)] * along_x[static_cast<std::size_t>(j)];
                    const T* const at = table.data() + (1 + r * from + c) * width;
                    for (Index k = 0; k < width; ++k)
                        sum[static_cast<std::size_t>(k)] += weight * static_cast<double>(at[k]);
                }
            T* const to_row = result.data() + (1 + row * to + column) * width;
            for (Index k = 0; k < width; ++k) to_row[k] = static_cast<T>(sum[static_cast<std::size_t>(k)]);
        }
    return result;
}

/// A tensor of a checkpoint that is not learned, such as fixed position embeddings.
struct FixedTensor {
    std::string name;
    Shape shape;
    std::vector<double> values;
};

/// The position embeddings of a model that does not learn them: sine-cosine positions, or those of its checkpoint, which may be
/// others (learned once, or interpolated for another image size).
class FixedPositions {
  public:
    FixedPositions() = default;
    /// `sin_cos_positions`, which a checkpoint has under `name`
    FixedPositions(std::string name, Index width, Index side)
        : tensor_(std::make_shared<const FixedTensor>(
              FixedTensor{std::move(name), {1, 1 + side * side, width}, sin_cos_positions(width, side)})) {}

    /// (1, 1 + side * side, width)
    [[nodiscard]] const FixedTensor& tensor() const { return *tensor_; }
    /// Takes the tensor of this name from `stored`, if it is there. @throws ShapeError for another shape
    void take_from(std::span<const FixedTensor> stored) {
        for (const FixedTensor& other : stored) {
            if (other.name != tensor_->name) continue;
            if (other.shape != tensor_->shape)
                throw ShapeError(message("the positions ", other.name, " have the shape ", other.shape,
                                         ", the model needs ", tensor_->shape));
            tensor_ = std::make_shared<const FixedTensor>(other);
        }
    }
    /// (1 + side * side, width) on a backend
    template <Backend B>
    [[nodiscard]] Tensor<B> upload_to(const B& backend) const {
        return upload(backend, {tensor_->shape[1], tensor_->shape[2]}, tensor_->values);
    }

  private:
    std::shared_ptr<const FixedTensor> tensor_;  // methods are copied
};

}  // namespace vitscape
