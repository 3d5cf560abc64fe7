// SPDX-License-Identifier: Apache-2.0
//
// Surfaces.
#include <vitscape/landscape/surface_io.hpp>

#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    const auto stored = vitscape::load_surface(fuzz::file_of(bytes));
    (void)stored.surface.range();
    (void)stored.surface.complete();
    (void)vitscape::surface_json(stored.surface, stored.metadata);
}
