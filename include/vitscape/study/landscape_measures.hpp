// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <vitscape/curvature/lanczos.hpp>
#include <vitscape/curvature/trace.hpp>
#include <vitscape/landscape/convex_region_io.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/flatness.hpp>
#include <vitscape/landscape/normalization.hpp>
#include <vitscape/landscape/projector.hpp>
#include <vitscape/landscape/smoothness.hpp>
#include <vitscape/landscape/surface_io.hpp>
#include <vitscape/landscape/weight_noise.hpp>
#include <vitscape/study/plan.hpp>
#include <vitscape/study/store.hpp>
#include <vitscape/study/time.hpp>
#include <vitscape/study/work.hpp>

namespace vitscape {

/// What `measure_landscape` is expected to take.
[[nodiscard]] inline double landscape_seconds(const MeasurePlan& plan, const LossSpeed& speed) {
    const double images = static_cast<double>(plan.images), pairs = plan.pairs;
    const double points = static_cast<double>(plan.grid * plan.grid) +
                          static_cast<double>(plan.circle) * static_cast<double>(plan.radii.size());
    const double noise =
        static_cast<double>(plan.noise_draws) * static_cast<double>(plan.weight_noise.size());
    const double convex = 2 * static_cast<double>(plan.convex_grid * plan.convex_grid);
    const double products = static_cast<double>(plan.lanczos_steps + plan.trace_probes);
    return speed.value * images * (pairs * points + noise) +
           speed.product * (pairs * convex * static_cast<double>(plan.convex_images) +
                            products * static_cast<double>(plan.curvature_images));
}

/// Measures a loss around `theta` and puts what it finds into `store` under names that begin with `loss` ("training" or
/// "classification"); surfaces go to files folder/loss-surface-K. What is there already is not done again.
/// @param many, few, fewest  the loss on the plan's images, curvature images and convex images
template <Backend B, class O>
void measure_landscape(O& many, O& few, O& fewest, const Vector<B>& theta, const MeasurePlan& plan,
                       const LossSpeed& speed, const std::filesystem::path& folder, const std::string& loss,
                       const std::string& who, ResultStore& store, WorkMeter& meter) {
    const ParameterLayout& layout = many.layout();
    const WorkControl evaluations{
        .progress = [&](Index done, Index all) { meter.update(done, all, "points"); }};
    const double images = static_cast<double>(plan.images);
    for (std::uint32_t pair = 0; pair < plan.pairs; ++pair) {
        const std::string name = message(loss, ".plane-", pair);
        MeasurePlan part = plan;
        part.pairs = 1, part.noise_draws = 0, part.lanczos_steps = part.trace_probes = 0;
        const double expected = landscape_seconds(part, speed);
        if (store.has(name)) {
            meter.skip(expected);
            continue;
        }
        meter.part(message(who, ": ", loss, " loss, plane ", pair + 1, " of ", plan.pairs), expected, [&] {
            Vector<B> delta = gaussian_direction(theta.backend(), layout, plan.direction_seed, 2 * pair),
                      eta = gaussian_direction(theta.backend(), layout, plan.direction_seed, 2 * pair + 1);
            normalize(FilterNormalization{}, layout, theta, delta);
            normalize(FilterNormalization{}, layout, theta, eta);
            const Plane<B> plane(theta, std::move(delta), std::move(eta));
            const Grid grid{-plan.range, plan.range, plan.grid},
                coarse{-plan.range, plan.range, plan.convex_grid};

            const auto prefix = folder / message(loss, "-surface-", pair);
            std::optional<StoredSurface> earlier;
            if (std::filesystem::exists(surface_path(prefix, ".json")))
                earlier = load_surface(surface_path(prefix, ".json"));
            ProjectionOptions projecting;
            projecting.resume = earlier ? &earlier->surface : nullptr;
            projecting.after_row = [&](const Surface& surface) { write_surface(prefix, surface); };
            projecting.work = evaluations;
            const Surface surface = project(many, plane, grid, projecting);
            write_surface(prefix, surface);

            const auto region_file = folder / message(loss, "-convex-", pair, ".json");
            std::optional<ConvexRegion> earlier_region;
            if (std::filesystem::exists(region_file)) earlier_region = load_convex_region(region_file);
            ConvexRegionOptions exploring;
            exploring.resume = earlier_region ? &*earlier_region : nullptr;
            exploring.after_point = [&](const ConvexRegion& region) {
                write_convex_region(region_file, region);
            };
            exploring.work = evaluations;
            const ConvexRegion region = convex_region(fewest, plane, coarse, exploring);
            write_convex_region(region_file, region);

            nlohmann::json rises = nlohmann::json::array();
            for (const RadialRise& rise : radial_rises(many, plane, plan.radii, plan.circle, evaluations))
                rises.push_back({{"radius", rise.radius}, {"mean", rise.mean}, {"worst", rise.worst}});
            const RegionExtent below = area_below(surface, 2 * surface.centre_loss);
            const LocalMinima minima = local_minima(surface);
            store.put(name, {{"centre_loss", surface.centre_loss},
                             {"total_variation", total_variation(surface)},
                             {"local_minima", minima.interior},
                             {"area_below_twice", below.area},
                             {"convex_area", region.area},
                             {"convex_radius", region.radius},
                             {"convex_reaches_border", region.reaches_border},
                             {"rises", rises}});
        });
    }
    const auto once = [&](const std::string& what, double expected, const auto& work) {
        const std::string name = message(loss, ".", what);
        if (store.has(name)) return meter.skip(expected);
        meter.part(message(who, ": ", loss, " loss, ", what), expected, [&] { store.put(name, work()); });
    };
    const double noise =
        static_cast<double>(plan.noise_draws) * static_cast<double>(plan.weight_noise.size());
    once("weight noise", speed.value * images * noise, [&] {
        nlohmann::json list = nlohmann::json::array();
        const double centre = many.value(theta);
        for (const NoiseRise& rise : weight_noise(many, layout, theta, plan.weight_noise, plan.noise_draws,
                                                  plan.direction_seed, evaluations))
            list.push_back({{"deviation", rise.deviation},
                            {"mean", rise.mean},
                            {"standard_error", rise.standard_error}});
        return nlohmann::json{{"centre_loss", centre}, {"rises", list}};
    });
    once("sharpness", 4 * speed.value * images,
         [&] { return nlohmann::json(sam_sharpness(many, theta, plan.sharpness_radius)); });
    const auto operation = hessian(few, theta);
    const double product = speed.product * static_cast<double>(plan.curvature_images);
    once("eigenvalues", product * static_cast<double>(plan.lanczos_steps), [&] {
        const auto spectrum = lanczos(operation, {.largest = 1,
                                                  .smallest = 1,
                                                  .steps = plan.lanczos_steps,
                                                  .tolerance = 1e-2,
                                                  .verify = false,
                                                  .progress = [&](const LanczosProgress& p) {
                                                      meter.update(p.products, p.limit, "products");
                                                  }});
        return nlohmann::json{{"largest", spectrum.largest.front().value},
                              {"largest_residual", spectrum.largest.front().residual},
                              {"smallest", spectrum.smallest.front().value},
                              {"smallest_residual", spectrum.smallest.front().residual}};
    });
    once("trace", product * static_cast<double>(plan.trace_probes), [&] {
        const TraceEstimate estimate =
            trace(operation, {.probes = plan.trace_probes, .work = {.progress = [&](Index done, Index all) {
                                                               meter.update(done, all, "products");
                                                           }}});
        return nlohmann::json{{"value", estimate.value}, {"standard_error", estimate.standard_error}};
    });
}

}  // namespace vitscape
