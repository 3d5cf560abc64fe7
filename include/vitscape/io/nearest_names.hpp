// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vitscape/core/error.hpp>

namespace vitscape {

namespace detail {

/// Levenshtein edit distance.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
        }
    }
    return row.back();
}

}  // namespace detail

/// The end of an error about an unknown `name`: " among 208; the nearest are norm.weight, norm.bias". At most
/// three names, by edit distance.
inline std::string nearest_names(std::string_view name, std::span<const std::string> known) {
    std::vector<std::pair<std::size_t, std::string_view>> near;
    for (const auto& candidate : known) near.emplace_back(detail::edit_distance(name, candidate), candidate);
    std::sort(near.begin(), near.end());
    std::string text = message(" among ", known.size());
    for (std::size_t i = 0; i < std::min<std::size_t>(3, near.size()); ++i)
        text += message(i == 0 ? "; the nearest are " : ", ", near[i].second);
    return text;
}

}  // namespace vitscape
