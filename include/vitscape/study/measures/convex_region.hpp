// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include <vitscape/core/fields.hpp>
#include <vitscape/landscape/convex_region_io.hpp>
#include <vitscape/study/measures/planes.hpp>
#include <vitscape/study/rows.hpp>
#include <vitscape/study/surface_data.hpp>
#include <vitscape/study/time.hpp>

namespace vitscape {

/// The part of random planes, connected to the solution, where the exact 2 x 2 Hessian has no negative eigenvalue.
struct ConvexRegionMeasure {
    static constexpr std::string_view key = "convex";
    Planes planes{};
    std::size_t images = 48;
    Index grid = 9;  ///< points per axis, odd

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        Planes::fields(self.planes, visit);
        visit("images", self.images, "convex-images", "training images that convex regions are the mean over",
              Range::count(1, 4294967295.0));
        visit("grid", self.grid, "convex-grid", "points of a convex region along each axis, an odd number",
              Planes::points);
    }
    void check() const {
        check_ranges(*this);
        Planes::check_points(grid);
    }
    [[nodiscard]] ConvexRegionMeasure coarser(int level) const {
        ConvexRegionMeasure cheap = *this;
        cheap.planes = planes.coarser(level);
        cheap.grid = std::min<Index>(grid, level == 1 ? 7 : 5);
        return cheap;
    }
    [[nodiscard]] std::uint32_t parts() const { return planes.pairs; }
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        return speed.product * 2 * static_cast<double>(grid * grid) * static_cast<double>(images);
    }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around, std::uint32_t part) const {
        O& loss = around.loss(images);
        const Plane<B> plane = planes.plane(loss.layout(), around.theta(), part);
        auto file = around.file("convex", part);
        file += ".json";
        std::optional<ConvexRegion> earlier;
        if (std::filesystem::exists(file)) earlier = load_convex_region(file);
        ConvexRegionOptions exploring;
        exploring.resume = earlier ? &*earlier : nullptr;
        exploring.after_point = [&](const ConvexRegion& region) { write_convex_region(file, region); };
        exploring.work = around.work_control();
        const ConvexRegion region = convex_region(loss, plane, planes.grid(grid), exploring);
        write_convex_region(file, region);
        return {{"area", region.area}, {"radius", region.radius}, {"reaches_border", region.reaches_border}};
    }
    void rows(Rows& rows) const {
        const std::string scale = "scale of the loss and of filters";
        rows.add({.key = "convex_area",
                  .group = "convex region",
                  .name = "area of the convex region",
                  .meaning = "truncated at the border of the plane",
                  .better = Better::higher,
                  .invariant_to = scale,
                  .range = ValueRange::positive,
                  .headline = true,
                  .flatness = true},
                 [](const JsonValue& p) { return number_of(p.at("area")); });
        rows.add({.key = "convex_radius",
                  .group = "convex region",
                  .name = "radius of the convex region",
                  .better = Better::higher,
                  .invariant_to = scale,
                  .range = ValueRange::positive,
                  .flatness = true},
                 [](const JsonValue& p) { return number_of(p.at("radius")); });
        rows.add({.key = "convex_at_border",
                  .group = "convex region",
                  .name = "planes whose convex region reaches the border",
                  .unit = "fraction",
                  .invariant_to = scale},
                 [](const JsonValue& p) {
                     return MeasuredValue{.value = p.at("reaches_border").to<bool>() ? 1.0 : 0.0};
                 });
    }
    /// The regions drawn over the surfaces of the page.
    void put_into(nlohmann::json& report, const CompletedRuns& runs) const {
        put_convex_regions(report, runs);
        report["notes"].push_back(
            "The convex region is the part of the plane, connected to the centre, where the exact 2 x 2 "
            "Hessian "
            "has no negative eigenvalue.");
    }
};

}  // namespace vitscape
