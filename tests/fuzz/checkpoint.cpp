// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints: the description of the model, from which the method is made, and the parameters that it needs.
#include <variant>

#include <vitscape/io/checkpoint.hpp>
#include <vitscape/methods/all.hpp>

#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    const auto checkpoint = vitscape::Checkpoint::load(fuzz::file_of(bytes));
    const vitscape::AnyMethod method = vitscape::method_from(checkpoint.described().at("model"));
    std::visit([&](const auto& one) { (void)checkpoint.vector<float>(one.layout()); }, method);
}
