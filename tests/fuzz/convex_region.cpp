// SPDX-License-Identifier: Apache-2.0
//
// Convex regions, complete or not.
#include <vitscape/landscape/convex_region_io.hpp>

#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    const auto region = vitscape::load_convex_region(fuzz::file_of(bytes));
    (void)vitscape::to_json(region);
}
