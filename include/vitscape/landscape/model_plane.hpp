// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <utility>

#include <vitscape/core/error.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// theta' - theta: along it theta is at 0 and theta' at 1.
/// @throws ShapeError if the sizes differ; NumericError if the two are equal, or their distance is not finite.
template <Backend B>
[[nodiscard]] Vector<B> direction_to(const Vector<B>& theta, const Vector<B>& other) {
    Vector<B> difference = other;
    axpby(-1, theta, 1, difference);
    const double distance = norm(difference);
    if (!(distance > 0) || !std::isfinite(distance))
        throw NumericError(message("two models at the distance ", distance,
                                   " give no direction; they must be finite, and not the same"));
    return difference;
}

/// The directions of the plane through three models, of equal length and orthogonal.
template <Backend B>
struct ModelPlane {
    Vector<B> delta, eta;
    double x = 0, y = 0;  ///< coordinates of the third model; the first is at (0, 0), the second at (1, 0)
};

/// The plane through theta, theta + u and theta + v by Gram-Schmidt (Garipov et al. 2018, arXiv 1802.10026):
///
///     delta = u,  eta = |u| w / |w|  with  w = v - (v . u / u . u) u,
///
/// so that both coordinates are in units of the distance |u| of the first two, and the figure shows distances and angles as they are.
/// @throws NumericError if the three lie on a line; ShapeError if the sizes differ.
template <Backend B>
[[nodiscard]] ModelPlane<B> plane_through(Vector<B> u, const Vector<B>& v) {
    ModelPlane<B> plane{std::move(u), v};
    try {
        orthogonalize(plane.eta, plane.delta);
    } catch (const NumericError&) {
        throw NumericError("three models that lie on a line span no plane; choose another third one");
    }
    const double unit = norm(plane.delta), height = norm(plane.eta);
    plane.x = dot(v, plane.delta) / (unit * unit);
    plane.y = height / unit;
    scale(unit / height, plane.eta);
    return plane;
}

}  // namespace vitscape
