// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <Eigen/Core>

#include <vitscape/core/error.hpp>
#include <vitscape/core/shape.hpp>

#if defined(VITSCAPE_HAS_DLIB) && VITSCAPE_HAS_DLIB
#include <dlib/optimization/max_cost_assignment.h>
#endif

namespace vitscape {

/// Whether this build solves assignment problems.
#if defined(VITSCAPE_HAS_DLIB) && VITSCAPE_HAS_DLIB
inline constexpr bool has_assignment = true;
#else
inline constexpr bool has_assignment = false;
#endif

/// @throws ConfigError where this build has no dlib, with what to install
inline void require_assignment() {
    if (!has_assignment)
        throw ConfigError(
            "this build cannot align models: install dlib (Debian: libdlib-dev) and configure again");
}

/// The linear assignment problem: for each row i the column p(i), each column once, so that the sum of gains(i, p(i)) is largest. By
/// dlib's Hungarian algorithm, O(n^3).
///
/// It takes integers: the gains are rounded to 2^b equal steps between the smallest and the largest, b = min(52, 61 - ceil(log2 n)), for which no
/// sum overflows. So the sum is below the best one by at most n 2^-b (largest - smallest): at n = 4096 by 2e-12 of the largest difference.
/// @param gains  (n, n)
/// @throws ShapeError unless there are as many rows as columns; NumericError if a gain is not finite; ConfigError without dlib.
[[nodiscard]] inline std::vector<Index> best_assignment(const Eigen::MatrixXd& gains) {
    require_assignment();
    if (gains.rows() != gains.cols())
        throw ShapeError(message("an assignment needs as many rows as columns, there are ", gains.rows(),
                                 " and ", gains.cols()));
    if (!gains.allFinite()) throw NumericError("an assignment needs finite gains; there are others");
    std::vector<Index> columns(static_cast<std::size_t>(gains.rows()), 0);
    if (gains.rows() < 2) return columns;
#if defined(VITSCAPE_HAS_DLIB) && VITSCAPE_HAS_DLIB
    const double low = gains.minCoeff(), range = gains.maxCoeff() - low;
    int bits = 61;
    for (Eigen::Index size = 1; size < gains.rows(); size *= 2) --bits;
    const double steps = std::ldexp(1.0, bits < 52 ? bits : 52);
    dlib::matrix<std::int64_t> whole(gains.rows(), gains.cols());
    for (Eigen::Index i = 0; i < gains.rows(); ++i)
        for (Eigen::Index j = 0; j < gains.cols(); ++j)
            whole(i, j) = range > 0 ? std::llround((gains(i, j) - low) / range * steps) : 0;
    const std::vector<long> best = dlib::max_cost_assignment(whole);
    for (std::size_t i = 0; i < best.size(); ++i) columns[i] = best[i];
#endif
    return columns;
}

}  // namespace vitscape
