// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <charconv>
#include <concepts>
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

}  // namespace vitscape
