// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <string>

namespace vitscape {

/// The shortest text that reads back as the same number: "0.1", "1e-05", "inf", "nan".
template <class Number>
requires std::integral<Number> || std::floating_point<Number>
[[nodiscard]] std::string number_text(Number value) {
    std::array<char, 64> text;
    const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), result.ptr};
}

/// A measured number in a sentence: four significant digits.
[[nodiscard]] inline std::string short_number(double number) {
    std::array<char, 32> text;
    const int length = std::snprintf(text.data(), text.size(), "%.4g", number);
    return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace vitscape
