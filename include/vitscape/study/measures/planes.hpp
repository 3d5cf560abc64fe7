// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <vitscape/core/fields.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/study/loss_around.hpp>

namespace vitscape {

/// Random planes through a solution, spanned by normalized Gaussian directions: identical for all measures and
/// contestants with the same options.
struct Planes {
    std::uint32_t pairs = 3;  ///< pairs of directions, one plane each
    double range = 1;         ///< of alpha and beta, on both sides
    std::uint64_t direction_seed = 1;

    static constexpr Range points = Range::count(3, 100000);  ///< of a grid along one axis

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("pairs", self.pairs, "pairs", "pairs of random directions, a plane each",
              Range::count(1, 10000));
        visit("range", self.range, "range", "the planes go from minus this to this", Range::above(0));
        visit("direction_seed", self.direction_seed, "direction-seed", "of the directions", Range::seed());
    }
    void check() const { check_ranges(*this); }
    /// Fewer planes for a budget.
    [[nodiscard]] Planes coarser(int level) const {
        Planes fewer = *this;
        fewer.pairs = std::min<std::uint32_t>(pairs, level == 1 ? 2 : 1);
        return fewer;
    }
    template <Backend B>
    [[nodiscard]] Plane<B> plane(const ParameterLayout& layout, const Vector<B>& theta, std::uint32_t number,
                                 Normalization normalization = Normalization::filter) const {
        Vector<B> delta = gaussian_direction(theta.backend(), layout, direction_seed, 2 * number),
                  eta = gaussian_direction(theta.backend(), layout, direction_seed, 2 * number + 1);
        normalize(normalization, layout, theta, delta);
        normalize(normalization, layout, theta, eta);
        return Plane<B>(theta, std::move(delta), std::move(eta));
    }
    /// A grid over a plane. @throws ConfigError for a number of points without a centre
    [[nodiscard]] Grid grid(Index points) const { return {-range, range, points}; }
    static void check_points(Index points) {
        if (points % 2 == 0)
            throw ConfigError(message("a grid of ", points,
                                      " points along an axis was requested; it must be odd, so "
                                      "that the centre is one of them, and at least 3"));
    }
};

}  // namespace vitscape
