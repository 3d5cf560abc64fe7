// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <ostream>
#include <span>
#include <string_view>

namespace vitscape {

/// Element types of a safetensors file.
enum class ElementType { F64, F32, F16, BF16, I64, U64, I32, U32, I16, U16, I8, U8, BOOL };

namespace detail {

struct ElementTypeRow {
    ElementType type;
    std::string_view name;
    std::size_t size;
};
inline constexpr std::array<ElementTypeRow, 13> element_types{{{ElementType::F64, "F64", 8},
                                                               {ElementType::F32, "F32", 4},
                                                               {ElementType::F16, "F16", 2},
                                                               {ElementType::BF16, "BF16", 2},
                                                               {ElementType::I64, "I64", 8},
                                                               {ElementType::U64, "U64", 8},
                                                               {ElementType::I32, "I32", 4},
                                                               {ElementType::U32, "U32", 4},
                                                               {ElementType::I16, "I16", 2},
                                                               {ElementType::U16, "U16", 2},
                                                               {ElementType::I8, "I8", 1},
                                                               {ElementType::U8, "U8", 1},
                                                               {ElementType::BOOL, "BOOL", 1}}};

}  // namespace detail

/// "F32".
constexpr std::string_view name_of(ElementType type) {
    return detail::element_types[static_cast<std::size_t>(type)].name;
}
inline std::ostream& operator<<(std::ostream& out, ElementType type) { return out << name_of(type); }

/// Bytes per element.
constexpr std::size_t size_of(ElementType type) {
    return detail::element_types[static_cast<std::size_t>(type)].size;
}

/// The type of that name, or nothing.
constexpr std::optional<ElementType> element_type_named(std::string_view name) {
    for (const auto& row : detail::element_types)
        if (row.name == name) return row.type;
    return std::nullopt;
}

/// C++ types that are written to safetensors files without conversion.
template <class T>
concept StoredElement = std::same_as<T, double> || std::same_as<T, float> || std::same_as<T, std::int64_t> ||
    std::same_as<T, std::int32_t> || std::same_as<T, std::uint8_t>;

/// The file type of a C++ type.
template <StoredElement T>
constexpr ElementType element_type_of() {
    if constexpr (std::same_as<T, double>) return ElementType::F64;
    if constexpr (std::same_as<T, float>) return ElementType::F32;
    if constexpr (std::same_as<T, std::int64_t>) return ElementType::I64;
    if constexpr (std::same_as<T, std::int32_t>) return ElementType::I32;
    return ElementType::U8;
}

/// The value of IEEE 754 binary16 bits.
inline float float_from_half(std::uint16_t bits) {
    const int exponent = (bits >> 10) & 0x1F;
    const auto fraction = static_cast<float>(bits & 0x3FF);
    float magnitude;
    if (exponent == 31) {
        magnitude = fraction == 0.0f ? INFINITY : NAN;
    } else if (exponent == 0) {
        magnitude = std::ldexp(fraction, -24);
    } else {
        magnitude = std::ldexp(fraction + 1024.0f, exponent - 25);
    }
    return std::copysign(magnitude, (bits & 0x8000) != 0 ? -1.0f : 1.0f);
}

/// The value of bfloat16 bits: the upper half of a float.
inline float float_from_bfloat16(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

namespace detail {

/// Calls `use` with each number in `bytes`, read as the C++ type `Stored`.
template <class Stored, class Use>
void for_each_stored(std::span<const std::byte> bytes, const Use& use) {
    for (std::size_t at = 0; at + sizeof(Stored) <= bytes.size(); at += sizeof(Stored)) {
        Stored value;
        std::memcpy(&value, bytes.data() + at, sizeof(Stored));
        use(value);
    }
}

/// Calls `use` with each number in `bytes` as the C++ type that represents `type` exactly.
template <class Use>
void for_each_element(ElementType type, std::span<const std::byte> bytes, const Use& use) {
    switch (type) {
        case ElementType::F64:
            return for_each_stored<double>(bytes, use);
        case ElementType::F32:
            return for_each_stored<float>(bytes, use);
        case ElementType::F16:
            return for_each_stored<std::uint16_t>(bytes, [&](auto bits) { use(float_from_half(bits)); });
        case ElementType::BF16:
            return for_each_stored<std::uint16_t>(bytes, [&](auto bits) { use(float_from_bfloat16(bits)); });
        case ElementType::I64:
            return for_each_stored<std::int64_t>(bytes, use);
        case ElementType::U64:
            return for_each_stored<std::uint64_t>(bytes, use);
        case ElementType::I32:
            return for_each_stored<std::int32_t>(bytes, use);
        case ElementType::U32:
            return for_each_stored<std::uint32_t>(bytes, use);
        case ElementType::I16:
            return for_each_stored<std::int16_t>(bytes, use);
        case ElementType::U16:
            return for_each_stored<std::uint16_t>(bytes, use);
        case ElementType::I8:
            return for_each_stored<std::int8_t>(bytes, use);
        case ElementType::U8:
        case ElementType::BOOL:
            return for_each_stored<std::uint8_t>(bytes, use);
    }
}

}  // namespace detail

}  // namespace vitscape
