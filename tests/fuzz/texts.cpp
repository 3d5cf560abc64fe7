// SPDX-License-Identifier: Apache-2.0
//
// Values of options: grids, and numbers of each type with each kind of range.
#include <vitscape/core/range.hpp>
#include <vitscape/landscape/grid.hpp>

#include "fuzz.hpp"

template <class T>
void read_as(std::string_view text, const vitscape::Range& range) {
    try {
        const T number = vitscape::parse_number<T>("--option", text, range);
        if (!range.holds(number)) __builtin_trap();
    } catch (const vitscape::ConfigError&) {
    }
}

void read_input(std::span<const std::uint8_t> bytes) {
    const std::string_view text = fuzz::text_of(bytes);
    using vitscape::Range;
    for (const Range& range : {Range{}, Range::share(), Range::true_share(), Range::epochs(), Range::seed(),
                               Range::above(0).or_else(-1)}) {
        read_as<std::uint32_t>(text, range);
        read_as<std::int64_t>(text, range);
        read_as<std::uint64_t>(text, range);
        read_as<float>(text, range);
        read_as<double>(text, range);
    }
    const vitscape::PlaneGrid grid = vitscape::parse_grid(text);
    (void)grid.x.coordinates();
    (void)grid.y.coordinates();
}
