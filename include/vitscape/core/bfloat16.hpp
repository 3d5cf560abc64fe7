// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include <vitscape/core/host_device.hpp>

namespace vitscape {

/// The upper half of a float: 8 exponent bits, 8 significant bits (2 to 3 decimal digits). A storage type; arithmetic
/// is done in float: it converts to float implicitly, and back only explicitly.
struct bfloat16 {
    std::uint16_t bits;

    bfloat16() = default;
    /// Rounds to nearest, ties to even; NaN remains NaN, overflow becomes infinity.
    VITSCAPE_HOST_DEVICE explicit bfloat16(float x) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
        asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x));
#else
        const auto word = __builtin_bit_cast(std::uint32_t, x);
        const std::uint32_t rounded = word + 0x7FFFu + ((word >> 16) & 1u), quiet = word | 0x400000u;
        const bool is_nan =
            (word & 0x7FFFFFFFu) > 0x7F800000u;  // a choice, no branch, so that loops are vectors
        bits = static_cast<std::uint16_t>((is_nan ? quiet : rounded) >> 16);
#endif
    }
    template <class U>
    requires(std::is_arithmetic_v<U> && !std::is_same_v<U, float>) VITSCAPE_HOST_DEVICE explicit bfloat16(U x)
        : bfloat16(static_cast<float>(x)) {}
    VITSCAPE_HOST_DEVICE operator float() const {  // NOLINT: implicit, because it is exact
        return __builtin_bit_cast(float, std::uint32_t{bits} << 16);
    }
};
static_assert(sizeof(bfloat16) == 2 && std::is_trivially_copyable_v<bfloat16>);

namespace detail {
template <class T>
struct RealType {
    using type = T;
};
template <>
struct RealType<bfloat16> {
    using type = float;
};
}  // namespace detail

/// The type of arithmetic, sums and parameters for values stored as T: float for bfloat16, otherwise T itself.
template <class T>
using Real = typename detail::RealType<std::remove_cv_t<T>>::type;

}  // namespace vitscape
