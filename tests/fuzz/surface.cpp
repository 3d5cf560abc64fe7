// SPDX-License-Identifier: Apache-2.0
//
// Surfaces as JSON.
#include <vitscape/landscape/formats/json.hpp>

#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    const auto stored = vitscape::JsonFormat::load(fuzz::file_of(bytes));
    (void)stored.surface.range();
    (void)stored.surface.complete();
    (void)vitscape::surface_json(stored.surface, stored.metadata);
}
