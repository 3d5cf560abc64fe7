// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace vitscape {

/// What the error of a number is.
enum class NumberError {
    none,            ///< it has none
    standard_error,  ///< over the samples that it was computed from
    bound            ///< the largest distance from what was to be computed
};
constexpr std::array<std::pair<std::string_view, NumberError>, 3> enumerators(NumberError) {
    return {{{"none", NumberError::none},
             {"standard_error", NumberError::standard_error},
             {"bound", NumberError::bound}}};
}

/// What a number is that a surface has at each of its points beside the loss.
struct NumberCard {
    std::string name{};   ///< of its table in files: lower case letters, digits and underscores
    std::string label{};  ///< at the axis of a figure, with its unit
    std::string
        meaning{};  ///< with the options that it was computed with, so that only the same is gone on with
    NumberError error = NumberError::none;

    friend bool operator==(const NumberCard&, const NumberCard&) = default;
};

/// A number at a point with its error, both NaN where there is none.
struct MeasuredNumber {
    double value = std::numeric_limits<double>::quiet_NaN();
    double error = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace vitscape
