// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/fields.hpp>
#include <vitscape/core/statistics.hpp>
#include <vitscape/landscape/convex_region.hpp>
#include <vitscape/study/measures/normalizations.hpp>
#include <vitscape/study/measures/planes.hpp>
#include <vitscape/study/rows.hpp>
#include <vitscape/study/surface_data.hpp>
#include <vitscape/study/time.hpp>
#include <vitscape/study/variance.hpp>

namespace vitscape {

/// How convex regions are measured: shared by random planes and the plane of extreme eigenvectors.
struct ConvexRays {
    std::size_t images = 256;
    std::uint32_t rays = 32;
    double longest = 4;

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "convex-images", "training images that convex regions are the mean over",
              Range::count(1, 4294967295.0));
        visit("rays", self.rays, "convex-rays",
              "rays of each plane along which the edge of the convex region is sought",
              Range::count(2, 100000));
        visit("longest", self.longest, "convex-longest", "up to which that edge is sought", Range::above(0));
    }
    void check_rays() const {
        if (!(longest >= ConvexRegionOptions{}.first))
            throw ConfigError(message("the edge of a convex region is sought up to ", longest,
                                      "; it must be at least ", ConvexRegionOptions{}.first));
    }
    /// Fewer images and rays for a budget.
    void reduce(int level) {
        images = std::min<std::size_t>(images, level == 1 ? 128 : 64);
        rays = std::min<std::uint32_t>(rays, level == 1 ? 16 : 8);
    }
    /// Images on which the edge is looked for first.
    [[nodiscard]] std::size_t few() const { return std::max<std::size_t>(16, images / 8); }
    /// Expected seconds for a plane.
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        constexpr double first_points = 10, points = 4.5;  // for each ray, on few and on all images
        return speed.jets * rays *
               (first_points * static_cast<double>(few()) + points * static_cast<double>(images));
    }
    /// On few images from the centre outwards, then on all from there.
    template <Backend B, class O>
    [[nodiscard]] ConvexRegion region(LossAround<B, O>& around, const Plane<B>& plane) const {
        ConvexRegionOptions options{.rays = static_cast<Index>(rays), .longest = longest};
        const auto shown = [&](Index before) {
            return WorkControl{.progress = [&around, before, this](Index done, Index) {
                around.progress(before + done, 2 * static_cast<std::int64_t>(rays), "rays");
            }};
        };
        ConvexRegion rough;
        if (few() < images) {
            options.precision = 0.1;
            options.work = shown(0);
            rough = convex_region(around.loss(few()), plane, options);
            options.guess = &rough;
        }
        options.precision = ConvexRegionOptions{}.precision;
        options.work = shown(static_cast<Index>(rays));
        return convex_region(around.loss(images), plane, options);
    }
};

/// A convex region as a result of a study.
[[nodiscard]] inline nlohmann::json to_result(const ConvexRegion& region) {
    nlohmann::json rays = nlohmann::json::array();
    for (const ConvexRay& ray : region.rays)
        rays.push_back(
            {{"angle", ray.angle}, {"radius", ray.radius}, {"reached", ray.reached}, {"groups", ray.groups}});
    return {{"radius", region.radius()},  {"smallest_radius", region.smallest_radius()},
            {"area", region.area()},      {"open_share", region.open_share()},
            {"points", region.evaluated}, {"rays", rays}};
}

