// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <vitscape/data/dataset.hpp>

namespace vitscape {

/// Indices of the first `count` images, taken from the classes in turn, so that each is equally represented; ascending.
/// @throws DataError for a count of 0 or larger than the dataset
template <Dataset D>
[[nodiscard]] std::vector<std::size_t> balanced(const D& data, std::size_t count) {
    if (count == 0 || count > data.size())
        throw DataError(message(count, " images were requested, the dataset has ", data.size(),
                                "; give a number between 1 and that"));
    std::vector<std::vector<std::size_t>> of_class(std::max<std::size_t>(1, data.classes().size()));
    for (std::size_t i = 0; i < data.size(); ++i)
        of_class[static_cast<std::size_t>(std::max(0, data.label(i)))].push_back(i);
    std::vector<std::size_t> chosen;
    for (std::size_t round = 0; chosen.size() < count; ++round)
        for (const auto& members : of_class)
            if (round < members.size() && chosen.size() < count) chosen.push_back(members[round]);
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

}  // namespace vitscape
