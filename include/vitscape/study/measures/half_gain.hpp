// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include <vitscape/core/statistics.hpp>
#include <vitscape/landscape/direction.hpp>
#include <vitscape/landscape/level_radius.hpp>
#include <vitscape/study/measure.hpp>
#include <vitscape/study/measures/normalizations.hpp>
#include <vitscape/study/variance.hpp>

namespace vitscape {

/// First direction number of the rays, apart from those of planes, noise and ascents, so that one seed serves all.
inline constexpr std::uint32_t first_ray_direction = 1u << 24;

/// The half-gain radius: how far from the solution, along random filter-normalized directions, half of what training gained is
/// lost, L(r) = (L(0) + trivial loss) / 2. Does not change if the loss is scaled or a constant is added to it, and needs no
/// radius to be chosen.
struct HalfGainMeasure {
    static constexpr std::string_view key = "half_gain";
    static constexpr std::size_t groups = 8;  ///< of images, whose radii are kept for the error over images
    std::size_t images = 256;
    std::uint32_t rays = 16;
    std::uint32_t masks = 2;  ///< draws of the masks, for methods that mask
    double longest = 8;
    std::uint64_t direction_seed = 1;
    Normalizations normalizations{"filter"};

    template <class Self, class Visitor>
    static void fields(Self& self, Visitor& visit) {
        visit("images", self.images, "images", "training images that surfaces and rises are the mean over",
              Range::count(2, 4294967295.0));
        visit("rays", self.rays, "rays", "random directions along which the half-gain radius is sought",
              Range::count(2, 100000));
        visit("masks", self.masks, "mask-draws", "draws of the masks for the half-gain radius",
              Range::count(1, 1000));
        visit("longest", self.longest, "longest-radius", "up to which the half-gain radius is sought",
              Range::above(0));
        visit("direction_seed", self.direction_seed, "direction-seed", "of the directions", Range::seed());
        visit("normalizations", self.normalizations, "", "of the directions");
    }
    void check() const {
        check_ranges(*this);
        check_normalizations(normalizations);
        if (!(longest >= LevelRadiusOptions{}.first))
            throw ConfigError(message("the half-gain radius is sought up to ", longest,
                                      "; it must be at least ", LevelRadiusOptions{}.first));
    }
    [[nodiscard]] HalfGainMeasure coarser(int level) const {
        HalfGainMeasure cheap = *this;
        cheap.rays = std::min<std::uint32_t>(rays, 16);
        cheap.masks = level > 1 ? 1 : masks;
        return cheap;
    }
    [[nodiscard]] double seconds(const LossSpeed& speed) const {
        constexpr double evaluations = 13;  // of the loss, for each ray
        return speed.value * static_cast<double>(images * normalizations.size()) * masks * rays * evaluations;
    }

    template <Backend B, class O>
    [[nodiscard]] nlohmann::json compute(LossAround<B, O>& around) const {
        const std::uint32_t draws = around.masked(images) ? masks : 1;
        const std::int64_t all =
            static_cast<std::int64_t>(draws) * rays * static_cast<std::int64_t>(normalizations.size());
        nlohmann::json found = {{"centre_loss", nullptr}, {"trivial_loss", nullptr}};
        std::int64_t done = 0;
        for (std::uint32_t mask = 0; mask < draws; ++mask) {
            O& loss = around.loss(images, mask);
            const double centre = loss.value(around.theta()), trivial = around.trivial_loss(images, mask);
            if (mask == 0)
                found["centre_loss"] = json_number(centre), found["trivial_loss"] = json_number(trivial);
            if (!(trivial > centre)) return found;  // nothing was gained that could be lost
            std::vector<double> at_centre;
            if constexpr (SampledObjective<O, B>) {
                at_centre.resize(static_cast<std::size_t>(loss.samples()));
                loss.sample_losses(around.theta(), std::span<double>(at_centre));
            }
            for (std::size_t n = 0; n < normalizations.size(); ++n)
                for (std::uint32_t ray = 0; ray < rays; ++ray) {
                    around.progress(++done, all, "rays");
                    Vector<B> direction = gaussian_direction(around.theta().backend(), loss.layout(),
                                                             direction_seed, first_ray_direction + ray);
                    normalize(parse_normalization(normalizations[n]), loss.layout(), around.theta(),
                              direction);
                    const LevelRadius at = level_radius(loss, around.theta(), direction,
                                                        0.5 * (centre + trivial), {.longest = longest});
                    found[radii_key(n)].push_back({{"mask", mask},
                                                   {"ray", ray},
                                                   {"radius", at.radius},
                                                   {"reached", at.reached},
                                                   {"groups", radii_of_groups(at, at_centre, trivial)}});
                }
        }
        return found;
    }

