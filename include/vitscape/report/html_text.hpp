// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/name_text.hpp>
#include <vitscape/io/json.hpp>

// Text and numbers as HTML.

namespace vitscape::detail {

/// Text between tags or inside a quoted attribute; a name that is not UTF-8 by `name_text`.
inline std::string escape_html(std::string_view text) {
    std::string escaped;
    for (const char character : name_text(text)) switch (character) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += static_cast<unsigned char>(character) < 32 ? ' ' : character;
        }
    return escaped;
}

/// JSON inside a script element: no character of it can end the element.
inline std::string script_json(const nlohmann::json& value) {
    const std::string text = json_text(value);
    std::string escaped;
    for (const char character : text)
        if (character == '<')
            escaped += "\\u003c";  // '<' stands only inside of strings
        else
            escaped += character;
    return escaped;
}

/// A program inside a script element. `</script` and `<!--` mean something to HTML and stand only in strings, regular
/// expressions and comments, where the backslash changes nothing.
inline std::string script_text(std::string_view program) {
    std::string escaped;
    escaped.reserve(program.size() + 16);
    for (std::size_t i = 0; i < program.size(); ++i) {
        escaped += program[i];
        if (program[i] != '<') continue;
        std::string next(program.substr(i + 1, 7));
        std::transform(next.begin(), next.end(), next.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        if (next == "/script" || next.starts_with("!--")) escaped += '\\';
    }
    return escaped;
}

/// RFC 4648.
inline std::string base64(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        unsigned group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < count ? std::to_integer<unsigned>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k) text += k <= count ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

/// With a capital as its first letter.
inline std::string capitalized(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

/// What stands for a number that was not measured.
inline constexpr std::string_view no_number = "–";

/// A number with so many decimals; groups of three digits apart, and the sign of a minus.
inline std::string fixed_number(double value, int decimals) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.*f", decimals, std::abs(value));
    const std::string digits = buffer;
    const std::size_t point = std::min(digits.find('.'), digits.size());
    std::string text = value < 0 && digits.find_first_not_of("0.") != digits.npos ? "−" : "";
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && i < point && (point - i) % 3 == 0 && point > 4) text += "\u202f";
        text += digits[i];
    }
    return text;
}

/// "value" or "value ± error" as HTML, to two digits of the error or four of the value; with a power of ten where the
/// number is below 0.001 or above ten million.
inline std::string number_html(double value, double error = std::nan("")) {
    if (!std::isfinite(value)) return std::string(no_number);
    const bool with_error = std::isfinite(error);
    if (with_error && error < 1e-12 * std::abs(value)) error = 0;  // of equal numbers, whose mean was rounded
    const double size = std::max(std::abs(value), with_error ? error : 0.0);
    if (size < std::numeric_limits<double>::min()) return with_error ? "0 ± 0" : "0";
    const bool whole = std::floor(value) == value && !(with_error && error > 0);
    int power = static_cast<int>(std::floor(std::log10(size)));
    if (power > -4 && power < 7) power = 0;
    if (power >= 7 && power < 9 && whole) power = 0;  // numbers of parameters
    const double unit = std::pow(10.0, power);
    const double fine = with_error && error > 0 ? 10 * error : size;  // two digits of the error
    const double exponent =
        std::clamp(std::floor(std::log10(fine / unit)), -400.0, 400.0);  // may be infinite
    const int last = static_cast<int>(exponent) - (fine == size ? 3 : 2);
    const int decimals = whole && power == 0 ? 0 : std::clamp(-last, 0, 8);
    std::string text = fixed_number(value / unit, decimals);
    if (with_error) text += " ± " + fixed_number(error / unit, decimals);
    if (power == 0) return text;
    return (with_error ? "(" + text + ")" : text) + " × 10<sup>" + fixed_number(power, 0) + "</sup>";
}

/// How the numbers of a unit are shown: a fraction in per cent, bytes in MiB.
struct ShownUnit {
    double factor = 1;
    std::string name;
};
inline ShownUnit shown_unit(const std::string& unit) {
    if (unit == "fraction") return {100, "%"};
    if (unit == "bytes" || unit == "B") return {1.0 / (1 << 20), "MiB"};
    return {1, unit};
}

/// An element with its text, escaped.
inline std::string element(std::string_view tag, std::string_view text, std::string_view attributes = "") {
    return message('<', tag, attributes.empty() ? "" : " ", attributes, '>', escape_html(text), "</", tag,
                   '>');
}

}  // namespace vitscape::detail
