// SPDX-License-Identifier: Apache-2.0
//
// safetensors files: the header, then the numbers of each tensor, widened and narrowed.
#include <vitscape/io/safetensors.hpp>

#include "fuzz.hpp"

void read_input(std::span<const std::uint8_t> bytes) {
    const auto file = vitscape::SafeTensors::load(fuzz::file_of(bytes));
    for (const std::string& name : file.names()) {
        const vitscape::SafeTensor tensor = file.at(name);
        (void)tensor.to<double>();
        try {
            (void)tensor.to<std::int32_t>();
        } catch (const vitscape::IoError&) {  // fractions, or too large
        }
    }
    (void)file.at("none");
}
