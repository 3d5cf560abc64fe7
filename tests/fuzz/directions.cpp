// SPDX-License-Identifier: Apache-2.0
//
// Files of two directions, for a model of two small parameters.
#include <vitscape/backend/eigen/cpu.hpp>
#include <vitscape/landscape/direction_file.hpp>

#include "fuzz.hpp"

vitscape::ParameterLayout small_layout() {
    using namespace vitscape;
    ParameterLayout layout;
    layout.add("a", Shape{2, 2}, ParameterKind::weight, Initializer::zeros());
    layout.add("b", Shape{3}, ParameterKind::bias, Initializer::zeros());
    return layout;
}

void read_input(std::span<const std::uint8_t> bytes) {
    static const vitscape::ParameterLayout layout = small_layout();
    (void)vitscape::load_directions(vitscape::Cpu<float>{}, fuzz::file_of(bytes), layout);
}
