// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include <vitscape/core/error.hpp>
#include <vitscape/curvature/symmetric_eigen.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/tensor/vector.hpp>

namespace vitscape {

/// The principal directions of a training's way to its end.
template <Backend B>
struct PrincipalDirections {
    std::vector<Vector<B>> directions;  ///< of norm 1, orthogonal, the one that explains most first
    std::vector<double> explained;      ///< share of the summed squared distances along each of them
    std::vector<std::vector<double>> coordinates;  ///< of each point along each direction, as distances
};

/// The first `count` principal directions of the points theta + d_i: of all subspaces through theta, the end of a training, theirs
/// is nearest to its earlier points d_i = theta_i - theta, in the sum of squared distances (Li et al. 2018, arXiv 1712.09913, section
/// 7.2). Through theta, not through the mean of the points, so that theta lies on the plane that is drawn.
///
/// By the eigenvalues l_k and eigenvectors v_k of the matrix of inner products, d_i . d_j, of as many rows as there are points: the
/// direction is the sum of v_k(i) d_i over i, divided by sqrt(l_k), and explains l_k / (l_1 + l_2 + ...). The first point that has a
/// coordinate has a positive one.
/// @throws ConfigError for fewer than `count` points; NumericError if they lie in fewer dimensions or are not finite.
template <Backend B>
[[nodiscard]] PrincipalDirections<B> principal_directions(std::span<const Vector<B>> differences,
                                                          int count = 2) {
    const auto points = static_cast<Eigen::Index>(differences.size());
    if (count < 1 || points < count)
        throw ConfigError(message(count,
                                  " principal directions need at least as many points beside the last one, ",
                                  points, points == 1 ? " was given" : " were given"));
    const auto at = [&](Eigen::Index i) -> const Vector<B>& {
        return differences[static_cast<std::size_t>(i)];
    };
    Eigen::MatrixXd products(points, points);
    for (Eigen::Index i = 0; i < points; ++i)
        for (Eigen::Index j = 0; j <= i; ++j) products(i, j) = products(j, i) = dot(at(i), at(j));
    if (!products.allFinite()) throw NumericError("the points of a trajectory are not finite");
    detail::SymmetricEigen<double> eigen;
    eigen.compute(products);
    PrincipalDirections<B> result;
    for (Eigen::Index k = points - 1; k >= points - count; --k) {  // they ascend
        const double value = eigen.values()(k);
        if (!(value > 1e-12 * products.trace()))
            throw NumericError(message("the trajectory lies in ", points - 1 - k, " dimensions, ", count,
                                       " were asked for; more checkpoints may show more"));
        Vector<B> direction(at(0).backend(), at(0).size());
        for (Eigen::Index i = 0; i < points; ++i)
            axpby(eigen.vectors()(i, k) / std::sqrt(value), at(i), 1, direction);
        for (const Vector<B>& before : result.directions)  // rounding leaves a little of it
            orthogonalize(direction, before);
        double sign = 0;
        for (Eigen::Index i = 0; i < points && sign == 0; ++i) {
            const double along = dot(at(i), direction);
            if (along * along > 1e-12 * products.trace()) sign = along < 0 ? -1 : 1;
        }
        scale((sign < 0 ? -1 : 1) / norm(direction), direction);
        result.explained.push_back(value / products.trace());
        result.directions.push_back(std::move(direction));
    }
    for (const Vector<B>& difference : differences) {
        std::vector<double>& position = result.coordinates.emplace_back();
        for (const Vector<B>& direction : result.directions) position.push_back(dot(difference, direction));
    }
    return result;
}

}  // namespace vitscape
