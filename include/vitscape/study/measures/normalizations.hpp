// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/landscape/normalization.hpp>

namespace vitscape {

/// The normalizations of a measure's random directions, by name. The first is that of claims, surfaces and the first table, always
/// filter; the others are sensitivities, as rows of their own: "half_gain_radius_layer".
using Normalizations = std::vector<std::string>;

/// @throws ConfigError unless filter is the first and each occurs once
inline void check_normalizations(const Normalizations& names) {
    if (names.empty() || names.front() != "filter")
        throw ConfigError(message("the first normalization is filter, by which surfaces and claims are; ",
                                  names.empty() ? std::string("none") : "'" + names.front() + "'",
                                  " was given"));
    for (std::size_t i = 0; i < names.size(); ++i) {
        (void)parse_normalization(names[i]);
        if (std::count(names.begin(), names.end(), names[i]) > 1)
            throw ConfigError(message("the normalization '", names[i], "' is given twice"));
    }
}
/// What is appended to the key of a row.
[[nodiscard]] inline std::string key_suffix(const Normalizations& names, std::size_t i) {
    return i == 0 ? "" : "_" + names[i];
}
/// What is appended to its name.
[[nodiscard]] inline std::string name_suffix(const Normalizations& names, std::size_t i) {
    return i == 0 ? "" : message(", ", names[i], " normalization");
}

}  // namespace vitscape
