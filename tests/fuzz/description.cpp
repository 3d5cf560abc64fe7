// SPDX-License-Identifier: Apache-2.0
//
// The description of a model by itself, as JSON: shorter inputs than whole checkpoints.
#include <variant>

#include <vitscape/io/json.hpp>
#include <vitscape/methods/all.hpp>

#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    const auto json = vitscape::parse_json(fuzz::text_of(bytes), "input");
    const vitscape::AnyMethod method = vitscape::method_from(vitscape::JsonValue(json, "input"));
    std::visit([](const auto& one) { (void)describe(one); }, method);
}
