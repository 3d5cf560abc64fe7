// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <vitscape/core/error.hpp>
#include <vitscape/landscape/surface.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// The points theta + alpha delta + beta eta. Owns its three vectors (move them in to save memory).
template <Backend B>
class Plane {
  public:
    /// @throws ShapeError if the three sizes differ.
    Plane(Vector<B> theta, Vector<B> delta, Vector<B> eta)
        : theta_(std::move(theta)), delta_(std::move(delta)), eta_(std::move(eta)) {
        if (delta_.size() != theta_.size() || eta_.size() != theta_.size())
            throw ShapeError(message("a plane's point and directions must have the same size, they have ",
                                     theta_.size(), ", ", delta_.size(), " and ", eta_.size()));
    }

    [[nodiscard]] const Vector<B>& theta() const { return theta_; }
    [[nodiscard]] const Vector<B>& delta() const { return delta_; }
    [[nodiscard]] const Vector<B>& eta() const { return eta_; }
    [[nodiscard]] Index size() const { return theta_.size(); }

    [[nodiscard]] PlaneGeometry geometry() const {
        return {.theta_norm = norm(theta_),
                .delta_norm = norm(delta_),
                .eta_norm = norm(eta_),
                .theta_dot_delta = dot(theta_, delta_),
                .theta_dot_eta = dot(theta_, eta_),
                .delta_dot_eta = dot(delta_, eta_)};
    }

    /// Writes theta + alpha delta + beta eta to `out` in one pass.
    void point(double alpha, double beta, Vector<B>& out) const {
        plane_point(theta_, alpha, delta_, beta, eta_, out);
    }

  private:
    Vector<B> theta_, delta_, eta_;
};

/// The points theta + alpha delta. With delta = theta' - theta it connects two solutions.
template <Backend B>
class Line {
  public:
    /// @throws ShapeError if the sizes differ.
    Line(Vector<B> theta, Vector<B> delta) : theta_(std::move(theta)), delta_(std::move(delta)) {
        if (delta_.size() != theta_.size())
            throw ShapeError(message("a line's point and direction must have the same size, they have ",
                                     theta_.size(), " and ", delta_.size()));
    }

    [[nodiscard]] const Vector<B>& theta() const { return theta_; }
    [[nodiscard]] const Vector<B>& delta() const { return delta_; }
    [[nodiscard]] Index size() const { return theta_.size(); }

    [[nodiscard]] PlaneGeometry geometry() const {
        return {
            .theta_norm = norm(theta_), .delta_norm = norm(delta_), .theta_dot_delta = dot(theta_, delta_)};
    }

    /// Writes theta + alpha delta to `out`. The second coordinate is ignored; it exists for the interface of
    /// `Plane`.
    void point(double alpha, double, Vector<B>& out) const { line_point(theta_, alpha, delta_, out); }

  private:
    Vector<B> theta_, delta_;
};

}  // namespace vitscape