    void rows(Rows& rows) const {
        for (std::size_t n = 0; n < normalizations.size(); ++n)
            rows.add(
                {.key = "half_gain_radius" + key_suffix(normalizations, n),
                 .group = "flatness",
                 .name = "half-gain radius" + name_suffix(normalizations, n),
                 .meaning = message("the distance, in lengths of the ",
                                    n == 0 ? "weights' filters" : "normalized directions",
                                    ", at which half of what training gained is lost; the mean over ", rays,
                                    " random directions, its error over images; rays that do not get "
                                    "there count as ",
                                    plain_number(longest)),
                 .better = Better::higher,
                 .invariant_to = gain_scale,
                 .range = ValueRange::positive,
                 .headline = n == 0,
                 .flatness = n == 0},
                [radii = radii_key(n)](const JsonValue& h) { return mean_radius(h, radii); });
        rows.add({.key = "half_gain_unreached",
                  .group = "flatness",
                  .name = "rays on which half of the gain is not lost up to the longest radius",
                  .unit = "fraction",
                  .meaning = "if any, the half-gain radius is a lower bound",
                  .direction = "higher: the radius is a looser lower bound",
                  .invariant_to = gain_scale},
                 [](const JsonValue& h) { return MeasuredValue{.value = unreached(h)}; });
    }

    /// The sources of the variance of a single radius.
    void put_into(nlohmann::json& report, const CompletedRuns& runs) const {
        put_variance(report, runs, "half-gain radius",
                     {{"training seed"}, {"masks"}, {"direction"}, {"images"}}, add_radii);
    }

  private:
    [[nodiscard]] std::string radii_key(std::size_t n) const {
        return "radii" + key_suffix(normalizations, n);
    }
    /// False if a radius is a bound only.
    static bool add_radii(const JsonValue& run, const std::string& loss, int seed,
                          std::vector<Measurement>& radii) {
        const JsonValue result = run.at(detail::result_of_loss(run, loss, std::string(key)));
        if (!result.contains("radii")) return false;
        const JsonValue all = result.at("radii");
        for (std::size_t i = 0; i < all.size(); ++i) {
            const JsonValue at = all.at(i), list = at.at("groups");
            if (list.size() != groups) return false;
            for (std::size_t g = 0; g < groups; ++g)
                radii.push_back({{seed, at.at("mask").to<int>(), at.at("ray").to<int>(), static_cast<int>(g)},
                                 list.at(g).number_or_nan()});
        }
        return true;
    }
    /// The radius that each group of images would have, to first order: the mean over its images of
    /// r + ((L_i(0) + trivial) / 2 - L_i(r)) / L'(r).
    [[nodiscard]] static nlohmann::json radii_of_groups(const LevelRadius& at,
                                                        const std::vector<double>& at_centre,
                                                        double trivial) {
        nlohmann::json list = nlohmann::json::array();
        if (!at.reached || at.sample_losses.size() < 2 * groups || !std::isfinite(at.slope) || at.slope <= 0)
            return list;
        std::vector<double> sum(groups, 0), count(groups, 0);
        for (std::size_t i = 0; i < at.sample_losses.size(); ++i) {
            sum[i % groups] += 0.5 * (at_centre[i] + trivial) - at.sample_losses[i];
            count[i % groups] += 1;
        }
        for (std::size_t g = 0; g < groups; ++g)
            list.push_back(json_number(at.radius + sum[g] / count[g] / at.slope));
        return list;
    }
    /// The mean over masks and rays. Its error is the one over groups of images, each the mean over masks and rays.
    [[nodiscard]] static MeasuredValue mean_radius(const JsonValue& result, const std::string& key_of_radii) {
        if (!result.contains(key_of_radii)) return {};
        const JsonValue all = result.at(key_of_radii);
        std::vector<double> radii, of_group(groups, 0);
        double grouped = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            radii.push_back(all.at(i).at("radius").number_or_nan());
            const JsonValue list = all.at(i).at("groups");
            if (list.size() != groups) continue;
            grouped += 1;
            for (std::size_t g = 0; g < groups; ++g) of_group[g] += list.at(g).number_or_nan();
        }
        MeasuredValue value{.value = mean_and_error(radii).mean};
        if (grouped > 0) {
            for (double& sum : of_group) sum /= grouped;
            value.standard_error = mean_and_error(of_group).standard_error;
        }
        return value;
    }
    [[nodiscard]] static double unreached(const JsonValue& result) {
        if (!result.contains("radii")) return std::numeric_limits<double>::quiet_NaN();
        const JsonValue all = result.at("radii");
        double count = 0;
        for (std::size_t i = 0; i < all.size(); ++i) count += all.at(i).at("reached").to<bool>() ? 0 : 1;
        return count / static_cast<double>(all.size());
    }
};

}  // namespace vitscape
