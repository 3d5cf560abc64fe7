// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vitscape {

namespace detail {

/// Bytes of the UTF-8 character (RFC 3629) that `text` begins with; 0 where it begins with none.
inline std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned first = byte(0);
    if (text.empty()) return 0;
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                               : first >= 0xE0 && first <= 0xEF ? 3
                               : first >= 0xF0 && first <= 0xF4 ? 4
                                                                : 0;
    for (std::size_t i = 1; i < length; ++i)
        if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
    // longer than needed, halves of surrogate pairs, beyond U+10FFFF
    if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
        (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F))
        return 0;
    return length;
}

}  // namespace detail

/// The name of a file or folder, which is any bytes, as a text that JSON files and pages can hold: UTF-8 stays as it is,
/// each other byte becomes `\xNN`. The same bytes always give the same text.
[[nodiscard]] inline std::string name_text(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    while (!bytes.empty()) {
        const std::size_t length = detail::utf8_length(bytes);
        if (length > 0) {
            text += bytes.substr(0, length);
        } else {
            const auto byte = static_cast<unsigned char>(bytes.front());
            text += "\\x";
            text += "0123456789ABCDEF"[byte >> 4];
            text += "0123456789ABCDEF"[byte & 15];
        }
        bytes.remove_prefix(length > 0 ? length : 1);
    }
    return text;
}

}  // namespace vitscape
