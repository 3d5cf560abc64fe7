// SPDX-License-Identifier: Apache-2.0
//
// .npy files, as each type of element that is read.
#include <vitscape/io/npy.hpp>

#include "fuzz.hpp"

template <class T>
void read_as(const std::filesystem::path& path) {
    try {
        (void)vitscape::load_npy<T>(path);
    } catch (const vitscape::IoError&) {
    }
}

void read_input(std::span<const std::uint8_t> bytes) {
    const auto& path = fuzz::file_of(bytes);
    read_as<double>(path);
    read_as<float>(path);
    read_as<std::int64_t>(path);
    read_as<std::int32_t>(path);
    read_as<std::uint8_t>(path);
}
