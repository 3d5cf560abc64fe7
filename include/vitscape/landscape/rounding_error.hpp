// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <vitscape/core/error.hpp>
#include <vitscape/landscape/grid.hpp>
#include <vitscape/landscape/plane.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/volume_projector.hpp>

namespace vitscape {

/// What rounding does to one point of a surface.
struct RoundingError {
    double x = 0, y = 0;  ///< position on the plane
    double error = 0;     ///< loss with rounding minus loss without; infinite if only the latter is finite
    double standard_error = 0;  ///< of the loss without, over its samples
    double z = 0;               ///< position in a volume

    /// Whether the error is within the standard error, so that it hides nothing that the samples show.
    [[nodiscard]] bool negligible() const { return std::abs(error) <= standard_error; }
};

namespace detail {
inline std::vector<RoundingError> rounding_errors(const Surface& with, const Surface& without) {
    std::vector<RoundingError> errors;
    for (std::size_t row = 0; row < without.y.size(); ++row)
        for (std::size_t column = 0; column < without.x.size(); ++column) {
            if (!std::isfinite(without.loss(row, column))) continue;
            const double error = with.loss(row, column) - without.loss(row, column);
            errors.push_back({without.x[column], without.y[row],
                              std::isfinite(error) ? error : std::numeric_limits<double>::infinity(),
                              without.standard_error(row, column)});
        }
    return errors;
}
}  // namespace detail

/// The errors of a surface whose objective rounds, such as a model in bfloat16: at the ends and in the middle of each axis of its grid,
/// `rounded` is compared with `exact`, the same function of the same samples in higher precision. Points at which the exact loss is not
/// finite are left out.
/// @throws what `project` throws
template <Backend B, class Rounded, class Exact>
[[nodiscard]] std::vector<RoundingError> rounding_errors(Rounded& rounded, Exact& exact,
                                                         const Plane<B>& plane, const PlaneGrid& grid) {
    PlaneGrid few = grid;
    few.x.steps = std::min<Index>(3, grid.x.steps);
    few.y.steps = std::min<Index>(3, grid.y.steps);
    return detail::rounding_errors(project(rounded, plane, few), project(exact, plane, few));
}
/// The same of a volume.
template <Backend B, class Rounded, class Exact>
[[nodiscard]] std::vector<RoundingError> rounding_errors(Rounded& rounded, Exact& exact,
                                                         const AffineSpace<B>& space,
                                                         const VolumeGrid& grid) {
    VolumeGrid few = grid;
    for (Grid* axis : {&few.x, &few.y, &few.z}) axis->steps = std::min<Index>(3, axis->steps);
    const Volume with = project(rounded, space, few), without = project(exact, space, few);
    std::vector<RoundingError> errors;
    for (std::size_t k = 0; k < with.z.size(); ++k)
        for (RoundingError error : detail::rounding_errors(with.slice(k), without.slice(k))) {
            error.z = with.z[k];
            errors.push_back(error);
        }
    return errors;
}
/// The same along a line or a curve.
template <class Rounded, class Exact, class Path>
[[nodiscard]] std::vector<RoundingError> rounding_errors(Rounded& rounded, Exact& exact, const Path& path,
                                                         const Grid& grid) {
    Grid few = grid;
    few.steps = std::min<Index>(3, grid.steps);
    return detail::rounding_errors(project(rounded, path, few), project(exact, path, few));
}

/// @throws NumericError that names the point where an error is farthest from negligible, if one is not
inline void require_negligible(const std::vector<RoundingError>& errors) {
    const auto excess = [](const RoundingError& e) { return std::abs(e.error) - e.standard_error; };
    const auto worst = std::max_element(
        errors.begin(), errors.end(),
        [&](const RoundingError& a, const RoundingError& b) { return excess(a) < excess(b); });
    if (worst == errors.end() || worst->negligible()) return;
    throw NumericError(message("at (", worst->x, ", ", worst->y,
                               ") the loss in low precision differs from that in float by ", worst->error,
                               ", which is more than its standard error ", worst->standard_error,
                               "; compute this surface in float"));
}

}  // namespace vitscape
