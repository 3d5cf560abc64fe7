// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/core/measured_number.hpp>
#include <vitscape/core/shape.hpp>
#include <vitscape/core/statistics.hpp>

namespace vitscape {

/// The geometry of a surface's directions: norms and inner products of theta, delta and eta (NaN for the eta of
/// a line). Stored with the surface, so that it is never completed with the directions of another seed; the
/// angle between delta and eta is acos(delta_dot_eta / (delta_norm eta_norm)).
struct PlaneGeometry {
    static constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
    double theta_norm = nothing, delta_norm = nothing, eta_norm = nothing;
    double theta_dot_delta = nothing, theta_dot_eta = nothing, delta_dot_eta = nothing;

    /// Equal up to rounding.
    [[nodiscard]] bool matches(const PlaneGeometry& other) const {
        const auto near = [](double a, double b, double scale) {
            return std::isnan(a) ? std::isnan(b) : std::abs(a - b) <= 1e-6 * scale;
        };
        return near(theta_norm, other.theta_norm, theta_norm) &&
               near(delta_norm, other.delta_norm, delta_norm) && near(eta_norm, other.eta_norm, eta_norm) &&
               near(theta_dot_delta, other.theta_dot_delta, theta_norm * delta_norm) &&
               near(theta_dot_eta, other.theta_dot_eta, theta_norm * eta_norm) &&
               near(delta_dot_eta, other.delta_dot_eta, delta_norm * eta_norm);
    }
};

/// A number that each point of a grid has beside the loss (`PointMeasure`); NaN where it is not finite or has not been
/// computed.
template <std::size_t Rank>
struct GridNumber {
    NumberCard card{};
    xt::xtensor<double, Rank> values{};  // (y, x), of a volume (z, y, x)
    xt::xtensor<double, Rank> errors{};  // of the same shape; NaN where `card.error` is none
    MeasuredNumber centre{};             ///< at theta

    /// A number without any computed point. @param like  a table of the grid, for the shape
    [[nodiscard]] static GridNumber of(NumberCard card, const xt::xtensor<double, Rank>& like) {
        const xt::xtensor<double, Rank> nothing(like.shape(), std::numeric_limits<double>::quiet_NaN());
        return {std::move(card), nothing, nothing, {}};
    }
};
using SurfaceNumber = GridNumber<2>;
using VolumeNumber = GridNumber<3>;

/// A loss on a grid: `loss(iy, ix)` is L(theta + x[ix] delta + y[iy] eta). A line is a surface with the single
/// row y = {0}.
///
/// A value is NaN if it has not been computed, and also if the loss was computed but is not finite;
/// `computed` distinguishes the two. Values are never filled in.
struct Surface {
    std::vector<double> x, y;
    xt::xtensor<double, 2> loss;  // (y, x)
    /// Of the mean over samples: their standard deviation / sqrt(samples); NaN if the objective has fewer
    /// than two samples.
    xt::xtensor<double, 2> standard_error;  // (y, x)
    /// Of the difference from the centre theta, on the same images and masks: variation common to both cancels,
    /// so this can tell two points apart when the standard errors of each cannot.
    xt::xtensor<double, 2> difference_standard_error;  // (y, x)
    xt::xtensor<std::uint8_t, 2> computed;             // (y, x), 1 or 0
    double centre_loss = std::numeric_limits<double>::quiet_NaN();
    double centre_standard_error = std::numeric_limits<double>::quiet_NaN();
    PlaneGeometry geometry;
    Index samples = 0;                     ///< 0 if the objective is not a mean over samples
    std::vector<SurfaceNumber> numbers{};  ///< computed where the loss is

    Surface() = default;
    /// A surface without any computed point.
    Surface(std::vector<double> along_x, std::vector<double> along_y)
        : x(std::move(along_x)), y(std::move(along_y)) {
        const std::array<std::size_t, 2> shape = {y.size(), x.size()};
        const double nothing = std::numeric_limits<double>::quiet_NaN();
        loss = standard_error = difference_standard_error = xt::xtensor<double, 2>(shape, nothing);
        computed = xt::xtensor<std::uint8_t, 2>(shape, 0);
    }

    [[nodiscard]] Index columns() const { return static_cast<Index>(x.size()); }
    [[nodiscard]] Index rows() const { return static_cast<Index>(y.size()); }
    [[nodiscard]] bool is_line() const { return y.size() == 1; }
    /// Number of points that have been evaluated, finite or not.
    [[nodiscard]] Index computed_points() const {
        Index count = 0;
        for (const std::uint8_t flag : computed) count += flag != 0;
        return count;
    }
    [[nodiscard]] bool complete() const { return computed_points() == rows() * columns(); }
    /// Smallest and largest finite loss; {NaN, NaN} if there is none.
    [[nodiscard]] std::pair<double, double> range() const {
        const double nothing = std::numeric_limits<double>::quiet_NaN();
        std::pair<double, double> result{nothing, nothing};
        for (const double value : loss) {
            if (!std::isfinite(value)) continue;
            if (!(result.first <= value)) result.first = value;
            if (!(result.second >= value)) result.second = value;
        }
        return result;
    }
};

namespace detail {
/// Puts a number of `grid` in place of the loss of `empty`, a surface or volume of the same coordinates.
template <class G, std::size_t Rank>
[[nodiscard]] G with_number(G empty, const G& grid, const GridNumber<Rank>& number) {
    empty.loss = number.values;
    if (number.card.error == NumberError::standard_error) empty.standard_error = number.errors;
    empty.computed = grid.computed;
    empty.centre_loss = number.centre.value;
    empty.geometry = grid.geometry;
    empty.samples = grid.samples;
    return empty;
}
}  // namespace detail

/// A surface with a number in place of the loss, as figures draw it; a standard error stays one, a bound is left out.
[[nodiscard]] inline Surface surface_of(const Surface& surface, const SurfaceNumber& number) {
    return detail::with_number(Surface(surface.x, surface.y), surface, number);
}

/// Mean of the differences a[i] - b[i] and its standard error.
[[nodiscard]] inline MeanAndError mean_and_error_of_difference(std::span<const double> a,
                                                               std::span<const double> b) {
    const double count = static_cast<double>(a.size());
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] - b[i];
    const double mean = sum / count;
    double square = 0;
    for (std::size_t i = 0; i < a.size(); ++i) square += (a[i] - b[i] - mean) * (a[i] - b[i] - mean);
    return {mean, std::sqrt(square / (count - 1) / count)};
}

}  // namespace vitscape
