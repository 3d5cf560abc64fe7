// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace vitscape {

/// What a contestant classifies by. Their numbers are different measures: a probe says what the frozen features hold, a classifier's own
/// head what the training made of them.
struct Head {
    std::string_view key;    ///< in results and of rows
    std::string_view title;  ///< for readers
};
/// A linear probe of all labels, which every contestant has where images have classes.
inline constexpr Head probe_head{"probe", "linear probe"};
/// The head that a classifier was trained with.
inline constexpr Head own_head{"own_head", "own head"};
inline constexpr std::array heads{probe_head, own_head};

/// The key of a row about a head, such as "own_head_top1_int8".
[[nodiscard]] inline std::string key_of(const Head& head, std::string_view row) {
    return std::string(head.key) + "_" + std::string(row);
}
/// The name of such a row, such as "top-1 under a blur of 1 pixel, own head".
[[nodiscard]] inline std::string name_of(const Head& head, std::string_view row) {
    return std::string(row) + ", " + std::string(head.title);
}

}  // namespace vitscape
