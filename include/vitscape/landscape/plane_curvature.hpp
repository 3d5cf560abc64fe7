// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/landscape/plane.hpp>

namespace vitscape {

/// The second derivatives of L(theta + alpha delta + beta eta) in (alpha, beta): xx is the one in alpha.
struct PlaneCurvature {
    double xx = 0, xy = 0, yy = 0;

    /// The smaller and the larger eigenvalue of [xx, xy; xy, yy].
    [[nodiscard]] double smallest() const { return 0.5 * (xx + yy) - distance(); }
    [[nodiscard]] double largest() const { return 0.5 * (xx + yy) + distance(); }
    /// The largest absolute entry.
    [[nodiscard]] double scale() const {
        return std::max(std::max(std::abs(xx), std::abs(xy)), std::abs(yy));
    }
    [[nodiscard]] bool finite() const { return std::isfinite(xx) && std::isfinite(xy) && std::isfinite(yy); }

  private:
    [[nodiscard]] double distance() const { return std::hypot(0.5 * (xx - yy), xy); }
};

/// Mean over some of the samples.
[[nodiscard]] inline PlaneCurvature mean_curvature(std::span<const PlaneJet<double>> samples) {
    PlaneCurvature sum;
    for (const PlaneJet<double>& one : samples) sum.xx += one.xx, sum.xy += one.xy, sum.yy += one.yy;
    const auto count = static_cast<double>(samples.size());
    return {sum.xx / count, sum.xy / count, sum.yy / count};
}

/// Second derivatives of a loss at the points of a plane, exact up to rounding: forward only and for each sample where the
/// objective is `PlaneDifferentiable`, otherwise from two products with the Hessian H: xx = delta . H delta,
/// yy = eta . H eta, xy the mean of delta . H eta and eta . H delta. Objective and plane must outlive it.
template <Backend B, class O>
class PlaneCurvatures {
  public:
    /// @throws ShapeError if objective and plane have different sizes
    PlaneCurvatures(O& objective, const Plane<B>& plane)
        : objective_(objective), plane_(plane), point_(plane.theta().backend(), plane.size()) {
        if (static_cast<Index>(objective.layout().size()) != plane.size())
            throw ShapeError(message("the objective has ", objective.layout().size(),
                                     " parameters, the centre has ", plane.size()));
        if constexpr (!PlaneDifferentiable<O, B>) {
            static_assert(require_twice_differentiable<O, B>());
            product_ = point_;
        }
    }
    [[nodiscard]] PlaneCurvature at(double alpha, double beta) {
        plane_.point(alpha, beta, point_);
        if constexpr (PlaneDifferentiable<O, B>) {
            samples_.resize(static_cast<std::size_t>(objective_.samples()));
            objective_.sample_jets(point_, plane_.delta(), plane_.eta(), std::span(samples_));
            return mean_curvature(samples_);
        } else {
            PlaneCurvature curvature;
            objective_.hessian_vector(point_, plane_.delta(), product_);
            curvature.xx = dot(plane_.delta(), product_);
            curvature.xy = 0.5 * dot(plane_.eta(), product_);
            objective_.hessian_vector(point_, plane_.eta(), product_);
            curvature.xy += 0.5 * dot(plane_.delta(), product_);
            curvature.yy = dot(plane_.eta(), product_);
            return curvature;
        }
    }
    /// Those of each sample at the last point; empty if the objective does not tell them apart.
    [[nodiscard]] std::span<const PlaneJet<double>> samples() const { return samples_; }

  private:
    O& objective_;
    const Plane<B>& plane_;
    Vector<B> point_, product_{};
    std::vector<PlaneJet<double>> samples_;
};

}  // namespace vitscape
