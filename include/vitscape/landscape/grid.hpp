// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>

namespace vitscape {

/// Equally spaced coordinates along one axis, both ends included. A symmetric range with an odd number of
/// steps contains 0 exactly; coordinates that are 0 up to rounding are set to 0.
struct Grid {
    double from = -1;
    double to = 1;
    Index steps = 51;

    /// Coordinate i, 0 <= i < steps.
    [[nodiscard]] double at(Index i) const {
        if (i == 0) return from;
        if (i == steps - 1) return to;
        const double right = static_cast<double>(i), left = static_cast<double>(steps - 1 - i);
        // relative to the midpoint, so that symmetric ranges have symmetric coordinates regardless of how the compiler
        // fuses products
        const double value = 0.5 * (from + to) + 0.5 * (to - from) * ((right - left) / (left + right));
        return std::abs(value) < 1e-13 * (to - from) ? 0.0 : value;
    }
    [[nodiscard]] std::vector<double> coordinates() const {
        std::vector<double> values;
        for (Index i = 0; i < steps; ++i) values.push_back(at(i));
        return values;
    }
    /// @throws ConfigError for a range that is empty, backwards or not finite, or without steps.
    void check() const {
        if (!std::isfinite(from) || !std::isfinite(to) || steps < 1 || steps > 100000 ||
            (steps == 1 ? from != to : !(from < to)))
            throw ConfigError(
                message("a grid needs a range from a smaller to a larger number with 2 to 100000 steps "
                        "(or 1 step from a number to itself); ",
                        from, ":", to, ":", steps, " was given"));
    }
    friend bool operator==(const Grid&, const Grid&) = default;
};

/// The coordinates of a surface: alpha runs along x (columns), beta along y (rows).
struct PlaneGrid {
    Grid x, y;
    PlaneGrid() = default;
    PlaneGrid(const Grid& both)
        : x(both), y(both) {}  // NOLINT: the same range for both axes is the common case
    PlaneGrid(const Grid& along_x, const Grid& along_y) : x(along_x), y(along_y) {}
    friend bool operator==(const PlaneGrid&, const PlaneGrid&) = default;
};

namespace detail {

template <class Number>
Number parse_number(std::string_view text, std::string_view whole) {
    Number number{};
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty())
        throw ConfigError(message("'", text, "' in the grid '", whole,
                                  "' is not a number; write FROM:TO:STEPS, e.g. -1:1:25, or both axes, e.g. "
                                  "x:-1:1:25,y:0:1:13"));
    return number;
}

inline Grid parse_axis(std::string_view text, std::string_view whole) {
    const std::size_t first = text.find(':');
    const std::size_t second = first == text.npos ? text.npos : text.find(':', first + 1);
    if (second == text.npos)
        throw ConfigError(
            message("'", text, "' in the grid '", whole, "' must be FROM:TO:STEPS, e.g. -1:1:25"));
    const Grid grid{.from = parse_number<double>(text.substr(0, first), whole),
                    .to = parse_number<double>(text.substr(first + 1, second - first - 1), whole),
                    .steps = parse_number<Index>(text.substr(second + 1), whole)};
    grid.check();
    return grid;
}

}  // namespace detail

/// Reads "FROM:TO:STEPS" (both axes) or "x:FROM:TO:STEPS,y:FROM:TO:STEPS".
/// @throws ConfigError naming the part that cannot be parsed.
[[nodiscard]] inline PlaneGrid parse_grid(std::string_view text) {
    if (!text.starts_with("x:") && !text.starts_with("y:")) return detail::parse_axis(text, text);
    const std::size_t comma = text.find(',');
    const std::string_view first = text.substr(0, comma);
    const std::string_view second = comma == text.npos ? std::string_view{} : text.substr(comma + 1);
    if (second.size() < 2 || second[1] != ':' || (second[0] != 'x' && second[0] != 'y') ||
        first[0] == second[0])
        throw ConfigError(message("the grid '", text,
                                  "' names one axis and must name the other too: x:FROM:TO:STEPS,"
                                  "y:FROM:TO:STEPS"));
    const Grid one = detail::parse_axis(first.substr(2), text);
    const Grid other = detail::parse_axis(second.substr(2), text);
    return first[0] == 'x' ? PlaneGrid(one, other) : PlaneGrid(other, one);
}

}  // namespace vitscape
