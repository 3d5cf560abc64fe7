// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace vitscape::detail {

/// A position in a shape's own frame, where the shape approximately fills the unit disc; y points up.
struct Point {
    double x = 0.0;
    double y = 0.0;
};

/// Rotates points counter-clockwise about the origin by an angle in radians.
class Rotation {
  public:
    explicit Rotation(double angle) : cosine_(std::cos(angle)), sine_(std::sin(angle)) {}
    Point operator()(Point p) const { return {cosine_ * p.x - sine_ * p.y, sine_ * p.x + cosine_ * p.y}; }

  private:
    double cosine_, sine_;
};

// Signed distances to an outline, negative inside. Combined by min and max they remain exact near the outline,
// which is all that antialiasing needs.

inline double distance_to_disc(Point p, double radius) { return std::hypot(p.x, p.y) - radius; }

inline double distance_to_box(Point p, double half_width, double half_height) {
    return std::max(std::abs(p.x) - half_width, std::abs(p.y) - half_height);
}

/// Regular triangle with a corner at (0, radius).
inline double distance_to_triangle(Point p, double radius) {
    const double slope = 0.5 * std::numbers::sqrt3;
    return std::max(-p.y, slope * std::abs(p.x) + 0.5 * p.y) - 0.5 * radius;
}

/// Five-pointed star; its inner corners lie where the lines of a pentagram cross.
inline double distance_to_star(Point p, double radius) {
    constexpr double fifth = 2.0 * std::numbers::pi / 5.0;
    static const std::array<Rotation, 5> turns{Rotation(0.0), Rotation(fifth), Rotation(2.0 * fifth),
                                               Rotation(3.0 * fifth), Rotation(4.0 * fifth)};
    // Inside, at most one of the five half planes that a pentagon is made of is left.
    std::array<double, 5> side{};
    for (std::size_t i = 0; i < 5; ++i) side[i] = -turns[i](p).y;
    std::sort(side.begin(), side.end());
    return side[3] - radius * std::cos(fifth);
}

/// Names of the ten shapes; a shape's class is its position here.
inline constexpr std::array<const char*, 10> shape_names{"disc", "ring",  "square",   "frame",     "triangle",
                                                         "star", "cross", "crescent", "half_disc", "arrow"};

/// Signed distance of `p` to the outline of shape `shape` (0..9), in units of the shape's radius.
inline double distance_to_shape(int shape, Point p) {
    switch (shape) {
        case 0:
            return distance_to_disc(p, 0.85);
        case 1:
            return std::abs(distance_to_disc(p, 0.68)) - 0.2;
        case 2:
            return distance_to_box(p, 0.72, 0.72);
        case 3:
            return std::max(distance_to_box(p, 0.78, 0.78), -distance_to_box(p, 0.4, 0.4));
        case 4:
            return distance_to_triangle({p.x, p.y + 0.2}, 1.1);
        case 5:
            return distance_to_star(p, 1.1);
        case 6:
            return std::min(distance_to_box(p, 0.9, 0.28), distance_to_box(p, 0.28, 0.9));
        case 7:
            return std::max(distance_to_disc(p, 0.9), -distance_to_disc({p.x - 0.45, p.y}, 0.72));
        case 8:
            return std::max(distance_to_disc({p.x, p.y + 0.35}, 0.95), -(p.y + 0.35));
        default:
            return std::min(distance_to_triangle({p.x, p.y - 0.3}, 0.75),
                            distance_to_box({p.x, p.y + 0.45}, 0.2, 0.45));
    }
}

}  // namespace vitscape::detail