/// How far random planes through the solution are convex: the edge along rays of the part where the exact 2 x 2 Hessian has no
/// negative eigenvalue.
struct ConvexRegionMeasure : ConvexRays {
    static constexpr std::string_view key = "convex";
    std::uint32_t planes = 5;
    std::uint64_t direction_seed = 1;
    Normalizations normalizations{"filter"};

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("planes", self.planes, "convex-planes", "random planes whose convex region is measured",
              Range::count(1, 10000));
        ConvexRays::fields(self, visit);
        visit("direction_seed", self.direction_seed, "direction-seed", "of the directions", Range::seed());
        visit("normalizations", self.normalizations, "", "of the directions");
    }
    void check() const {
        check_ranges(*this);
        check_normalizations(normalizations);
        check_rays();
    }
    [[nodiscard]] ConvexRegionMeasure coarser(int level) const {
        ConvexRegionMeasure cheap = *this;
        cheap.reduce(level);
        cheap.planes = std::min<std::uint32_t>(planes, level == 1 ? 3 : 2);
        return cheap;
    }
    /// The planes of each normalization.
    [[nodiscard]] std::uint32_t parts() const {
        return planes * static_cast<std::uint32_t>(normalizations.size());
    }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around, std::uint32_t part) const {
        const Planes random{.pairs = planes, .direction_seed = direction_seed};
        return to_result(
            region(around, random.plane(around.loss(images).layout(), around.theta(), part % planes,
                                        parse_normalization(normalizations[part / planes]))));
    }

    void rows(Rows& rows) const {
        const std::string scale = "scale of the loss and of filters",
                          bound = message("rays that stay convex up to ", plain_number(longest),
                                          " count as that");
        for (std::size_t n = 0; n < normalizations.size(); ++n)
            rows.add(
                {.key = "convex_radius" + key_suffix(normalizations, n),
                 .group = "convex region",
                 .name = "radius of the convex region" + name_suffix(normalizations, n),
                 .meaning =
                     message("how far random planes stay convex, in lengths of the ",
                             n == 0 ? "weights' filters" : "normalized directions", "; the mean over ", rays,
                             " rays of ", planes, " planes, its error over planes and images; ", bound),
                 .better = Better::higher,
                 .invariant_to = scale,
                 .range = ValueRange::positive,
                 .headline = n == 0,
                 .flatness = n == 0},
                [](const JsonValue& p) {
                    return MeasuredValue{.value = p.at("radius").number_or_nan(),
                                         .standard_error = error_over_images(p)};
                },
                PartRange{planes * static_cast<std::uint32_t>(n), planes});
        rows.add(
            {.key = "convex_smallest_radius",
             .group = "convex region",
             .name = "shortest ray of the convex region",
             .meaning = "the mean over planes",
             .better = Better::higher,
             .invariant_to = scale,
             .range = ValueRange::positive,
             .flatness = true},
            [](const JsonValue& p) { return number_of(p.at("smallest_radius")); }, PartRange{0, planes});
        rows.add(
            {.key = "convex_area",
             .group = "convex region",
             .name = "area of the convex region",
             .meaning = message("as far as it is seen from the solution; ", bound),
             .better = Better::higher,
             .invariant_to = scale,
             .range = ValueRange::positive,
             .flatness = true},
            [](const JsonValue& p) { return number_of(p.at("area")); }, PartRange{0, planes});
        rows.add(
            {.key = "convex_at_border",
             .group = "convex region",
             .name = "rays that stay convex up to the longest radius",
             .unit = "fraction",
             .meaning = "if any, radius and area are lower bounds",
             .direction = "higher: radius and area are looser lower bounds",
             .invariant_to = scale},
            [](const JsonValue& p) { return number_of(p.at("open_share")); }, PartRange{0, planes});
    }
    /// The regions drawn over the surfaces of the page, and the sources of the radii's variance.
    void put_into(nlohmann::json& report, const CompletedRuns& runs) const {
        put_convex_regions(report, runs);
        put_variance(report, runs, "radius of the convex region",
                     {{"training seed"}, {"plane"}, {"direction within the plane", 1}, {"images"}},
                     [this](const JsonValue& run, const std::string& loss, int seed, auto& radii) {
                         return add_radii(run, loss, seed, radii);
                     });
        report["notes"].push_back(
            "The convex region is the part of the plane around the centre where the exact 2 x 2 Hessian has "
            "no negative "
            "eigenvalue, as far as it is seen from there: its edge is the nearest point of each ray where "
            "one is negative. "
            "Random planes see little but the average curvature; the plane of the extreme eigenvectors is "
            "the other end.");
    }

  private:
    /// False if an edge was not found.
    bool add_radii(const JsonValue& run, const std::string& loss, int seed,
                   std::vector<Measurement>& radii) const {
        for (std::uint32_t plane = 0; plane < planes; ++plane) {
            const JsonValue rays =
                run.at(detail::result_of_loss(run, loss, message(key, "-", plane))).at("rays");
            for (std::size_t i = 0; i < rays.size(); ++i) {
                const std::vector<double> groups = numbers_of(rays.at(i).at("groups"));
                if (groups.empty()) return false;
                for (std::size_t g = 0; g < groups.size(); ++g)
                    radii.push_back(
                        {{seed, static_cast<int>(plane), static_cast<int>(i), static_cast<int>(g)},
                         groups[g]});
            }
        }
        return true;
    }
    /// Of the mean radius, over groups of images; NaN where no edge was found.
    [[nodiscard]] static double error_over_images(const JsonValue& result) {
        const JsonValue rays = result.at("rays");
        std::vector<double> sums;
        double count = 0;
        for (std::size_t i = 0; i < rays.size(); ++i) {
            const std::vector<double> groups = numbers_of(rays.at(i).at("groups"));
            count += groups.empty() ? 0 : 1;
            sums.resize(std::max(sums.size(), groups.size()), 0.0);
            for (std::size_t g = 0; g < groups.size(); ++g) sums[g] += groups[g];
        }
        for (double& sum : sums) sum /= count;
        return mean_and_error(sums).standard_error;
    }
    [[nodiscard]] static std::vector<double> numbers_of(const JsonValue& list) {
        std::vector<double> numbers;
        for (std::size_t i = 0; i < list.size(); ++i) numbers.push_back(list.at(i).number_or_nan());
        return numbers;
    }
};

}  // namespace vitscape
