// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/core/measured_number.hpp>
#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/landscape/point_measure.hpp>

namespace vitscape {

/// The largest and the smallest eigenvalue of the Hessian of the mean loss by all parameters, as `eigenvalue_max` and
/// `eigenvalue_min` (loss per squared parameter), and |smallest / largest| as `eigenvalue_ratio`, of which Li et al. 2018
/// (arXiv 1712.09913) draw maps: near zero the surface is nearly convex there in all directions, not in the plane alone.
///
/// The bound of an eigenvalue is its residual, whether or not the tolerance was reached: the Hessian has an eigenvalue within it
/// (`Eigenpair`). That no other one lies further out is what a Lanczos space grown from a random start makes very likely and does
/// not prove. The bound of the ratio follows from both; it is NaN, as the ratio, where the largest eigenvalue is not known to be
/// other than zero, and all are NaN where a product with the Hessian is not finite. They are of the samples of the loss and say nothing
/// about other ones. Needs a `TwiceDifferentiable` objective, at most `steps` products with the Hessian a point, and memory for as many
/// vectors.
struct PointEigenvalues {
    Index steps = 100;        ///< products with the Hessian at most
    double tolerance = 1e-3;  ///< residual at which both count as found, over the larger |eigenvalue|
    std::uint64_t seed = 0;   ///< of the start vector, the same at all points

    [[nodiscard]] std::vector<NumberCard> numbers() const {
        const std::string how =
            message(" of the Hessian of the mean loss by all parameters, by at most ", steps,
                    " Lanczos steps from seed ", seed, " to a residual of ", tolerance, " of the larger one");
        return {{.name = "eigenvalue_max",
                 .label = "largest eigenvalue (loss per squared parameter)",
                 .meaning = "largest eigenvalue" + how,
                 .error = NumberError::bound},
                {.name = "eigenvalue_min",
                 .label = "smallest eigenvalue (loss per squared parameter)",
                 .meaning = "smallest eigenvalue" + how,
                 .error = NumberError::bound},
                {.name = "eigenvalue_ratio",
                 .label = "|smallest / largest eigenvalue|",
                 .meaning = "size of the smallest over the largest eigenvalue" + how,
                 .error = NumberError::bound}};
    }
    template <class Point>
    requires requires(Point& point) { hessian(point.objective(), point.theta()); }
    void measure(Point& point, std::span<MeasuredNumber> out) const {
        if (!std::isfinite(point.loss())) return;
        try {
            const auto ends =
                lanczos(hessian(point.objective(), point.theta()),
                        {.largest = 1,
                         .smallest = 1,
                         .steps = steps,
                         .tolerance = tolerance,
                         .seed = seed,
                         .verify = false,
                         .progress = [&](const LanczosProgress&) { point.stop_if_interrupted(); }});
            const auto &high = ends.largest.front(), &low = ends.smallest.front();
            out[0] = {high.value, high.residual};
            out[1] = {low.value, low.residual};
            const double size = std::abs(high.value);
            if (!(size > high.residual)) return;
            const double ratio = std::abs(low.value) / size;
            out[2] = {ratio, (std::abs(low.value) + low.residual) / (size - high.residual) - ratio};
        } catch (const NumericError&) {
            // the loss is finite and a second derivative is not
        }
    }
};

}  // namespace vitscape
