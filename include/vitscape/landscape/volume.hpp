// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/core/shape.hpp>
#include <vitscape/landscape/surface.hpp>

namespace vitscape {

/// The geometry of a volume's directions: that of the plane of delta and eta, and the norm of zeta and its inner products.
struct VolumeGeometry {
    static constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
    PlaneGeometry plane{};
    double zeta_norm = nothing, theta_dot_zeta = nothing, delta_dot_zeta = nothing, eta_dot_zeta = nothing;

    /// Equal up to rounding.
    [[nodiscard]] bool matches(const VolumeGeometry& other) const {
        const auto near = [](double a, double b, double scale) { return std::abs(a - b) <= 1e-6 * scale; };
        return plane.matches(other.plane) && near(zeta_norm, other.zeta_norm, zeta_norm) &&
               near(theta_dot_zeta, other.theta_dot_zeta, plane.theta_norm * zeta_norm) &&
               near(delta_dot_zeta, other.delta_dot_zeta, plane.delta_norm * zeta_norm) &&
               near(eta_dot_zeta, other.eta_dot_zeta, plane.eta_norm * zeta_norm);
    }
    /// That of the plane of delta and eta through theta + gamma zeta.
    [[nodiscard]] PlaneGeometry at(double gamma) const {
        PlaneGeometry moved = plane;
        if (gamma == 0) return moved;
        moved.theta_norm = std::sqrt(plane.theta_norm * plane.theta_norm + 2 * gamma * theta_dot_zeta +
                                     gamma * gamma * zeta_norm * zeta_norm);
        moved.theta_dot_delta += gamma * delta_dot_zeta;
        moved.theta_dot_eta += gamma * eta_dot_zeta;
        return moved;
    }
};

/// A loss on a grid in three directions: `loss(iz, iy, ix)` is L(theta + x[ix] delta + y[iy] eta + z[iz] zeta). As in a
/// `Surface`, a value that is not known is NaN, and `computed` says whether it was computed.
struct Volume {
    std::vector<double> x, y, z;
    xt::xtensor<double, 3> loss;                       // (z, y, x)
    xt::xtensor<double, 3> standard_error;             // (z, y, x), of the mean over samples
    xt::xtensor<double, 3> difference_standard_error;  // (z, y, x), of the difference from theta
    xt::xtensor<std::uint8_t, 3> computed;             // (z, y, x), 1 or 0
    double centre_loss = std::numeric_limits<double>::quiet_NaN();
    double centre_standard_error = std::numeric_limits<double>::quiet_NaN();
    VolumeGeometry geometry{};
    Index samples = 0;                    ///< 0 if the objective is not a mean over samples
    std::vector<VolumeNumber> numbers{};  ///< computed where the loss is

    Volume() = default;
    /// A volume without any computed point.
    Volume(std::vector<double> along_x, std::vector<double> along_y, std::vector<double> along_z)
        : x(std::move(along_x)), y(std::move(along_y)), z(std::move(along_z)) {
        const std::array<std::size_t, 3> shape = {z.size(), y.size(), x.size()};
        const double nothing = std::numeric_limits<double>::quiet_NaN();
        loss = standard_error = difference_standard_error = xt::xtensor<double, 3>(shape, nothing);
        computed = xt::xtensor<std::uint8_t, 3>(shape, 0);
    }

    /// Number of points that have been evaluated, finite or not.
    [[nodiscard]] Index computed_points() const {
        Index count = 0;
        for (const std::uint8_t flag : computed) count += flag != 0;
        return count;
    }
    [[nodiscard]] bool complete() const { return computed_points() == static_cast<Index>(computed.size()); }

    /// The surface at gamma = z[layer]. Its centre, with which the differences compare, is that of the volume, theta.
    [[nodiscard]] Surface slice(std::size_t layer) const {
        Surface surface = section(x, y, [&](std::size_t i, std::size_t j) {
            return std::array{layer, j, i};
        });
        surface.geometry = geometry.at(z.at(layer));
        return surface;
    }
    /// The surface along x and z at beta = y[row], without its geometry.
    [[nodiscard]] Surface slice_along_z(std::size_t row) const {
        return section(x, z, [&](std::size_t i, std::size_t k) { return std::array{k, row, i}; });
    }
    /// The surface along y and z at alpha = x[column], without its geometry.
    [[nodiscard]] Surface slice_across(std::size_t column) const {
        return section(y, z, [&](std::size_t j, std::size_t k) { return std::array{k, j, column}; });
    }
    /// Replaces the numbers at gamma = z[layer] by those of a surface of the same x and y, and of the same `numbers`.
    void set_slice(std::size_t layer, const Surface& surface) {
        for (std::size_t j = 0; j < y.size(); ++j)
            for (std::size_t i = 0; i < x.size(); ++i) {
                loss(layer, j, i) = surface.loss(j, i);
                standard_error(layer, j, i) = surface.standard_error(j, i);
                difference_standard_error(layer, j, i) = surface.difference_standard_error(j, i);
                computed(layer, j, i) = surface.computed(j, i);
                for (std::size_t n = 0; n < numbers.size(); ++n) {
                    numbers[n].values(layer, j, i) = surface.numbers[n].values(j, i);
                    numbers[n].errors(layer, j, i) = surface.numbers[n].errors(j, i);
                }
            }
    }

  private:
    /// @param place  the indices (z, y, x) of a point of the surface, from those along its two axes
    template <class Place>
    [[nodiscard]] Surface section(const std::vector<double>& first, const std::vector<double>& second,
                                  const Place& place) const {
        Surface surface(first, second);
        for (const VolumeNumber& number : numbers) {
            surface.numbers.push_back(SurfaceNumber::of(number.card, surface.loss));
            surface.numbers.back().centre = number.centre;
        }
        for (std::size_t j = 0; j < second.size(); ++j)
            for (std::size_t i = 0; i < first.size(); ++i) {
                const std::array<std::size_t, 3> at = place(i, j);
                surface.loss(j, i) = loss[at];
                surface.standard_error(j, i) = standard_error[at];
                surface.difference_standard_error(j, i) = difference_standard_error[at];
                surface.computed(j, i) = computed[at];
                for (std::size_t n = 0; n < numbers.size(); ++n) {
                    surface.numbers[n].values(j, i) = numbers[n].values[at];
                    surface.numbers[n].errors(j, i) = numbers[n].errors[at];
                }
            }
        surface.centre_loss = centre_loss;
        surface.centre_standard_error = centre_standard_error;
        surface.samples = samples;
        return surface;
    }
};

/// A volume with a number in place of the loss, as figures draw it (`surface_of`).
[[nodiscard]] inline Volume volume_of(const Volume& volume, const VolumeNumber& number) {
    return detail::with_number(Volume(volume.x, volume.y, volume.z), volume, number);
}

}  // namespace vitscape
