// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include <vitscape/core/error.hpp>
#include <vitscape/core/number_text.hpp>

namespace vitscape {

/// The numbers that an option may have, and how that is said. A field of a configuration has one (core/fields.hpp), so that
/// a command line and the library refuse the same numbers with the same words. Numbers that are not finite are never held.
struct Range {
    double least = -std::numeric_limits<double>::infinity(), most = std::numeric_limits<double>::infinity();
    bool without_least = false, without_most = false;        ///< the ends are excluded
    double also = std::numeric_limits<double>::quiet_NaN();  ///< one value more, with a meaning of its own
    std::string_view
        sentence{};  ///< what is said in the place of "takes a number …": "the mask ratio lies …"

    /// The same, and `value`.
    [[nodiscard]] constexpr Range or_else(double value) const {
        Range range = *this;
        range.also = value;
        return range;
    }
    /// The same, told in other words.
    [[nodiscard]] constexpr Range said(std::string_view words) const {
        Range range = *this;
        range.sentence = words;
        return range;
    }

    template <class T>
    [[nodiscard]] bool holds(T number) const {
        const auto value = static_cast<double>(number);
        return std::isfinite(value) && (value == also || ((without_least ? value > least : value >= least) &&
                                                          (without_most ? value < most : value <= most)));
    }
    /// "a whole number from 1 to 1000", "a number in (0, 1]", "a number above 0, or -1"
    /// @tparam T  the number's type
    template <class T>
    [[nodiscard]] std::string kind() const;

    /// Count of things, from `least`.
    [[nodiscard]] static constexpr Range count(double least, double most) { return {least, most}; }
    [[nodiscard]] static constexpr Range at_least(double least) {
        Range range;
        range.least = least;
        return range;
    }
    [[nodiscard]] static constexpr Range above(double least) {
        Range range = at_least(least);
        range.without_least = true;
        return range;
    }
    /// Part of a whole, [0, 1].
    [[nodiscard]] static constexpr Range share() { return {0, 1}; }
    /// (0, 1]
    [[nodiscard]] static constexpr Range positive_share() { return {0, 1, true}; }
    /// [0, 1)
    [[nodiscard]] static constexpr Range share_below_all() { return {0, 1, false, true}; }
    /// (0, 1)
    [[nodiscard]] static constexpr Range true_share() { return {0, 1, true, true}; }
    /// A learning rate or a weight, [0, infinity).
    [[nodiscard]] static constexpr Range rate() { return at_least(0); }
    /// A relative deviation at which something counts as reached, (0, 1).
    [[nodiscard]] static constexpr Range tolerance() { return true_share(); }
    /// Minutes of a clock, up to 19 years.
    [[nodiscard]] static constexpr Range minutes() { return {0, 1e7}; }
    /// Epochs of a training.
    [[nodiscard]] static constexpr Range epochs() { return count(1, 1e7); }
    /// All that the number's type has.
    [[nodiscard]] static constexpr Range seed() { return at_least(0); }
};

namespace detail {
/// Without an exponent where it is whole.
[[nodiscard]] inline std::string bound_text(double bound) {
    return bound == std::floor(bound) && std::abs(bound) < 1e15 ? number_text(static_cast<long long>(bound))
                                                                : number_text(bound);
}
}  // namespace detail

template <class T>
std::string Range::kind() const {
    const bool whole = std::is_integral_v<T>, low = std::isfinite(least), high = std::isfinite(most);
    std::string text = whole ? "a whole number" : low || high ? "a number" : "a finite number";
    if (low && high && !without_least && !without_most)
        text += message(" from ", detail::bound_text(least), " to ", detail::bound_text(most));
    else if (low && high)
        text += message(" in ", without_least ? "(" : "[", detail::bound_text(least), ", ",
                        detail::bound_text(most), without_most ? ")" : "]");
    else if (whole && least == 0 && !std::isfinite(most))
        text += message(" from 0 to ", std::numeric_limits<T>::max());
    else if (low)
        text += message(without_least ? " above " : " of at least ", detail::bound_text(least));
    else if (high)
        text += message(without_most ? " below " : " of at most ", detail::bound_text(most));
    if (!std::isnan(also)) text += ", or " + detail::bound_text(also);
    return text;
}

namespace detail {
/// "--depth takes a whole number from 1 to 1000, 0 was given", of an option; "depth: a whole number from 1 to 1000 is needed, 0
/// was given", of anything else; the range's own sentence where it has one.
template <class T>
[[nodiscard]] std::string refusal(std::string_view who, const Range& range, std::string_view given) {
    const std::string end = message(", ", given, " was given");
    const bool option = who.starts_with("--");
    if (range.sentence.empty())
        return option ? message(who, " takes ", range.kind<T>(), end)
                      : message(who, ": ", range.kind<T>(), " is needed", end);
    if (!option) return message(range.sentence, end);
    return message(who, range.sentence.starts_with("the ") ? ": " : " ", range.sentence, end);
}
}  // namespace detail

/// The number that a text is. @param option  its name on the command line, "--depth"
/// @throws ConfigError naming the option, the numbers that it takes and the text, where that is none of them
template <class T>
[[nodiscard]] T parse_number(const std::string& option, std::string_view text, const Range& range) {
    T number{};
    const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc{} && end == digits.data() + digits.size() && range.holds(number)) return number;
    const bool numeric =
        !text.empty() && (text == "nan" || text == "inf" || text == "-inf" ||
                          text.find_first_not_of("+-.eE0123456789") == std::string_view::npos);
    throw ConfigError(
        detail::refusal<T>(option, range, numeric ? std::string(text) : message("'", text, "'")));
}

/// @param what  "depth" @throws ConfigError saying what it is and which numbers it may be
template <class T>
void require_in(std::string_view what, T number, const Range& range) {
    if (!range.holds(number)) throw ConfigError(detail::refusal<T>(what, range, number_text(number)));
}

}  // namespace vitscape
