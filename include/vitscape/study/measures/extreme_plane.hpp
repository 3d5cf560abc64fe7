// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include <vitscape/curvature/hessian.hpp>
#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/study/measures/convex_region.hpp>

namespace vitscape {

/// The convex region of the plane that the eigenvectors of the largest and the smallest eigenvalue of the Hessian span, as long as
/// filter-normalized random directions are. Random planes see hardly more than the average of all curvatures; where the smallest
/// eigenvalue is negative, this plane is convex nowhere around the solution.
struct ExtremePlaneMeasure : ConvexRays {
    static constexpr std::string_view key = "extreme_plane";
    Index steps = 40;        ///< maximum number of Hessian-vector products for the eigenvectors
    std::uint64_t seed = 0;  ///< of the start vector
    std::uint64_t direction_seed = 1;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        ConvexRays::fields(self, visit);
        visit("lanczos_steps", self.steps, "lanczos-steps",
              "products with the Hessian for its eigenvalues, at most", Range::count(4, 1e9));
        visit("seed", self.seed, "", "of the start vector", Range::seed());
        visit("direction_seed", self.direction_seed, "direction-seed", "of the directions", Range::seed());
    }
    void check() const {
        check_ranges(*this);
        check_rays();
    }
    [[nodiscard]] ExtremePlaneMeasure coarser(int level) const {
        ExtremePlaneMeasure cheap = *this;
        cheap.reduce(level);
        cheap.steps = std::min<Index>(steps, level == 1 ? 30 : 20);
        return cheap;
    }
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        return ConvexRays::seconds(speed) +
               speed.product * static_cast<double>(images) * static_cast<double>(steps);
    }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around) const {
        O& loss = around.loss(images);
        auto ends =
            lanczos(hessian(loss, around.theta()), {.largest = 1,
                                                    .smallest = 1,
                                                    .steps = steps,
                                                    .tolerance = 1e-2,
                                                    .seed = seed,
                                                    .verify = false,
                                                    .vectors = true,
                                                    .progress = [&](const LanczosProgress& p) {
                                                        around.progress(p.products, p.limit, "products");
                                                    }});
        const Planes random{.direction_seed = direction_seed};
        const double length = norm(random.plane(loss.layout(), around.theta(), 0).delta());
        auto &largest = ends.largest.front(), &smallest = ends.smallest.front();
        scale(length, largest.vector);
        scale(length, smallest.vector);
        const Plane<B> plane(around.theta(), std::move(largest.vector), std::move(smallest.vector));
        nlohmann::json result = to_result(region(around, plane));
        result["largest"] = json_number(largest.value);
        result["smallest"] = json_number(smallest.value);
        result["largest_residual"] = json_number(largest.residual);
        result["smallest_residual"] = json_number(smallest.residual);
        result["length"] = json_number(length);
        return result;
    }
    void rows(Rows& rows) const {
        rows.add(
            {.key = "convex_extreme_radius",
             .group = "convex region",
             .name = "the same on the plane of the extreme eigenvectors",
             .meaning =
                 "0 if the smallest eigenvalue of the Hessian is negative: the loss is then convex in no "
                 "neighbourhood of the solution, however far random planes are",
             .better = Better::higher,
             .invariant_to = "scale of the loss",
             .range = ValueRange::positive},
            [](const JsonValue& p) { return number_of(p.at("radius")); });
    }
};

}  // namespace vitscape
