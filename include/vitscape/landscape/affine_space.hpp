// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <vitscape/core/error.hpp>
#include <vitscape/landscape/plane.hpp>
#include <vitscape/landscape/volume.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// The points theta + alpha delta + beta eta + gamma zeta. Owns its four vectors (move them in to save memory).
///
/// A point is computed as a point of the plane of delta and eta through the base theta + gamma zeta, which is rounded to the
/// backend's numbers; at gamma = 0 the base is theta itself, so the points are those of `Plane` to the last bit.
template <Backend B>
class AffineSpace {
  public:
    /// @throws ShapeError if the four sizes differ.
    AffineSpace(Vector<B> theta, Vector<B> delta, Vector<B> eta, Vector<B> zeta)
        : theta_(std::move(theta)), delta_(std::move(delta)), eta_(std::move(eta)), zeta_(std::move(zeta)) {
        if (delta_.size() != theta_.size() || eta_.size() != theta_.size() || zeta_.size() != theta_.size())
            throw ShapeError(message("a point and three directions must have the same size, they have ",
                                     theta_.size(), ", ", delta_.size(), ", ", eta_.size(), " and ",
                                     zeta_.size()));
    }

    [[nodiscard]] const Vector<B>& theta() const { return theta_; }
    [[nodiscard]] const Vector<B>& delta() const { return delta_; }
    [[nodiscard]] const Vector<B>& eta() const { return eta_; }
    [[nodiscard]] const Vector<B>& zeta() const { return zeta_; }
    [[nodiscard]] Index size() const { return theta_.size(); }

    [[nodiscard]] VolumeGeometry geometry() const {
        return {.plane = {.theta_norm = norm(theta_),
                          .delta_norm = norm(delta_),
                          .eta_norm = norm(eta_),
                          .theta_dot_delta = dot(theta_, delta_),
                          .theta_dot_eta = dot(theta_, eta_),
                          .delta_dot_eta = dot(delta_, eta_)},
                .zeta_norm = norm(zeta_),
                .theta_dot_zeta = dot(theta_, zeta_),
                .delta_dot_zeta = dot(delta_, zeta_),
                .eta_dot_zeta = dot(eta_, zeta_)};
    }

    /// A plane of delta and eta, for `project`; refers to the space and to its base.
    class Layer {
      public:
        Layer(const AffineSpace& space, const Vector<B>& base) : space_(space), base_(base) {}
        [[nodiscard]] const Vector<B>& theta() const { return base_; }
        [[nodiscard]] const Vector<B>& delta() const { return space_.delta_; }
        [[nodiscard]] const Vector<B>& eta() const { return space_.eta_; }
        [[nodiscard]] Index size() const { return base_.size(); }
        void point(double alpha, double beta, Vector<B>& out) const {
            plane_point(base_, alpha, space_.delta_, beta, space_.eta_, out);
        }

      private:
        const AffineSpace& space_;
        const Vector<B>& base_;
    };
    /// The plane at gamma. @param base  memory for theta + gamma zeta, which it needs unless gamma is 0
    [[nodiscard]] Layer layer(double gamma, Vector<B>& base) const {
        if (gamma == 0) return {*this, theta_};
        line_point(theta_, gamma, zeta_, base);
        return {*this, base};
    }
    /// Writes theta + alpha delta + beta eta + gamma zeta to `out`. @param base  memory for theta + gamma zeta
    void point(double alpha, double beta, double gamma, Vector<B>& base, Vector<B>& out) const {
        layer(gamma, base).point(alpha, beta, out);
    }

  private:
    Vector<B> theta_, delta_, eta_, zeta_;
};

}  // namespace vitscape
