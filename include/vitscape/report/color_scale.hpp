// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/error.hpp>

namespace vitscape {

/// How losses map to colours and heights. `automatic` is logarithmic for positive losses that differ by more
/// than a factor of 30.
enum class LossScale { automatic, linear, logarithmic };

/// Number of characters of a UTF-8 text.
[[nodiscard]] inline std::size_t text_width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// The range of losses in a figure, and round values inside it for its iso-lines and ticks.
struct ColorScale {
    double low = 0, high = 1;
    bool logarithmic = false;
    std::vector<double> levels;
    int decimals = 0;  ///< of the levels, on a linear scale

    /// 0 at `low`, 1 at `high`.
    [[nodiscard]] double position(double loss) const {
        return logarithmic ? std::log(loss / low) / std::log(high / low) : (loss - low) / (high - low);
    }
    /// A level as text.
    [[nodiscard]] std::string text(double level) const {
        char buffer[64];
        const double size = std::max(std::abs(low), std::abs(high));
        if (logarithmic || size >= 1e5 || decimals > 6)
            std::snprintf(buffer, sizeof buffer, "%.*g", logarithmic ? 4 : 4 + std::min(decimals, 6), level);
        else
            std::snprintf(buffer, sizeof buffer, "%.*f", decimals, level);
        return buffer[0] == '-' ? "\u2212" + std::string(buffer + 1) : std::string(buffer);
    }
};

namespace detail {

/// 1, 2 or 5 times a power of ten, close to `raw`.
inline double round_step(double raw) {
    const double power = std::pow(10.0, std::floor(std::log10(raw)));
    const double factor = raw / power;
    return power * (factor < 1.5 ? 1 : factor < 3.5 ? 2 : factor < 7.5 ? 5 : 10);
}

/// Multiples of a round step, about `count` of them in the range.
inline void choose_linear_levels(ColorScale& scale, double count) {
    const double step = round_step((scale.high - scale.low) / count);
    scale.decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
    const double first = std::ceil(scale.low / step);
    for (double k = first; k * step < scale.high && scale.levels.size() < 100; ++k)
        if (k * step > scale.low) scale.levels.push_back(k * step);
}

/// 1, 2 and 5 times powers of ten; fewer of them if the range is wide.
inline void choose_logarithmic_levels(ColorScale& scale) {
    const double first = std::floor(std::log10(scale.low)), last = std::ceil(std::log10(scale.high));
    const double decades = last - first, stride = std::ceil(decades / 12);
    const std::vector<double> digits = decades <= 3   ? std::vector<double>{1, 2, 5}
                                       : decades <= 7 ? std::vector<double>{1, 3}
                                                      : std::vector<double>{1};
    for (double exponent = first; exponent <= last; exponent += stride)
        for (const double digit : digits) {
            const double level = digit * std::pow(10.0, exponent);
            if (level > scale.low && level < scale.high) scale.levels.push_back(level);
        }
}

}  // namespace detail

/// A scale for the losses from `low` to `high`.
/// @throws ConfigError for a range without finite numbers, or a logarithmic scale of losses that are not
///         positive.
[[nodiscard]] inline ColorScale make_color_scale(double low, double high, LossScale kind) {
    if (!std::isfinite(low) || !std::isfinite(high) || low > high)
        throw ConfigError("there is no finite loss to draw");
    if (kind == LossScale::logarithmic && !(low > 0))
        throw ConfigError(message("a logarithmic scale needs positive losses, the smallest is ", low));
    // A flat surface still gets a range, to avoid a division by zero.
    const double least = 1e-9 * std::max({std::abs(low), std::abs(high), 1e-290});
    if (high - low < least) {
        low -= least / 2;
        high += least / 2;
        kind = LossScale::linear;
    }
    ColorScale scale{low, high, kind == LossScale::logarithmic, {}, 0};
    if (kind == LossScale::automatic) scale.logarithmic = low > 0 && high > 30 * low;
    if (scale.logarithmic) detail::choose_logarithmic_levels(scale);
    if (scale.levels.size() < 3) {
        scale.levels.clear();
        detail::choose_linear_levels(scale, 9);
    }
    return scale;
}

}  // namespace vitscape
