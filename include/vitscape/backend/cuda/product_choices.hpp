// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <vitscape/backend/cuda/product_layout.hpp>
#include <vitscape/core/error.hpp>

namespace vitscape::gpu {

/// What cuBLASLt calls an algorithm: numbers that mean something to it alone, on the same GPU in the same version.
using ProductAlgorithm = std::array<std::uint64_t, 8>;

/// The algorithm of each product that was computed.
using ProductChoices = std::map<ProductKey::Numbers, ProductAlgorithm>;

/// As lines of text, to be kept beside a training: the first one is `machine`, each other one a product's numbers, a colon and its
/// algorithm's.
inline std::vector<std::string> product_choice_lines(const std::string& machine,
                                                     const ProductChoices& choices) {
    std::vector<std::string> lines{machine};
    for (const auto& [product, algorithm] : choices) {
        std::ostringstream line;
        for (const Index number : product) line << number << ' ';
        line << ':' << std::hex;
        for (const std::uint64_t number : algorithm) line << ' ' << number;
        lines.push_back(line.str());
    }
    return lines;
}

/// The inverse; empty if the lines are of another machine, where the algorithms mean nothing.
/// @throws ConfigError for lines that `product_choice_lines` does not write
inline ProductChoices product_choices_of(std::span<const std::string> lines, const std::string& machine) {
    ProductChoices choices;
    if (lines.empty() || lines.front() != machine) return choices;
    for (const std::string& line : lines.subspan(1)) {
        std::istringstream text(line);
        ProductKey::Numbers product{};
        ProductAlgorithm algorithm{};
        for (Index& number : product) text >> number;
        char colon = 0;
        text >> colon >> std::hex;
        for (std::uint64_t& number : algorithm) text >> number;
        if (!text || colon != ':' || !(text >> std::ws).eof())
            throw ConfigError(message("the algorithm of a matrix product is given as '", line, "', not as ",
                                      product.size(), " integers, a colon and ", algorithm.size(),
                                      " hexadecimal numbers"));
        choices[product] = algorithm;
    }
    return choices;
}

}  // namespace vitscape::gpu
