// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/io/element_type.hpp>
#include <vitscape/io/nearest_names.hpp>

namespace vitscape {

static_assert(std::endian::native == std::endian::little, "the files of tensors are little-endian");

/// The number of elements of a tensor of these extents; nothing where `Shape` cannot count them. An empty tensor, too, has
/// extents that can be multiplied in any order.
[[nodiscard]] inline std::optional<std::uint64_t> element_count(std::span<const std::uint64_t> extents) {
    std::uint64_t product = 1;
    bool empty = false;
    for (const std::uint64_t extent : extents) {
        if (extent > static_cast<std::uint64_t>(std::numeric_limits<Index>::max()) / product)
            return std::nullopt;
        empty = empty || extent == 0;
        if (extent > 0) product *= extent;
    }
    return empty ? 0 : product;
}

/// A tensor of a file, SafeTensors or PthFile; a view valid as long as that.
struct SafeTensor {
    std::string_view name;
    ElementType type = ElementType::F32;
    Shape shape;
    std::span<const std::byte> bytes;  // row-major, not necessarily aligned

    /// All values as `T`: F16 and BF16 are widened, floating-point values are rounded to a narrower
    /// floating-point `T`.
    /// @throws IoError when `T` is an integer and the file holds floating-point values or a value that `T`
    /// cannot represent.
    template <StoredElement T>
    [[nodiscard]] std::vector<T> to() const;
};

template <StoredElement T>
std::vector<T> SafeTensor::to() const {
    std::vector<T> values;
    values.reserve(static_cast<std::size_t>(shape.size()));
    detail::for_each_element(type, bytes, [&]<class Stored>(Stored value) {
        if constexpr (std::floating_point<T>) {
            values.push_back(static_cast<T>(value));
        } else if constexpr (std::floating_point<Stored>) {
            throw IoError(message("tensor ", name, " holds ", type, " numbers, integers are needed here"));
        } else {
            if (!std::in_range<T>(value))
                throw IoError(message("tensor ", name, " holds ", +value, ", too large for the ",
                                      element_type_of<T>(), " that is needed here"));
            values.push_back(static_cast<T>(value));
        }
    });
    return values;
}

namespace detail {

/// @throws IoError about a tensor that a file does not hold, with the most similar names.
[[noreturn]] inline void throw_no_tensor(std::string_view origin, std::string_view name,
                                         std::span<const std::string> known) {
    throw IoError(message(origin, " holds no tensor ", name, nearest_names(name, known)));
}

}  // namespace detail

}  // namespace vitscape
