// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace vitscape::test {

/// An array of a .vts file, by what the XML says of it.
template <class T>
std::vector<T> appended(const std::string& file, const std::string& name) {
    const std::size_t element = file.find("Name=\"" + name + "\"");
    REQUIRE(element != std::string::npos);
    const std::size_t offset = std::stoul(file.substr(file.find("offset=\"", element) + 8));
    const std::size_t begin = file.find("\n_") + 2 + offset;
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, file.data() + begin, sizeof bytes);
    std::vector<T> values(bytes / sizeof(T));
    REQUIRE(begin + sizeof bytes + bytes < file.size());
    std::memcpy(values.data(), file.data() + begin + sizeof bytes, bytes);
    return values;
}

}  // namespace vitscape::test
