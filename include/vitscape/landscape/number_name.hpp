// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace vitscape::detail {

/// Whether files can hold a number of this name beside the entries that every surface has.
inline bool is_number_name(std::string_view name) {
    using namespace std::string_view_literals;
    constexpr std::array reserved{"x"sv,
                                  "y"sv,
                                  "loss"sv,
                                  "standard_error"sv,
                                  "difference_standard_error"sv,
                                  "computed"sv,
                                  "samples"sv,
                                  "centre"sv,
                                  "geometry"sv,
                                  "metadata"sv,
                                  "numbers"sv,
                                  "checksum"sv,
                                  "vitscape"sv,
                                  "dir_file"sv,
                                  "xcoordinates"sv,
                                  "ycoordinates"sv,
                                  "train_loss"sv,
                                  "train_acc"sv};
    return !name.empty() && name.size() <= 64 && name.front() >= 'a' && name.front() <= 'z' &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }) &&
           !name.ends_with("_standard_error") && !name.ends_with("_bound") &&
           std::find(reserved.begin(), reserved.end(), name) == reserved.end();
}

}  // namespace vitscape::detail
