// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>
#include <string>

#include <vitscape/core/error.hpp>

namespace vitscape {

/// Signed type of every extent, offset and count of tensor elements.
using Index = std::int64_t;

/// Extents of a row-major tensor, outermost first; at most `Shape::max_rank` of them. A value type that does not
/// allocate.
class Shape {
  public:
    static constexpr std::size_t max_rank = 6;

    constexpr Shape() = default;

    /// @throws ShapeError for more than `max_rank` extents or a negative one.
    Shape(std::initializer_list<Index> extents) : Shape(std::span(extents.begin(), extents.size())) {}
    explicit Shape(std::span<const Index> extents) {
        if (extents.size() > max_rank)
            throw ShapeError(
                message("a shape has at most ", max_rank, " extents, ", extents.size(), " were given"));
        for (const Index extent : extents) {
            if (extent < 0)
                throw ShapeError(
                    message("the extents of a shape must not be negative, ", extent, " was given"));
            extents_[rank_++] = extent;
        }
    }

    [[nodiscard]] constexpr std::size_t rank() const { return rank_; }
    [[nodiscard]] constexpr Index operator[](std::size_t axis) const { return extents_[axis]; }
    [[nodiscard]] std::span<const Index> extents() const { return {extents_.data(), rank_}; }

    /// Product of the extents; 1 for rank 0.
    [[nodiscard]] constexpr Index size() const {
        Index product = 1;
        for (std::size_t axis = 0; axis < rank_; ++axis) product *= extents_[axis];
        return product;
    }

    friend constexpr bool operator==(const Shape& a, const Shape& b) {
        if (a.rank_ != b.rank_) return false;
        for (std::size_t axis = 0; axis < a.rank_; ++axis)
            if (a.extents_[axis] != b.extents_[axis]) return false;
        return true;
    }

    /// "(4, 16, 24)".
    friend std::ostream& operator<<(std::ostream& out, const Shape& shape) {
        out << '(';
        for (std::size_t axis = 0; axis < shape.rank_; ++axis)
            out << (axis ? ", " : "") << shape.extents_[axis];
        return out << ')';
    }

  private:
    std::array<Index, max_rank> extents_{};
    std::size_t rank_ = 0;
};

}  // namespace vitscape
