// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vitscape/core/fields.hpp>
#include <vitscape/landscape/flatness.hpp>
#include <vitscape/landscape/formats/csv.hpp>
#include <vitscape/landscape/formats/json.hpp>
#include <vitscape/landscape/formats/npy.hpp>
#include <vitscape/landscape/smoothness.hpp>
#include <vitscape/study/measures/planes.hpp>
#include <vitscape/study/rows.hpp>
#include <vitscape/study/surface_data.hpp>
#include <vitscape/study/time.hpp>

namespace vitscape {

/// The loss on random planes: surfaces, their smoothness, and the rise of the loss on circles around the solution.
struct SurfaceMeasure {
    static constexpr std::string_view key = "surface";
    Planes planes{};
    std::size_t images = 256;
    Index grid = 15;    ///< points per axis, odd
    Index circle = 12;  ///< directions on each circle
    std::vector<double> radii{0.1, 0.25, 0.5, 1.0};

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        Planes::fields(self.planes, visit);
        visit("images", self.images, "images", "training images that surfaces and rises are the mean over",
              Range::count(2, 4294967295.0));
        visit("grid", self.grid, "grid", "points of a surface along each axis, an odd number",
              Planes::points);
        visit("circle", self.circle, "", "directions on each circle", Range::count(1, 1e6));
        visit("radii", self.radii, "", "of the circles", Range::above(0));
    }
    void check() const {
        check_ranges(*this);
        Planes::check_points(grid);
    }
    [[nodiscard]] SurfaceMeasure coarser(int level) const {
        SurfaceMeasure cheap = *this;
        cheap.planes = planes.coarser(level);
        cheap.grid = std::min<Index>(grid, std::array{11, 9, 7}[static_cast<std::size_t>(level - 1)]);
        return cheap;
    }
    [[nodiscard]] std::uint32_t parts() const { return planes.pairs; }
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        const double points = static_cast<double>(grid * grid) +
                              static_cast<double>(circle) * static_cast<double>(radii.size());
        return speed.value * static_cast<double>(images) * points;
    }
    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around, std::uint32_t part) const {
        O& loss = around.loss(images);
        const Plane<B> plane = planes.plane(loss.layout(), around.theta(), part);
        const auto prefix = around.file("surface", part);
        std::optional<StoredSurface> earlier;
        if (std::filesystem::exists(surface_path(prefix, ".json")))
            earlier = JsonFormat::load(surface_path(prefix, ".json"));
        ProjectionOptions projecting;
        projecting.resume = earlier ? &earlier->surface : nullptr;
        const auto write = [&](const Surface& surface) {
            SurfaceFormats<NpyFormat, CsvFormat, JsonFormat>::write_all(prefix, {".npy", ".csv", ".json"},
                                                                        surface);
        };
        projecting.after_row = write;
        projecting.work = around.work_control();
        const Surface surface = project(loss, plane, planes.grid(grid), projecting);
        write(surface);
        nlohmann::json rises = nlohmann::json::array();
        for (const RadialRise& rise : radial_rises(loss, plane, radii, circle, around.work_control()))
            rises.push_back({{"radius", rise.radius}, {"mean", rise.mean}, {"worst", rise.worst}});
        const double trivial = around.trivial_loss(images), centre = surface.centre_loss;
        const double half_lost = 0.5 * (centre + trivial);
        return {{"centre_loss", centre},
                {"trivial_loss", json_number(trivial)},
                {"area_half_gain",
                 trivial > centre ? json_number(area_below(surface, half_lost).area) : nlohmann::json()},
                {"total_variation", total_variation(surface)},
                {"local_minima", local_minima(surface).interior},
                {"area_below_twice", area_below(surface, 2 * surface.centre_loss).area},
                {"rises", rises}};
    }
    void rows(Rows& rows) const {
        const std::string scale = "scale of the loss and of filters";
        rows.add({.key = "area_half_gain",
                  .group = "flatness",
                  .name = "area where less than half of the gain is lost",
                  .meaning = "connected to the solution, truncated at the border of the plane",
                  .better = Better::higher,
                  .invariant_to = gain_scale,
                  .range = ValueRange::positive,
                  .flatness = true},
                 [](const JsonValue& p) { return number_of(p.at("area_half_gain")); });
        rows.add({.key = "area_below_twice",
                  .group = "flatness",
                  .name = "area where the loss is below twice the centre's",
                  .meaning = "L / L(0) rewards a high loss at the solution: a sensitivity, not a verdict",
                  .better = Better::higher,
                  .invariant_to = scale,
                  .range = ValueRange::positive,
                  .flatness = true},
                 [](const JsonValue& p) { return number_of(p.at("area_below_twice")); });
        for (std::size_t i = 0; i < radii.size(); ++i) {
            const std::string radius = plain_number(radii[i]);
            const auto rise = [i](const JsonValue& p, const char* what) {
                return p.at("rises").at(i).at(what).number_or_nan();
            };
            rows.add(
                {.key = message("rise_", radius),
                 .group = "flatness",
                 .name = message("mean rise at radius ", radius, ", share of the gain"),
                 .meaning = "the mean over directions on a circle in the plane; 1: all is lost",
                 .better = Better::lower,
                 .invariant_to = gain_scale,
                 .headline = i + 1 == radii.size(),
                 .flatness = true},
                [=](const JsonValue& p) { return MeasuredValue{.value = rise(p, "mean") / gain_of(p)}; });
            rows.add(
                {.key = message("worst_rise_", radius),
                 .group = "flatness",
                 .name = message("worst rise at radius ", radius, ", share of the gain"),
                 .better = Better::lower,
                 .invariant_to = gain_scale,
                 .flatness = true},
                [=](const JsonValue& p) { return MeasuredValue{.value = rise(p, "worst") / gain_of(p)}; });
            rows.add({.key = message("rise_over_loss_", radius),
                      .group = "flatness",
                      .name = message("mean rise at radius ", radius, ", relative to the loss"),
                      .meaning = "L / L(0) rewards a high loss at the solution: a sensitivity, not a verdict",
                      .better = Better::lower,
                      .invariant_to = scale,
                      .flatness = true},
                     [=](const JsonValue& p) {
                         return MeasuredValue{.value = rise(p, "mean") / p.at("centre_loss").number_or_nan()};
                     });
            rows.add({.key = message("absolute_rise_", radius),
                      .group = "flatness",
                      .name = message("mean rise at radius ", radius, ", in units of the loss"),
                      .better = Better::lower,
                      .invariant_to = "scale of filters",
                      .flatness = true},
                     [=](const JsonValue& p) { return MeasuredValue{.value = rise(p, "mean")}; });
        }
        rows.add({.key = "total_variation",
                  .group = "smoothness",
                  .name = "mean slope on the plane, in gains per unit of distance",
                  .better = Better::lower,
                  .invariant_to = gain_scale,
                  .range = ValueRange::positive,
                  .flatness = true},
                 [](const JsonValue& p) {
                     return MeasuredValue{.value = p.at("total_variation").number_or_nan() / gain_of(p)};
                 });
        rows.add({.key = "local_minima",
                  .group = "smoothness",
                  .name = "local minima on the plane",
                  .better = Better::lower,
                  .invariant_to = scale,
                  .range = ValueRange::positive,
                  .flatness = true},
                 [](const JsonValue& p) { return number_of(p.at("local_minima")); });
    }
    /// Surfaces and slices for the page.
    void put_into(nlohmann::json& report, const CompletedRuns& runs) const {
        report["surfaces"] = surfaces_json(runs);
        report["slices"] = slices_json(runs, parts());
        report["notes"].push_back(
            "Planes are spanned by filter-normalized Gaussian directions of the same seeds for all methods.");
        report["notes"].push_back(
            "Losses of surfaces are over training images, without augmentation, with fixed masks.");
    }
};

}  // namespace vitscape
