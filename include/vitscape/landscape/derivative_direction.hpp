// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include <vitscape/autograd/objective.hpp>
#include <vitscape/core/error.hpp>
#include <vitscape/curvature/block.hpp>
#include <vitscape/curvature/hessian.hpp>
#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/landscape/part.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// The gradient of the loss at theta in the parameters of `part`, zero in the others; in units of loss per parameter. It points
/// uphill.
/// @throws NumericError if it is zero, so that no direction is steepest, or not finite; ShapeError if sizes do not match.
template <Backend B, class O>
[[nodiscard]] Vector<B> gradient_direction(O& objective, const Vector<B>& theta, const ParameterBlock& part) {
    static_assert(require_objective<O, B>());
    if (static_cast<Index>(objective.layout().size()) != theta.size())
        throw ShapeError(message("the objective has ", objective.layout().size(),
                                 " parameters, the point of its gradient has ", theta.size()));
    Vector<B> gradient(theta.backend(), theta.size());
    (void)objective.gradient(theta, gradient);
    keep_only(part, gradient);
    const double length = norm(gradient);
    if (!(length > 0) || !std::isfinite(length))
        throw NumericError(message("the norm of the gradient is ", length, ", so it gives no direction"));
    return gradient;
}

/// Eigenpairs of the Hessian at theta in the parameters of `part`: the `options.largest` largest in descending order, then
/// the `options.smallest` smallest in ascending order, with eigenvectors of norm 1 that are zero outside the part. A step r along one
/// with the eigenvalue lambda changes the loss by r g.v + r^2 lambda / 2 to second order, with the gradient g. Their signs mean
/// nothing.
///
/// Not normalized by filters: an eigenvector scaled so would not be one any more. Scale it as a whole; then curvature in the unit of the
/// coordinate is lambda times the square of the length.
/// @throws ConfigError if the part has fewer parameters than pairs are wanted, and what `lanczos` throws.
template <Backend B, class O>
[[nodiscard]] std::vector<Eigenpair<B>> eigenvector_directions(O& objective, const Vector<B>& theta,
                                                               const ParameterBlock& part,
                                                               LanczosOptions options) {
    if (part.size() < options.largest + options.smallest)
        throw ConfigError(message("a part of ", part.size(), " parameters has no ",
                                  options.largest + options.smallest, " eigenvectors"));
    options.vectors = true;
    auto operation = block(hessian(objective, theta), part);
    auto spectrum = lanczos(operation, options);
    std::vector<Eigenpair<B>> pairs;
    for (auto* ends : {&spectrum.largest, &spectrum.smallest})
        for (Eigenpair<B>& pair : *ends) {
            Vector<B> whole(theta.backend(), theta.size());
            operation.scatter(pair.vector, whole);
            pair.vector = std::move(whole);
            pairs.push_back(std::move(pair));
        }
    return pairs;
}

}  // namespace vitscape
