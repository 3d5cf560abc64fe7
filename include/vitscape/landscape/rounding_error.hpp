// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <xtensor/xtensor.hpp>

#include <vitscape/core/error.hpp>
#include <vitscape/core/measured_number.hpp>
#include <vitscape/landscape/grid.hpp>
#include <vitscape/landscape/plane.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/volume_projector.hpp>

namespace vitscape {

/// What rounding does to the loss, or to another number, at one point of a surface.
struct RoundingError {
    double x = 0, y = 0;  ///< position on the plane
    double error = 0;  ///< the number with rounding minus that without; infinite if only the latter is finite
    double standard_error = 0;  ///< of the number without, over its samples
    std::string of = "loss";
    /// What one sample changes, of another number than the loss: a share whose standard error is zero because all samples agree
    /// is not known any better.
    double resolution = 0;
    double z = 0;  ///< position in a volume

    /// Whether the error is within the standard error, so that it hides nothing that the samples show.
    [[nodiscard]] bool negligible() const {
        return std::abs(error) <= std::max(standard_error, resolution * (1 + 1e-9));
    }
};

namespace detail {
/// Of one table of the surfaces.
inline void add_rounding_errors(std::vector<RoundingError>& errors, const Surface& grid,
                                const xt::xtensor<double, 2>& with, const xt::xtensor<double, 2>& without,
                                const xt::xtensor<double, 2>& standard_errors, const std::string& of,
                                double resolution) {
    for (std::size_t row = 0; row < grid.y.size(); ++row)
        for (std::size_t column = 0; column < grid.x.size(); ++column) {
            if (!std::isfinite(without(row, column))) continue;
            const double error = with(row, column) - without(row, column);
            errors.push_back({grid.x[column], grid.y[row],
                              std::isfinite(error) ? error : std::numeric_limits<double>::infinity(),
                              standard_errors(row, column), of, resolution});
        }
}
inline std::vector<RoundingError> rounding_errors(const Surface& with, const Surface& without) {
    std::vector<RoundingError> errors;
    add_rounding_errors(errors, without, with.loss, without.loss, without.standard_error, "loss", 0);
    for (std::size_t i = 0; i < without.numbers.size(); ++i) {
        const SurfaceNumber& exact = without.numbers[i];
        if (exact.card.error == NumberError::standard_error)
            add_rounding_errors(errors, without, with.numbers[i].values, exact.values, exact.errors,
                                exact.card.name, 1 / static_cast<double>(without.samples));
    }
    return errors;
}
}  // namespace detail

/// The errors of a surface whose objective rounds, such as a model in bfloat16: at the ends and in the middle of each axis of its grid,
/// `rounded` is compared with `exact`, the same function of the same samples in higher precision. Points at which the exact loss is not
/// finite are left out.
/// @param measures  as of `project`: those of their numbers that have standard errors are compared as well
/// @throws what `project` throws
template <Backend B, class Rounded, class Exact, class... Ms>
[[nodiscard]] std::vector<RoundingError> rounding_errors(Rounded& rounded, Exact& exact,
                                                         const Plane<B>& plane, const PlaneGrid& grid,
                                                         Ms&&... measures) {
    PlaneGrid few = grid;
    few.x.steps = std::min<Index>(3, grid.x.steps);
    few.y.steps = std::min<Index>(3, grid.y.steps);
    return detail::rounding_errors(project(rounded, plane, few, {}, measures...),
                                   project(exact, plane, few, {}, measures...));
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
template <class Rounded, class Exact, class Path, class... Ms>
[[nodiscard]] std::vector<RoundingError> rounding_errors(Rounded& rounded, Exact& exact, const Path& path,
                                                         const Grid& grid, Ms&&... measures) {
    Grid few = grid;
    few.steps = std::min<Index>(3, grid.steps);
    return detail::rounding_errors(project(rounded, path, few, {}, measures...),
                                   project(exact, path, few, {}, measures...));
}

/// @throws NumericError that names the point where an error is farthest from negligible, if one is not
inline void require_negligible(const std::vector<RoundingError>& errors) {
    const auto excess = [](const RoundingError& e) {  // that of a number which is not negligible first
        return e.negligible() ? -1 : std::abs(e.error) - e.standard_error;
    };
    const auto worst = std::max_element(
        errors.begin(), errors.end(),
        [&](const RoundingError& a, const RoundingError& b) { return excess(a) < excess(b); });
    if (worst == errors.end() || worst->negligible()) return;
    throw NumericError(message("at (", worst->x, ", ", worst->y, ") the ", worst->of,
                               " in low precision differs from that in float by ", worst->error,
                               ", which is more than its standard error ", worst->standard_error,
                               "; compute this surface in float"));
}

}  // namespace vitscape
