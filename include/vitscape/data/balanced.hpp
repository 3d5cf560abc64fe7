// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <vitscape/core/random.hpp>
#include <vitscape/data/dataset.hpp>

namespace vitscape {

/// Indices of the first `count` images, taken from the classes in turn, so that each is equally represented; ascending. Those of
/// a smaller count are among those of a larger one.
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

/// Indices of the same share of each class, rounded, but at least one image of each; ascending. Which ones they are is chosen by
/// `seed`; those of a smaller share are among those of a larger one.
/// @param labels  of all images.  @param share  in (0, 1].  @throws ConfigError for another share
[[nodiscard]] inline std::vector<std::size_t> part_of_each_class(std::span<const std::int64_t> labels,
                                                                 double share, std::uint64_t seed) {
    if (!(share > 0 && share <= 1))
        throw ConfigError(message("the share of the images must lie in (0, 1]; ", share, " was given"));
    std::vector<std::size_t> order(labels.size()), chosen;
    std::iota(order.begin(), order.end(), std::size_t{0});
    RandomSequence random({seed, Purpose::sample_order, 0, 1});
    random.shuffle(std::span(order));
    const auto class_of = [&](std::size_t image) {
        return static_cast<std::size_t>(std::max<std::int64_t>(0, labels[image]));
    };
    std::vector<std::size_t> left;  // per class
    for (std::size_t image = 0; image < labels.size(); ++image) {
        if (class_of(image) >= left.size()) left.resize(class_of(image) + 1);
        ++left[class_of(image)];
    }
    for (std::size_t& count : left)
        if (count > 0)
            count =
                std::max<std::size_t>(1, static_cast<std::size_t>(share * static_cast<double>(count) + 0.5));
    for (const std::size_t image : order) {
        if (left[class_of(image)] == 0) continue;
        --left[class_of(image)];
        chosen.push_back(image);
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

}  // namespace vitscape
